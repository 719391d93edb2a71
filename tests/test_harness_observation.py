"""Observations: how much of a long answer is kept."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from ceconform.corpus.excerpt import excerpt
from ceconform.harness import Answer, Observation

NUMBERS = np.array([Decimal(place) for place in range(6)], dtype=object)
EXPECTED = excerpt(NUMBERS.reshape(2, 3), (0, 4))


def answer(*values, **how):
    """Six numbers as an implementation gave them."""
    return Answer(**{"values": values, "shape": (2, 3), "dtype": "float32", **how})


def test_of_a_long_answer_the_stated_places_and_the_sums_are_kept():
    """Asking again changes nothing more."""
    kept = answer(0.0, -1.0, 2.0, 3.0, 4.5, 5.0).beside(EXPECTED)
    assert ((0.0, 4.5), (0, 4), (13.5, 15.5)) == (kept.values, kept.places, kept.sums)
    assert kept == kept.beside(EXPECTED)


def test_the_sums_are_rounded_once():
    """What a running sum would lose is there."""
    assert (1.0, 2e16 + 1.0) == answer(1e16, 1.0, -1e16, 0.0, 0.0, 0.0).beside(EXPECTED).sums


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ((math.inf, -math.inf, 0.0), math.nan),
        ((math.inf, 1.0, 0.0), math.inf),
        ((1.7e308, 1.7e308, 0.0), math.inf),
        ((math.nan, 1.0, math.inf), math.nan),
    ],
)
def test_sums_of_what_is_not_finite_are_not_finite(values, total):
    """Nothing is raised."""
    np.testing.assert_equal(answer(*values, 0.0, 0.0, 0.0).beside(EXPECTED).sums[0], total)


def test_anything_else_is_kept_whole():
    """An answer that is listed, of another shape, or an error."""
    whole = answer(0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
    flat, raised = answer(*whole.values, shape=(6,)), Answer(raised="ValueError: no")
    assert whole == whole.beside(NUMBERS) == whole.beside(None)
    assert flat == flat.beside(EXPECTED)
    assert raised == raised.beside(EXPECTED)
    nothing = Observation(status="unsupported", reason="no")
    assert nothing == nothing.beside(EXPECTED, EXPECTED)
    both = Observation(status="answered", value=whole, gradient=whole).beside(NUMBERS, EXPECTED)
    assert ((), (0, 4)) == (both.value.places, both.gradient.places)
