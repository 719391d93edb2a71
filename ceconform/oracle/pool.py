"""A pool: what a row's terms add up to, the finite part on the tape and the infinities beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flint import arb, fmpq

from ceconform.oracle.condition import curvature
from ceconform.oracle.digits import Extended, Rational, ball, is_float
from ceconform.oracle.faces import OWN, Infinite
from ceconform.oracle.jets import Number
from ceconform.oracle.tape import Tape

__all__ = ["Answer", "Pool"]

_ZERO = arb(0)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A row's loss, and by its predictions the gradient and the conditions, before any divisor."""

    loss: Extended
    gradient: Mapping[int, Extended] = field(default_factory=dict)
    """A class that is absent has 0."""
    pull: Extended = _ZERO
    """Σ |x_c g_c|: the condition of the loss without |loss|."""
    curvature: Mapping[int, Extended] = field(default_factory=dict)
    """Σ_j |x_j ∂g_c/∂x_j|."""


class Pool:
    """The terms of one row."""

    def __init__(self, *, derivatives: bool, alone: bool = False) -> None:
        self.tape = Tape(derivatives=derivatives)
        self._alone = alone
        self.pivot: int | None = None
        """The class whose logit the variables are distances to."""
        self._parts: list[tuple[int, Number]] = []
        self._infinite: list[float] = []
        self._slopes: dict[int, list[Extended]] = {}
        self._bent: set[int] = set()

    def add(self, c: int, term: Number | Infinite, factor: fmpq | arb = fmpq(1)) -> None:  # noqa: B008 - immutable
        """Add factor · term, the term of class c.

        The row of a binary loss has one prediction for its two classes.
        """
        c = 0 if self._alone else c
        weight = factor if isinstance(factor, arb) else arb(factor)
        if not isinstance(term, Infinite):
            self._parts.append((c, term * weight))
            return
        upward = -1.0 if weight < 0 else 1.0
        self._infinite.append(upward * term.value)
        for at, slope in term.slopes.items():
            self.slope(c if at == OWN else at, upward * slope if math.isinf(slope) else weight * arb(slope))
        if term.shared is not None:
            self._parts.append((c, term.shared * weight))

    def slope(self, c: int, slope: Extended) -> None:
        """Add to the derivative by class c alone."""
        self._slopes.setdefault(c, []).append(slope)

    def bend(self, c: int) -> None:
        """The second derivative by class c is infinite."""
        self._bent.add(0 if self._alone else c)

    def answer(self, sizes: Sequence[Rational]) -> Answer:
        """Add everything up; `sizes` are those of the row's predictions, with or without their signs."""
        if not self.tape.derivatives:
            finite = sum((part for _, part in self._parts), _ZERO)
            return Answer(loss=_total([finite, *self._infinite]))
        derivatives, totals = self.tape.derive(self._parts)
        loss = _total([derivatives.value, *self._infinite])
        if isinstance(loss, float) and math.isnan(loss):
            return undefined(len(sizes), loss)
        parts: dict[int, list[Extended]] = {c: [g] for c, g in derivatives.gradient.items()}
        for c, slopes in self._slopes.items():
            parts.setdefault(c, []).extend(slopes)
        gradient = {c: _total(slopes) for c, slopes in parts.items()}
        if self.pivot is not None:
            gradient[self.pivot] = -_total(list(gradient.values()))
        size = {
            c: _ZERO if isinstance(x, float) and not math.isfinite(x) else abs(ball(x)) for c, x in enumerate(sizes)
        }
        reach: dict[int, Extended] = dict(curvature(derivatives, totals, size, self.pivot))
        for c in self._bent:
            if sizes[c] != 0:
                reach[c] = math.inf
        return Answer(
            loss=loss,
            gradient=gradient,
            pull=_total([_size(sizes[c], g) for c, g in gradient.items()]),
            curvature=reach,
        )


def undefined(classes: int, loss: float = math.nan) -> Answer:
    """NaN for a row, and for each of its classes."""
    nothing = dict.fromkeys(range(classes), math.nan)
    return Answer(loss=loss, gradient=nothing, pull=math.nan, curvature=nothing)


def _total(numbers: Sequence[Extended]) -> Extended:
    """A sum in the extended reals: inf - inf is NaN."""
    infinite = sum(x for x in numbers if isinstance(x, float))
    if infinite == 0:
        return sum((x for x in numbers if not isinstance(x, float)), _ZERO)
    return infinite


def _size(x: Rational, slope: Extended) -> Extended:
    """|x · slope|, where 0 · inf counts 0."""
    if isinstance(slope, float):
        return math.nan if math.isnan(slope) else (0.0 if x == 0 else math.inf)
    if is_float(x, math.isinf):
        return _ZERO if slope.is_zero() else math.inf
    return abs(ball(x) * slope)
