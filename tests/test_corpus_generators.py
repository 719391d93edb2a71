"""Generators: their numbers, and the plain-Python expressions that rebuild them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus.generators import (
    MAX_ELEMENTS,
    concatenated,
    hashed,
    hashed_integers,
    linspace,
    mix,
    repeated,
)

SEEDS = st.integers(0, 2**63 - 1)
SHAPES = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple)


def rebuilt(text):
    """Evaluate an expression with nothing but Python."""
    return np.array(eval(text))  # noqa: S307 - our own text: that it runs alone is what is tested


def splitmix64(seed, index):
    """The generator as its authors state it, one output after the other, in Python's integers."""
    state = (seed + (index + 1) * 0x9E3779B97F4A7C15) % 2**64
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return state ^ (state >> 31)


def test_mix_gives_the_published_outputs():
    """The outputs for seed 1234567 are those that the generator's reference implementation prints."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert expected == mix(1234567, 4).tolist()


@given(SEEDS, st.integers(1, 5))
def test_mix_is_splitmix64(seed, count):
    """Vector arithmetic gives what integers give."""
    assert [splitmix64(seed, index) for index in range(count)] == mix(seed, count).tolist()


@given(st.integers(-64, 64), st.integers(1, 64), st.integers(2, 40), st.integers(0, 8))
def test_linspace_is_exact_and_its_expression_rebuilds_it(start, step, count, scale):
    """Each element is start + i·step, without any rounding."""
    first, each = Fraction(start, 2**scale), Fraction(step, 2**scale)
    values, text = linspace(first, first + each * (count - 1), count)
    assert [first + index * each for index in range(count)] == [Fraction(value) for value in values]
    assert np.array_equal(values, rebuilt(text))


@given(SEEDS, SHAPES, st.integers(-100, 100), st.integers(1, 100), st.integers(1, 32))
def test_hash_is_what_is_documented_and_its_expression_rebuilds_it(seed, shape, low, width, bits):
    """Each element is low + width·(2m + 1)/2^(bits + 1), strictly within the bounds."""
    values, text = hashed(seed, shape, low, low + width, bits)
    for index, value in enumerate(values.flat):
        upper = splitmix64(seed, index) >> (64 - bits)
        assert Fraction(value) == low + Fraction(width * (2 * upper + 1), 2 ** (bits + 1))
        assert low < value < low + width
    assert shape == values.shape
    assert np.array_equal(values.ravel(), rebuilt(text).ravel())


@given(SEEDS, SHAPES, st.integers(-100, 100), st.integers(1, 100))
def test_integers_are_what_is_documented_and_their_expression_rebuilds_them(seed, shape, low, width):
    """Each element is low + floor(width·m / 2^32)."""
    values, text = hashed_integers(seed, shape, low, low + width)
    assert [low + ((splitmix64(seed, i) >> 32) * width >> 32) for i in range(values.size)] == values.ravel().tolist()
    assert np.array_equal(values.ravel(), rebuilt(text).ravel())


def test_repeat_and_concat_nest():
    """Copies stand along a new first axis; parts are joined along the first axis."""
    row = repeated(np.array(0.5), "0.5", 3)
    values, text = concatenated((repeated(*row, 2), (np.array([[1.0, 2.0, 3.0]]), "[[1.0, 2.0, 3.0]]")))
    assert [[0.5] * 3, [0.5] * 3, [1, 2, 3]] == values.tolist()
    assert np.array_equal(values, rebuilt(text))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linspace(Fraction(0), Fraction(1), 1), "a count of 2"),
        (lambda: linspace(Fraction(0), Fraction(1), 11), "binary fractions"),
        (lambda: linspace(Fraction(1, 10), Fraction(11, 10), 2), "binary fractions"),
        (lambda: linspace(Fraction(1, 2**40), Fraction(2**20), 2), "52 bits"),
        (lambda: linspace(Fraction(0), Fraction(1), MAX_ELEMENTS + 1), "elements"),
        (lambda: hashed(-1, (2,), 0, 1, 8), "seed"),
        (lambda: hashed(1, (2,), 1, 1, 8), "low < high"),
        (lambda: hashed(1, (2,), 0, 1, 33), "bits"),
        (lambda: hashed(1, (2**13, 2**13), 0, 1, 8), "elements"),
        (lambda: hashed_integers(1, (2,), 3, 3), "low < high"),
        (lambda: hashed_integers(1, (2,), -(2**30), 2**31 - 1), "apart"),
        (lambda: repeated(np.array(1.0), "1.0", -1), "count"),
        (lambda: concatenated(()), "one array"),
        (lambda: concatenated(((np.zeros((1, 2)), ""), (np.zeros((1, 3)), ""))), "differ"),
        (lambda: concatenated(((np.array(1.0), "1.0"),)), "not numbers"),
    ],
)
def test_what_cannot_be_exact_is_refused(make, message):
    """A description that would need rounding, or that has no meaning, is an error."""
    with pytest.raises(ValueError, match=message):
        make()
