"""Binary cross entropy: the edge table, and the laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from asking import ask, same

from ceconform import binary_cross_entropy, binary_cross_entropy_with_logits, soft_margin_loss

INF, NAN = math.inf, math.nan
LOG2 = math.log(2)

PROBABILITIES = [  # p, t, loss, gradient
    (0, 1, INF, -INF),
    (1, 0, INF, INF),
    (0, 0, 0, 1),
    (1, 1, 0, -1),
    (0, 0.5, INF, -INF),
    (1, 0.5, INF, INF),
    (0.5, 1, LOG2, -2),
    (0.25, 0.25, -0.25 * math.log(0.25) - 0.75 * math.log(0.75), 0),
    (NAN, 1, NAN, NAN),
    (NAN, 0, NAN, NAN),
    (0.5, NAN, NAN, NAN),
    (1.5, 1, NAN, NAN),
    (-0.5, 0, NAN, NAN),
    (0.5, 1.5, NAN, NAN),
    (0.5, -0.5, NAN, NAN),
]
LOGITS = [  # z, t, loss, gradient
    (INF, 1, 0, 0),
    (-INF, 0, 0, 0),
    (INF, 0, INF, 1),
    (-INF, 1, INF, -1),
    (INF, 0.25, INF, 0.75),
    (-INF, 0.25, INF, -0.25),
    (0, 1, LOG2, -0.5),
    (0, 0.5, LOG2, 0),
    (40, 1, math.exp(-40), -math.exp(-40)),
    (-40, 0, math.exp(-40), math.exp(-40)),
    (1000, 0, 1000, 1),
    (NAN, 1, NAN, NAN),
    (NAN, 0, NAN, NAN),
    (0, NAN, NAN, NAN),
    (0, 2, NAN, NAN),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("loss", "table"), [(binary_cross_entropy, PROBABILITIES), (binary_cross_entropy_with_logits, LOGITS)]
)
def test_every_row_of_the_edge_table(place, loss, table, dtype):
    """Infinities and NaN stand exactly where the definition has them, in the value and in the gradient."""
    x, t, value, gradient = (np.asarray(column, dtype=np.float64) for column in zip(*table, strict=True))
    answer = ask(place, loss, x, t, dtype=dtype, reduction="none")
    same(value, answer[0])
    same(gradient, answer[1])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_once(place, dtype):
    """The answer is that of float32, rounded: a loss of e^-8 keeps its digits."""
    backend, _ = place
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.name} has no {dtype}")
    z, t = np.asarray([8.0, -3.0, 0.5]), np.asarray([1.0, 0.0, 0.25])
    wide, narrow = (
        ask(place, binary_cross_entropy_with_logits, z, t, dtype=d, reduction="none") for d in ("float32", dtype)
    )
    half_ulp = 2.0**-11 if dtype == "float16" else 2.0**-8
    same(wide[0], narrow[0], rtol=half_ulp)
    same(wide[1], narrow[1], rtol=half_ulp)


def test_smoothing_keeps_the_digits_of_a_small_epsilon(place):
    """ε = 1e-9 costs ε/2·z for a logit of 50, although 1 - ε/2 is 1 in float32."""
    value, _ = ask(place, binary_cross_entropy_with_logits, [50.0], [1.0], label_smoothing=1e-9, reduction="none")
    same([50 * 0.5e-9], value)


def test_integer_and_bool_labels_are_numbers(place):
    """1, 1.0 and True are the same label."""
    z = [0.5, -1.0]
    expected = ask(place, binary_cross_entropy_with_logits, z, [1.0, 0.0], reduction="none")
    for labels in (np.asarray([1, 0]), np.asarray([True, False]), np.asarray([1, 0], dtype=np.uint8)):
        actual = ask(place, binary_cross_entropy_with_logits, z, labels, reduction="none")
        same(expected[0], actual[0])
        same(expected[1], actual[1])


def test_sign_labels_are_binary_labels(place):
    """softplus(-y z) is binary cross entropy with t = (1 + y)/2."""
    z = [0.5, -1.0, 100.0, -INF]
    signs = ask(place, soft_margin_loss, z, [1.0, -1.0, -1.0, 1.0], reduction="none")
    binary = ask(place, binary_cross_entropy_with_logits, z, [1.0, 0.0, 0.0, 1.0], reduction="none")
    same(binary[0], signs[0])
    same(binary[1], signs[1])


def test_pos_weight_multiplies_the_positive_term(place):
    """It is a weight where t = 1 and nothing where t = 0; 0 silences the positive term."""
    z, t = [0.5, -1.0, NAN], [1.0, 0.0, 1.0]
    plain, slope = ask(place, binary_cross_entropy_with_logits, z, t, reduction="none")
    value, gradient = ask(place, binary_cross_entropy_with_logits, z, t, pos_weight=[3.0, 3.0, 0.0], reduction="none")
    same([3 * plain[0], plain[1], 0], value)
    same([3 * slope[0], slope[1], 0], gradient)


def test_bits_are_nats_divided_by_log_2(place):
    """`base=2` gives bits: a fair coin has one."""
    value, _ = ask(place, binary_cross_entropy, [0.5, 0.5], [1.0, 0.0], base=2, reduction="sum")
    same(2.0, value)


def test_the_gradient_by_a_probability_next_to_its_label_keeps_its_digits(place):
    """t/p - (1 - t)/(1 - p) cancels there; over one denominator it is (p - t)/(p (1 - p)), and p - t is exact."""
    p, t = np.float32(0.093869664), np.float32(0.09386965)
    exact = (float(p) - float(t)) / (float(p) * (1 - float(p)))
    _, gradient = ask(place, binary_cross_entropy, [p], np.asarray([t]), reduction="sum")
    np.testing.assert_allclose(gradient, [exact], rtol=4e-7)
