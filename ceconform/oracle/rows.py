"""Rows: a call taken apart into the pieces whose losses stand by themselves, every label and weight a fraction.

A row is one loss: an element of a binary loss, a slice along the class axis of any other. Here it is settled which
rows count, which are 0 whatever they hold, and which have an input that no definition allows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from ceconform.corpus import Call
from ceconform.oracle.digits import Rational, is_float
from ceconform.oracle.layers import Layer
from ceconform.oracle.rules import Rules, fraction

__all__ = ["Row", "by_element", "inputs", "read"]

_ZERO, _ONE = fmpq(0), fmpq(1)
_SIGNED = frozenset({"soft_margin_loss", "hinge_loss", "squared_hinge_loss"})


@dataclass(kw_only=True)
class Row:
    """One loss. For a binary row class 0 is the positive label and class 1 the negative one."""

    positions: Sequence[int]
    """Where its predictions stand in the flattened array."""
    values: Sequence[Rational]
    """The predictions; of a linear layer the logits, exactly."""
    sizes: Sequence[Rational]
    """How large what is rounded is: the values, or what a layer adds up to them."""
    target: dict[int, fmpq] = field(default_factory=dict)
    """The smoothed labels that are not 0."""
    mass: dict[int, fmpq] = field(default_factory=dict)
    """The labels times every weight: what multiplies each class's term; never 0."""
    moved: dict[int, fmpq] = field(default_factory=dict)
    """In a derivative by a label, of a loss that is not linear in it: what one more of each class's label weighs."""
    scale: fmpq = _ONE
    """The sample weight."""
    class_weight: Mapping[int, fmpq] | None = None
    label: int = 0
    """The class index, or the sign."""
    counts: bool = True
    dead: bool = False
    """The loss and the gradient are 0 whatever the row holds."""
    invalid: str | None = None
    """What is wrong with it; the empty string for a NaN."""
    weight: fmpq | None = _ONE
    """Its part of the divisor of `weighted_mean`; None if that is not a number."""
    target_weight: fmpq | None = _ONE


def by_element(call: Call) -> bool:
    """Whether each prediction has a loss of its own."""
    return call.spec.labels in {"binary", "sign"} or (call.loss == "brier_loss" and call.axis is None)


def read(call: Call, rules: Rules, layer: Layer | None = None) -> tuple[Sequence[Row], tuple[int, ...]]:
    """The rows of a call, through its layer if it has one, and the shape of its losses; none is to be changed."""
    return _read(call, inputs(rules), layer)


def inputs(rules: Rules) -> Rules:
    """The rules that say something of predictions, labels and weights: rows depend on no others."""
    return Rules(single=rules.single, smallest=rules.smallest, smoothing=rules.smoothing, clip_labels=rules.clip_labels)


@lru_cache(maxsize=16)
def _read(call: Call, rules: Rules, layer: Layer | None) -> tuple[Sequence[Row], tuple[int, ...]]:
    """The same, once for all the rules that say nothing of the inputs."""
    predictions = _rounded(call.predictions, rules)
    predictions = np.where(np.abs(predictions) < rules.smallest, 0.0, predictions)
    if by_element(call):
        shape, classes = predictions.shape, 1
        cells: NDArray[np.float64] = predictions.reshape(-1, 1)
        positions = np.arange(predictions.size).reshape(-1, 1)
    else:
        axis = -1 if call.axis is None else call.axis
        moved = np.moveaxis(predictions, axis, -1)
        shape, classes = moved.shape[:-1], moved.shape[-1]
        order = np.moveaxis(np.arange(predictions.size).reshape(predictions.shape), axis, -1)
        count = math.prod(shape)
        cells, positions = moved.reshape(count, classes), order.reshape(count, classes)
    scales = np.broadcast_to(_rounded(call.get("sample_weight", 1.0), rules), shape).ravel()
    nan: NDArray[np.bool_] = np.asarray(np.isnan(cells).any(axis=1))
    rows = []
    for at, labels in enumerate(_labels(call, rules, shape)):
        values = sizes = cells[at].tolist()
        undefined = bool(nan[at])
        if layer is not None:
            values, sizes = layer.logits(values)
            undefined = any(is_float(x, math.isnan) for x in values)
        row = Row(positions=positions[at].tolist(), values=values, sizes=sizes)
        _weigh(row, float(scales[at]))
        if by_element(call):
            _element(row, call, rules, labels, at, shape)
        else:
            _classes(row, call, rules, labels, classes if layer is None else len(values))
        _settle(row, call, undefined=undefined)
        rows.append(row)
    return rows, shape


def _rounded(array: object, rules: Rules) -> NDArray[np.float64]:
    """In float64; through float32 where the computation goes through it."""
    numbers = np.asarray(array, dtype=np.float64)
    if rules.single:
        with np.errstate(over="ignore", under="ignore"):
            return numbers.astype(np.float32).astype(np.float64)
    return numbers


def _labels(call: Call, rules: Rules, shape: tuple[int, ...]) -> Iterator[Sequence[float]]:
    """The labels of each row; an index as a sequence of one."""
    count = math.prod(shape)
    if call.labels is None:
        yield from [()] * count
    elif call.spec.labels == "index":
        yield from ([label] for label in np.asarray(call.labels).ravel().tolist())
    elif by_element(call):
        yield from ([label] for label in _rounded(call.labels, rules).ravel().tolist())
    else:
        moved = np.moveaxis(_rounded(call.labels, rules), -1 if call.axis is None else call.axis, -1)
        yield from moved.reshape(count, moved.shape[-1]).tolist()


def _refuse(row: Row, number: float, reason: str) -> None:
    """Mark a number out of range; a NaN is no invalid input, it is NaN."""
    if row.invalid is None:
        row.invalid = "" if math.isnan(number) else reason


def _weigh(row: Row, scale: float) -> None:
    if scale >= 0 and math.isfinite(scale):
        row.scale = fraction(scale)
    else:
        _refuse(row, scale, "weight-range")
        row.weight = row.target_weight = None
    row.dead = scale == 0


def _factor(row: Row, weight: float) -> fmpq:
    if weight >= 0 and math.isfinite(weight):
        return fraction(weight)
    _refuse(row, weight, "weight-range")
    return _ZERO


def _smoothed(q: fmpq, classes: int, call: Call, rules: Rules) -> fmpq:
    """(1 - ε) q + ε / C, or the convention's rule; then the convention's clipping."""
    share = fraction(call.get("label_smoothing", 0.0))
    if share != 0:
        others = rules.smoothing == "others" and classes > 1
        q = (1 - share) * q + (share * (1 - q) / (classes - 1) if others else share / classes)
    if rules.clip_labels is not None:
        low, high = rules.clip_labels.low, rules.clip_labels.high
        q = low if low is not None and q < low else q
        q = high if high is not None and q > high else q
    return q


def _element(row: Row, call: Call, rules: Rules, labels: Sequence[float], at: int, shape: tuple[int, ...]) -> None:
    """Two classes, yes and no; or a sign."""
    label = labels[0]
    if row.weight is not None:
        row.weight = row.target_weight = row.scale
    if call.loss in _SIGNED:
        if label not in {-1.0, 1.0}:
            _refuse(row, label, "label-range")
            return
        row.label = int(label)
        row.target = {0 if label > 0 else 1: _ONE}
        row.mass = dict.fromkeys(row.target, row.scale)
        return
    if not 0 <= label <= 1:
        _refuse(row, label, "label-range")
        return
    yes = _smoothed(fraction(label), 2, call, rules)
    target = {0: yes, 1: 1 - yes}
    positive = call.get("pos_weight")
    factors = {0: row.scale, 1: row.scale}
    if positive is not None:
        weights = np.broadcast_to(_rounded(positive, rules), shape).ravel()
        factors[0] = row.scale * _factor(row, float(weights[at]))
    alpha = call.get("alpha")
    if alpha is not None:
        balance = fraction(float(alpha))
        factors = {0: row.scale * balance, 1: row.scale * (1 - balance)}
    row.target = {c: q for c, q in target.items() if q != 0}
    row.mass = {c: q * factors[c] for c, q in row.target.items() if factors[c] != 0}


def _classes(row: Row, call: Call, rules: Rules, labels: Sequence[float], classes: int) -> None:
    """A distribution over the classes, from whatever kind of label."""
    if call.labels is None:
        row.mass = {} if row.scale == 0 else dict.fromkeys(range(classes), row.scale)
        row.target = row.mass
        row.weight = row.target_weight = None if row.weight is None else row.scale
        return
    plain = _distribution(row, call, labels, classes)
    if plain is None:
        row.dead = row.dead or not row.counts
        known = call.loss == "categorical_hinge_loss" and row.weight is not None  # its classes have no weights
        row.weight = row.target_weight = row.scale if known else None
        return
    smoothing = call.get("label_smoothing", 0.0) or rules.clip_labels is not None
    target = {c: _smoothed(plain.get(c, _ZERO), classes, call, rules) for c in range(classes)} if smoothing else plain
    row.target = {c: q for c, q in target.items() if q != 0}
    every = call.loss == "brier_loss"  # there each class has a term, whatever its label
    # All of a label's share may go to the other classes; its weight is still that of the target.
    taking_part = range(classes) if every else sorted({*row.target, *plain})
    weights = _per_class(row, call.get("class_weight"), rules, classes, taking_part)
    row.class_weight = weights
    if row.weight is not None:
        row.weight = _total(row, row.target, weights)
        row.target_weight = _total(row, plain, weights)
    alpha = _per_class(row, call.get("alpha"), rules, classes, row.target)
    factors = {c: _times(weights, c) * _times(alpha, c) * row.scale for c in row.target}
    row.mass = {c: q * factors[c] for c, q in row.target.items() if factors[c] != 0}


def _times(weights: Mapping[int, fmpq] | None, c: int) -> fmpq:
    return _ONE if weights is None else weights[c]


def _total(row: Row, labels: Mapping[int, fmpq], weights: Mapping[int, fmpq] | None) -> fmpq | None:
    if row.invalid is not None:  # a class weight that is no number
        return None
    return row.scale * sum((q * _times(weights, c) for c, q in labels.items()), _ZERO)


def _per_class(
    row: Row, weights: object, rules: Rules, classes: int, taking_part: Iterable[int]
) -> dict[int, fmpq] | None:
    """The weights of the classes that take part in the row; the others may be anything."""
    if weights is None:
        return None
    numbers = np.broadcast_to(_rounded(weights, rules), (classes,))
    return {c: _factor(row, float(numbers[c])) for c in taking_part}


def _distribution(row: Row, call: Call, labels: Sequence[float], classes: int) -> dict[int, fmpq] | None:
    """The labels that are not 0, before smoothing; None for a row without any, or with one that is not valid."""
    kind = call.spec.labels
    if kind == "index":
        index = int(labels[0])
        if call.get("ignore_index") is not None and index == call.get("ignore_index"):
            row.counts = False
            return None
        if not 0 <= index < classes:
            _refuse(row, index, "label-range")
            return None
        row.label = index
        return {index: _ONE}
    for q in labels:
        if not (0 <= q <= 1) or (kind == "multi-hot" and q not in {0.0, 1.0}):
            _refuse(row, q, "label-range")
            return None
    present = {c: fraction(q) for c, q in enumerate(labels) if q != 0}
    if kind == "multi-hot":
        if not present:
            row.counts = False
            return None
        return dict.fromkeys(present, fmpq(1, len(present)))
    return present


def _settle(row: Row, call: Call, *, undefined: bool) -> None:
    """A weight of 0 wins over everything that the row holds, a NaN too, and so does not being counted."""
    if row.scale == 0:
        row.weight = row.target_weight = _ZERO
    weightless = bool(row.target) and not row.mass
    if call.loss == "brier_loss":
        weightless = row.class_weight is not None and not any(row.class_weight.values())
    if row.dead or (row.invalid is None and weightless):
        row.dead, row.invalid = True, None
    elif row.invalid is None and undefined:
        row.invalid = ""
