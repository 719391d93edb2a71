"""Jets: numbers that carry their first and second derivatives, each coefficient an Arb ball.

A jet is a Taylor polynomial of degree two in a few variables: variable 0 is the class's own prediction, the others
are totals over the classes of a row. Elementary functions are taken from Arb's power series, so that no derivative
is written by hand. Every function here takes a plain ball as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flint import arb, arb_series

__all__ = ["Jet", "Number", "exp", "expm1", "log", "log1p", "power", "value_of"]

_ONE = arb(1)
_UNIT = {0: _ONE}


class Jet:
    """value + Σ first_i δ_i + Σ_{i ≤ j} second_ij δ_i δ_j; a coefficient that is absent is exactly 0."""

    __slots__ = ("first", "second", "value")

    def __init__(
        self,
        value: arb,
        first: Mapping[int, arb] = _UNIT,
        second: Mapping[tuple[int, int], arb] | None = None,
    ) -> None:
        self.value = value
        self.first = first
        self.second = {} if second is None else second

    def __add__(self, other: Number) -> Jet:
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.first, self.second)
        return Jet(self.value + other.value, _merge(self.first, other.first), _merge(self.second, other.second))

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return Jet(-self.value, {i: -c for i, c in self.first.items()}, {i: -c for i, c in self.second.items()})

    def __sub__(self, other: Number) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Number) -> Jet:
        return -self + other

    def __mul__(self, other: Number) -> Jet:
        if not isinstance(other, Jet):
            return Jet(
                self.value * other,
                {i: c * other for i, c in self.first.items()},
                {i: c * other for i, c in self.second.items()},
            )
        a, b = self.value, other.value
        first = _merge({i: c * b for i, c in self.first.items()}, {i: c * a for i, c in other.first.items()})
        second = _merge({i: c * b for i, c in self.second.items()}, {i: c * a for i, c in other.second.items()})
        for i, c in self.first.items():
            for j, d in other.first.items():
                key = (i, j) if i <= j else (j, i)
                product = c * d
                second[key] = second[key] + product if key in second else product
        return Jet(a * b, first, second)

    __rmul__ = __mul__

    def __truediv__(self, other: Number) -> Jet:
        if isinstance(other, Jet):
            return self * other.through(lambda s: 1 / s)
        scaled: Jet = self * (1 / arb(other))
        return scaled

    def __rtruediv__(self, other: Number) -> Jet:
        inverse = self.through(lambda s: 1 / s)
        return inverse * other

    def through(self, function: Callable[[arb_series], arb_series], value: arb | None = None) -> Jet:
        """The jet of function(self); `value` replaces the constant coefficient where it is known more sharply."""
        taylor = function(arb_series([self.value, 1], prec=3)).coeffs()
        taylor += [arb(0)] * (3 - len(taylor))
        constant, slope, bend = taylor
        first = {i: slope * c for i, c in self.first.items()}
        second = {i: slope * c for i, c in self.second.items()}
        items = list(self.first.items())
        for at, (i, c) in enumerate(items):
            bent = bend * c
            for j, d in items[at:]:
                key = (i, j) if i <= j else (j, i)
                product = bent * d if i == j else 2 * bent * d
                second[key] = second[key] + product if key in second else product
        return Jet(constant if value is None else value, first, second)


Number: TypeAlias = Jet | arb


def _merge(a: Mapping[Any, arb], b: Mapping[Any, arb]) -> dict[Any, arb]:
    merged = dict(a)
    for key, coefficient in b.items():
        merged[key] = merged[key] + coefficient if key in merged else coefficient
    return merged


def value_of(x: Number) -> arb:
    """The number itself, without its derivatives."""
    return x.value if isinstance(x, Jet) else x


def exp(x: Number) -> Number:
    """e^x."""
    return x.through(lambda s: s.exp()) if isinstance(x, Jet) else x.exp()


def expm1(x: Number) -> Number:
    """e^x - 1, sharp near x = 0."""
    return x.through(lambda s: s.exp(), x.value.expm1()) if isinstance(x, Jet) else x.expm1()


def log(x: Number) -> Number:
    """The natural logarithm of a positive number."""
    return x.through(lambda s: s.log()) if isinstance(x, Jet) else x.log()


def log1p(x: Number) -> Number:
    """log(1 + x), sharp near x = 0."""
    return x.through(lambda s: (1 + s).log(), x.value.log1p()) if isinstance(x, Jet) else x.log1p()


def power(x: Number, exponent: float) -> Number:
    """x^exponent: x ≥ 0 for an integer exponent, x > 0 for any other."""
    to = int(exponent) if float(exponent).is_integer() else arb(exponent)
    return x.through(lambda s: s**to) if isinstance(x, Jet) else x**to
