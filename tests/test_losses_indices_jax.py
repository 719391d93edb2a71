"""Softmax cross entropy of class indices in its direct form: as accurate as the careful one, and only in its range."""

from __future__ import annotations

import functools

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


@functools.cache
def compiled(jax, large, axis):  # noqa: ARG001 - it is compiled anew for another LARGE
    """Whether the form is direct, the losses, and the gradient for a cotangent, as one program."""

    def both(z, y, cotangent):
        def losses(z):
            return cc.sparse_cross_entropy_with_logits(z, y, axis=axis, reduction="none")

        value, pull = jax.vjp(losses, z)
        return _indices_jax.losses_and_sums(z, y, axis=axis)[1][0].all(), value, pull(cotangent)[0]

    return jax.jit(both)


def asked(jax, z, y, cotangent=None, axis=-1):
    """What `compiled` gives, as NumPy's."""
    z, y = jax.numpy.asarray(z), jax.numpy.asarray(y)
    cotangent = jax.numpy.ones(len(y)) if cotangent is None else jax.numpy.asarray(cotangent)
    direct, *found = compiled(jax, _indices_jax.LARGE, axis)(z, y, cotangent.astype(z.dtype))
    return bool(direct), *(np.asarray(x) for x in found)


def rows(kind, count, classes, rng):
    """Logits of one kind, and labels."""
    z, y = rng.normal(size=(count, classes)) * 4 + 12, rng.integers(0, classes, count)
    own = np.arange(count), y
    if kind == "equal":
        z = np.full((count, classes), rng.uniform(0, 55, (count, 1)))
    if kind == "ties":
        z = np.round(z)
    if kind in {"confident", "certain"}:
        z = np.minimum(z, 16)
        z[own] += 20 if kind == "confident" else 48
    if kind.startswith("highest"):
        z += float(kind.partition(" ")[2]) - z.max(1, keepdims=True)
    if kind == "masked":
        hidden = rng.random(z.shape) < 0.3
        hidden[own] = hidden[:, :2] = False
        z[hidden] = -INF
    return z.astype(np.float32), y


KINDS = ["random", "equal", "ties", "confident", "certain", "highest 0", "highest 60", "masked"]


@pytest.mark.parametrize("classes", [2, 1000, 6000])
@pytest.mark.usefixtures("always")
def test_the_direct_form_is_accurate(jax, classes):
    """Values and gradients, of rows where the label is nothing or nearly all; 6,000 classes are summed in parts."""
    rng = np.random.default_rng(3)
    z, y = (np.concatenate(both) for both in zip(*(rows(kind, 64, classes, rng) for kind in KINDS), strict=True))
    direct, value, gradient = asked(jax, z, y)
    right, slope = exact(z, y)
    assert direct
    for at, kind in enumerate(KINDS):
        these = slice(64 * at, 64 * (at + 1))
        assert ulps(value[these], right[these]) < 4.5, kind
        assert ulps(gradient[these], slope[these]) < 7, kind


def test_the_careful_form_adds_up_a_row_accurately(jax):
    """Each gradient shares the error of its row's sum: of 1,000 odds, 5 ulps if they were added up one by one."""
    rng = np.random.default_rng(11)
    z, y = rows("random", 30, 1000, rng)
    direct, value, gradient = asked(jax, z, y)
    right, slope = exact(z, y)
    assert not direct
    assert ulps(value, right) < 3
    assert ulps(gradient, slope) < 3.5


def test_it_serves_large_arrays_alone(jax):
    """From `LARGE` logits on, in float32 and halves, along the last axis."""
    rng = np.random.default_rng(4)
    z, y = rows("random", 64, _indices_jax.LARGE // 64, rng)

    def direct(z, y, axis=-1):
        shapes = jax.ShapeDtypeStruct(z.shape, z.dtype), jax.ShapeDtypeStruct(y.shape, y.dtype)
        return "<function _direct at" in str(
            jax.make_jaxpr(functools.partial(_indices_jax.losses_and_sums, axis=axis))(*shapes)
        )

    assert direct(z, y)
    assert direct(z.astype(np.float16), y)
    assert not direct(z[:-1], y[:-1])
    assert not direct(z.astype(np.float64), y)
    assert not direct(z.T, y, axis=-2)


OUT_OF_RANGE = {
    "NaN": (0, NAN),
    "infinite": (1, INF),
    "too large": (0, 66.0),
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
@pytest.mark.parametrize("highest", [0.0, 64.0])
def test_both_forms_agree_where_the_range_ends(jax, highest):
    """A little within it and a little outside, the numbers are right."""
    rng = np.random.default_rng(6)
    for shift in (-2.0, -1.0, 0.0, 1.0, 2.0):
        z, y = rows(f"highest {highest + shift}", 16, 50, rng)
        _, value, gradient = asked(jax, z, y)
        right, slope = exact(z, y)
        assert ulps(value, right) < 4.5
        assert ulps(gradient, slope) < 7


@pytest.mark.usefixtures("always")
def test_cotangents_that_are_zero_huge_or_not_finite(jax):
    """Zero silences, and nothing under- or overflows on the way that would not in the end."""
    z = np.asarray([[0.0, 1.0, -INF], [60.0, 59.0, 50.0], [2.0, 1.0, 0.0]], dtype=np.float32)
    y = np.asarray([1, 0, 2])
    slope = exact(z, y)[1]
    for cotangent in ([0.0, 1.0, 2.0], [1.0, 1e-20, 1e30], [0.0, 0.0, 0.0]):
        direct, _, found = asked(jax, z, y, cotangent)
        assert direct
        same(np.asarray(cotangent)[:, None] * slope, found, rtol=1e-6)
    same([[INF, -INF, 0.0]], asked(jax, z, y, [INF, 1.0, 1.0])[2][:1])
    same(np.full(3, NAN), asked(jax, z, y, [1.0, NAN, 1.0])[2][1])


@pytest.mark.usefixtures("always")
def test_direct_sums_serve_the_careful_gradient(jax):
    """Those of one CPU, where the gradient is asked for on several devices: nothing overflows up to `TOTAL`."""
    rng = np.random.default_rng(12)
    top = float(np.log(_indices_jax.TOTAL[1])) - 1e-3
    z, y = rows("random", 8, 6, rng)
    z += (top - np.log(np.exp(z.astype(np.float64)).sum(1, keepdims=True))).astype(np.float32)
    z[1], y[1] = top - np.log(6), 2
    z[2], y[2] = [top, 20.0, 10.0, 0.0, -20.0, -80.0], 0

    @jax.jit
    def both(z, y):
        direct, *sums = _indices_jax.losses_and_sums(z, y, axis=-1)[1]
        return direct, _indices_jax._careful_pull(jax.numpy.ones((8, 1), "float32"), z, y[:, None], direct, *sums)[0]

    direct, gradient = both(z, y)
    assert direct.all()
    assert ulps(gradient, exact(z, y)[1]) < 7


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

    @jax.jit
    def transformed(z, y):
        pushed = jax.jvp(lambda z: one(z, y), (z,), (z,))[1]
        return jax.grad(one)(z, y), pushed, jax.vmap(jax.grad(one))(z, y), jax.hessian(one)(z[0], y[0])

    slope, pushed, mapped, twice = transformed(z, y)
    same((slope * z).sum(), pushed, rtol=1e-5)
    np.testing.assert_allclose(mapped, slope, rtol=1e-5)
    p = np.exp(np.asarray(z[0], dtype=np.float64))
    p /= p.sum()
    np.testing.assert_allclose(twice, np.diag(p) - np.outer(p, p), rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(jax, dtype):
    """Computed in float32 and rounded once."""
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
    pull = jax.make_jaxpr(lambda c, z: _indices_jax._careful_pull(c, z, y[:, None], c > 0, c, c, c))(y[:, None] / 1, z)
    assert "reduce_" not in str(pull)
