"""Draws: deterministic numbers of each format."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from ceconform.authoring.draws import Draws
from ceconform.formats import FORMATS, fits

EVERY = pytest.mark.parametrize("dtype", FORMATS)


@EVERY
def test_every_number_is_one_of_the_format(dtype):
    """Nothing is rounded later."""
    draws = Draws(dtype, 3)
    for drawn in (
        draws.uniform(300, -8, 8),
        draws.scaled(300, -12, 12),
        draws.logits(300),
        draws.probabilities(300),
        draws.distributions(8, 10),
        draws.distributions(2, 4096),
        draws.log_odds(draws.probabilities(30).tolist()),
    ):
        assert fits(drawn, dtype)


@EVERY
def test_distributions_add_up_to_exactly_1(dtype):
    """With no part left out, where the format has enough parts."""
    drawn = Draws(dtype, 3).distributions(8, 10)
    assert [1] * 8 == [sum(map(Fraction, row)) for row in drawn.tolist()]
    assert drawn.min() > 0
    assert drawn.max() > 0.5


@EVERY
def test_probabilities_come_next_to_0_and_to_1(dtype):
    """Down to a subnormal number, up to the neighbour of 1, and never either end."""
    drawn, form = Draws(dtype, 1).probabilities(900), FORMATS[dtype]
    assert 0 < drawn.min() < form.smallest_normal
    assert 1 - 2 * form.eps < drawn.max() < 1


def test_a_seed_gives_the_same_numbers_and_another_others():
    """Numbers that somebody else has, too."""
    assert [-4.0078125, -0.23974609375, -0.50537109375] == Draws("float16", 7).uniform(3, -8, 8).tolist()
    assert not np.array_equal(Draws("float16", 7).units(8), Draws("float16", 8).units(8))


def test_log_odds_are_the_nearest_numbers():
    """log(3) in float32."""
    assert np.float32(np.log(3.0)) == Draws("float32", 1).log_odds([0.75])[0]
