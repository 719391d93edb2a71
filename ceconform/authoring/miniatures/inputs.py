"""Inputs that nobody looks at: what is invalid is made valid in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ceconform.authoring.miniatures.answers import Answers, along, classes, right, stated, without
from ceconform.authoring.miniatures.fault import Fault, has, of_labels, of_space
from ceconform.corpus import REDUCTIONS, Call
from ceconform.corpus.shapes import labels_shape
from ceconform.errors import CeconformError

__all__ = ["FAULTS"]

Array = np.ndarray[Any, Any]
_FLOATING = frozenset({"binary", "distribution", "multi-hot", "sign"})


def _refitted(call: Call) -> Call:
    """Repeat or cut labels and weights until they fit."""
    shape = labels_shape(call.spec, _logits_shape(call), call.axis)
    changes = {
        name: np.resize(value, _fitting(call, name))
        for name, value in call.parameters.items()
        if isinstance(value, np.ndarray) and name in {"class_weight", "sample_weight", "pos_weight", "alpha", "bias"}
    }
    labels = None if call.labels is None else np.resize(call.labels, shape)
    return replace(stated(call, **changes), labels=labels)


def _logits_shape(call: Call) -> tuple[int, ...]:
    if not call.spec.layer:
        return call.predictions.shape
    return (*call.predictions.shape[:-1], call.parameters["weight"].shape[0])


def _fitting(call: Call, name: str) -> tuple[int, ...]:
    """The shape that a parameter needs."""
    if name in {"class_weight", "alpha", "bias"}:
        return (classes(call),)
    if name == "pos_weight" or call.spec.labels in {"binary", "sign"}:
        return call.predictions.shape
    shape = _logits_shape(call)
    axis = along(call)
    return tuple(np.delete(np.asarray(shape), axis)) if call.axis is not None else shape


def _broadcast(call: Call) -> Call:
    """Let labels and predictions broadcast against each other."""
    if call.labels is None or call.spec.labels == "index":
        return call
    try:
        predictions, labels = np.broadcast_arrays(call.predictions, call.labels)
    except ValueError:
        return call
    return replace(call, predictions=predictions, labels=labels)


def _instead(name: str, summary: str, change: Callable[[Call], Call], **more: Any) -> Fault:
    """A fault that answers a question which the one asked is taken for, where that has an answer."""

    def answers(call: Call) -> Answers:
        try:
            return right(change(call))
        except (CeconformError, ValueError, IndexError):
            return right(call)

    return Fault(name=name, summary=summary, answers=answers, lenient=True, **more)


def _labelled_by(change: Callable[[Call, Array], Array]) -> Callable[[Call], Call]:
    return lambda call: call if call.labels is None else replace(call, labels=change(call, call.labels))


def _weights(change: Callable[[Array], Array]) -> Callable[[Call], Call]:
    def changed(call: Call) -> Call:
        names = {"class_weight", "sample_weight", "pos_weight"} & set(call.parameters)
        return stated(call, **{name: change(np.asarray(call.parameters[name])) for name in names})

    return changed


def _bounded(name: str, low: float, high: float) -> Callable[[Call], Call]:
    def changed(call: Call) -> Call:
        value = call.get(name)
        return call if value is None else stated(call, **{name: type(value)(min(max(value, low), high))})

    return changed


def _laid_out_anew(call: Call) -> Call:
    """Turn the weight of a layer until it fits."""
    weight, features = call.parameters["weight"], call.predictions.shape[-1] if call.predictions.ndim else 1
    if weight.ndim == 1:
        return stated(call, weight=weight[None, :])
    fits = weight.shape[-1] == features or weight.shape[0] != features
    return call if fits else stated(call, weight=weight.T)


def _zero_where_invalid(call: Call) -> Answers:
    each = right(call)
    return Answers(value=np.nan_to_num(each.value), gradient=np.nan_to_num(each.gradient))


def _clamped(call: Call, labels: Array) -> Array:
    kept = (
        labels == call.parameters["ignore_index"] if "ignore_index" in call.parameters else np.zeros(labels.shape, bool)
    )
    return np.where(kept, labels, np.clip(labels, 0, classes(call) - 1))


def _wrapped(call: Call, labels: Array) -> Array:
    kept = (
        labels == call.parameters["ignore_index"] if "ignore_index" in call.parameters else np.zeros(labels.shape, bool)
    )
    return np.where(kept, labels, labels % classes(call))


FAULTS = (
    _instead(
        "labels-broadcast",
        "Labels and predictions broadcast against each other.",
        _broadcast,
        meaning=lambda loss: loss.labels in _FLOATING,
    ),
    _instead("arrays-refitted", "Labels and weights are repeated or cut until they fit.", _refitted),
    _instead(
        "unknown-reduction-is-mean",
        "A reduction that nobody knows is the mean.",
        lambda call: call if call.reduction in REDUCTIONS else stated(call, reduction="mean"),
    ),
    _instead(
        "labels-cast",
        "Labels of any dtype are cast to the one that is needed.",
        lambda call: replace(call, label_dtype=None),
        meaning=of_labels("index"),
    ),
    _instead(
        "labels-clamped-to-classes",
        "A label beyond the classes is the nearest class.",
        _labelled_by(_clamped),
        meaning=of_labels("index"),
    ),
    _instead(
        "labels-wrap-around",
        "A negative label counts from the last class.",
        _labelled_by(_wrapped),
        meaning=of_labels("index"),
    ),
    _instead(
        "labels-clipped-to-probabilities",
        "A label beyond [0, 1] is the nearest bound.",
        _labelled_by(lambda _, labels: np.clip(labels, 0, 1)),
        meaning=of_labels("binary", "distribution"),
    ),
    _instead(
        "labels-taken-by-their-sign",
        "Any positive label is +1, any other −1.",
        _labelled_by(lambda _, labels: np.where(labels > 0, 1, -1)),
        meaning=of_labels("sign"),
    ),
    _instead(
        "labels-taken-as-true",
        "Any label that is not 0 is 1.",
        _labelled_by(lambda _, labels: np.where(labels != 0, 1, 0)),
        meaning=of_labels("multi-hot", "binary"),
    ),
    _instead(
        "probabilities-clipped",
        "A probability beyond [0, 1] is the nearest bound.",
        lambda call: replace(call, predictions=np.clip(call.predictions, 0, 1)),
        meaning=of_space("probabilities"),
    ),
    _instead(
        "log-probabilities-clipped",
        "A log-probability above 0 is 0.",
        lambda call: replace(call, predictions=np.minimum(call.predictions, 0)),
        meaning=of_space("log_probabilities"),
    ),
    _instead(
        "axis-beyond-is-last",
        "An axis that is not there is the last one.",
        lambda call: call if (call.axis or 0) < call.predictions.ndim else without(call, "axis"),
        meaning=has("axis"),
    ),
    _instead("weights-made-positive", "The sign of a weight is lost.", _weights(np.abs)),
    _instead("negative-weights-are-zero", "A negative weight is 0.", _weights(lambda weights: np.maximum(weights, 0))),
    _instead(
        "infinite-weights-are-one",
        "A weight that is not finite is 1.",
        _weights(lambda weights: np.where(np.isfinite(weights), weights, 1)),
    ),
    _instead("gamma-made-positive", "γ below 0 is 0.", _bounded("gamma", 0.0, np.inf), meaning=has("gamma")),
    _instead(
        "alpha-made-a-share",
        "α beyond [0, 1] is the nearest bound.",
        lambda call: call if isinstance(call.get("alpha"), np.ndarray) else _bounded("alpha", 0.0, 1.0)(call),
        meaning=lambda loss: loss.name.startswith("binary_focal"),
    ),
    _instead(
        "smoothing-made-a-share",
        "ε beyond [0, 1] is the nearest bound.",
        _bounded("label_smoothing", 0.0, 1.0),
        meaning=has("label_smoothing"),
    ),
    _instead(
        "base-not-looked-at",
        "A base that has no logarithm is e.",
        lambda call: without(call, "base") if not call.get("base", 2) > 0 or call.get("base") == 1 else call,
        meaning=has("base"),
    ),
    _instead(
        "weight-laid-out-anew",
        "The weight of a layer is transposed until it fits.",
        _laid_out_anew,
        meaning=lambda loss: loss.layer,
    ),
    Fault(
        name="invalid-is-zero",
        summary="What is invalid or undefined is answered as 0.",
        answers=_zero_where_invalid,
        lenient=True,
    ),
)
