"""Ordinary calls of few numbers are answered at once, and as the description of the loss answers them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ceconform as cc
from ceconform.losses import _ordinary

INDICES = {cc.sparse_cross_entropy, cc.sparse_cross_entropy_with_logits}
PROBABILITIES = {cc.sparse_cross_entropy, cc.binary_cross_entropy}
LOSSES = [
    cc.sparse_cross_entropy,
    cc.sparse_cross_entropy_with_logits,
    cc.binary_cross_entropy,
    cc.binary_cross_entropy_with_logits,
]


def draw(loss, dtype, shape=(6, 5), *, soft=False):
    """Predictions of a network that is confident at times, and labels."""
    generator = np.random.default_rng(5)
    logits = generator.standard_normal(shape) * 12
    if loss in PROBABILITIES:
        logits = 0.98 / (1 + np.exp(-logits)) + 0.01
    if loss in INDICES:
        return logits.astype(dtype), generator.integers(0, shape[-1], shape[:-1])
    labels = generator.random(shape) if soft else generator.integers(0, 2, shape)
    return logits.astype(dtype), labels.astype(dtype)


def at_once(loss, *arguments, gradient=False, **keywords):
    """The answer of an ordinary call."""
    return _ordinary.answer(loss.describe, loss.ordinary, arguments, keywords, gradient=gradient)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_the_answer_is_that_of_the_description(loss, dtype, reduction):
    """Value and gradient, in shape and dtype, whatever the number of axes and however soft the labels."""
    for shape, soft in (((30, 7), False), ((2, 3, 5), True)):
        x, labels = draw(loss, dtype, shape, soft=soft)
        for strided in (x, np.repeat(x, 2, axis=-1)[..., ::2]):
            with np.errstate(all="ignore"):
                expected = loss.describe(strided, labels, reduction=reduction).value_and_gradient()
            answer = at_once(loss, strided, labels, reduction=reduction, gradient=True)
            for right, given in zip(expected, answer, strict=True):
                assert (type(right), right.shape, right.dtype) == (type(given), given.shape, given.dtype)
                np.testing.assert_allclose(given, right, rtol=2 * np.finfo(dtype).eps, atol=0)
            assert at_once(loss, strided, labels, reduction=reduction)[1] is None


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_not_ordinary_is_left_to_the_description(loss):
    """Other arguments, other types, too many numbers, and what has an error of its own."""
    x, labels = draw(loss, "float32")
    assert at_once(loss, x, labels) is not None
    assert at_once(loss, x, labels, label_smoothing=0.0, sample_weight=None, check=False) is not None
    assert at_once(loss, x, labels, label_smoothing=0.1) is None
    assert at_once(loss, x, labels, label_smoothing=0) is None
    assert at_once(loss, x, labels, sample_weight=x) is None
    assert at_once(loss, x, labels, smoothing=None) is None
    assert at_once(loss, x, labels, keywords=None) is None
    assert at_once(loss, x, labels, reduction="weighted_mean") is None
    assert at_once(loss, x, labels, reduction=["mean"]) is None
    assert at_once(loss, x) is None
    assert at_once(loss, x, labels.tolist()) is None
    assert at_once(loss, x, labels[:-1]) is None
    assert at_once(loss, x, labels.astype(complex)) is None
    assert at_once(loss, x.astype(">f4"), labels) is None
    assert at_once(loss, x.astype(np.longdouble), labels) is None
    assert at_once(loss, x[:0], labels[:0]) is None
    assert at_once(loss, x[0, 0], labels[0]) is None
    assert at_once(loss, *draw(loss, "float32", (2**13, 4))) is None
    assert at_once(cc.hinge_loss, x, x) is None


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("loss", LOSSES)
def test_an_odd_prediction_has_the_answer_of_the_description(loss, odd):
    """Beside each label; with one class too, where nothing is beside it."""
    x, labels = draw(loss, "float32")
    for place in np.ndindex(2, 5):
        strange = x.copy()
        strange[place] = odd
        for given, own in ((strange, labels), (strange[:, :1], labels * 0 if loss in INDICES else labels[:, :1])):
            with np.errstate(all="ignore"):
                expected = loss.describe(given, own, reduction="none").value_and_gradient()
            for right, answer in zip(expected, cc.value_and_grad(loss)(given, own, reduction="none"), strict=True):
                np.testing.assert_allclose(answer, right, rtol=3e-7)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("wrong", [-1, 5, 255, math.nan, math.inf, -math.inf, 1 + 2**-20, -1e-30])
def test_a_label_that_is_none_is_never_a_number(loss, wrong):
    """Its row alone is NaN, on whichever side the logit lies."""
    if loss in INDICES and not isinstance(wrong, int):
        return
    for sign in (1, -1):
        x, labels = draw(loss, "float32")
        x = x if loss in PROBABILITIES else sign * x
        labels[1:2] = wrong
        answer = loss(x, labels, reduction="none")
        assert np.isnan(answer[1]).all()
        assert np.isfinite(answer[[0, 2, 3, 4, 5]]).all()


def test_soft_labels_beside_hard_ones_are_not_taken_for_them():
    """However near to 0 or 1 they are: -t z is all of the loss, where softplus(z) has vanished."""
    z, t = np.asarray([-80.0, 3.0], np.float32), np.asarray([1e-30, 1.0], np.float32)
    answer = cc.binary_cross_entropy_with_logits(z, t, reduction="none")
    np.testing.assert_allclose(answer[0], 8e-29, rtol=1e-6)
    almost = np.asarray([1 - 2**-24, 1.0], np.float32)
    answer = cc.binary_cross_entropy_with_logits(-z, almost, reduction="none")
    np.testing.assert_allclose(answer[0], 80 * 2.0**-24, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_hard_labels_keep_every_digit(dtype):
    """Right and wrong logits up to where exponentials overflow, against exact arithmetic in float64's logs."""
    z = np.concatenate([np.linspace(-60, 60, 401), [-800.0, -690.0, 690.0, 720.0, 3e4]]).astype(dtype)
    for label in (0, 1):
        u = (1 - 2 * label) * z.astype(np.longdouble)
        with np.errstate(over="ignore"):
            right = np.where(u > 100, u, np.log1p(np.exp(np.minimum(u, 100))))
            slope = (1 - 2 * label) / (1 + np.exp(-u))
        t = np.full(z.shape, label, dtype)
        assert at_once(cc.binary_cross_entropy_with_logits, z, t) is not None
        value, gradient = cc.value_and_grad(cc.binary_cross_entropy_with_logits)(z, t, reduction="none")
        units = 0.51 if dtype == "float32" else 2.5
        for answer, exact in ((value, right), (gradient, slope)):
            seen = abs(exact) > np.finfo(dtype).tiny
            assert (abs(answer - exact)[seen] <= units * np.spacing(abs(answer[seen]))).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_whoever_makes_numpy_raise_is_not_disturbed(loss):
    """An infinity on the way is ours to settle."""
    x, labels = draw(loss, "float16")
    x[0, 0] = 6e4 if loss not in PROBABILITIES else 0
    with np.errstate(all="raise"):
        loss(x, labels)
        cc.value_and_grad(loss)(x, labels, reduction="sum")
