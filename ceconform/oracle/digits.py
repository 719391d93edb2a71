"""Digits: a ball becomes forty decimal digits, or asks for more precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TypeAlias

import flint
from flint import arb, fmpq

__all__ = ["DIGITS", "PRECISIONS", "Extended", "Rational", "Undecided", "ball", "decimal", "is_float", "sign"]

DIGITS = 40
PRECISIONS = (256, 1024, 4096)
"""Working precisions in bits. A ball that holds 0 at the last one is 0: binary64 inputs bring no other number so near,
since everything that can be tiny (a softmax's tail) is computed without cancellation, hence with its sign."""

Extended: TypeAlias = arb | float
"""A finite ball, or inf, -inf or nan as a float: Arb's own infinities are never used."""

Rational: TypeAlias = Fraction | float
"""An exact number; an infinity or NaN as a float, which may be finite too."""

_ROUND = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)
_EXACT = Context(prec=200_000, Emax=999_999_999, Emin=-999_999_999)
_TINY = Decimal((0, (1,), -999_999))
"""Below this no decimal context reaches: exp(-3e38) is stated as 1E-999999, for it is not 0."""
_TINY_BALL = arb(10) ** -999_999
_ZERO = arb(0)
_GUARD = 12
_BITS = 180  # DIGITS + _GUARD digits and a few bits more


class Undecided(ArithmeticError):  # noqa: N818 - it asks for more precision, and is no error to anybody else
    """A comparison cannot be decided at this precision."""


def is_float(x: Rational, kind: Callable[[float], bool]) -> bool:
    """Whether a number is a float of a kind, such as `math.isnan`; a fraction may be too large to become one."""
    return isinstance(x, float) and kind(x)


def ball(x: Rational) -> arb:
    """A finite number as a ball."""
    return arb(x) if isinstance(x, float) else arb(fmpq(x.numerator, x.denominator))


def sign(x: arb) -> int:
    """-1, 0 or 1.

    Raises
    ------
    Undecided
        If the ball holds 0 and other numbers, and there is a higher precision to try.
    """
    if x > 0:
        return 1
    if x < 0:
        return -1
    if x.is_zero() or flint.ctx.prec >= PRECISIONS[-1]:
        return 0
    raise Undecided


def decimal(x: Extended) -> Decimal | None:
    """The number rounded to 40 digits, half to even, or None if the ball does not fix them."""
    if isinstance(x, float):
        return Decimal(x)
    if x.is_zero():
        return Decimal(0)
    last = flint.ctx.prec >= PRECISIONS[-1]
    if not x.is_finite():  # what a number became that no rule checked
        middle = float(x)
        undecided = not x.is_exact() and not math.isnan(middle)
        return (Decimal("NaN") if last else None) if undecided else Decimal(middle)
    bits = x.rel_accuracy_bits()
    if bits < _BITS and not last:
        return None
    if x.contains(_ZERO):
        return Decimal(0)
    if abs(x) < _TINY_BALL:
        return _TINY if x > 0 else -_TINY
    if x.is_exact():
        mantissa, exponent = (int(part) for part in x.man_exp())
        if abs(exponent) < 10_000:  # noqa: PLR2004 - further out no exact decimal is worth its length
            if exponent >= 0:
                return _ROUND.plus(Decimal(mantissa << exponent))
            return _ROUND.plus(Decimal(mantissa * 5**-exponent).scaleb(exponent, _EXACT))
    text = x.str(DIGITS + _GUARD, radius=False)
    tail = int(text.partition("e")[0].replace(".", "").lstrip("-0")[DIGITS:].ljust(_GUARD, "0"))
    half = 5 * 10 ** (_GUARD - 1)
    if abs(tail - half) <= 2 and not last:  # noqa: PLR2004 - the last digit's doubt
        return None
    return _ROUND.create_decimal(text)
