"""Comparing an answer in forty digits with one in mpmath: what differs, in words."""

from __future__ import annotations

from decimal import Context, Decimal
from functools import cache

import mpmath as mp

from ceconform.corpus import Excerpt

DIGITS = {"loss": 40, "gradient": 40, "condition": 6, "gradient_condition": 6}
_SUMS = 35
"""The sums of an excerpt have so many places after the first digit of the absolute sum."""
_WORKING = 70
_LEAST = Decimal("1e-999999")
"""What is smaller but is not 0 is stated as this, with its sign."""
_SIX = Context(prec=6, Emax=999_999, Emin=-999_999)


def differences(expected, actual, places=DIGITS):
    """What of `actual`, in mpf, is not as stated in `expected`, a `Decimal` of so many digits for each number."""
    found = [
        f"{name}: {want!r}, not {got!r}"
        for name in ("invalid", "terms")
        if (want := getattr(expected, name)) != (got := getattr(actual, name))
    ]
    with mp.workdps(_WORKING):
        for name, digits in places.items():
            agrees = _rounds_up_to if digits == _SIX.prec else _rounds_to
            found += _elements(name, getattr(expected, name), getattr(actual, name), agrees)
    return found


def _elements(name, expected, actual, agrees):
    if expected.shape != actual.shape:
        return [f"{name}: shape {expected.shape}, not {actual.shape}"]
    flat = actual.ravel().tolist()
    if not isinstance(expected, Excerpt):
        pairs = enumerate(zip(expected.ravel().tolist(), flat, strict=True))
        return [f"{name}[{at}]: {want}, not {_text(got)}" for at, (want, got) in pairs if not agrees(want, got)]
    stated = zip(expected.places, expected.numbers.tolist(), strict=True)
    found = [f"{name}[{at}]: {want}, not {_text(flat[at])}" for at, want in stated if not agrees(want, flat[at])]
    if name.endswith("condition"):
        total = mp.fsum(flat)
        return found if agrees(expected.sum, total) else [*found, f"{name} sum: {expected.sum}, not {_text(total)}"]
    sums = {"sum": mp.fsum(flat), "absolute_sum": mp.fsum(map(abs, flat))}
    unit = _power_of_ten(expected.absolute_sum.adjusted() - _SUMS)
    wrong = {
        key: total for key, total in sums.items() if abs(mp.mpf(str(getattr(expected, key))) - total) > 0.51 * unit
    }
    return [*found, *(f"{name} {key}: {getattr(expected, key)}, not {_text(wrong[key])}" for key in wrong)]


def _text(number):
    in_reach = number == 0 or not mp.isfinite(number) or abs(mp.mag(number)) < 1e5
    return mp.nstr(number, 42) if in_reach else f"about 2^{mp.mag(number)}"


@cache
def _power_of_ten(exponent):
    return mp.mpf(10) ** exponent


def _rounds_to(want, got):
    """Whether a number rounds to the forty digits that are stated: 0, inf and NaN exactly."""
    special = _special(want, got)
    if special is not None:
        return special
    half = _power_of_ten(want.adjusted() - DIGITS["loss"] + 1) / 2
    return abs(mp.mpf(str(want)) - got) <= half * (1 + _power_of_ten(-20))  # a tie may go either way


def _rounds_up_to(want, got):
    """Whether six digits are those of the number, rounded to forty and then up."""
    special = _special(want, got)
    if special is not None:
        return special
    below = mp.mpf(str(_SIX.next_minus(want)))
    return below < got <= mp.mpf(str(want)) * (1 + _power_of_ten(1 - DIGITS["loss"]))


def _special(want, got):
    if want.is_nan() or mp.isnan(got):
        return want.is_nan() and bool(mp.isnan(got))
    if not want.is_finite() or want == 0:
        return mp.mpf(float(want)) == got
    if not mp.isfinite(got) or (want > 0) != (got > 0):
        return False
    if abs(got) < _power_of_ten(_LEAST.adjusted()):
        return abs(want) == _LEAST
    return None
