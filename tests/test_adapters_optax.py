"""How Optax is asked: the words alone; what it answers is the contract's."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ceconform.adapters import Question, Source, Unsupported
from ceconform.adapters.optax import Optax
from ceconform.corpus import LOSSES, Call


def asked(loss: str, shape: tuple[int, ...] = (4, 3), *, labels: Any = None, **parameters: Any) -> list[Source]:
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
    return [*Optax().routes(Question(call, Optax.activations))]


def test_it_smooths_by_composition():
    """Class indices become one-hot labels first; the axis goes along."""
    assert asked("sparse_cross_entropy_with_logits", (3, 4), axis=0, label_smoothing=0.1) == [
        (
            "optax.losses.softmax_cross_entropy(logits, optax.losses.smooth_labels("
            "jax.nn.one_hot(labels, 3, dtype=logits.dtype, axis=0), 0.1, axis=0), axis=0)"
        )
    ]


def test_it_moves_classes_where_there_is_no_axis():
    """Of three functions for distributions one has none."""
    assert asked("categorical_cross_entropy_with_logits", axis=0)[1] == (
        "optax.losses.safe_softmax_cross_entropy(jnp.moveaxis(logits, 0, -1), jnp.moveaxis(labels, 0, -1))"
    )


def test_before_they_had_a_module_the_losses_stood_at_the_top(monkeypatch):
    """The entry point keeps its name, so that releases compare."""
    monkeypatch.setattr(Optax, "version", lambda _: "0.1.7")
    (source,) = asked("hinge_loss")
    assert ("optax.hinge_loss(logits, labels)", "optax.losses.hinge_loss") == (source, source.via)


SOFT = np.full((4, 3), 1 / 3)
WEIGHT = np.ones(4)


@pytest.mark.parametrize(
    ("loss", "parameters", "reason"),
    [
        ("hinge_loss", {"reduction": "sum"}, "no reductions"),
        ("hinge_loss", {"sample_weight": WEIGHT}, "no parameter sample_weight"),
        ("brier_loss", {}, "no class axis"),
        ("binary_focal_loss_with_logits", {"labels": SOFT}, "soft label"),
    ],
)
def test_what_cannot_be_said_is_refused(loss, parameters, reason):
    """With the reason."""
    with pytest.raises(Unsupported, match=reason):
        asked(loss, **parameters)
