"""Cross entropy over classes: the edge table, and the laws of softmax."""

from __future__ import annotations

import math

import numpy as np
import pytest
from asking import ask, same

from ceconform import (
    categorical_cross_entropy,
    categorical_cross_entropy_with_logits,
    multilabel_softmax_loss,
    sparse_cross_entropy_with_logits,
)

INF, NAN = math.inf, math.nan
LOG2 = math.log(2)

LOGITS = [  # z, q, loss, gradient
    ([0, 0, -INF], [1, 0, 0], LOG2, [-0.5, 0.5, 0]),
    ([0, 0, -INF], [0, 0, 1], INF, [0.5, 0.5, -1]),
    ([0, 0, -INF], [0.5, 0.25, 0.25], INF, [0, 0.25, -0.25]),
    ([INF, 0, 0], [1, 0, 0], 0, [0, 0, 0]),
    ([INF, 0, 0], [0, 1, 0], INF, [1, -1, 0]),
    ([INF, 0, 0], [0.5, 0.5, 0], INF, [0.5, -0.5, 0]),
    ([-INF, -INF, -INF], [1, 0, 0], NAN, [NAN, NAN, NAN]),
    ([INF, INF, 0], [1, 0, 0], NAN, [NAN, NAN, NAN]),
    ([NAN, 0, 0], [0, 1, 0], NAN, [NAN, NAN, NAN]),
    ([0, 0, 0], [NAN, 1, 0], NAN, [NAN, NAN, NAN]),
    ([0, 0, 0], [-1, 1, 1], NAN, [NAN, NAN, NAN]),
    ([40, 0, -INF], [1, 0, 0], math.exp(-40), [-math.exp(-40), math.exp(-40), 0]),
    ([1000, 0, 0], [0, 1, 0], 1000, [1, -1, 0]),
    ([0, 0, 0], [0, 0, 0], 0, [0, 0, 0]),
]
PROBABILITIES = [  # p, q, loss, gradient
    ([0, 0.5, 0.5], [1, 0, 0], INF, [-INF, 0, 0]),
    ([0, 1, 0], [0, 1, 0], 0, [0, -1, 0]),
    ([0, 0.5, 0.5], [0, 0.5, 0.5], LOG2, [0, -1, -1]),
    ([0.5, 0.5, 0.5], [1, 0, 0], LOG2, [-2, 0, 0]),
    ([NAN, 0.5, 0.5], [0, 1, 0], NAN, [NAN, NAN, NAN]),
    ([1.5, 0.5, 0.5], [0, 1, 0], NAN, [NAN, NAN, NAN]),
    ([-0.5, 0.5, 0.5], [0, 1, 0], NAN, [NAN, NAN, NAN]),
    ([0.5, 0.5, 0.5], [0, NAN, 0], NAN, [NAN, NAN, NAN]),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("loss", "table"), [(categorical_cross_entropy, PROBABILITIES), (categorical_cross_entropy_with_logits, LOGITS)]
)
def test_every_row_of_the_edge_table(place, loss, table, dtype):
    """Infinities and NaN stand exactly where the definition has them, in the value and in the gradient."""
    x, q, value, gradient = (np.asarray(column, dtype=np.float64) for column in zip(*table, strict=True))
    answer = ask(place, loss, x, q, dtype=dtype, reduction="none")
    same(value, answer[0])
    same(gradient, answer[1])


def test_a_single_class_has_no_loss(place):
    """C = 1: softmax is 1, and nothing changes it."""
    value, gradient = ask(
        place, categorical_cross_entropy_with_logits, [[3.0], [-5.0]], [[1.0], [1.0]], reduction="none"
    )
    same([0, 0], value)
    same([[0], [0]], gradient)


def test_shifting_the_logits_changes_nothing(place):
    """Softmax is invariant under a shift that is exact in float32."""
    rng = np.random.default_rng(1)
    z, q = rng.integers(-64, 64, size=(5, 4)) / 16, rng.dirichlet(np.ones(4), size=5)
    for axis in (-1, 0):
        here = ask(place, categorical_cross_entropy_with_logits, z, q, axis=axis, reduction="none")
        there = ask(place, categorical_cross_entropy_with_logits, z + 1024, q, axis=axis, reduction="none")
        same(here[0], there[0])
        np.testing.assert_allclose(there[1], here[1], atol=1e-7)


def test_permuting_the_classes_permutes_the_gradient(place):
    """No class has a place of its own."""
    rng = np.random.default_rng(2)
    z, q, w = rng.normal(size=(5, 4)), rng.dirichlet(np.ones(4), size=5), rng.random(4)
    order = [2, 0, 3, 1]
    here = ask(place, categorical_cross_entropy_with_logits, z, q, class_weight=w, label_smoothing=0.1)
    there = ask(
        place,
        categorical_cross_entropy_with_logits,
        z[:, order],
        q[:, order],
        class_weight=w[order],
        label_smoothing=0.1,
    )
    same(here[0], there[0])
    np.testing.assert_allclose(there[1], here[1][:, order], rtol=1e-5, atol=1e-8)


def test_the_class_axis_may_be_any(place):
    """Moving the class axis moves the answer with it."""
    rng = np.random.default_rng(3)
    z, q = rng.normal(size=(2, 3, 4)), rng.dirichlet(np.ones(3), size=(2, 4)).swapaxes(1, 2)
    last = ask(
        place,
        categorical_cross_entropy_with_logits,
        z.swapaxes(1, 2),
        q.swapaxes(1, 2),
        class_weight=[1, 2, 0.5],
        reduction="none",
    )
    middle = ask(place, categorical_cross_entropy_with_logits, z, q, axis=1, class_weight=[1, 2, 0.5], reduction="none")
    same(last[0], middle[0])
    same(last[1].swapaxes(1, 2), middle[1], rtol=1e-5)


def test_several_positive_classes_share_the_mass(place):
    """1/M each; a row without one is not counted, whatever it holds."""
    z = [[1.0, 2.0, 3.0], [NAN, 0.0, 0.0], [0.0, 0.0, 0.0]]
    value, gradient = ask(place, multilabel_softmax_loss, z, [[1, 1, 0], [0, 0, 0], [0, 2, 0]], reduction="none")
    first = ask(
        place, categorical_cross_entropy_with_logits, z, [[0.5, 0.5, 0], [1, 0, 0], [1, 0, 0]], reduction="none"
    )
    same([first[0][0], 0, NAN], value)
    same([first[1][0], [0, 0, 0], [NAN] * 3], gradient)
    mean, _ = ask(place, multilabel_softmax_loss, z, [[1, 1, 0], [0, 0, 0], [0, 0, 0]])
    same(first[0][0], mean)


def test_one_hot_equals_index(place):
    """With smoothing, class weights and either mean, value and gradient are those of the index."""
    rng = np.random.default_rng(4)
    z, y = rng.normal(size=(5, 4)), rng.integers(0, 4, size=5)
    for reduction in ("mean", "weighted_mean"):
        how = {"label_smoothing": 0.2, "class_weight": [1.0, 0.0, 2.0, 0.5], "reduction": reduction}
        dense = ask(place, categorical_cross_entropy_with_logits, z, np.eye(4)[y], **how)
        sparse = ask(place, sparse_cross_entropy_with_logits, z, y, **how)
        same(dense[0], sparse[0])
        same(dense[1], sparse[1])


def test_whole_numbers_are_distributions_too(place):
    """A one-hot row of integers or bools is the one of 0.0 and 1.0; a share above 1 is none."""
    z = [[0.0, 1.0], [2.0, -1.0]]
    expected = ask(place, categorical_cross_entropy_with_logits, z, np.eye(2), reduction="none")
    for labels in (np.eye(2, dtype=int), np.eye(2, dtype=bool)):
        actual = ask(place, categorical_cross_entropy_with_logits, z, labels, reduction="none")
        same(expected[0], actual[0])
        same(expected[1], actual[1])
    value, _ = ask(place, categorical_cross_entropy_with_logits, z, 2 * np.eye(2, dtype=int), reduction="none")
    same([NAN, NAN], value)
