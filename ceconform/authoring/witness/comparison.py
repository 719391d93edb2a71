"""Comparison: decimal digits as they are stated, beside numbers of mpmath; what differs, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal
from functools import cache
from typing import TypeAlias

import mpmath as mp

from ceconform.authoring.witness.answer import Answer
from ceconform.authoring.witness.forms import DIGITS as KNOWN
from ceconform.corpus import Excerpt, Expected, Numbers

__all__ = ["DIGITS", "differences", "is_printed"]

DIGITS = {"loss": 40, "gradient": 40, "condition": 6, "gradient_condition": 6}
"""So many are stated; those of conditions are rounded up."""
_KEYS = {"loss": "loss", "gradient": "grad", "condition": "condition", "gradient_condition": "grad_condition"}
"""What the arrays are called in a case file."""
_SUMS = 35
"""The sums of an excerpt have so many places after the first digit of the absolute sum."""
_WORKING = 70
_LEAST = Decimal("1e-999999")
"""What is smaller but is not 0 is stated as this, with its sign."""
_IN_REACH = 100_000
"""Powers of two so far from 1 are written as such: their decimal digits take long."""
_SIX = Context(prec=6, Emax=999_999, Emin=-999_999)

_Agrees: TypeAlias = Callable[[Decimal, mp.mpf], bool]


def differences(expected: Expected, actual: Answer, digits: Mapping[str, int] = DIGITS) -> list[tuple[str, str]]:
    """Compare what is stated with an answer.

    Parameters
    ----------
    expected
        Losses, gradients and conditions to so many digits, an excerpt of them where they are very many.
    actual
        The witness's answer.
    digits
        How many digits are stated of each array: 40, or 6 that are rounded up.

    Returns
    -------
    list of tuple of str and str
        Key and complaint of all that differs: of an array the first number, and how many others do.
    """
    found = [
        (key, _complaint(said or "nothing", stated or "nothing"))
        for key in ("invalid", "terms")
        if (stated := getattr(expected, key)) != (said := getattr(actual, key))
    ]
    with mp.workdps(_WORKING):
        for name, count in digits.items():
            agrees = _rounds_up_to if count == _SIX.prec else _rounds_to
            parts = _different(getattr(expected, name), getattr(actual, name), agrees)
            found += [(_KEYS[name] + part, complaint) for part, complaint in parts]
    return found


def is_printed(figure: str, number: mp.mpf) -> bool:
    """Whether a source may print a number so: to half a unit in its last place, or as far as binary64 reaches.

    Examples
    --------
    >>> is_printed("0.69", mp.log(2)), is_printed("0.70", mp.log(2))
    (True, False)
    """
    printed = Decimal(figure)
    if not printed.is_finite() or not mp.isfinite(number):
        return bool(printed.is_nan() and mp.isnan(number)) or bool(mp.mpf(float(printed)) == number)
    with mp.workdps(KNOWN):
        half = _power_of_ten(int(printed.as_tuple().exponent)) / 2
        return bool(abs(mp.mpf(figure) - number) <= max(half, mp.mpf(2) ** -51 * abs(number)))


def _different(expected: Numbers | Excerpt, actual: Numbers, agrees: _Agrees) -> Iterator[tuple[str, str]]:
    """Compare an array with an array, or with an excerpt; the first number that differs stands for the others."""
    if expected.shape != actual.shape:
        yield " shape", _complaint(str(actual.shape), str(expected.shape))
        return
    flat = actual.ravel().tolist()
    if isinstance(expected, Excerpt):
        stated = list(zip(expected.places, expected.numbers.tolist(), strict=True))
    else:
        stated = list(enumerate(expected.ravel().tolist()))
    wrong = [(at, want) for at, want in stated if not agrees(want, flat[at])]
    if wrong:
        at, want = wrong[0]
        more = f"; so do {len(wrong) - 1} others differ" if len(wrong) > 1 else ""
        yield f"[{at}]", _complaint(_text(flat[at]), want) + more
    if isinstance(expected, Excerpt):
        yield from _sums(expected, flat, agrees)


def _sums(expected: Excerpt, flat: list[mp.mpf], agrees: _Agrees) -> Iterator[tuple[str, str]]:
    """Compare what all numbers add up to; a condition is its own size, and stated in as many digits as a condition."""
    total, size = mp.fsum(flat), mp.fsum(map(abs, flat))
    if agrees is _rounds_up_to:
        if not agrees(expected.sum, total):
            yield ".sum", _complaint(_text(total), expected.sum)
        return
    unit = _power_of_ten(expected.absolute_sum.adjusted() - _SUMS)
    for key, want, found in ((".sum", expected.sum, total), (".absolute_sum", expected.absolute_sum, size)):
        if abs(mp.mpf(str(want)) - found) > unit * 51 / 100:  # each number has been rounded too
            yield key, _complaint(_text(found), want)


def _complaint(found: object, stated: object) -> str:
    return f"the second witness says {found}, not {stated}"


def _text(number: mp.mpf) -> str:
    in_reach = number == 0 or not mp.isfinite(number) or abs(mp.mag(number)) < _IN_REACH
    return str(mp.nstr(number, 42)) if in_reach else f"about 2^{mp.mag(number)}"


@cache
def _power_of_ten(exponent: int) -> mp.mpf:
    with mp.workdps(KNOWN):  # it is kept, whoever asks first
        return mp.mpf(10) ** exponent


def _rounds_to(want: Decimal, got: mp.mpf) -> bool:
    """Whether a number rounds to the forty digits that are stated: 0, inf and NaN exactly."""
    special = _special(want, got)
    if special is not None:
        return special
    half = _power_of_ten(want.adjusted() - DIGITS["loss"] + 1) / 2
    return bool(abs(mp.mpf(str(want)) - got) <= half * (1 + _power_of_ten(-20)))  # a tie may go either way


def _rounds_up_to(want: Decimal, got: mp.mpf) -> bool:
    """Whether six digits are those of the number, rounded to forty and then up."""
    special = _special(want, got)
    if special is not None:
        return special
    below = mp.mpf(str(_SIX.next_minus(want)))
    return bool(below < got <= mp.mpf(str(want)) * (1 + _power_of_ten(1 - DIGITS["loss"])))


def _special(want: Decimal, got: mp.mpf) -> bool | None:
    """Compare what has no digits; None if both have."""
    if want.is_nan() or mp.isnan(got):
        return want.is_nan() and bool(mp.isnan(got))
    if not want.is_finite() or want == 0:
        return bool(mp.mpf(float(want)) == got)
    if not mp.isfinite(got) or (want > 0) != (got > 0):
        return False
    if abs(got) < _power_of_ten(_LEAST.adjusted()):
        return abs(want) == _LEAST
    return None
