"""A second answer to every case: what the definitions beside the cases say, read anew, with mpmath.

It shares nothing with `ceconform.oracle`. Here are the errors, the parameters and the reductions; the
rows are read in `second_row`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import mpmath as mp
import numpy as np
import second_forms as forms
import second_row
from second_row import INDEX, axis_of, elementwise, exact, undefined

from ceconform.corpus import Call

_REDUCTIONS = {"none", "sum", "mean", "weighted_mean"}
_ZERO, _ONE = mp.mpf(0), mp.mpf(1)
_STEP = mp.mpf(10) ** -(forms.DIGITS // 3)
"""For derivatives by differences: what its square leaves out, and what cancels, is beyond all stated digits."""


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
    found = _reduced(case, _rows(case, cells, losses), cells, losses)._replace(terms=terms)
    if case.gradient_by != "predictions":
        gradient, spread = _by_another(case, cells, losses)
        found = found._replace(gradient=gradient, gradient_condition=spread)
    return found


def _rows(case, cells, losses):
    wrong = _wrong_parameter(case)
    if wrong:
        return [undefined(len(cell), wrong) for cell in cells]
    return [second_row.read(case, at, cell, losses) for at, cell in enumerate(cells)]


def _unit(case):
    base = None if _wrong_parameter(case) else case.parameters.get("base")
    return _ONE if base is None else mp.log(mp.mpf(base))


def _divisor(case, rows):
    return {
        "mean": mp.mpf(sum(row.counts for row in rows)),
        "weighted_mean": sum((row.share for row in rows if row.counts), _ZERO),
    }.get(case.parameters.get("reduction", "none"), _ONE)


def _cotangent(case, rows):
    """What each row's loss is multiplied by in the gradient."""
    return [_ONE] * len(rows) if case.cotangent is None else [*map(exact, case.cotangent.ravel())]


def _by_another(case, cells, losses):
    """The gradient by labels or weights, and its condition: differences of the losses, and of what pulls at them."""
    array = case.by if isinstance(case, Call) else case.call("float64").by
    found = [_moved(case, array, at, cells, losses) for at in range(array.size)]
    shaped = (np.array([each[part] for each in found], dtype=object).reshape(array.shape) for part in (0, 1))
    return tuple(shaped)


def _moved(case, array, at, cells, losses):
    """One derivative: to both sides of the number, or to one where the other is out of its range."""
    x, most = exact(array.ravel()[at]), _ONE if case.gradient_by == "labels" else mp.inf
    ends = x - _STEP if x > 0 else x, x + _STEP if x < most else x
    before, after = (_parts(case, array, at, end, cells, losses) for end in ends)
    slopes = [forms.total([b, -a]) / (ends[1] - ends[0]) for a, b in zip(before, after, strict=True)]
    size = len(cells)
    slope = forms.total(slopes[:size], forms.ROUNDING / _STEP)
    return slope, abs(slope) + sum(map(abs, slopes[size:]), _ZERO)


def _parts(case, array, at, x, cells, losses):
    """For another number: each row's part of the answer, and of what one rounding of each prediction does to it."""
    other = array.astype(object)
    other.reshape(-1)[at] = x
    labelled = case.gradient_by == "labels"
    parameters = case.parameters if labelled else {**case.parameters, case.gradient_by: other}
    case = replace(case, labels=other if labelled else case.labels, parameters=parameters)
    rows = _rows(case, cells, losses)
    by = _divisor(case, rows) * _unit(case)
    factors = _cotangent(case, rows)
    values = [forms.times(factor, row.loss) for factor, row in zip(factors, rows, strict=True)]
    pulls = [forms.times(factor, pull) for factor, row in zip(factors, rows, strict=True) for pull in row.pulls]
    return [_divide(each, by) for each in (*values, *pulls)]


def _reduced(case, rows, cells, losses):
    reduction = case.parameters.get("reduction", "none")
    unit, divisor = _unit(case), _divisor(case, rows)
    size = case.predictions.size
    gradient, spread = np.full(size, _ZERO, dtype=object), np.full(size, _ZERO, dtype=object)
    for row, cell, factor in zip(rows, cells, _cotangent(case, rows), strict=True):
        for at, slope, reach in zip(cell, row.slopes, row.spreads, strict=True):
            # A gradient of 0 is 0 in the mean of nothing too, and beside an infinite derivative.
            if not row.dead and factor and (slope or divisor):
                gradient[at] = _divide(factor * slope, divisor) / unit
                spread[at] = _divide(abs(factor) * (abs(slope) + reach), divisor) / abs(unit)
    values = np.array([row.loss for row in rows], dtype=object)
    pulls = np.array([sum(map(abs, row.pulls), _ZERO) for row in rows], dtype=object)
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
