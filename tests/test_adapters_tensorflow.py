"""How TensorFlow is asked: the words alone; what it answers is the contract's."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ceconform.adapters import Question, Unsupported
from ceconform.adapters.tensorflow import TensorFlow
from ceconform.corpus import LOSSES, Call


def asked(loss: str, shape: tuple[int, ...] = (4, 3), *, labels: Any = None, **parameters: Any) -> list[str]:
    """The sources of a call about zeros; each row's label is its first class."""
    if labels is None:
        kind = LOSSES[loss].labels
        binary = kind in {"binary", "sign"} or parameters.get("axis", -1) is None
        labels = np.zeros(shape[:-1], dtype=np.int64) if kind == "index" else np.zeros(shape)
        if not binary and kind != "index":
            labels = np.moveaxis(np.zeros(shape), parameters.get("axis", -1), 0)
            labels[0] = 1
            labels = np.moveaxis(labels, 0, parameters.get("axis", -1))
    call = Call(loss=loss, predictions=np.zeros(shape), labels=labels, parameters=MappingProxyType(parameters))
    return [str(source) for source in TensorFlow().routes(Question(call, TensorFlow.activations))]


def test_it_weighs_positive_labels_without_anything_else():
    """The function for it has no reductions, and the one that reduces has no such weight."""
    loss = "binary_cross_entropy_with_logits"
    assert asked(loss, (4,), pos_weight=np.ones(())) == [
        "tf.nn.weighted_cross_entropy_with_logits(labels=labels, logits=logits, pos_weight=pos_weight)"
    ]
    with pytest.raises(Unsupported, match="pos_weight comes without a reduction"):
        asked(loss, (4,), pos_weight=np.ones(()), reduction="mean")


def test_it_moves_classes_to_the_last_axis():
    """All but `tf.nn.softmax_cross_entropy_with_logits`, which has an axis, want them there."""
    assert asked("sparse_cross_entropy_with_logits", (2, 3, 4), axis=1)[0] == (
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.transpose(logits, [0, 2, 1]))"
    )
    assert asked("categorical_cross_entropy_with_logits", axis=0) == [
        "tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, axis=0)",
        (
            "tf.compat.v1.losses.softmax_cross_entropy(tf.transpose(labels, [1, 0]), tf.transpose(logits, [1, 0]), "
            "reduction='none')"
        ),
    ]


def test_an_axis_that_is_not_there_stays_so():
    """TensorFlow refuses it; counted from the end it would be another one."""
    labels = np.zeros((4, 3))
    assert asked("categorical_cross_entropy_with_logits", labels=labels, axis=2)[1] == (
        "tf.compat.v1.losses.softmax_cross_entropy(tf.transpose(labels, [0, 1, 2]), tf.transpose(logits, [0, 1, 2]), "
        "reduction='none')"
    )
    assert "tf.transpose(logits, [1, 0])" in asked("sparse_cross_entropy_with_logits", axis=-2, labels=labels[0])[0]


def test_it_translates_signs():
    """Its hinge loss takes 0 and 1."""
    assert asked("hinge_loss", (4,), reduction="weighted_mean") == [
        "tf.compat.v1.losses.hinge_loss((labels + 1) / 2, logits, reduction='weighted_mean')"
    ]


@pytest.mark.parametrize(
    ("loss", "parameters", "reason"),
    [
        ("brier_loss", {}, "no class axis"),
        ("sparse_cross_entropy_with_logits", {"ignore_index": 1}, "no parameter ignore_index"),
    ],
)
def test_what_cannot_be_said_is_refused(loss, parameters, reason):
    """With the reason."""
    with pytest.raises(Unsupported, match=reason):
        asked(loss, **parameters)
