"""How TF-Keras is asked: the words alone; what it answers is the contract's."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ceconform.adapters import Question, Unsupported
from ceconform.adapters.tf_keras import TFKeras
from ceconform.corpus import LOSSES, Call
from ceconform.libraries import LIBRARIES


def asked(loss: str, shape: tuple[int, ...] = (4, 3), *, label: float = 0.0, **rest: Any) -> list[str]:
    """The sources of a call about zeros."""
    call_fields = {name: rest.pop(name) for name in ("activation", "dtype", "space") if name in rest}
    axis = rest.get("axis", -1)
    indices = np.zeros(np.delete(shape, axis), dtype=np.int64) if axis is not None else None
    labels = indices if LOSSES[loss].labels == "index" else np.full(shape, label)
    call = Call(loss=loss, predictions=np.zeros(shape), labels=labels, parameters=MappingProxyType(rest), **call_fields)
    return [str(source) for source in TFKeras().routes(Question(call, TFKeras.activations))]


def test_functions_and_classes_are_asked():
    """Where nothing is reduced, both; in the dtype of the predictions, which no class is told."""
    assert asked("categorical_cross_entropy_with_logits", dtype="float64") == [
        "tf_keras.losses.categorical_crossentropy(labels, logits, from_logits=True)",
        "tf_keras.losses.CategoricalCrossentropy(from_logits=True, reduction='none')(labels, logits)",
    ]


def test_only_classes_reduce_and_weigh():
    """The functions have neither."""
    assert asked("kl_divergence", reduction="mean", sample_weight=np.ones(4)) == [
        (
            "tf_keras.losses.KLDivergence(reduction='sum_over_batch_size')"
            "(labels, probabilities, sample_weight=sample_weight)"
        )
    ]


def test_the_space_is_left_unsaid_where_that_is_the_question():
    """The class alone, as a program does that trusts the defaults."""
    assert asked("sparse_cross_entropy_with_logits", space="default", reduction="mean") == [
        "tf_keras.losses.SparseCategoricalCrossentropy(reduction='sum_over_batch_size')(labels, logits)"
    ]
    assert len(asked("binary_cross_entropy_with_logits", (4,), space="default")) == 1


def test_the_activation_is_its_own_and_outermost():
    """A loss looks there for the logits beneath; the mean over the last axis is of one element."""
    assert asked("binary_cross_entropy", (4,), activation="sigmoid")[0] == (
        "tf_keras.losses.binary_crossentropy(tf.expand_dims(labels, -1), "
        "tf_keras.activations.sigmoid(tf.expand_dims(logits, -1)))"
    )


def test_the_axis_is_said_where_there_is_one():
    """The class of the sparse loss has none, its function has; for the others the classes are moved."""
    assert asked("sparse_cross_entropy", axis=0, ignore_index=1) == [
        "tf_keras.losses.sparse_categorical_crossentropy(labels, probabilities, ignore_class=1, axis=0)",
        (
            "tf_keras.losses.SparseCategoricalCrossentropy(ignore_class=1, reduction='none')"
            "(labels, tf.transpose(probabilities, [1, 0]))"
        ),
    ]
    assert "axis=0" in asked("categorical_focal_loss", axis=0)[1]
    assert "(tf.transpose(labels, [1, 0]), tf.transpose(probabilities, [1, 0]))" in asked("kl_divergence", axis=0)[0]


def test_no_alpha_is_said():
    """The categorical focal loss balances by a quarter if nothing is said; the binary one only if it is told to."""
    assert "alpha=1.0" in asked("categorical_focal_loss")[0]
    assert "alpha" not in asked("binary_focal_loss", (4,))[0]
    assert "apply_class_balancing=True, alpha=0.75" in asked("binary_focal_loss", (4,), alpha=0.75)[0]


@pytest.mark.parametrize(
    ("loss", "rest", "reason"),
    [
        ("brier_loss", {}, "mean over classes"),
        ("binary_focal_loss", {"label": 0.5}, "soft label"),
        ("hinge_loss", {"reduction": "weighted_mean"}, "no mean that divides by the weights"),
        ("sparse_cross_entropy", {"class_weight": np.ones(3)}, "no parameter class_weight"),
        ("sparse_cross_entropy", {"label_smoothing": 0.1}, "no parameter label_smoothing"),
        ("binary_cross_entropy_with_logits", {"pos_weight": np.ones(3)}, "no parameter pos_weight"),
        ("soft_margin_loss", {}, "no soft_margin_loss"),
    ],
)
def test_what_cannot_be_said_is_refused(loss, rest, reason):
    """With the reason."""
    with pytest.raises(Unsupported, match=reason):
        asked(loss, **rest)


def test_the_fuzz_factor_is_added_after_it_has_clipped():
    """In the binary losses alone; the others do as Keras 3 does on TensorFlow."""
    documented, keras = dict(TFKeras.conventions), LIBRARIES["keras[tensorflow]"]
    for loss in ("binary_cross_entropy", "binary_focal_loss"):
        clip, *rest = keras[loss]
        assert (clip, "add-1e-7-inside-log", *rest) == documented.pop(loss)
    assert {loss: names for loss, names in keras.items() if loss in documented} == documented
