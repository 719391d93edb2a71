"""Labels that are shifted, hardened, exchanged or taken for something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ceconform.authoring.miniatures.answers import (
    Answers,
    classes,
    counted,
    divisor,
    mapped,
    reduced,
    right,
    rows,
    stated,
)
from ceconform.authoring.miniatures.fault import Fault, of_labels, relabelled
from ceconform.corpus import Call, Loss

__all__ = ["FAULTS"]

Array = np.ndarray[Any, Any]
_BOTH = ("whole", "gradient")


def _labels(call: Call) -> Array:
    """The labels of a loss that has some."""
    if call.labels is None:
        raise ValueError(call.loss)
    return call.labels


def _index(change: Any) -> Any:
    """Change the classes of the rows that count; what is no class stays."""

    def changed(call: Call) -> Array:
        labels = _labels(call)
        valid = counted(call) & (labels >= 0) & (labels < classes(call))
        return np.where(valid, change(labels.astype(np.int64), classes(call)), labels)

    return relabelled(changed)


def _hardened(call: Call) -> Array:
    labels = _labels(call)
    if call.spec.labels == "binary" or call.axis is None:
        return np.where(labels >= 0.5, 1.0, 0.0)  # noqa: PLR2004 - as the nearest of 0 and 1
    most = np.argmax(labels, axis=call.axis)
    return np.moveaxis(np.eye(labels.shape[call.axis])[most], -1, call.axis)


def _renormalised(call: Call) -> Array:
    labels = _labels(call)
    if call.axis is None:
        return labels
    total = np.sum(labels, axis=call.axis, keepdims=True)
    return np.asarray(np.divide(labels, total, where=total > 0, out=labels.astype(np.float64)))


def _first_positive(call: Call) -> Array:
    labels = _labels(call)
    first = np.cumsum(labels, axis=call.axis) <= 1
    return np.where(first, labels, 0)


def _exchanged(call: Call) -> Answers:
    labels = call.labels
    if labels is None or labels.shape != call.predictions.shape:
        return right(call)
    return right(replace(call, predictions=labels.astype(np.float64), labels=call.predictions, label_dtype=None))


def _mass_not_shared(call: Call) -> Answers:
    positive = np.sum(_labels(call), axis=call.axis, keepdims=True)
    return mapped(call, lambda each: each * np.squeeze(positive, axis=call.axis), lambda gradient: gradient * positive)


def _empty_rows_count(call: Call) -> Answers:
    each = rows(call)
    if call.reduction not in {"mean", "weighted_mean"}:
        return right(call)
    return reduced(call, each.value, each.gradient, by=divisor(call) + np.count_nonzero(~counted(call)))


def _zero_or_one(call: Call) -> Answers:
    """With 0 in the place of −1 the margin of a negative label is 0, whatever its logit."""
    negative = _labels(call) < 0
    flat = right(replace(stated(call, reduction="none"), predictions=np.zeros(call.predictions.shape))).value
    return mapped(call, lambda each: np.where(negative, flat, each), lambda gradient: np.where(negative, 0.0, gradient))


def _soft(loss: Loss) -> bool:
    return loss.labels in {"binary", "distribution"}


FAULTS = (
    Fault(
        name="labels-off-by-one",
        summary="Each row has the class after its own.",
        answers=_index(lambda labels, number: (labels + 1) % number),
        meaning=of_labels("index"),
        parts=_BOTH,
    ),
    Fault(
        name="labels-counted-from-one",
        summary="Class indices begin at 1, and 0 wraps around.",
        answers=_index(lambda labels, number: (labels - 1) % number),
        meaning=of_labels("index"),
    ),
    Fault(
        name="labels-reversed",
        summary="Classes are counted from the last one.",
        answers=_index(lambda labels, number: number - 1 - labels),
        meaning=of_labels("index"),
    ),
    Fault(
        name="labels-flipped",
        summary="Positive and negative are exchanged.",
        answers=relabelled(lambda call: -_labels(call) if call.spec.labels == "sign" else 1 - _labels(call)),
        meaning=of_labels("binary", "sign"),
        parts=_BOTH,
    ),
    Fault(
        name="labels-hardened",
        summary="A soft label is rounded to its most probable class.",
        answers=relabelled(_hardened),
        meaning=_soft,
        parts=_BOTH,
    ),
    Fault(
        name="labels-truncated",
        summary="Labels go through an integer.",
        answers=relabelled(lambda call: np.trunc(_labels(call))),
        meaning=_soft,
        parts=_BOTH,
    ),
    Fault(
        name="labels-renormalised",
        summary="Each row of labels is divided by its sum.",
        answers=relabelled(_renormalised),
        meaning=of_labels("distribution"),
        parts=_BOTH,
    ),
    Fault(
        name="labels-of-the-next-class",
        summary="Each class has its neighbour's label.",
        answers=relabelled(lambda call: np.roll(_labels(call), 1, axis=call.axis)),
        meaning=of_labels("distribution", "multi-hot"),
    ),
    Fault(
        name="arguments-exchanged",
        summary="Labels are taken for predictions, and predictions for labels.",
        answers=_exchanged,
        meaning=lambda loss: _soft(loss) and loss.space == "probabilities" and loss.name != "brier_loss",
    ),
    Fault(
        name="only-the-first-positive",
        summary="Of several positive classes the first alone counts.",
        answers=relabelled(_first_positive),
        meaning=of_labels("multi-hot"),
        parts=_BOTH,
    ),
    Fault(
        name="mass-not-shared",
        summary="Each positive class has a mass of 1.",
        answers=_mass_not_shared,
        meaning=of_labels("multi-hot"),
        parts=_BOTH,
    ),
    Fault(
        name="rows-without-labels-count",
        summary="A row without any label counts in the mean.",
        answers=_empty_rows_count,
        meaning=of_labels("multi-hot"),
    ),
    Fault(
        name="signs-taken-as-zero-and-one",
        summary="The negative label is 0 in place of −1.",
        answers=_zero_or_one,
        meaning=of_labels("sign"),
        parts=_BOTH,
    ),
)
