"""Kullback-Leibler divergence, entropy and the Brier score."""

from __future__ import annotations

import math

import numpy as np
from asking import ask, same

from ceconform import brier_loss, categorical_cross_entropy, entropy, kl_divergence

INF, NAN = math.inf, math.nan


def test_every_row_of_the_edge_table_for_kl(place):
    """0 log 0 is 0; a class without probability that was asked for costs inf."""
    p = [[0, 1], [0, 1], [0.5, 0.5], [0.25, 0.75], [NAN, 0.5], [0.5, 1.5]]
    q = [[0, 1], [1, 0], [1, 0], [0.25, 0.75], [0, 1], [1, 0]]
    value, gradient = ask(place, kl_divergence, p, np.asarray(q, dtype=float), reduction="none")
    same([0, INF, math.log(2), 0, NAN, NAN], value)
    same([[0, -1], [-INF, 0], [-2, 0], [-1, -1], [NAN] * 2, [NAN] * 2], gradient)


def test_kl_is_cross_entropy_less_entropy(place):
    """Σ q log(q/p) = -Σ q log p + Σ q log q."""
    rng = np.random.default_rng(5)
    p, q = rng.dirichlet(np.ones(4), size=6), rng.dirichlet(np.ones(4), size=6)
    divergence, cross = (
        ask(place, f, p, q, dtype="float64", reduction="none")[0] for f in (kl_divergence, categorical_cross_entropy)
    )
    own, _ = ask(place, entropy, q, dtype="float64", reduction="none")
    same(cross - own, divergence, rtol=1e-10)


def test_every_row_of_the_edge_table_for_entropy(place):
    """A probability of 0 adds nothing, and has the derivative +inf."""
    value, gradient = ask(place, entropy, [[0, 1], [0.5, 0.5], [NAN, 0], [0.5, 1.5]], reduction="none")
    same([0, math.log(2), NAN, NAN], value)
    same([[INF, -1], [math.log(2) - 1] * 2, [NAN] * 2, [NAN] * 2], gradient)


def test_brier_is_the_squared_distance(place):
    """Over classes, and of single probabilities; outside [0, 1] it is NaN."""
    value, gradient = ask(place, brier_loss, [[0.25, 0.75], [0.5, 1.5]], [[0.0, 1.0], [1.0, 0.0]], reduction="none")
    same([0.125, NAN], value)
    same([[0.5, -0.5], [NAN, NAN]], gradient)
    value, gradient = ask(place, brier_loss, [0.25, 1.5], [1.0, 1.0], axis=None, reduction="none")
    same([0.5625, NAN], value)
    same([-1.5, NAN], gradient)


def test_class_weights_multiply_each_term(place):
    """In the divergence and in the score; a class of weight 0 has no term."""
    p, q, w = [[0.25, 0.75], [0.0, 1.0]], [[0.5, 0.5], [0.5, 0.5]], [0.0, 2.0]
    value, _ = ask(place, kl_divergence, p, q, class_weight=w, reduction="none")
    same([math.log(0.5 / 0.75), math.log(0.5)], value)
    value, gradient = ask(place, brier_loss, p, q, class_weight=w, reduction="none")
    same([0.125, 0.5], value)
    same([[0, 1], [0, 2]], gradient)
