"""Sensitivity: how an answer changes with a label or a weight.

Every weight enters the losses linearly, and so does every label, but that of a Brier loss or of a divergence: the
derivative by it is what the answer has more where it is 1 than where it is 0. That is a loss of the same predictions
with other masses, and so it is computed as a loss, and what a rounding of the predictions does to it is known too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from flint import fmpq

from ceconform.corpus import Call
from ceconform.oracle.layers import Layer
from ceconform.oracle.reduction import divisor
from ceconform.oracle.rows import Row, inputs, read
from ceconform.oracle.rules import Rules, fraction

__all__ = ["changes"]

_ZERO, _ONE = fmpq(0), fmpq(1)


def changes(call: Call, rules: Rules, rows: Sequence[Row], layer: Layer | None) -> list[list[Row]]:
    """For each number that the gradient is by, the rows whose losses add up to the derivative, before the divisor."""
    plain = rules._replace(clip_labels=None) if call.gradient_by == "labels" else rules
    kept = _unclipped(call, rules, plain, layer)
    by = divisor(call, rules, rows) if call.reduction == "weighted_mean" else None
    found = []
    for place, (more, less) in enumerate(_extremes(call, inputs(plain), layer)):
        shift = _ZERO
        if by is not None and by != 0:
            wide, narrow = divisor(call, rules, more), divisor(call, rules, less)
            shift = (wide - narrow) / by if wide is not None and narrow is not None else _ZERO
        found.append(list(_changed(call, rows, more if kept[place] else less, less, shift)))
    return found


@lru_cache(maxsize=16)
def _extremes(call: Call, rules: Rules, layer: Layer | None) -> list[tuple[Sequence[Row], Sequence[Row]]]:
    """For each number that the gradient is by, the rows where it is 1, and where it is 0."""
    places = range(call.by.size)
    return [(_read(call, place, 1.0, rules, layer), _read(call, place, 0.0, rules, layer)) for place in places]


def _read(call: Call, place: int, x: float, rules: Rules, layer: Layer | None) -> Sequence[Row]:
    return read(_with(call, place, x), rules, layer)[0]


def _with(call: Call, place: int, x: float) -> Call:
    """The call with another number at one place of the array that the gradient is by."""
    array = np.array(call.by, dtype=np.float64)
    array.reshape(-1)[place] = x
    if call.gradient_by == "labels":
        return replace(call, labels=array)
    return replace(call, parameters=MappingProxyType({**call.parameters, call.gradient_by: array}))


def _unclipped(call: Call, rules: Rules, plain: Rules, layer: Layer | None) -> Sequence[bool]:
    """Whether a number has a derivative: not a label that is clipped."""
    bounds = rules.clip_labels
    if bounds is None or call.gradient_by != "labels":
        return [True] * call.by.size
    kept = [True] * call.by.size
    for row in read(call, plain, layer)[0]:
        for c, position in enumerate(row.positions):
            q = row.target.get(c, _ZERO)
            kept[position] = (bounds.low is None or q >= bounds.low) and (bounds.high is None or q <= bounds.high)
    return kept


def _changed(call: Call, rows: Sequence[Row], more: Sequence[Row], less: Sequence[Row], shift: fmpq) -> Iterator[Row]:
    """The rows that change, each with what it has more; `shift` is what the divisor has more, in parts of itself."""
    factors = [1.0] * len(rows) if call.cotangent is None else np.asarray(call.cotangent).ravel().tolist()
    for row, up, down, factor in zip(rows, more, less, factors, strict=True):
        weights = [_weights(each, call) for each in (up, down, row)]
        masses, scales = [up.mass, down.mass, row.mass], [{0: each.scale} for each in (up, down, row)]
        still = masses[0] == masses[1] and scales[0] == scales[1] and weights[0] == weights[1] and shift == 0
        if still or factor == 0 or not row.counts:
            continue
        by = fraction(factor)
        broken = [each.invalid for each in (row, up) if each.invalid is not None]
        yield replace(
            row,
            mass=_difference(masses, shift, by),
            scale=_ONE if weights[2] else _difference(scales, shift, by).get(0, _ZERO),
            class_weight=_difference(weights, shift, by) if weights[2] else row.class_weight,
            moved=_difference(masses[:2], _ZERO, by) if call.gradient_by == "labels" else {},
            dead=False,
            invalid=broken[0] if broken else None,
        )


def _weights(row: Row, call: Call) -> Mapping[int, fmpq]:
    """What multiplies the square of each class of a Brier loss."""
    if call.loss != "brier_loss":
        return {}
    classes = range(len(row.values))
    return {c: row.scale * (_ONE if row.class_weight is None else row.class_weight[c]) for c in classes}


def _difference(of: Sequence[Mapping[int, fmpq]], shift: fmpq, by: fmpq) -> dict[int, fmpq]:
    """(up - down - shift · row) · by, where it is not 0."""
    up, down, *row = of
    classes = sorted({c for each in of for c in each})
    found = {
        c: (up.get(c, _ZERO) - down.get(c, _ZERO) - sum((shift * each.get(c, _ZERO) for each in row), _ZERO)) * by
        for c in classes
    }
    return {c: x for c, x in found.items() if x != 0}
