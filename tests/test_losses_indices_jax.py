"""Softmax cross entropy of class indices in its direct form: as accurate as the careful one, and only in its range."""

from __future__ import annotations

import numpy as np
import pytest
from asking import same

import ceconform as cc
from ceconform.losses import _indices_jax

INF, NAN = np.inf, np.nan


@pytest.fixture
def always(monkeypatch):
    """The direct form for small arrays as well."""
    monkeypatch.setattr(_indices_jax, "LARGE", 1)


def exact(z, y):
    """Losses, their derivatives and the ulp of each, from float32 logits in float64."""
    z, at = z.astype(np.float64), (np.arange(len(y)), y)
    gaps = np.exp(z - z[at][:, None])
    gaps[at] = 0
    odds = gaps.sum(1)
    slope = gaps / (1 + odds)[:, None]
    slope[at] = -odds / (1 + odds)
    return np.log1p(odds), slope


def ulps(found, expected):
    """How many float32 ulps apart, at most; what float32 flushes is not asked for."""
    size = np.spacing(np.abs(expected).astype(np.float32)).astype(np.float64)
    held = np.abs(expected) > np.finfo(np.float32).tiny
    return np.max(np.abs(found - expected)[held] / size[held], initial=0)


def asked(jax, z, y):
    """Whether the form was direct, the losses and their derivatives."""
    z, y = jax.numpy.asarray(z), jax.numpy.asarray(y)

    def losses(z):
        return cc.sparse_cross_entropy_with_logits(z, y, reduction="none")

    direct = _indices_jax.losses_and_sums(z, y, axis=-1)[1][0]
    value, pull = jax.vjp(losses, z)
    return bool(direct.all()), np.asarray(value), np.asarray(pull(jax.numpy.ones_like(value))[0])


def rows(kind, count, classes, rng):
    """Logits of one kind, and labels."""
    z, y = rng.normal(size=(count, classes)) * 4 + 12, rng.integers(0, classes, count)
    own = np.arange(count), y
    if kind == "equal":
        z = np.full((count, classes), rng.uniform(0, 60, (count, 1)))
    if kind == "ties":
        z = np.round(z)
    if kind in {"confident", "certain"}:
        z = np.minimum(z, 16)
        z[own] += 20 if kind == "confident" else 50
    if kind.startswith("highest"):
        z += float(kind.partition(" ")[2]) - z.max(1, keepdims=True)
    if kind == "masked":
        hidden = rng.random(z.shape) < 0.3
        hidden[own] = hidden[:, :2] = False
        z[hidden] = -INF
    return z.astype(np.float32), y


KINDS = ["random", "equal", "ties", "confident", "certain", "highest 0", "highest 60", "masked"]


@pytest.mark.parametrize("classes", [2, 10, 1000, 6000])
@pytest.mark.usefixtures("always")
def test_the_direct_form_is_accurate(jax, classes):
    """Values and gradients, of rows where the label is nothing or nearly all; 6,000 classes are summed in parts."""
    rng = np.random.default_rng(3)
    for kind in KINDS:
        z, y = rows(kind, 64, classes, rng)
        direct, value, gradient = asked(jax, z, y)
        right, slope = exact(z, y)
        assert direct, kind
        assert ulps(value, right) < 4.5, (kind, ulps(value, right))
        assert ulps(gradient, slope) < 7, (kind, ulps(gradient, slope))


def test_it_serves_large_arrays_alone(jax):
    """From `LARGE` logits on, in float32 and halves, along the last axis."""
    rng = np.random.default_rng(4)
    z, y = rows("random", 64, _indices_jax.LARGE // 64, rng)
    assert asked(jax, z, y)[0]
    assert not asked(jax, z[:-1], y[:-1])[0]
    assert not asked(jax, z.astype(np.float64), y)[0]
    sums = _indices_jax.losses_and_sums(jax.numpy.asarray(z.T), jax.numpy.asarray(y), axis=-2)[1]
    assert not sums[0].any()


OUT_OF_RANGE = {
    "NaN": (0, NAN),
    "infinite": (1, INF),
    "too large": (0, 75.0),
    "all small": (1, -19.0),
    "tiny others": (1, 60.0),
}


@pytest.mark.parametrize(("at", "logit"), OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_a_row_out_of_range_puts_all_in_the_careful_form(jax, monkeypatch, at, logit):
    """With the very numbers of that form."""
    rng = np.random.default_rng(5)
    z, y = rows("random", 8, 6, rng)
    y[3] = 1
    z[3] = -20 if logit < 60 else -80
    z[3, at] = logit
    expected = asked(jax, z, y)
    monkeypatch.setattr(_indices_jax, "LARGE", 1)
    found = asked(jax, z, y)
    assert not found[0]
    for right, value in zip(expected[1:], found[1:], strict=True):
        same(right, value, rtol=1e-6)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("highest", [-1.0, 0.0, 65.0, 70.0])
def test_both_forms_agree_where_the_range_ends(jax, highest):
    """A little within it and a little outside, the numbers are right."""
    rng = np.random.default_rng(6)
    for shift in (-1.0, 0.0, 1.0):
        z, y = rows(f"highest {highest + shift}", 16, 50, rng)
        _, value, gradient = asked(jax, z, y)
        right, slope = exact(z, y)
        assert ulps(value, right) < 4.5
        assert ulps(gradient, slope) < 7


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("sure", [0, 1, 4, 5, 64])
def test_few_and_many_confident_rows(jax, sure):
    """One by one up to a sixteenth of the rows, all at once beyond."""
    rng = np.random.default_rng(7)
    z, y = rows("random", 64, 20, rng)
    z[np.arange(64), y] = -5
    z[np.arange(sure), y[:sure]] = 40
    direct, value, _ = asked(jax, z, y)
    assert direct
    assert ulps(value, exact(z, y)[0]) < 4.5


@pytest.mark.usefixtures("always")
def test_cotangents_that_are_zero_huge_or_not_finite(jax):
    """Zero silences, and nothing under- or overflows on the way that would not in the end."""
    z = np.asarray([[0.0, 1.0, -INF], [60.0, 59.0, 50.0], [2.0, 1.0, 0.0]], dtype=np.float32)
    y = jax.numpy.asarray([1, 0, 2])
    pull = jax.vjp(lambda z: cc.sparse_cross_entropy_with_logits(z, y, reduction="none"), jax.numpy.asarray(z))[1]
    slope = exact(z, np.asarray(y))[1]
    for cotangent in ([0.0, 1.0, 2.0], [1.0, 1e-20, 1e30], [0.0, 0.0, 0.0]):
        expected = np.asarray(cotangent)[:, None] * slope
        found = pull(jax.numpy.asarray(cotangent, dtype=np.float32))[0]
        same(expected, found, rtol=1e-6)
    same([[INF, -INF, 0.0]], pull(jax.numpy.asarray([INF, 1.0, 1.0], dtype=np.float32))[0][:1])
    same(np.full(3, NAN), pull(jax.numpy.asarray([1.0, NAN, 1.0], dtype=np.float32))[0][1])


@pytest.mark.usefixtures("always")
def test_labels_that_are_none_and_rows_that_do_not_count(jax):
    """NaN in their row alone; an ignored row is 0 and leaves the form to the others."""
    rng = np.random.default_rng(8)
    z, y = rows("random", 4, 6, rng)
    y[1] = 9
    _, value, gradient = asked(jax, z, y)
    assert [False, True, False, False] == np.isnan(value).tolist()
    assert [False, True, False, False] == np.isnan(gradient).all(1).tolist()
    z[2] = NAN
    y[1], y[2] = 0, -100
    value, gradient = jax.jit(
        jax.value_and_grad(lambda z: cc.sparse_cross_entropy_with_logits(z, y, ignore_index=-100))
    )(z)
    keep = [0, 1, 3]
    right, slope = exact(z[keep], y[keep])
    same(right.mean(), value, rtol=1e-6)
    np.testing.assert_allclose(gradient[np.asarray(keep)], slope / 3, rtol=1e-5)
    same(np.zeros(6), gradient[2])


@pytest.mark.usefixtures("always")
def test_transformations_of_the_direct_form(jax):
    """Forward mode, a batch of gradients, a second derivative: those of the careful form."""
    rng = np.random.default_rng(9)
    z, y = rows("random", 4, 6, rng)
    z, y = jax.numpy.asarray(z), jax.numpy.asarray(y)

    def one(z, y):
        return cc.sparse_cross_entropy_with_logits(z, y, reduction="sum")

    slope = jax.grad(one)(z, y)
    same((slope * z).sum(), jax.jvp(lambda z: one(z, y), (z,), (z,))[1], rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(jax.grad(one))(z, y), slope, rtol=1e-5)
    p = np.exp(np.asarray(z[0], dtype=np.float64))
    p /= p.sum()
    np.testing.assert_allclose(jax.hessian(one)(z[0], y[0]), np.diag(p) - np.outer(p, p), rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(jax, dtype):
    """Computed in float32 and rounded once; rows of it are few and many."""
    rng = np.random.default_rng(10)
    for kind in ("random", "confident"):
        z, y = rows(kind, 32, 40, rng)
        z = jax.numpy.asarray(np.clip(z, -30, 30), dtype=dtype)
        direct, value, gradient = asked(jax, z, y)
        right, slope = exact(np.asarray(z, dtype=np.float32), y)
        assert direct
        half_ulp = float(jax.numpy.finfo(dtype).eps) * 0.501
        for expected, found in ((right, value), (slope, gradient)):
            np.testing.assert_allclose(found.astype(np.float64), expected, rtol=half_ulp, atol=4e-8)


def test_memory_and_no_second_set_of_sums(jax):
    """Value and gradient hold the gradient and at most one array more; the gradient's form sums nothing."""
    z = jax.numpy.zeros((256, 1000), dtype=np.float32)
    y = jax.numpy.zeros(256, dtype=np.int32)
    both = jax.jit(jax.value_and_grad(cc.sparse_cross_entropy_with_logits)).lower(z, y).compile()
    memory = both.memory_analysis()
    assert memory.output_size_in_bytes + memory.temp_size_in_bytes <= 2.05 * z.nbytes
    sums = _indices_jax.losses_and_sums(z, y, axis=-1)[1]
    pull = jax.make_jaxpr(lambda c, z: _indices_jax._careful_pull(c, z, y[:, None], *sums))(sums[-1], z)
    assert "reduce_" not in str(pull)
