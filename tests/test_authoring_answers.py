"""Answers: how the oracle's numbers are written, and which conventions are asked for a case."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whole_corpus import CASES

from ceconform.authoring.answers import DIGITS, acceptable, digits, exact, expected, losses, relevant, written
from ceconform.conventions import CONVENTIONS
from ceconform.corpus import select
from ceconform.errors import CaseError
from ceconform.oracle import evaluate


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
    for case in CASES:
        names = {name for name, _ in relevant(case)}
        wrong = {n for n, rule in CONVENTIONS.items() if rule.activation or rule.taken_as or rule.precision}
        assert not names & wrong
        assert all(case.loss in CONVENTIONS[name].losses for name in names & set(CONVENTIONS))


@pytest.mark.parametrize("pattern", ["sparse/every-parameter/*", "binary/reductions/*", "nll/clipping/*"])
def test_a_convention_that_is_left_out_changes_nothing(pattern):
    """Those without a bearing on a question are not computed; computing every one finds no others."""
    for case in select(CASES, [pattern]):
        if case.expected.error or case.expected.invalid or case.predictions.size > 100:
            continue
        right, others = losses(exact(case).loss), {}
        for name, rules in relevant(case):
            try:
                others[name] = losses(evaluate(case.call("float64"), conventions=rules, gradient=False).loss)
            except CaseError:
                continue
        others = {name: node for name, node in others.items() if node != right}
        found = acceptable(case, exact(case)).items
        assert others == {name: node.items["loss"] for name, node in found.items()}


def test_a_long_answer_is_written_with_its_places_and_sums():
    """Reading it back gives the same text; the conditions have their sum."""
    (case,) = select(CASES, ["margin/large/hinge-batch"])
    node = written(expected(case, exact(case)))
    assert node == written(case.expected)
    assert ["at", "numbers", "sum", "absolute_sum"] == [*node.items["grad"].items]
    assert ["numbers", "sum"] == [*node.items["grad_condition"].items]
