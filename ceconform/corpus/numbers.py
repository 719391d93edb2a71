"""Numbers: text to an exact fraction."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

__all__ = ["DECIMAL", "MAX_DIGITS", "number"]

MAX_DIGITS = 1_000
MAX_EXPONENT = 10_000
DECIMAL = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_HEXADECIMAL = re.compile(r"([-+]?)0x([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?(?:p([-+]?\d+))?", re.ASCII)
_SPECIAL = MappingProxyType({"inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "nan": math.nan})


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
