"""Conventions in Array API arithmetic: the library's own numbers, on any backend."""

from __future__ import annotations

import math

import numpy as np
import pytest
from asking import ask, same

import ceconform
from ceconform import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    categorical_cross_entropy_with_logits,
    categorical_hinge_loss,
    entropy,
    kl_divergence,
    sparse_cross_entropy,
    sparse_cross_entropy_with_logits,
)
from ceconform.conventions import CONVENTIONS, LOSSES, Convention
from ceconform.errors import ArgumentError, UnknownNameError
from ceconform.losses._rules import read

LOW = float(np.float32(1e-7))
HIGH = float(np.float32(1) - np.float32(1e-7))


def test_keras_clips_in_the_dtype_of_the_computation(place):
    """In float32, 1 - 1e-7 is 1 - 2^-23: a certain error costs 15.94, and has no gradient."""
    value, gradient = ask(
        place, binary_cross_entropy, [0.0, 1.0, 0.5], [1.0, 0.0, 1.0], convention="keras", reduction="none"
    )
    same([-math.log(LOW), -math.log1p(-HIGH), math.log(2)], value)
    same([0, 0, -2], gradient)


def test_keras_renormalises_rows(place):
    """Divided by Σ p, then the clip; the gradient goes through both."""
    value, gradient = ask(
        place, categorical_cross_entropy, [[0.5, 1.5], [2.0, 2.0]], np.eye(2), convention="keras", reduction="none"
    )
    same([math.log(4), math.log(2)], value)
    same([[-1.5, 0.5], [0.25, -0.25]], gradient)


def test_renormalising_keeps_the_slopes_beside_a_zero(place):
    """-log(p_c / Σ p) at p_c = 0, and where p_c is too small for 1/p_c: the other classes have the slope 1 / Σ p."""
    _, gradient = ask(
        place,
        categorical_cross_entropy,
        [[0.0, 2.0], [1e-40, 4.0]],
        [[1.0, 0.0]] * 2,
        convention="renormalise-rows",
        reduction="none",
    )
    same([[-math.inf, 0.5], [-math.inf, 0.25]], gradient)


def test_keras_floors_the_other_scores(place):
    """Its product with the labels leaves a 0 among the other scores: below it they do not matter."""
    value, gradient = ask(
        place, categorical_hinge_loss, [[-2.0, -3.0], [0.5, 0.25]], [0, 0], convention="keras", reduction="none"
    )
    same([3.0, 0.75], value)
    same([[-1, 0], [-1, 1]], gradient)


def test_torch_renormalises_before_its_entropy(place):
    """A row of sum 4 has the entropy of its quarters."""
    value, _ = ask(place, entropy, [[1.0, 3.0]], None, convention="torch", reduction="none")
    same([math.log(4) - 0.75 * math.log(3)], value)


def test_torch_clamps_the_logarithm_and_the_denominator(place):
    """-log 0 is 100, and the gradient 1e12."""
    value, gradient = ask(
        place, binary_cross_entropy, [0.0, 1.0, 0.25], [1.0, 0.5, 0.0], convention="torch", reduction="none"
    )
    same([100, 50, -math.log(0.75)], value)
    same([-1e12, 5e11, 1 / 0.75], gradient)


def test_torch_divides_by_the_weights_of_the_labels(place):
    """Σ w_y, not the sum of the smoothed weights."""
    z, y, w = np.zeros((2, 2)), [0, 1], [1.0, 3.0]
    value, _ = ask(
        place, sparse_cross_entropy_with_logits, z, y, class_weight=w, label_smoothing=0.5, convention="torch"
    )
    each, _ = ask(place, sparse_cross_entropy_with_logits, z, y, class_weight=w, label_smoothing=0.5, reduction="none")
    same(each.sum() / 4, value)


def test_other_divisors(place):
    """Elements count the classes too; the count is blind to weights; nothing may be 0."""
    z, q = np.zeros((2, 4)), np.full((2, 4), 0.25)
    for name, by in (("divide-by-elements", 8), ("divide-by-count", 2), ("divide-by-weights", 6)):
        value, _ = ask(place, categorical_cross_entropy_with_logits, z, q, sample_weight=[2.0, 4.0], convention=name)
        same(6 * math.log(4) / by, value)
    value, gradient = ask(
        place, sparse_cross_entropy_with_logits, z, [9, 9], ignore_index=9, convention="empty-mean-is-zero"
    )
    same(0.0, value)
    same(np.zeros((2, 4)), gradient)


def test_wrong_pairings_are_reproduced(place):
    """An activation too many, and probabilities where logarithms are expected."""
    z = np.asarray([0.5, -2.0])
    p = 1 / (1 + np.exp(-z))
    twice, slope = ask(
        place, binary_cross_entropy_with_logits, z, [1.0, 0.0], convention="sigmoid-applied-twice", reduction="none"
    )
    once, inner = ask(place, binary_cross_entropy_with_logits, p, [1.0, 0.0], reduction="none")
    same(once, twice)
    same(inner * p * (1 - p), slope)
    value, _ = ask(
        place, sparse_cross_entropy, [[0.25, 0.75]], [0], convention="probabilities-taken-as-log-probabilities"
    )
    same(-0.25, value)
    value, _ = ask(
        place,
        binary_cross_entropy_with_logits,
        [2.0, 0.5],
        [1.0, 0.0],
        convention="logits-taken-as-probabilities",
        reduction="none",
    )
    same([-math.log(2), math.log(2)], value)
    rows = np.asarray([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
    softmax = np.exp(rows) / np.exp(rows).sum(axis=-1, keepdims=True)
    applied, slope = ask(place, sparse_cross_entropy_with_logits, rows, [0, 1], convention="softmax-applied-twice")
    plain, inner = ask(place, sparse_cross_entropy_with_logits, softmax, [0, 1])
    same(plain, applied)
    same(softmax * (inner - (inner * softmax).sum(axis=-1, keepdims=True)), slope, rtol=1e-5)


def test_smoothing_over_the_others(place):
    """The label's own class keeps 1 - ε."""
    value, _ = ask(
        place, sparse_cross_entropy, [[0.5, 0.25, 0.25]], [0], label_smoothing=0.5, convention="smooth-over-the-others"
    )
    same(0.5 * math.log(2) + 0.5 * math.log(4), value)
    value, _ = ask(
        place, binary_cross_entropy, [0.25], [1.0], label_smoothing=0.25, convention="smooth-over-the-others"
    )
    same(0.75 * math.log(4) - 0.25 * math.log(0.75), value)


def test_labels_are_clipped_where_a_rule_says_so(place):
    """Keras's divergence clips both sides to [1e-7, 1]."""
    value, _ = ask(place, kl_divergence, [[0.0, 1.0]], [[1.0, 0.0]], convention="keras", reduction="none")
    same([-math.log(LOW) + LOW * math.log(LOW)], value)


def test_several_rules_apply_in_order_and_float32_may_be_asked_for(place):
    """A tuple of names; the answer keeps the dtype of the predictions."""
    value, _ = ask(
        place, binary_cross_entropy, [0.1], [1.0], dtype="float64", convention=("computed-in-float32", "clip-at-eps")
    )
    same(-math.log(float(np.float32(0.1))), value, rtol=1e-7)
    assert float(value) != -math.log(0.1)
    value, _ = ask(place, binary_cross_entropy, [0.0], [1.0], convention="add-1e-7-inside-log")
    same(-math.log(LOW), value)


@pytest.mark.parametrize(("bits", "dtype"), [(24, np.float32), (53, np.float64)])
def test_constants_are_rounded_in_the_dtype_of_the_computation(bits, dtype):
    """1e-7 and 1 - 1e-7, as the dtype has them; eps is the dtype's own."""
    (clip,) = read("clip-at-1e-7", "binary_cross_entropy", bits).transforms
    assert clip.apply.keywords == {"low": float(dtype(1e-7)), "high": float(dtype(1) - dtype(1e-7))}
    (clip,) = read("clip-at-eps", "binary_cross_entropy", bits).transforms
    assert clip.apply.keywords["low"] == np.finfo(dtype).eps


def test_unknown_and_unfitting_conventions():
    """A name that is none, and a rule for other losses."""
    half = np.asarray([0.5])
    with pytest.raises(UnknownNameError, match="`convention` must be one of"):
        binary_cross_entropy(half, half, convention="clip-somewhere")
    with pytest.raises(ArgumentError, match="is not about binary_cross_entropy"):
        binary_cross_entropy(half, half, convention="divide-by-elements")


LOGITS = "categorical_cross_entropy_with_logits"


def own(**data):
    """A rule of one's own that claims to be about every loss."""
    return Convention(name="mine", summary="Mine.", formula="mine", link="mine", losses=LOSSES, **data)


@pytest.mark.parametrize(
    ("loss", "rule", "message"),
    [
        (LOGITS, own(floor_log="-100"), "changes the logarithm of a probability.*got .*_with_logits of logits"),
        (LOGITS, own(add="1e-7"), "changes the logarithm"),
        (LOGITS, own(clip_low="1e-7"), "clips probabilities"),
        (LOGITS, own(clip_high="0.5"), "clips probabilities"),
        (LOGITS, own(renormalise=True), "divides rows of probabilities"),
        (LOGITS, own(gradient_floor="1e-12"), "floors the denominator of a gradient"),
        (LOGITS, own(floor_scores=True), "floors scores"),
        ("kl_divergence", own(floor_log="-100"), "changes the logarithm"),
        ("binary_cross_entropy_with_logits", own(floor_log="-100"), "changes the logarithm"),
        ("binary_cross_entropy", own(renormalise=True), "divides rows"),
        ("binary_cross_entropy", own(clip_low="0.1", clip_labels=True), "clips labels"),
        ("binary_cross_entropy", own(activation="softmax"), "applies softmax"),
        ("binary_focal_loss", own(gradient_floor="1e-12"), "floors the denominator"),
        ("hinge_loss", own(clip_low="0"), "clips probabilities"),
    ],
)
def test_a_rule_that_has_no_place_is_refused(loss, rule, message):
    """It says so, rather than to leave the rule out; one that makes probabilities of logits gives it a place."""
    x = np.asarray([[0.25, 0.75]])
    with pytest.raises(ArgumentError, match=f"`convention` 'mine' {message}"):
        getattr(ceconform, loss)(x, x if loss != "hinge_loss" else 2 * (x > 0.5) - 1, convention=rule)


def test_a_rule_about_probabilities_has_a_place_behind_a_softmax():
    """The logarithm of what a softmax gives is floored, in whichever order the rules are named."""
    x = np.asarray([[0.0, 200.0]])
    for rules in ((own(floor_log="-100"), CONVENTIONS["through-softmax"]), ("through-softmax", own(floor_log="-100"))):
        assert 100 == categorical_cross_entropy_with_logits(x, np.asarray([[1.0, 0.0]]), convention=rules)
