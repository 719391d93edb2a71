"""Cross entropy of class indices, and negative log-likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest
from asking import ask, same

from ceconform import nll_loss, sparse_cross_entropy, sparse_cross_entropy_with_logits

INF, NAN = math.inf, math.nan
LOG2 = math.log(2)
NONE = [NAN, NAN]

TABLES = {
    sparse_cross_entropy: [  # p, y, loss, gradient
        ([0, 1], 0, INF, [-INF, 0]),
        ([0, 1], 1, 0, [0, -1]),
        ([0.5, 0.25], 0, LOG2, [-2, 0]),
        ([0.5, 1.5], 0, NAN, NONE),
        ([0.5, NAN], 0, NAN, NONE),
        ([0.5, 0.5], 2, NAN, NONE),
        ([0.5, 0.5], -1, NAN, NONE),
    ],
    sparse_cross_entropy_with_logits: [
        ([0, 0], 0, LOG2, [-0.5, 0.5]),
        ([0, -INF], 0, 0, [0, 0]),
        ([0, -INF], 1, INF, [1, -1]),
        ([INF, 0], 0, 0, [0, 0]),
        ([-INF, -INF], 0, NAN, NONE),
        ([NAN, 0], 1, NAN, NONE),
        ([0, 0], 2, NAN, NONE),
        ([0, 0], -2, NAN, NONE),
    ],
    nll_loss: [
        ([-INF, 0], 0, INF, [-1, 0]),
        ([-0.5, -1], 0, 0.5, [-1, 0]),
        ([0.5, -1], 0, NAN, NONE),
        ([0.5, -1], 1, 1, [0, -1]),
        ([-1, NAN], 0, NAN, NONE),
        ([-1, -1], 2, NAN, NONE),
    ],
}


@pytest.mark.parametrize("loss", TABLES)
def test_every_row_of_the_edge_table(place, loss):
    """A label that is no class is NaN, never a plausible number; so is what is no probability."""
    x, y, value, gradient = zip(*TABLES[loss], strict=True)
    answer = ask(place, loss, np.asarray(x, dtype=np.float64), np.asarray(y), reduction="none")
    same(value, answer[0])
    same(gradient, answer[1])


@pytest.mark.parametrize("loss", TABLES)
def test_ignored_rows_do_not_leak(place, loss):
    """They have loss 0 and gradient 0 and do not count, though they hold NaN and infinities."""
    sound = [-0.5, -1.0] if loss is nll_loss else [0.25, 0.5]
    rows, labels = [sound, [NAN, NAN], [INF, INF]], [1, -100, -100]
    value, gradient = ask(place, loss, rows, labels, ignore_index=-100, reduction="mean")
    alone = ask(place, loss, [sound], [1], reduction="mean")
    same(alone[0], value)
    same([alone[1][0], [0, 0], [0, 0]], gradient)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_any_integer_dtype_is_an_index(place, dtype):
    """With more classes than an int8 can count, too."""
    z = np.zeros((2, 200))
    value, _ = ask(place, sparse_cross_entropy_with_logits, z, np.asarray([1, 100], dtype=dtype), ignore_index=-100)
    same(math.log(200), value)


def test_a_class_of_weight_zero_is_silent(place):
    """Its rows are 0 whatever they hold, and count in the plain mean."""
    rows = [[NAN, 0.0], [0.0, 0.0]]
    value, gradient = ask(place, sparse_cross_entropy_with_logits, rows, [0, 1], class_weight=[0.0, 1.0])
    same(LOG2 / 2, value)
    same([[0, 0], [0.25, -0.25]], gradient)


def test_the_mean_of_none_is_nan(place):
    """All rows ignored: 0/0; the gradient is 0 all the same."""
    value, gradient = ask(place, sparse_cross_entropy_with_logits, np.zeros((2, 2)), [7, 7], ignore_index=7)
    same(NAN, value)
    same(np.zeros((2, 2)), gradient)
