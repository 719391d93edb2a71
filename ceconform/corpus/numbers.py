"""Numbers: text to an exact fraction, and the one rounding of it to a floating dtype."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["DECIMAL", "FORMATS", "Format", "fits", "number", "rounded"]

MAX_DIGITS = 1_000
MAX_EXPONENT = 10_000
DECIMAL = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_HEXADECIMAL = re.compile(r"([-+]?)0x([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?(?:p([-+]?\d+))?", re.ASCII)
_SPECIAL = MappingProxyType({"inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "nan": math.nan})


@dataclass(frozen=True, kw_only=True)
class Format:
    """A binary floating format: `precision` significant bits, the least and the greatest normal exponent."""

    precision: int
    lowest: int
    highest: int


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "float64": Format(precision=53, lowest=-1022, highest=1023),
        "float32": Format(precision=24, lowest=-126, highest=127),
        "float16": Format(precision=11, lowest=-14, highest=15),
        "bfloat16": Format(precision=8, lowest=-126, highest=127),
    }
)


@lru_cache(maxsize=65_536)
def number(text: str) -> Fraction | float:
    """Read a decimal or hexadecimal number exactly; `inf`, `nan` and a zero come as floats, with their sign.

    Raises
    ------
    ValueError
        If the text is no number, or one of more than 1,000 digits or an exponent beyond 10,000.

    Examples
    --------
    >>> number("0.1"), number("0x1.8p-3"), number("-0")
    (Fraction(1, 10), Fraction(3, 16), -0.0)
    """
    if text in _SPECIAL:
        return _SPECIAL[text]
    if len(text) > MAX_DIGITS:
        raise ValueError(text)
    if DECIMAL.fullmatch(text):
        exponent = text.lower().partition("e")[2]
        if exponent and abs(int(exponent)) > MAX_EXPONENT:
            raise ValueError(text)
        value = Fraction(text)
    elif match := _HEXADECIMAL.fullmatch(text):
        sign, whole, fraction, exponent = match.groups(default="")
        power = int(exponent or "0")
        if abs(power) > MAX_EXPONENT:
            raise ValueError(text)
        value = Fraction(int(whole + fraction, 16)) * Fraction(2) ** (power - 4 * len(fraction))
        value = -value if sign == "-" else value
    else:
        raise ValueError(text)
    if value == 0:
        return -0.0 if text.startswith("-") else 0.0
    return value


def rounded(value: Fraction | float, dtype: str) -> float:
    """Round once, to nearest and half to even; beyond the largest number comes an infinity.

    >>> rounded(number("0.1"), "float32")
    0.10000000149011612
    """
    if isinstance(value, float):
        return value
    form = FORMATS[dtype]
    numerator, denominator = abs(value.numerator), value.denominator
    exponent = numerator.bit_length() - denominator.bit_length()
    if (numerator << max(0, -exponent)) < (denominator << max(0, exponent)):
        exponent -= 1
    quantum = max(exponent, form.lowest) - (form.precision - 1)
    whole, rest = divmod(numerator << max(0, -quantum), denominator << max(0, quantum))
    twice = 2 * rest - (denominator << max(0, quantum))
    whole += twice > 0 or (twice == 0 and whole % 2 == 1)
    if whole.bit_length() + quantum > form.highest + 1:
        return math.copysign(math.inf, value.numerator)
    return math.copysign(math.ldexp(whole, quantum), value.numerator)


def fits(values: NDArray[np.float64], dtype: str) -> bool:
    """Whether a dtype represents each of these numbers exactly; infinities and NaN are in every one.

    >>> fits(np.array([0.5, 65504.0]), "float16"), fits(np.array([0.5, 65505.0]), "float16")
    (True, False)
    """
    form = FORMATS[dtype]
    finite = values[np.isfinite(values)]
    _, exponents = np.frexp(finite)
    quanta = np.maximum(exponents - 1, form.lowest) - (form.precision - 1)
    whole = np.ldexp(finite, -quanta)
    return bool(np.all((whole == np.rint(whole)) & (exponents <= form.highest + 1)))
