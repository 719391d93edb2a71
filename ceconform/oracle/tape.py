"""The tape: how a row's loss depends on its predictions, through totals over the classes.

Every loss of a row is Σ_c f_c(x_c, A_1, …, A_K), and each total A_k = Σ_c a_kc(x_c, A_1, …, A_{k-1}). So its matrix of
second derivatives is a diagonal and a few outer products, H = diag(D) + Σ_m (B_m G_mᵀ + G_m B_mᵀ) + Σ_mn S_mn G_m G_nᵀ
with G_m the gradient of A_m, and a row of thousands of classes stays cheap. The chain rule stands here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flint import arb

from ceconform.oracle.jets import Jet, Number, value_of

__all__ = ["Derivatives", "Tape"]

Vector = dict[int, arb]
_ZERO = arb(0)


def _add(to: Vector, other: Mapping[int, arb], factor: arb) -> None:
    for c, x in other.items():
        to[c] = to[c] + factor * x if c in to else factor * x


@dataclass
class Derivatives:
    """The first and second derivatives of a sum over the classes, in the form that the module describes."""

    value: arb = field(default_factory=lambda: arb(0))
    gradient: Vector = field(default_factory=dict)
    diagonal: Vector = field(default_factory=dict)
    mixed: dict[int, Vector] = field(default_factory=dict)
    """B_m."""
    totals: dict[tuple[int, int], arb] = field(default_factory=dict)
    """S_mn, for m ≤ n."""


class Tape:
    """The variables of one row and the totals over its classes."""

    def __init__(self, *, derivatives: bool) -> None:
        self.derivatives = derivatives
        self._totals: list[Mapping[int, Number]] = []

    def variable(self, value: arb) -> Number:
        """A class's own prediction."""
        return Jet(value) if self.derivatives else value

    def total(self, parts: Mapping[int, Number]) -> Number:
        """Σ of the classes' parts, which may depend on the totals taken before: a new variable."""
        value = sum(map(value_of, parts.values()), _ZERO)
        if not any(isinstance(part, Jet) for part in parts.values()):
            return value
        self._totals.append(parts)
        return Jet(value, {len(self._totals): arb(1)})

    def derive(self, parts: Iterable[tuple[int, Number]]) -> tuple[Derivatives, list[Vector]]:
        """Derivatives of Σ parts, and the gradients G_1, …, G_K of the totals."""
        totals: list[Derivatives] = []
        for total in self._totals:
            totals.append(_chain(total.items(), totals))
        return _chain(parts, totals), [total.gradient for total in totals]


def _chain(parts: Iterable[tuple[int, Number]], totals: list[Derivatives]) -> Derivatives:
    """Sum the parts' own derivatives, then go through the totals that they depend on."""
    out = Derivatives()
    through: Vector = {}
    for c, part in parts:
        out.value = out.value + value_of(part)
        if not isinstance(part, Jet):
            continue
        for m, slope in part.first.items():
            _add(through if m else out.gradient, {m or c: slope}, arb(1))
        for (m, n), bend in part.second.items():
            if n == 0:
                _add(out.diagonal, {c: bend}, arb(2))
            elif m == 0:
                _add(out.mixed.setdefault(n, {}), {c: bend}, arb(1))
            else:
                derivative = 2 * bend if m == n else bend
                out.totals[m, n] = out.totals.get((m, n), _ZERO) + derivative
    for m, slope in through.items():
        total = totals[m - 1]
        _add(out.gradient, total.gradient, slope)
        _add(out.diagonal, total.diagonal, slope)
        for n, vector in total.mixed.items():
            _add(out.mixed.setdefault(n, {}), vector, slope)
        for key, bend in total.totals.items():
            out.totals[key] = out.totals.get(key, _ZERO) + slope * bend
    return out
