"""From balls to forty digits."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction

import flint
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from ceconform.oracle.digits import PRECISIONS, Undecided, decimal, sign


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_an_exact_ball_is_rounded_half_to_even(x):
    """The digits are those of the exact decimal expansion, ties included."""
    with localcontext(Context(prec=40, rounding=ROUND_HALF_EVEN, Emin=-999999, Emax=999999)):
        assert +Decimal(x) == decimal(arb(x))


@given(st.fractions(min_value=Fraction(1, 10**30), max_value=10**30))
def test_an_inexact_ball_is_rounded_correctly(x):
    """A quotient's digits are those of the exact quotient."""
    with flint.ctx.workprec(256), localcontext(Context(prec=40, rounding=ROUND_HALF_EVEN)):
        assert Decimal(x.numerator) / Decimal(x.denominator) == decimal(arb(x.numerator) / arb(x.denominator))


def test_a_wide_ball_asks_for_more():
    """Thirty digits are not forty."""
    assert decimal(arb(1, 1e-30)) is None


@pytest.mark.parametrize("digits", ["5", "49999999999999999999999999", "50000000000000000000000001"])
def test_a_ball_about_the_middle_of_two_numbers_asks_for_more(digits):
    """It may be on either side of the middle of two numbers of forty digits; a little further off it is not."""
    with flint.ctx.workprec(256):
        middle = arb(f"1.{'3' * 39}{digits}", "1e-66")
        assert decimal(middle) is None
        assert decimal(middle + arb("1e-40")) == Decimal(f"1.{'3' * 38}4")


@pytest.mark.parametrize("x", [float("inf"), float("-inf"), float("nan")])
def test_specials_pass(x):
    """Infinities and NaN are the decimal ones."""
    assert str(Decimal(x)) == str(decimal(x))


@pytest.mark.parametrize("x", ["inf", "-inf", "nan"])
def test_a_ball_that_is_a_special_is_that(x):
    """At any precision."""
    assert str(Decimal(x)) == str(decimal(arb(x)))


def test_a_ball_without_bounds_is_no_number():
    """Everything is within it: more precision may help, and after the last one nothing does."""
    everything = arb(0, "inf")
    assert decimal(everything) is None
    with flint.ctx.workprec(PRECISIONS[-1]):
        assert decimal(everything).is_nan()


def test_a_ball_about_zero_is_zero_at_the_last_precision_only():
    """Log 2 + log 1/2 never shows that it is 0."""
    for precision in PRECISIONS:
        with flint.ctx.workprec(precision):
            zero = arb(2).log() + arb(0.5).log()
            if precision < PRECISIONS[-1]:
                assert decimal(zero) is None
                with pytest.raises(Undecided):
                    sign(zero)
            else:
                assert decimal(zero) == 0
                assert sign(zero) == 0


@pytest.mark.parametrize(("x", "expected"), [(2, 1), (-2, -1), (0, 0)])
def test_sign(x, expected):
    """An exact ball has a sign at any precision."""
    assert expected == sign(arb(x))
