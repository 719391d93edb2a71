"""Focal losses: the edges, the limit γ = 0, and the sister forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from asking import ask, same

from ceconform import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    binary_focal_loss,
    binary_focal_loss_with_logits,
    categorical_cross_entropy,
    categorical_cross_entropy_with_logits,
    categorical_focal_loss,
    categorical_focal_loss_with_logits,
)

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_every_row_of_the_edge_table_for_probabilities(place, gamma):
    """With γ > 0 the derivative at a certain and right prediction is 0, though (1 - p)^(γ-1) may be infinite."""
    p = [0, 1, 0, 1, 0, 1, NAN, 1.5]
    t = [1, 0, 0, 1, 0.5, 0.5, 1, 1]
    value, gradient = ask(place, binary_focal_loss, p, np.asarray(t, dtype=float), gamma=gamma, reduction="none")
    same([INF, INF, 0, 0, INF, INF, NAN, NAN], value)
    same([-INF, INF, 0, 0, -INF, INF, NAN, NAN], gradient)


def test_every_row_of_the_edge_table_for_logits(place):
    """As binary cross entropy, whose weights the factors are."""
    z = [INF, -INF, INF, -INF, INF, -INF, NAN]
    t = [1, 0, 0, 1, 0.25, 0.25, 1]
    value, gradient = ask(
        place, binary_focal_loss_with_logits, z, np.asarray(t, dtype=float), gamma=2, reduction="none"
    )
    same([0, 0, INF, INF, INF, INF, NAN], value)
    same([0, 0, 1, -1, 0.75, -0.25, NAN], gradient)


def test_every_row_of_the_edge_table_for_classes(place):
    """A masked class, one that was asked for, a certain one, and rows that are none."""
    z = [[0, 0, -INF], [0, 0, -INF], [INF, 0, 0], [INF, 0, 0], [-INF] * 3, [NAN, 0, 0]]
    value, gradient = ask(place, categorical_focal_loss_with_logits, z, np.eye(3)[[0, 2, 0, 1, 0, 1]], reduction="none")
    log2 = math.log(2)
    slope = 0.5 * 0.25 * (1 + 2 * log2)
    same([log2 / 4, INF, 0, INF, NAN, NAN], value)
    same([[-slope, slope, 0], [0.5, 0.5, -1], [0, 0, 0], [1, -1, 0], [NAN] * 3, [NAN] * 3], gradient)


@pytest.mark.parametrize(
    ("focal", "plain"),
    [
        (binary_focal_loss, binary_cross_entropy),
        (binary_focal_loss_with_logits, binary_cross_entropy_with_logits),
        (categorical_focal_loss, categorical_cross_entropy),
        (categorical_focal_loss_with_logits, categorical_cross_entropy_with_logits),
    ],
)
def test_gamma_zero_is_plain_cross_entropy(place, focal, plain):
    """Without focusing nothing is left of the factor, and α = 1/2 only halves."""
    x, q = [[0.25, 0.5], [1.0, 0.0]], [[1.0, 0.0], [0.5, 0.5]]
    expected = ask(place, plain, x, q, reduction="none")
    actual = ask(place, focal, x, q, gamma=0, reduction="none")
    same(expected[0], actual[0])
    same(expected[1], actual[1])
    half = ask(place, focal, x, q, gamma=0, alpha=0.5, reduction="none")
    same(expected[0] / 2, half[0])


@pytest.mark.parametrize("gamma", [1.0, 3.5])
def test_the_factor_of_softmax_is_the_formula_s(place, gamma):
    """(1 - p)^γ · -log p, and its derivative by p times p (δ - p_c); γ = 1 is not a plain cross entropy."""
    z = np.asarray([[0.5, -1.0, 0.25], [1.5, 2.0, -0.5]])
    odds = np.exp(z)
    softmax = odds / odds.sum(axis=-1, keepdims=True)
    p, rest = softmax[:, :1], 1 - softmax[:, :1]
    value, gradient = ask(
        place, categorical_focal_loss_with_logits, z, np.eye(3)[[0, 0]], gamma=gamma, reduction="none"
    )
    same((rest**gamma * -np.log(p))[:, 0], value)
    by_p = gamma * rest ** (gamma - 1) * np.log(p) - rest**gamma / p
    same(by_p * p * (np.eye(3)[[0, 0]] - softmax), gradient, rtol=2e-6)


def test_two_classes_are_one_logit(place):
    """Softmax of (z, 0) is σ(z): the categorical and the binary focal loss agree."""
    z = np.asarray([-30.0, -1.0, 0.5, 20.0])
    binary, slope = ask(place, binary_focal_loss_with_logits, z, np.ones(4), gamma=2, reduction="none")
    rows, hot = np.stack([z, 0 * z], axis=1), np.tile([1.0, 0.0], (4, 1))
    value, gradient = ask(place, categorical_focal_loss_with_logits, rows, hot, gamma=2, reduction="none")
    same(binary, value, rtol=2e-6)
    same(np.stack([slope, -slope], axis=1), gradient, rtol=2e-6)


def test_alpha_for_each_class_is_a_weight_that_enters_no_divisor(place):
    """`weighted_mean` divides by the labels' mass alone."""
    z, q = np.zeros((2, 2)), np.eye(2)
    value, _ = ask(
        place, categorical_focal_loss_with_logits, z, q, gamma=0, alpha=[1.0, 3.0], reduction="weighted_mean"
    )
    same(2 * math.log(2), value)
