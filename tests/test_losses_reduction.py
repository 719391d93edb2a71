"""Weights and the four reductions, once for all losses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from asking import ask, same

from ceconform import binary_cross_entropy_with_logits, sparse_cross_entropy_with_logits, value_and_grad

NAN = math.nan
Z, T = [0.5, -1.0, 2.0, 30.0], [1.0, 0.0, 0.25, 0.0]


def test_the_sum_is_n_times_the_mean(place):
    """And both are the unreduced losses, added up."""
    each, slopes = ask(place, binary_cross_entropy_with_logits, Z, T, reduction="none")
    total, gradient = ask(place, binary_cross_entropy_with_logits, Z, T, reduction="sum")
    mean, shares = ask(place, binary_cross_entropy_with_logits, Z, T, reduction="mean")
    same(each.sum(), total)
    same(slopes, gradient)
    same(total, 4 * mean)
    same(gradient, 4 * shares)


def test_weights_are_repetition(place):
    """A weight of 3 is the loss three times; `weighted_mean` divides by the number of repetitions."""
    weights = [3, 0, 1, 2]
    again = np.repeat(np.arange(4), weights)
    value, gradient = ask(
        place, binary_cross_entropy_with_logits, Z, T, sample_weight=weights, reduction="weighted_mean"
    )
    repeated, shares = ask(place, binary_cross_entropy_with_logits, np.asarray(Z)[again], np.asarray(T)[again])
    same(repeated, value)
    same([shares[again == i].sum() for i in range(4)], gradient)


def test_the_plain_mean_counts_whatever_the_weights(place):
    """Four losses are four, also where one weighs nothing."""
    value, _ = ask(place, binary_cross_entropy_with_logits, Z, T, sample_weight=[3.0, 0.0, 1.0, 2.0])
    each, _ = ask(place, binary_cross_entropy_with_logits, Z, T, sample_weight=[3.0, 0.0, 1.0, 2.0], reduction="none")
    same(each.sum() / 4, value)


def test_a_weight_of_zero_silences_whatever_stands_there(place):
    """NaN and infinities too, in the value and in the gradient."""
    value, gradient = ask(
        place,
        binary_cross_entropy_with_logits,
        [NAN, math.inf, 0.0, 0.0],
        [1.0, 0.0, 1.0, 1.5],
        sample_weight=[0, 0, 1, 0],
        reduction="weighted_mean",
    )
    same(math.log(2), value)
    same([0, 0, -0.5, 0], gradient)


def test_a_negative_or_infinite_weight_is_nan(place):
    """It has no meaning, and keeps to its own loss."""
    value, _ = ask(
        place, binary_cross_entropy_with_logits, Z, T, sample_weight=[-1.0, math.inf, NAN, 1.0], reduction="none"
    )
    same([NAN, NAN, NAN, 30.0], value)


def test_weights_broadcast_but_never_enlarge(place):
    """One weight for each row, one for each column, or a number for all."""
    z, t = np.zeros((2, 3)), np.ones((2, 3))
    for weight in ([[1.0], [2.0]], [1.0, 2.0, 3.0], 2.0):
        value, gradient = ask(place, binary_cross_entropy_with_logits, z, t, sample_weight=weight, reduction="none")
        same(np.broadcast_to(weight, (2, 3)) * math.log(2), value)
        same(np.broadcast_to(weight, (2, 3)) * -0.5, gradient)


def test_weighted_mean_divides_by_sample_and_class_weights(place):
    """Σ s w_y l / Σ s w_y for class indices."""
    z = [[0.0, 1.0], [2.0, 0.0], [0.0, 0.0]]
    s, w, y = [1.0, 2.0, 3.0], [0.5, 4.0], [0, 1, 1]
    each, _ = ask(place, sparse_cross_entropy_with_logits, z, y, reduction="none")
    both = np.asarray(s) * np.asarray(w)[y]
    value, _ = ask(
        place, sparse_cross_entropy_with_logits, z, y, sample_weight=s, class_weight=w, reduction="weighted_mean"
    )
    same((both * each).sum() / both.sum(), value)


@pytest.mark.parametrize(("reduction", "expected"), [("sum", 0.0), ("mean", NAN), ("weighted_mean", NAN)])
def test_an_empty_batch(place, reduction, expected):
    """Its sum is 0, its mean NaN, its gradient empty."""
    value, gradient = ask(
        place, sparse_cross_entropy_with_logits, np.zeros((0, 3)), np.zeros(0, dtype=int), reduction=reduction
    )
    same(expected, value)
    assert gradient.shape == (0, 3)


def test_a_nan_row_keeps_its_nan_to_itself(place):
    """Its neighbours have the gradient that they have without it."""
    rows, labels = [[0.0, 1.0], [NAN, 0.0], [2.0, 0.0]], [0, 0, 5]
    value, gradient = ask(place, sparse_cross_entropy_with_logits, rows, labels, reduction="mean")
    _, alone = ask(place, sparse_cross_entropy_with_logits, rows[:1], labels[:1], reduction="sum")
    same(NAN, value)
    same([alone[0] / 3, [NAN, NAN], [NAN, NAN]], gradient)


def test_a_label_that_does_not_exist_has_no_weight(place):
    """So that nobody knows what a weighted mean divides by."""
    value, gradient = ask(
        place, sparse_cross_entropy_with_logits, [[0.0, 1.0], [2.0, 0.0]], [0, 5], reduction="weighted_mean"
    )
    same(NAN, value)
    same(np.full((2, 2), NAN), gradient)


def test_equal_losses_add_up_exactly_in_jax(jax):
    """In float32, compiled and eager, whatever their number; every loss has the same part in the gradient."""
    one = None
    for count in (1, 3, 64, 2048, 2049, 20_000):
        z = jax.numpy.full(count, 0.3, dtype=np.float32)

        def total(z):
            return binary_cross_entropy_with_logits(z, z * 0, reduction="sum")

        def mean(z):
            return binary_cross_entropy_with_logits(z, z * 0, reduction="mean")

        found = [jax.jit(lambda z: (total(z), jax.grad(mean)(z)))(z)]
        if count in {1, 2049}:  # eager, each operation compiles by itself, for each shape again
            found.append((total(z), jax.grad(mean)(z)))
        one = np.float64(found[-1][0]) if one is None else one
        for loss, gradient in found:
            assert abs(count * one - loss) <= 2 * np.spacing(np.float32(count * one))
            assert (gradient == gradient[0]).all()


def test_a_mean_is_finite_where_the_sum_is_not_in_jax(jax):
    """Compiled, mapped and differentiated, whether float64 is switched on or off; the mean stays in float32."""
    for switch in (False, True):
        with jax.enable_x64(switch):
            z = jax.numpy.full((2, 3), 3e38, dtype=np.float32)
            mean = jax.value_and_grad(lambda z: binary_cross_entropy_with_logits(z, jax.numpy.zeros(3, z.dtype)))
            value, gradient = jax.jit(jax.vmap(mean))(z)
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, np.float32([3e38, 3e38]))
        np.testing.assert_allclose(gradient, np.full((2, 3), 1 / 3), rtol=1e-6)


def test_weights_add_up_exactly_in_jax(jax):
    """Equal ones, which the mean over weights is divided by."""
    z, weight = jax.numpy.zeros(2048), jax.numpy.full(2048, 0.3, dtype=np.float32)
    slope = jax.jit(
        jax.grad(
            lambda z: binary_cross_entropy_with_logits(
                z, jax.numpy.zeros(2048), sample_weight=weight, reduction="weighted_mean"
            )
        )
    )(z)
    assert np.abs(2.0**12 * np.asarray(slope) - 1).max() <= 2 * np.finfo(np.float32).eps


def test_a_mean_over_tiny_weights_is_that_of_their_ratios(place):
    """Though no product of a weight and a loss is a normal number; a mean over the rows is as tiny as the weights."""
    z, y, s = [[20.0, 0.0], [21.0, 1.0]], [0, 0], np.asarray([2.0**-120, 2.0**-121])
    mean = {"sample_weight": s, "reduction": "weighted_mean"}
    value, gradient = ask(place, sparse_cross_entropy_with_logits, z, y, **mean)
    same(math.log1p(math.exp(-20)), value)
    same([-2 / 3 * math.exp(-20), -1 / 3 * math.exp(-20)], gradient[:, 0])
    value, _ = ask(place, sparse_cross_entropy_with_logits, z, y, **mean, convention="divide-by-count", dtype="float64")
    same(math.log1p(math.exp(-20)) * s.sum() / 2, value)


@pytest.mark.parametrize("name", ["sample_weight", "class_weight"])
def test_weights_as_small_as_there_are_have_a_mean(name):
    """Subnormal ones; where arithmetic has none, they are 0."""
    z, y, w = np.asarray([[1.0, 0.0], [1.0, 2.0]]), np.asarray([1, 0]), np.asarray([5e-324, 1.5e-323])
    asked = value_and_grad(sparse_cross_entropy_with_logits)
    value, gradient = asked(z, y, **{name: w}, reduction="weighted_mean")
    expected, slopes = asked(z, y, **{name: np.asarray([1.0, 3.0])}, reduction="weighted_mean")
    same(expected, value, rtol=1e-15)
    same(slopes, gradient, rtol=1e-15)
