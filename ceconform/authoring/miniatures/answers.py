"""Answers: what the portable losses say of a call on NumPy, and what else a wrong implementation would need to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform import losses, value_and_grad
from ceconform.conventions import Convention
from ceconform.corpus import Call
from ceconform.corpus.shapes import loss_shape
from ceconform.formats import rounded
from ceconform.oracle import evaluate

__all__ = [
    "Answers",
    "along",
    "counted",
    "divisor",
    "labelled",
    "mapped",
    "reduced",
    "right",
    "row_weights",
    "rows",
    "stated",
    "without",
]

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """A value and its gradient."""

    value: Array
    gradient: Array


def stated(call: Call, **parameters: Any) -> Call:
    """Give the call with other parameters."""
    return replace(call, parameters={**call.parameters, **parameters})


def without(call: Call, *names: str) -> Call:
    """Give the call with these parameters left out."""
    return replace(call, parameters={name: value for name, value in call.parameters.items() if name not in names})


def right(call: Call, convention: tuple[Convention, ...] = ()) -> Answers:
    """Ask our own losses, in the dtype of the call; the oracle for a gradient that NumPy has not."""
    if call.gradient_by != "predictions" or call.cotangent is not None:
        value = right(replace(call, gradient_by="predictions", cotangent=None), convention).value
        return Answers(value=value, gradient=_rounded(evaluate(call).gradient, call.dtype))
    predictions, chain = _activated(call)
    keywords: dict[str, Any] = {"reduction": "none"}
    for name, value in call.parameters.items():
        keywords[name] = value.astype(call.dtype) if isinstance(value, np.ndarray) else value
    arrays: list[Array] = [predictions.astype(call.dtype)]
    if call.spec.layer:
        arrays.append(keywords.pop("weight"))
    if call.labels is not None:
        kind = call.label_dtype or ("int64" if call.spec.labels == "index" else call.dtype)
        arrays.append(call.labels.astype(kind))
    if convention:
        keywords["convention"] = convention
    with np.errstate(all="ignore"):
        value, gradient = value_and_grad(getattr(losses, call.loss))(*arrays, **keywords)
        return Answers(value=np.asarray(value), gradient=chain(np.asarray(gradient)).astype(call.dtype))


def _rounded(exact: Array, dtype: str) -> Array:
    return np.array([rounded(number, dtype) for number in exact.ravel().tolist()], dtype=dtype).reshape(exact.shape)


def _activated(call: Call) -> tuple[Array, Callable[[Array], Array]]:
    """Apply the activation of a pairing; the function takes a gradient back through it."""
    z, axis = call.predictions, call.axis
    if call.activation is None:
        return z, lambda gradient: gradient
    if call.activation in {"sigmoid", "log_sigmoid"}:
        log_p = -np.logaddexp(0.0, -z)
        p, others = np.exp(log_p), np.exp(-np.logaddexp(0.0, z))
        if call.activation == "sigmoid":
            return p, lambda gradient: gradient * p * others
        return log_p, lambda gradient: gradient * others
    log_p = z - np.logaddexp.reduce(z, axis=axis, keepdims=True)
    p = np.exp(log_p)
    if call.activation == "softmax":
        return p, lambda gradient: p * (gradient - np.sum(gradient * p, axis=axis, keepdims=True))
    return log_p, lambda gradient: gradient - p * np.sum(gradient, axis=axis, keepdims=True)


def rows(call: Call) -> Answers:
    """Every loss by itself, with the gradient of their sum."""
    return right(stated(call, reduction="none"))


def mapped(call: Call, losses_of: Callable[[Array], Array], gradient_of: Callable[[Array], Array]) -> Answers:
    """Change the unreduced losses and their gradient, and reduce what comes of it."""
    each = rows(call)
    with np.errstate(all="ignore"):
        return reduced(call, losses_of(each.value), gradient_of(each.gradient))


def reduced(call: Call, each: Array, gradient: Array, by: float | None = None) -> Answers:
    """Reduce losses as the call says; `by` stands for the divisor of both means."""
    if call.reduction == "none":
        return Answers(value=each.astype(call.dtype), gradient=gradient.astype(call.dtype))
    with np.errstate(all="ignore"):
        total = np.sum(np.where(counted(call), each, 0), dtype=np.float64)
        if call.reduction != "sum":
            by = divisor(call) if by is None else by
            total, gradient = total / by, np.where(gradient == 0, 0, gradient / by)
        return Answers(value=np.asarray(total).astype(call.dtype), gradient=gradient.astype(call.dtype))


def shape(call: Call) -> tuple[int, ...]:
    """The shape of the unreduced losses."""
    return loss_shape(call.spec, call.predictions.shape, call.axis)


def along(call: Call) -> int:
    """The class axis of the predictions; the last where each element stands for itself."""
    return -1 if call.axis is None else call.axis


def counted(call: Call) -> Array:
    """Which losses count: those of rows that are not ignored."""
    if call.labels is not None and call.spec.labels == "index" and "ignore_index" in call.parameters:
        return np.asarray(call.labels != call.parameters["ignore_index"])
    if call.labels is not None and call.spec.labels == "multi-hot":
        return np.asarray(np.any(call.labels > 0, axis=call.axis))
    return np.ones(shape(call), dtype=np.bool_)


def row_weights(call: Call) -> Array:
    """The sample weight of each loss."""
    return np.broadcast_to(np.asarray(call.get("sample_weight", 1.0), dtype=np.float64), shape(call))


def classes(call: Call) -> int:
    """How many classes there are."""
    if call.spec.layer:
        return int(call.parameters["weight"].shape[0])
    return int(call.predictions.shape[call.axis]) if call.axis is not None and call.predictions.ndim else 1


def labelled(call: Call) -> Array:
    """The label's mass on each class, along the class axis, before smoothing; ignored rows have none."""
    if call.labels is None:
        return np.zeros(call.predictions.shape)
    if call.spec.labels == "index":
        one_hot = call.labels[..., None] == np.arange(classes(call))
        return np.asarray(np.moveaxis(one_hot & counted(call)[..., None], -1, along(call)), dtype=np.float64)
    if call.spec.labels == "multi-hot":
        positive = np.sum(call.labels, axis=call.axis, keepdims=True)
        return np.asarray(np.divide(call.labels, positive, where=positive > 0, out=np.zeros(call.labels.shape)))
    return call.labels.astype(np.float64)


def divisor(call: Call) -> float:
    """What the mean of the call divides by."""
    if call.reduction != "weighted_mean":
        return float(np.count_nonzero(counted(call)))
    mass: Array = np.asarray(1.0)
    if call.spec.labels in {"distribution", "index", "multi-hot"} and call.axis is not None:
        number, smoothing = classes(call), call.get("label_smoothing", 0.0)
        smoothed = (1 - smoothing) * labelled(call) + smoothing / number
        mass = np.sum(smoothed * class_weights(call), axis=call.axis)
    return float(np.sum(np.where(counted(call), row_weights(call) * mass, 0.0)))


def class_weights(call: Call) -> Array:
    """The weight of each class, along the class axis of the predictions."""
    weights = np.asarray(call.get("class_weight", np.ones(classes(call))), dtype=np.float64)
    dimensions = [1] * call.predictions.ndim
    dimensions[along(call)] = classes(call)
    return weights.reshape(dimensions)


def parameters(call: Call, names: Mapping[str, Any]) -> Call:
    """Give the call with only these of its parameters."""
    return replace(call, parameters={name: value for name, value in call.parameters.items() if name in names})
