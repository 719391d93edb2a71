"""A second answer to every case: what the definitions beside the cases say, read anew, with mpmath.

It shares nothing with `ceconform.oracle`. Here are the errors, the parameters and the reductions; the
rows are read in `second_row`.
"""

from __future__ import annotations

from typing import NamedTuple

import mpmath as mp
import numpy as np
import second_forms as forms
import second_row
from second_row import INDEX, axis_of, elementwise, undefined

_REDUCTIONS = {"none", "sum", "mean", "weighted_mean"}
_ZERO, _ONE = mp.mpf(0), mp.mpf(1)


class Answer(NamedTuple):
    """Arrays of mpf."""

    loss: np.ndarray
    gradient: np.ndarray
    condition: np.ndarray
    gradient_condition: np.ndarray
    terms: int
    invalid: str


def refusal(case):
    """The error that the question is, or nothing: `reduction`, `dtype` or `shape`."""
    if case.parameters.get("reduction", "none") not in _REDUCTIONS:
        return "reduction"
    if case.loss in INDEX and case.label_dtype is not None and "int" not in case.label_dtype:
        return "dtype"
    shape, axis = case.predictions.shape, axis_of(case)
    if elementwise(case):
        losses, labels, classes = shape, shape, 1
    else:
        if not -len(shape) <= axis < len(shape):
            return "shape"
        losses = tuple(size for at, size in enumerate(shape) if at != axis % len(shape))
        labels, classes = losses if case.loss in INDEX else shape, shape[axis]
    if case.loss == "linear_cross_entropy":
        weight = np.shape(case.parameters["weight"])
        classes = weight[0]
        if (
            len(weight) != 2
            or weight[1] != shape[-1]
            or np.shape(case.parameters.get("bias", np.zeros(classes))) != (classes,)
        ):
            return "shape"
    if case.labels is not None and np.shape(case.labels) != labels:
        return "shape"
    broadcasts = {"sample_weight": losses, "pos_weight": shape}
    for name, target in broadcasts.items():
        given = np.shape(case.parameters.get(name, 1.0))
        padded = (1,) * (len(target) - len(given)) + given
        if len(padded) != len(target) or any(a not in {1, b} for a, b in zip(padded, target, strict=True)):
            return "shape"
    for name in ("class_weight", "alpha"):
        given = case.parameters.get(name)
        if given is not None and np.shape(given) not in ({(classes,)} if name == "class_weight" else {(), (classes,)}):
            return "shape"
    return ""


def answer(case):
    """Every number that a case expects."""
    with mp.workdps(forms.DIGITS):
        return _answer(case)


def _answer(case):
    predictions, shape = case.predictions, case.predictions.shape
    places = np.arange(predictions.size).reshape(shape)
    alone = elementwise(case)
    if alone:
        cells, losses = places.reshape(-1, 1), shape
    else:
        moved = np.moveaxis(places, axis_of(case), -1)
        losses = moved.shape[:-1]
        cells = moved.reshape(-1, moved.shape[-1]) if moved.size else np.zeros((0, moved.shape[-1]), dtype=int)
    reduction = case.parameters.get("reduction", "none")
    terms = max(1, predictions.size if reduction != "none" else 1 if alone else cells.shape[1])
    if case.loss == "linear_cross_entropy" and (predictions.size or reduction == "none"):
        terms *= len(case.parameters["weight"])
    wrong = _wrong_parameter(case)
    if wrong:
        rows = [undefined(len(cell), wrong) for cell in cells]
    else:
        rows = [second_row.read(case, at, cell, losses) for at, cell in enumerate(cells)]
    return _reduced(case, rows, cells, losses)._replace(terms=terms)


def _reduced(case, rows, cells, losses):
    reduction = case.parameters.get("reduction", "none")
    base = None if _wrong_parameter(case) else case.parameters.get("base")
    unit = _ONE if base is None else mp.log(mp.mpf(base))
    divisor = {
        "mean": mp.mpf(sum(row.counts for row in rows)),
        "weighted_mean": sum((row.share for row in rows if row.counts), _ZERO),
    }.get(reduction, _ONE)
    size = case.predictions.size
    gradient, spread = np.full(size, _ZERO, dtype=object), np.full(size, _ZERO, dtype=object)
    for row, cell in zip(rows, cells, strict=True):
        for at, slope, reach in zip(cell, row.slopes, row.spreads, strict=True):
            if not row.dead and (slope or divisor):  # a gradient of 0 is 0 in the mean of nothing too
                gradient[at] = _divide(slope, divisor) / unit
                spread[at] = _divide(abs(slope) + reach, divisor) / abs(unit)
    values = np.array([row.loss for row in rows], dtype=object)
    pulls = np.array([row.pull for row in rows], dtype=object)
    if reduction == "none":
        loss, condition = (values / unit).reshape(losses), ((abs(values) + pulls) / abs(unit)).reshape(losses)
    else:
        whole, pull = sum(values, _ZERO), sum(pulls, _ZERO)
        loss = np.array(_divide(whole, divisor) / unit, dtype=object)
        condition = np.array(_divide(abs(whole) + pull, divisor) / abs(unit), dtype=object)
    shape = case.predictions.shape
    problem = next((row.problem for row in rows if row.problem), "")
    return Answer(loss, gradient.reshape(shape), condition, spread.reshape(shape), 1, problem)


def _divide(x, by):
    if by == 0:
        return mp.nan if x == 0 or mp.isnan(x) else mp.sign(x) * mp.inf
    return x / by


def _wrong_parameter(case):
    get = case.parameters.get
    base, alpha = get("base"), get("alpha") if elementwise(case) else None
    right = 0 <= get("gamma", 2.0) < np.inf and 0 <= get("label_smoothing", 0.0) <= 1
    right = right and (base is None or (0 < base < np.inf and base != 1)) and (alpha is None or 0 <= alpha <= 1)
    return "" if right else "parameter-range"
