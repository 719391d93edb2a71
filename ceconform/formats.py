"""Floating formats: the one rounding to each, units of the last place, shortest digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORMATS", "Format", "digits", "fits", "holders", "last_place", "rounded", "unit_in_the_last_place"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A binary format of IEEE 754: numbers ±m · 2^(e - bits + 1) with m < 2^bits and emin <= e <= emax."""

    bits: int
    """Of the significand, the implied one included."""
    emax: int

    @cached_property
    def emin(self) -> int:
        """The exponent of the smallest normal number."""
        return 1 - self.emax

    @cached_property
    def eps(self) -> float:
        """The distance from 1 to the next larger number."""
        return math.ldexp(1.0, 1 - self.bits)

    @cached_property
    def smallest_normal(self) -> float:
        """The smallest positive number of full precision."""
        return math.ldexp(1.0, self.emin)

    @cached_property
    def smallest_subnormal(self) -> float:
        """The smallest positive number."""
        return math.ldexp(1.0, self.emin - self.bits + 1)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "float64": Format(bits=53, emax=1023),
        "float32": Format(bits=24, emax=127),
        "float16": Format(bits=11, emax=15),
        "bfloat16": Format(bits=8, emax=127),
    }
)


def rounded(number: Fraction | Decimal | float, dtype: str) -> float:
    """Round once to the nearest number of the dtype, ties to even; overflow gives inf.

    >>> rounded(Fraction(1, 10), "float32"), rounded(Decimal("0.1"), "bfloat16"), rounded(70000.0, "float16")
    (0.10000000149011612, 0.10009765625, inf)
    """
    if isinstance(number, Fraction):
        return _rounded(number, dtype)
    near = float(number)  # rounded once, to float64
    if dtype == "float64" or not near or not math.isfinite(near):
        return near
    form = FORMATS[dtype]
    quantum = max(math.frexp(near)[1] - 1, form.emin) - form.bits + 1
    scaled = math.ldexp(near, -quantum)
    if 2 * (scaled % 1) == 1 and near != number:
        return _rounded(number, dtype)  # on which side of the tie it lies was lost in float64
    significand = round(scaled)
    overflow = significand.bit_length() + quantum > form.emax + 1
    return math.copysign(math.inf if overflow else math.ldexp(significand, quantum), near)


def _rounded(number: Fraction | Decimal | float, dtype: str) -> float:
    """The same with whole numbers alone."""
    if not number:
        return 0.0
    form = FORMATS[dtype]
    numerator, denominator = number.as_integer_ratio()
    sign, numerator = (-1 if numerator < 0 else 1), abs(numerator)
    exponent = numerator.bit_length() - denominator.bit_length()
    if numerator << max(-exponent, 0) < denominator << max(exponent, 0):
        exponent -= 1
    quantum = max(exponent, form.emin) - form.bits + 1
    numerator <<= max(-quantum, 0)
    denominator <<= max(quantum, 0)
    significand, rest = divmod(numerator, denominator)
    significand += 2 * rest > denominator or (2 * rest == denominator and significand % 2)
    overflow = significand.bit_length() + quantum > form.emax + 1
    return math.copysign(math.inf if overflow else math.ldexp(significand, quantum), sign)


def fits(values: NDArray[np.float64], dtype: str) -> bool:
    """Whether a dtype represents each of these numbers exactly; infinities and NaN are in every one.

    >>> fits(np.array([0.5, 65504.0]), "float16"), fits(np.array([0.5, 65505.0]), "float16")
    (True, False)
    """
    if dtype == "float64":
        return True
    with np.errstate(over="ignore", under="ignore"):
        narrow = values.astype(np.float16 if dtype == "float16" else np.float32)
    same = narrow == values
    if dtype == "bfloat16":  # the upper half of a float32
        same &= narrow.view(np.uint32) & 0xFFFF == 0
    return bool((same | np.isnan(values)).all())


def holders(*arrays: NDArray[np.float64]) -> tuple[str, ...]:
    """The dtypes that represent each number of these arrays exactly, widest first.

    >>> holders(np.array([0.5, 65505.0]))
    ('float64', 'float32')
    """
    if sum(values.size for values in arrays) > _FEW:
        return tuple(dtype for dtype in FORMATS if all(fits(values, dtype) for values in arrays))
    numbers = set().union(*(values.ravel().tolist() for values in arrays))
    held = frozenset(FORMATS).intersection(*map(_holders, numbers))
    return tuple(dtype for dtype in FORMATS if dtype in held)


_FEW = 64
"""Numbers that are looked at one by one sooner than NumPy is called."""


@lru_cache(maxsize=65_536)
def _holders(value: float) -> frozenset[str]:
    return frozenset(dtype for dtype in FORMATS if rounded(value, dtype) == value or math.isnan(value))


def unit_in_the_last_place(numbers: NDArray[np.float64], dtype: str) -> NDArray[np.float64]:
    """The distance between neighbours of the dtype at each (finite) number, on the side away from 0.

    >>> unit_in_the_last_place(np.asarray([1.0, 0.0]), "float32").tolist()
    [1.1920928955078125e-07, 1.401298464324817e-45]
    """
    form = FORMATS[dtype]
    exponents = np.maximum(np.frexp(np.where(np.isfinite(numbers), numbers, 0.0))[1] - 1, form.emin)
    exponents = np.where(numbers == 0.0, form.emin, exponents)
    return np.asarray(np.ldexp(1.0, exponents - form.bits + 1), dtype=np.float64)


def last_place(number: float, dtype: str) -> float:
    """The same of one number.

    >>> last_place(1.0, "float32"), last_place(0.0, "float32")
    (1.1920928955078125e-07, 1.401298464324817e-45)
    """
    form = FORMATS[dtype]
    exponent = max(math.frexp(number)[1] - 1, form.emin) if number else form.emin
    return math.ldexp(1.0, exponent - form.bits + 1)


_SHORTEST: Mapping[str, Any] = MappingProxyType({"float32": np.float32, "float16": np.float16})


def digits(number: float, dtype: str) -> str:
    """The shortest decimal digits from which `rounded` gives the number back.

    A number that the dtype does not have, as an answer of another dtype may be, is written as a float64.

    >>> digits(0.10000000149011612, "float32"), digits(0.10009765625, "bfloat16")
    ('0.1', '0.1')
    """
    return _shortest(number, dtype) if number and math.isfinite(number) else repr(float(number))


@lru_cache(maxsize=65_536)
def _shortest(number: float, dtype: str) -> str:
    """The same, of a finite number; not of 0 and -0, which are one key."""
    if dtype in _SHORTEST:
        narrow = _SHORTEST[dtype](number)
        if float(narrow) == number:
            return str(narrow)
    if dtype == "bfloat16":
        for precision in range(1, 10):
            text = repr(float(f"{number:.{precision}g}"))
            if rounded(Decimal(text), dtype) == number:
                return text
    return repr(float(number))
