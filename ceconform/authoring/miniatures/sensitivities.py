"""Gradients by labels and weights, and for those who mask afterwards, that are wrong beside a right value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ceconform.authoring.miniatures.answers import Answers, along, divisor, right, row_weights, stated, without
from ceconform.authoring.miniatures.fault import Fault, Meaning, has, of_labels
from ceconform.corpus import LOSSES, Call, Loss

__all__ = ["FAULTS"]

Array = np.ndarray[Any, Any]
Change = Callable[[Call, Array], Array]
_SHARES = of_labels("binary", "distribution")
_FACTORS = ("alpha", "class_weight", "pos_weight", "sample_weight")


def _fault(name: str, summary: str, change: Change, meets: Callable[[Call], bool], **more: Any) -> Fault:
    def answers(call: Call) -> Answers:
        each = right(call)
        with np.errstate(all="ignore"):
            return replace(each, gradient=np.asarray(change(call, each.gradient)).astype(call.dtype))

    return Fault(name=f"gradient-{name}", summary=summary, answers=answers, parts=("gradient",), meets=meets, **more)


def _by_labels(name: str, summary: str, change: Change, meaning: Meaning = _SHARES, **more: Any) -> Fault:
    meets = lambda call: call.gradient_by == "labels" and call.cotangent is None  # noqa: E731 - named where it is used
    return _fault(f"by-labels-{name}", summary, change, meets, meaning=meaning, **more)


def _by_weights(name: str, summary: str, change: Change, meaning: Meaning = bool, **more: Any) -> Fault:
    meets = lambda call: call.gradient_by in _FACTORS and call.cotangent is None  # noqa: E731
    return _fault(f"by-weights-{name}", summary, change, meets, meaning=meaning, **more)


def _for_cotangents(name: str, summary: str, change: Change, meaning: Meaning = bool, **more: Any) -> Fault:
    meets = lambda call: call.cotangent is not None  # noqa: E731
    return _fault(f"masked-{name}", summary, change, meets, meaning=meaning, **more)


def _gradient(call: Call) -> Array:
    return right(call).gradient


def _still_divisor(call: Call, gradient: Array) -> Array:
    """Leave out what the divisor of a weighted mean changes by."""
    if call.reduction != "weighted_mean":
        return gradient
    return _gradient(stated(call, reduction="sum")) / divisor(call)


def _without_weights(call: Call, _: Array) -> Array:
    return _gradient(without(call, *_FACTORS))


def _of_the_positive_term(call: Call, gradient: Array) -> Array:
    """The negative term is what is left where the positive one weighs nothing."""
    return gradient - _gradient(stated(call, pos_weight=np.zeros(1)))


def _along_the_simplex(call: Call, gradient: Array) -> Array:
    """Leave out what would change the sum of a row's labels."""
    if call.axis is None:
        return gradient
    return np.asarray(gradient - gradient.mean(axis=call.axis, keepdims=True))


def _of_cross_entropy(call: Call, _: Array) -> Array:
    names = LOSSES["categorical_cross_entropy"].parameters
    kept = {name: value for name, value in call.parameters.items() if name in names}
    return _gradient(replace(call, loss="categorical_cross_entropy", parameters=kept))


def _averaged(call: Call, gradient: Array) -> Array:
    """Average over the rows that share a weight."""
    rows = row_weights(call).size
    shared = {"class_weight": rows, "pos_weight": rows // max(call.by.size, 1)}.get(call.gradient_by, 1)
    return gradient / max(shared, 1)


def _of_positive_labels(call: Call, gradient: Array) -> Array:
    if call.gradient_by != "pos_weight" or call.labels is None:
        return gradient
    return _gradient(replace(call, labels=np.ones_like(call.labels)))


def _silenced(call: Call) -> Array:
    """Where a cotangent of 0 stands before an infinite loss, or before an infinite derivative."""
    each = right(replace(call, cotangent=None))
    silent, infinite = (np.asarray(x) for x in (np.asarray(call.cotangent) == 0, np.isinf(each.value)))
    if silent.ndim != each.gradient.ndim:
        silent, infinite = (np.expand_dims(x, along(call)) for x in (silent, infinite))
    return silent & (infinite | np.isinf(each.gradient))


def _unbounded(loss: Loss) -> bool:
    """Whether a loss or a derivative of it can be infinite."""
    return loss.name != "brier_loss"


FAULTS = (
    _by_labels("detached", "The labels are constants: their gradient is 0.", lambda _, g: np.zeros_like(g), blunt=True),
    _by_labels("negated", "The gradient by the labels has the wrong sign.", lambda _, g: -g, blunt=True),
    _by_labels(
        "zero-where-they-are",
        "A label of 0 has no gradient.",
        lambda call, g: np.where(call.by == 0, 0, g),
    ),
    _by_labels(
        "as-if-not-smoothed",
        "The gradient by the labels lacks the factor 1 − ε.",
        lambda call, _: _gradient(without(call, "label_smoothing")),
        lambda loss: _SHARES(loss) and has("label_smoothing")(loss),
    ),
    _by_labels("without-weights", "The gradient by the labels has none of the weights.", _without_weights),
    _by_labels(
        "of-the-positive-term-alone",
        "The gradient by a label lacks the negative term's.",
        _of_the_positive_term,
        has("pos_weight"),
    ),
    _by_labels(
        "along-the-simplex",
        "The gradient by the labels lacks what would change their sum.",
        _along_the_simplex,
        of_labels("distribution"),
    ),
    _by_labels(
        "of-cross-entropy",
        "The gradient by the labels lacks that of their own entropy.",
        _of_cross_entropy,
        lambda loss: loss.name == "kl_divergence",
    ),
    _by_labels(
        "with-a-still-divisor",
        "The divisor of a weighted mean is a constant to the labels.",
        _still_divisor,
        of_labels("distribution"),
    ),
    _by_weights("detached", "Weights are constants: their gradient is 0.", lambda _, g: np.zeros_like(g), blunt=True),
    _by_weights("without-the-loss", "The gradient by a weight is 1.", lambda _, g: np.ones_like(g), blunt=True),
    _by_weights(
        "zero-where-they-are",
        "A weight of 0 has no gradient.",
        lambda call, g: np.where(call.by == 0, 0, g),
    ),
    _by_weights("of-the-weighted-loss", "The gradient by a weight is weighted.", lambda call, g: g * call.by),
    _by_weights(
        "with-a-still-divisor",
        "The divisor of a weighted mean is a constant to the weights.",
        _still_divisor,
    ),
    _by_weights(
        "averaged",
        "The gradient by a weight is the mean over all that share it.",
        _averaged,
        lambda loss: has("class_weight")(loss) or has("pos_weight")(loss),
    ),
    _by_weights(
        "without-the-label",
        "The gradient by the weight of the positive label lacks the label.",
        _of_positive_labels,
        has("pos_weight"),
    ),
    _for_cotangents(
        "nan-where-infinite",
        "A cotangent of 0 times what is infinite gives NaN.",
        lambda call, g: np.where(_silenced(call), np.nan, g),
        _unbounded,
    ),
    _for_cotangents(
        "infinite-where-infinite",
        "A cotangent of 0 leaves an infinite derivative as it is.",
        lambda call, g: np.where(_silenced(call), _gradient(replace(call, cotangent=None)), g),
        _unbounded,
    ),
    _for_cotangents(
        "not-at-all",
        "The gradient is that of the losses' sum, whatever they are multiplied by.",
        lambda call, _: _gradient(replace(call, cotangent=None)),
    ),
)
