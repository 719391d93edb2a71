"""Excerpts: some of very many numbers, and what all add up to."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus.excerpt import excerpt, listed


def exactly(*numbers):
    """An array of decimal numbers."""
    return np.array([Decimal(number) for number in numbers], dtype=object)


def test_an_excerpt_has_the_numbers_at_its_places_and_the_sums_of_all():
    """The places are those of the flattened array; the shape is that of the whole."""
    found = excerpt(exactly(1, "-0.25", 2, 4).reshape(2, 2), (1, 3))
    assert [Decimal("-0.25"), Decimal(4)] == listed(found).tolist()
    assert ((2, 2), (1, 3)) == (found.shape, found.places)
    assert (Decimal("6.75"), Decimal("7.25")) == (found.sum, found.absolute_sum)


def test_what_cancels_but_for_the_fortieth_digit_is_zero():
    """Each number has been rounded to forty digits, so the last of their sum tell nothing."""
    third = "0.3333333333333333333333333333333333333333"
    found = excerpt(exactly(third, third, third, "-1"), (0,))
    assert 0 == found.sum
    assert Decimal(2) == found.absolute_sum


def test_a_number_that_is_not_finite_is_seen_in_the_sums():
    """Of infinities of both signs the sum is NaN; the sum of their sizes is infinite."""
    found = excerpt(exactly("inf", "-inf", 1), (2,))
    assert found.sum.is_nan()
    assert Decimal("inf") == found.absolute_sum


@given(st.lists(st.decimals(-1000, 1000, places=20), min_size=1, max_size=40))
def test_sums_do_not_depend_on_the_order(numbers):
    """Adding up is exact, and rounded once."""
    one, other = excerpt(exactly(*numbers), (0,)), excerpt(exactly(*reversed(numbers)), (0,))
    assert (one.sum, one.absolute_sum) == (other.sum, other.absolute_sum)
    assert one.absolute_sum >= abs(one.sum)


def test_all_numbers_of_an_array_are_listed():
    """Flat, in row-major order."""
    assert [1, 2, 3, 4] == listed(exactly(1, 2, 3, 4).reshape(2, 2)).tolist()
