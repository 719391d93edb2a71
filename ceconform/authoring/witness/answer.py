"""Answers, and refusals: errors, parameters and reductions; the rows are read in `row`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

from ceconform.authoring.witness import forms
from ceconform.authoring.witness.row import INDEX, Cell, Row, axis_of, elementwise, exact, read, undefined
from ceconform.corpus import Call, Numbers

__all__ = ["Answer", "answer", "refusal"]

_REDUCTIONS = {"none", "sum", "mean", "weighted_mean"}
_ZERO, _ONE = mp.mpf(0), mp.mpf(1)
_STEP = mp.mpf(10) ** -(forms.DIGITS // 3)
"""For derivatives by differences: what its square leaves out, and what cancels, is beyond all stated digits."""
_STEEPER = 1.5
"""A slope that grows so much from one step to its square has no bound."""


class Answer(NamedTuple):
    """What a call gives; the arrays hold mpf."""

    loss: Numbers
    gradient: Numbers
    condition: Numbers
    gradient_condition: Numbers
    terms: int
    invalid: str


def refusal(call: Call) -> str:
    """The error that the question is, or nothing: `reduction`, `dtype` or `shape`."""
    if call.parameters.get("reduction", "none") not in _REDUCTIONS:
        return "reduction"
    if call.loss in INDEX and call.label_dtype is not None and "int" not in call.label_dtype:
        return "dtype"
    shape, axis = call.predictions.shape, axis_of(call)
    if elementwise(call):
        losses, labels, classes = shape, shape, 1
    else:
        if not -len(shape) <= axis < len(shape):
            return "shape"
        losses = tuple(size for at, size in enumerate(shape) if at != axis % len(shape))
        labels, classes = losses if call.loss in INDEX else shape, shape[axis]
    if call.loss == "linear_cross_entropy":
        weight, bias = np.shape(call.parameters["weight"]), call.parameters.get("bias")
        if weight[1:] != shape[-1:] or (bias is not None and np.shape(bias) != weight[:1]):
            return "shape"
        classes = weight[0]
    if call.labels is not None and np.shape(call.labels) != labels:
        return "shape"
    broadcasts = {"sample_weight": losses, "pos_weight": shape}
    for name, target in broadcasts.items():
        given = np.shape(call.parameters.get(name, 1.0))
        padded = (1,) * (len(target) - len(given)) + given
        if len(padded) != len(target) or any(a not in {1, b} for a, b in zip(padded, target, strict=True)):
            return "shape"
    for name in ("class_weight", "alpha"):
        given = call.parameters.get(name)
        if given is not None and np.shape(given) not in ({(classes,)} if name == "class_weight" else {(), (classes,)}):
            return "shape"
    return ""


def answer(call: Call) -> Answer:
    """Give every number that a case may expect of a call.

    Parameters
    ----------
    call
        One that is not refused; its dtype has no part in the answer.

    Returns
    -------
    Answer
        In the shapes of the oracle's answer, to far more digits than are stated.

    Examples
    --------
    >>> import numpy as np
    >>> call = Call(loss="nll_loss", predictions=np.array([[-0.5, -1.0]]), labels=np.array([1]))
    >>> found = answer(call)
    >>> [str(number) for number in (*found.loss, *found.gradient.ravel())]
    ['1.0', '0.0', '-1.0']
    """
    with mp.workdps(forms.DIGITS):
        return _answer(call)


def _answer(call: Call) -> Answer:
    predictions, shape = call.predictions, call.predictions.shape
    places = np.arange(predictions.size).reshape(shape)
    alone = elementwise(call)
    if alone:
        cells, losses = places.reshape(-1, 1), shape
    else:
        axis = axis_of(call) % len(shape)
        losses, classes = shape[:axis] + shape[axis + 1 :], shape[axis]
        moved = np.moveaxis(places, axis, -1)
        cells = moved.reshape(-1, classes) if moved.size else np.zeros((0, classes), dtype=np.intp)
    reduction = call.parameters.get("reduction", "none")
    terms = max(1, predictions.size if reduction != "none" else 1 if alone else cells.shape[1])
    if call.loss == "linear_cross_entropy" and (predictions.size or reduction == "none"):
        terms *= len(call.parameters["weight"])
    found = _reduced(call, _rows(call, cells, losses), cells, losses)._replace(terms=terms)
    if call.gradient_by != "predictions":
        gradient, spread = _by_another(call, cells, losses)
        found = found._replace(gradient=gradient, gradient_condition=spread)
    return found


def _rows(call: Call, cells: Cell, losses: tuple[int, ...]) -> list[Row]:
    wrong = _wrong_parameter(call)
    if wrong:
        return [undefined(len(cell), wrong) for cell in cells]
    return [read(call, at, cell, losses) for at, cell in enumerate(cells)]


def _unit(call: Call) -> mp.mpf:
    base = None if _wrong_parameter(call) else call.parameters.get("base")
    return _ONE if base is None else mp.log(mp.mpf(base))


def _divisor(call: Call, rows: Sequence[Row]) -> mp.mpf:
    return {
        "mean": mp.mpf(sum(row.counts for row in rows)),
        "weighted_mean": sum((row.share for row in rows if row.counts), _ZERO),
    }.get(call.parameters.get("reduction", "none"), _ONE)


def _cotangent(call: Call, rows: Sequence[Row]) -> list[mp.mpf]:
    """What each row's loss is multiplied by in the gradient."""
    return [_ONE] * len(rows) if call.cotangent is None else [*map(exact, call.cotangent.ravel())]


def _by_another(call: Call, cells: Cell, losses: tuple[int, ...]) -> tuple[Numbers, Numbers]:
    """The gradient by labels or weights, and its condition: differences of the losses, and of what pulls at them."""
    array = call.by
    found = [_moved(call, array, at, cells, losses) for at in range(array.size)]
    gradient, spread = (np.array([each[part] for each in found], dtype=object).reshape(array.shape) for part in (0, 1))
    return gradient, spread


def _moved(call: Call, array: NDArray[Any], at: int, cells: Cell, losses: tuple[int, ...]) -> tuple[mp.mpf, mp.mpf]:
    """One derivative: to both sides of the number, or to one where the other is out of its range."""
    x, most = exact(array.ravel()[at]), _ONE if call.gradient_by == "labels" else mp.inf
    ends = x - _STEP if x > 0 else x, x + _STEP if x < most else x
    slopes, size = _slopes(call, array, at, ends, cells, losses), len(cells)
    slope = forms.total(slopes[:size], forms.ROUNDING / _STEP)
    if x in ends:  # q log q is so steep at 0 that each smaller step finds a larger slope
        before, after = (x + (end - x) * _STEP for end in ends)
        closer = sum(_slopes(call, array, at, (before, after), cells, losses)[:size], _ZERO)
        slope = slope if abs(closer) < _STEEPER * abs(slope) or not slope else mp.sign(slope) * mp.inf
    return slope, abs(slope) + sum(map(abs, slopes[size:]), _ZERO)


def _slopes(
    call: Call, array: NDArray[Any], at: int, ends: tuple[mp.mpf, mp.mpf], cells: Cell, losses: tuple[int, ...]
) -> list[mp.mpf]:
    before, after = (_parts(call, array, at, end, cells, losses) for end in ends)
    return [forms.total([b, -a]) / (ends[1] - ends[0]) for a, b in zip(before, after, strict=True)]


def _parts(call: Call, array: NDArray[Any], at: int, x: mp.mpf, cells: Cell, losses: tuple[int, ...]) -> list[mp.mpf]:
    """For another number: each row's part of the answer, and of what one rounding of each prediction does to it."""
    other = array.astype(object)
    other.reshape(-1)[at] = x
    labelled = call.gradient_by == "labels"
    parameters = call.parameters if labelled else {**call.parameters, call.gradient_by: other}
    call = replace(call, labels=other if labelled else call.labels, parameters=parameters)
    rows = _rows(call, cells, losses)
    by = _divisor(call, rows) * _unit(call)
    factors = _cotangent(call, rows)
    values = [forms.times(factor, row.loss) for factor, row in zip(factors, rows, strict=True)]
    pulls = [forms.times(factor, pull) for factor, row in zip(factors, rows, strict=True) for pull in row.pulls]
    return [_divide(each, by) for each in (*values, *pulls)]


def _reduced(call: Call, rows: Sequence[Row], cells: Cell, losses: tuple[int, ...]) -> Answer:
    reduction = call.parameters.get("reduction", "none")
    unit, divisor = _unit(call), _divisor(call, rows)
    size = call.predictions.size
    gradient, spread = np.full(size, _ZERO, dtype=object), np.full(size, _ZERO, dtype=object)
    per, sign = divisor * abs(unit), mp.sign(unit)
    for row, cell, factor in zip(rows, cells, _cotangent(call, rows), strict=True):
        if row.dead or not factor:
            continue
        times, size = sign * factor, abs(factor)
        for at, slope, reach in zip(cell, row.slopes, row.spreads, strict=True):
            # A gradient of 0 is 0 in the mean of nothing too, and beside an infinite derivative.
            if slope or divisor:
                gradient[at] = _divide(times * slope, per)
                spread[at] = _divide(size * (abs(slope) + reach), per)
    values = np.array([row.loss for row in rows], dtype=object)
    pulls = np.array([sum(map(abs, row.pulls), _ZERO) for row in rows], dtype=object)
    if reduction == "none":
        loss, condition = (values / unit).reshape(losses), ((abs(values) + pulls) / abs(unit)).reshape(losses)
    else:
        whole, pull = sum(values, _ZERO), sum(pulls, _ZERO)
        loss = np.array(_divide(whole, divisor) / unit, dtype=object)
        condition = np.array(_divide(abs(whole) + pull, divisor) / abs(unit), dtype=object)
    shape = call.predictions.shape
    problem = next((row.problem for row in rows if row.problem), "")
    return Answer(loss, gradient.reshape(shape), condition, spread.reshape(shape), 1, problem)


def _divide(x: mp.mpf, by: mp.mpf) -> mp.mpf:
    if by == 0:
        return mp.nan if x == 0 or mp.isnan(x) else mp.sign(x) * mp.inf
    return x / by


def _wrong_parameter(call: Call) -> str:
    get = call.parameters.get
    base, alpha = get("base"), get("alpha") if elementwise(call) else None
    right = 0 <= get("gamma", 2.0) < np.inf and 0 <= get("label_smoothing", 0.0) <= 1
    right = right and (base is None or (0 < base < np.inf and base != 1)) and (alpha is None or 0 <= alpha <= 1)
    return "" if right else "parameter-range"
