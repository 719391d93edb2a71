"""Reductions that divide by something else, or add up badly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ceconform.authoring.miniatures.answers import (
    Answers,
    classes,
    counted,
    divisor,
    reduced,
    right,
    row_weights,
    rows,
    stated,
    without,
)
from ceconform.authoring.miniatures.fault import Fault, asked_otherwise
from ceconform.corpus import Call, Loss

__all__ = ["FAULTS"]

_BOTH = ("whole", "gradient")
_MEANS = frozenset({"mean", "weighted_mean"})


def _another(name: str, summary: str, asked: str, answered: str, parts: tuple[str, ...] = ("whole",)) -> Fault:
    """A fault that takes one reduction for another."""
    return Fault(
        name=name,
        summary=summary,
        answers=asked_otherwise(lambda call: stated(call, reduction=answered) if call.reduction == asked else call),
        parts=parts,
    )


def _divided(
    name: str, summary: str, by: Callable[[Call], float], asked: frozenset[str] = _MEANS, **more: Any
) -> Fault:
    """A fault in what a mean divides by."""

    def answers(call: Call) -> Answers:
        if call.reduction not in asked:
            return right(call)
        each = rows(call)
        return reduced(call, each.value, each.gradient, by=by(call))

    return Fault(name=name, summary=summary, answers=answers, **more)


def _added_up(dtype: str) -> Callable[[Call], Answers]:
    """Add one loss after the other to a sum in this dtype, or in that of the call if it is shorter."""

    def answers(call: Call) -> Answers:
        whole = right(call)
        if call.reduction == "none":
            return whole
        each = rows(call).value[counted(call)].ravel()
        narrow = min(np.dtype(dtype), np.dtype(call.dtype), key=lambda each: each.itemsize)
        steps = np.cumsum(each.astype(narrow), dtype=narrow)
        total = steps[-1] if steps.size else narrow.type(0)
        value = np.asarray(total if call.reduction == "sum" else total / narrow.type(divisor(call)))
        return Answers(value=value.astype(call.dtype), gradient=whole.gradient)

    return answers


def _ignored_first(call: Call) -> float:
    """The number of rows, ignored ones too."""
    return float(counted(call).size)


def _weighs(loss: Loss) -> bool:
    return "class_weight" in loss.parameters


FAULTS = (
    _another("sum-for-mean", "The mean is not divided.", "mean", "sum", _BOTH),
    _another("mean-for-sum", "The sum is divided by the number of losses.", "sum", "mean", _BOTH),
    _another(
        "plain-mean-for-weighted", "The weighted mean divides by the number of losses.", "weighted_mean", "mean", _BOTH
    ),
    _another("weighted-mean-for-plain", "The mean divides by the sum of the weights.", "mean", "weighted_mean", _BOTH),
    _another("sum-for-weighted-mean", "The weighted mean is not divided.", "weighted_mean", "sum", _BOTH),
    _another("mean-for-none", "Losses that are asked one by one are averaged.", "none", "mean"),
    _another("none-for-sum", "Losses whose sum is asked are given one by one.", "sum", "none"),
    _divided(
        "ignored-rows-divide",
        "Ignored rows count in the divisor.",
        _ignored_first,
        frozenset({"mean"}),
        meaning=lambda loss: "ignore_index" in loss.parameters,
        parts=_BOTH,
    ),
    _divided(
        "divided-by-elements",
        "The mean divides by the number of elements, classes included.",
        lambda call: divisor(call) * classes(call),
        meaning=lambda loss: loss.labels not in {"binary", "sign"},
        parts=_BOTH,
    ),
    _divided("divided-by-one-less", "The mean divides by N − 1.", lambda call: divisor(call) - 1),
    _divided(
        "divided-by-the-first-axis",
        "The mean divides by the size of the first axis.",
        lambda call: float(counted(call).shape[0] if counted(call).ndim else 1),
        frozenset({"mean"}),
    ),
    _divided(
        "divided-by-at-least-one",
        "The mean of nothing is 0, and small sums of weights count as 1.",
        lambda call: max(divisor(call), 1.0),
    ),
    _divided(
        "divided-by-the-weights-that-are-not-zero",
        "The mean divides by the number of losses with a weight.",
        lambda call: float(np.count_nonzero(counted(call) & (row_weights(call) != 0))),
        frozenset({"mean"}),
    ),
    _divided(
        "divided-by-sample-weights-alone",
        "The weighted mean does not divide by class weights.",
        lambda call: float(np.sum(np.where(counted(call), row_weights(call), 0))),
        frozenset({"weighted_mean"}),
        meaning=_weighs,
    ),
    _divided(
        "divided-by-class-weights-alone",
        "The weighted mean does not divide by sample weights.",
        lambda call: divisor(without(call, "sample_weight")),
        frozenset({"weighted_mean"}),
        meaning=_weighs,
    ),
    _divided(
        "divided-by-the-sum-of-class-weights",
        "The weighted mean divides by the sum of the class weights, whatever the labels.",
        lambda call: float(np.sum(call.get("class_weight", divisor(call)))),
        frozenset({"weighted_mean"}),
        meaning=_weighs,
    ),
    Fault(
        name="added-up-in-half",
        summary="Losses are added up in float16.",
        answers=_added_up("float16"),
    ),
    Fault(
        name="added-up-in-single",
        summary="Losses are added up one after the other in float32.",
        answers=_added_up("float32"),
    ),
)
