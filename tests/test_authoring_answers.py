"""Answers: how the oracle's numbers are written, and which conventions are asked for a case."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceconform.authoring.answers import DIGITS, digits, relevant
from ceconform.conventions import CONVENTIONS
from ceconform.corpus import load


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_digits_are_read_back_as_the_rounded_number(value):
    """Forty digits, rounded half to even, and nothing else is lost."""
    assert Context(prec=DIGITS).plus(value) == Decimal(digits(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100.00", "100"),
        ("0.5000", "0.5"),
        ("-0.0", "0"),
        ("1.50E-9", "1.5e-9"),
        ("-2E+30", "-2e30"),
        ("Infinity", "inf"),
        ("-Infinity", "-inf"),
        ("NaN", "nan"),
    ],
)
def test_numbers_are_written_in_as_few_digits_as_they_take(value, text):
    """Trailing zeros go; far from 1 stands an exponent."""
    assert text == digits(Decimal(value))


def test_mistakes_are_no_convention_that_makes_an_answer_right():
    """An activation too many, the wrong space or a narrower dtype are never asked for."""
    for case in load():
        names = {name for name, _ in relevant(case)}
        wrong = {n for n, rule in CONVENTIONS.items() if rule.activation or rule.taken_as or rule.precision}
        assert not names & wrong
        assert all(case.loss in CONVENTIONS[name].losses for name in names & set(CONVENTIONS))
