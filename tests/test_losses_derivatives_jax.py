"""The kernels under JAX's transformations: forward and reverse mode, twice, batched, at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from asking import same

import ceconform as cc
from ceconform.losses import _layers

Z = np.asarray([[0.5, -1.25, 2.0], [0.0, 0.25, -3.0]])
P = np.exp(Z) / np.exp(Z).sum(-1, keepdims=True)
Q = np.asarray([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])
SIGNS = np.asarray([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]])
INDICES = np.asarray([2, 1])
WEIGHT = {"sample_weight": np.asarray([2.0, 3.0])}
EACH = {"sample_weight": np.asarray([[2.0], [3.0]])}

LOSSES = [  # loss, predictions, labels, parameters
    (cc.binary_cross_entropy, P, Q, EACH),
    (cc.binary_cross_entropy_with_logits, Z, Q, EACH),
    (cc.binary_cross_entropy_with_logits, Z, Q, {"label_smoothing": 0.1, "pos_weight": np.asarray([1.0, 2.0, 0.5])}),
    (cc.binary_focal_loss, P, Q, {"gamma": 2.0}),
    (cc.binary_focal_loss_with_logits, Z, Q, {"gamma": 2.0}),
    (cc.categorical_cross_entropy, P, Q, WEIGHT),
    (cc.categorical_cross_entropy_with_logits, Z, Q, WEIGHT),
    (cc.categorical_focal_loss, P, Q, {"gamma": 2.0}),
    (cc.categorical_focal_loss_with_logits, Z, Q, {"gamma": 2.0}),
    (cc.sparse_cross_entropy, P, INDICES, WEIGHT),
    (cc.sparse_cross_entropy_with_logits, Z, INDICES, WEIGHT),
    (cc.sparse_cross_entropy_with_logits, Z, INDICES, {"label_smoothing": 0.1}),
    (cc.nll_loss, np.log(P), INDICES, WEIGHT),
    (cc.multilabel_softmax_loss, Z, np.asarray([[1, 0, 1], [0, 1, 0]]), WEIGHT),
    (cc.soft_margin_loss, Z, SIGNS, EACH),
    (cc.hinge_loss, Z, SIGNS, EACH),
    (cc.squared_hinge_loss, Z, SIGNS, EACH),
    (cc.categorical_hinge_loss, Z, INDICES, WEIGHT),
    (cc.kl_divergence, P, Q, WEIGHT),
    (cc.entropy, P, None, WEIGHT),
    (cc.brier_loss, P, Q, WEIGHT),
]
NAMES = [f"{row[0].__name__}-{at}" for at, row in enumerate(LOSSES)]


def closed(jax, loss, labels, parameters):
    """The mean of a loss as a function of the predictions, and of real labels."""
    parameters = {name: jax.numpy.asarray(v) if isinstance(v, np.ndarray) else v for name, v in parameters.items()}
    if labels is None:
        return lambda x: loss(x, **parameters)
    labels = jax.numpy.asarray(labels)
    return lambda x, t=labels: loss(x, t, **parameters)


@pytest.mark.parametrize(("loss", "x", "labels", "parameters"), LOSSES, ids=NAMES)
def test_both_modes_agree_with_finite_differences(jax, loss, x, labels, parameters):
    """By the predictions and by real labels; forward mode and reverse mode."""
    function = closed(jax, loss, labels, parameters)
    real = labels is not None and labels.dtype.kind == "f" and loss not in {cc.hinge_loss, cc.squared_hinge_loss}
    real = real and loss is not cc.soft_margin_loss  # whose labels are -1 or +1, or none
    inputs = [x, labels] if real else [x]
    rng = np.random.default_rng(0)
    directions = [rng.normal(size=a.shape) for a in inputs]
    step = 1e-6

    @jax.jit
    def found(inputs, directions):
        ends = [function(*(a + sign * step * d for a, d in zip(inputs, directions, strict=True))) for sign in (1, -1)]
        gradients = jax.grad(function, argnums=tuple(range(len(inputs))))(*inputs)
        return function(*inputs), ends, gradients, jax.jvp(function, inputs, directions)

    plain, ends, gradients, (value, tangent) = found(inputs, directions)
    reverse = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    same(plain, value)
    np.testing.assert_allclose(reverse, tangent, rtol=1e-12)
    np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), reverse, rtol=2e-8, atol=1e-9)


@pytest.mark.parametrize(("loss", "x", "labels", "parameters"), LOSSES, ids=NAMES)
def test_second_derivatives_agree(jax, loss, x, labels, parameters):
    """Every order of the two modes, and finite differences of the gradient."""
    function = closed(jax, loss, labels, parameters)
    along = np.random.default_rng(1).normal(size=x.shape)
    gradient, step = jax.grad(function), 1e-6

    @jax.jit
    def found(x, along):
        def tangent(x):
            return jax.jvp(function, (x,), (along,))[1]

        orders = (
            jax.jvp(gradient, (x,), (along,))[1],
            jax.grad(tangent)(x),
            jax.grad(lambda x: (gradient(x) * along).sum())(x),
        )
        ends = jax.vmap(gradient)(jax.numpy.stack([x + step * along, x - step * along]))
        return ends, orders, jax.jvp(tangent, (x,), (along,))[1]

    ends, orders, twice = found(x, along)
    difference = (ends[0] - ends[1]) / (2 * step)
    for order in orders:
        np.testing.assert_allclose(difference, order, rtol=2e-7, atol=1e-8)
    np.testing.assert_allclose((difference * along).sum(), twice, rtol=2e-7, atol=1e-8)


@pytest.mark.parametrize(("loss", "x", "labels", "parameters"), LOSSES, ids=NAMES)
def test_a_batch_of_derivatives_is_the_derivatives_of_a_batch(jax, loss, x, labels, parameters):
    """Vmap over predictions and tangents along different axes."""
    function = closed(jax, loss, labels, parameters)
    xs = np.stack([x, 0.875 * x], axis=1)
    ts = np.random.default_rng(2).normal(size=(2, *x.shape))

    @jax.jit
    def found(xs, ts):
        gradients = jax.vmap(jax.grad(function), in_axes=1)(xs)
        tangents = jax.vmap(lambda x, t: jax.jvp(function, (x,), (t,))[1], in_axes=(1, 0))(xs, ts)
        return gradients, tangents, [jax.grad(function)(xs[:, at]) for at in range(2)]

    gradients, tangents, single = found(xs, ts)
    for at, gradient in enumerate(single):
        np.testing.assert_allclose(gradient, gradients[at], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose((gradient * ts[at]).sum(), tangents[at], rtol=1e-12, atol=1e-15)


def test_a_batch_of_tangents_at_one_point(jax):
    """And a batch of points with one tangent: what is not batched serves all."""
    function = closed(jax, cc.kl_divergence, Q, {})
    ts, xs = np.stack([P, P**2]), np.stack([P, 0.875 * P])

    @jax.jit
    def found(ts, xs, cotangents):
        by_tangent = jax.vmap(lambda t: jax.jvp(function, (xs[0],), (t,))[1])(ts)
        by_point = jax.vmap(lambda x: jax.jvp(function, (x,), (ts[0],))[1])(xs)
        pulled = jax.vmap(jax.vjp(function, xs[0])[1])(cotangents)[0]
        return by_tangent, by_point, pulled, [jax.grad(function)(x) for x in xs]

    by_tangent, by_point, pulled, gradients = found(ts, xs, np.asarray([1.0, 0.0, -2.0]))
    np.testing.assert_allclose([(gradients[0] * t).sum() for t in ts], by_tangent, rtol=1e-12)
    np.testing.assert_allclose([(gradient * ts[0]).sum() for gradient in gradients], by_point, rtol=1e-12)
    np.testing.assert_allclose([gradients[0], 0 * P, -2 * gradients[0]], pulled, rtol=1e-12)


def test_a_linearised_and_a_checkpointed_loss(jax):
    """The same numbers by `linearize`, `checkpoint` and inside a scan."""
    function = closed(jax, cc.sparse_cross_entropy_with_logits, INDICES, {})
    z, t = jax.numpy.asarray(Z), jax.numpy.asarray(Q)

    @jax.jit
    def found(z, t):
        value, push = jax.linearize(function, z)
        scanned = jax.grad(lambda z: jax.lax.scan(lambda sum_, _: (sum_ + function(z), None), 0.0, length=3)[0])
        checkpointed = jax.grad(jax.checkpoint(function))
        return function(z), jax.grad(function)(z), value, push(t), checkpointed(z), scanned(z)

    plain, gradient, value, pushed, checkpointed, scanned = found(z, t)
    same(plain, value)
    np.testing.assert_allclose((gradient * t).sum(), pushed, rtol=1e-14)
    np.testing.assert_allclose(gradient, checkpointed, rtol=1e-14)
    np.testing.assert_allclose(3 * gradient, scanned, rtol=1e-14)


INF, NAN = np.inf, np.nan
EDGES = [  # loss, predictions, label, derivative by the first prediction
    (cc.binary_cross_entropy, [0.0], [1.0], -INF),
    (cc.binary_cross_entropy, [1.0], [0.0], INF),
    (cc.binary_cross_entropy, [0.0], [0.0], 1.0),
    (cc.binary_cross_entropy, [1.0], [1.0], -1.0),
    (cc.binary_cross_entropy, [0.0], [0.5], -INF),
    (cc.binary_cross_entropy_with_logits, [INF], [1.0], 0.0),
    (cc.binary_cross_entropy_with_logits, [INF], [0.0], 1.0),
    (cc.binary_cross_entropy_with_logits, [-INF], [0.25], -0.25),
    (cc.categorical_cross_entropy, [[0.0, 1.0]], [[0.0, 1.0]], 0.0),
    (cc.categorical_cross_entropy_with_logits, [[-INF, 0.0, 0.0]], [[0.0, 0.5, 0.5]], 0.0),
    (cc.categorical_cross_entropy_with_logits, [[-INF, 0.0]], [[0.25, 0.75]], -0.25),
    (cc.categorical_cross_entropy_with_logits, [[INF, 0.0]], [[0.0, 1.0]], 1.0),
    (cc.categorical_cross_entropy_with_logits, [[-INF, -INF]], [[0.0, 1.0]], NAN),
    (cc.sparse_cross_entropy_with_logits, [[-INF, 0.0, 0.0]], [1], 0.0),
    (cc.sparse_cross_entropy_with_logits, [[-INF, 0.0]], [0], -1.0),
    (cc.sparse_cross_entropy_with_logits, [[INF, 0.0]], [0], 0.0),
    (cc.sparse_cross_entropy_with_logits, [[INF, 0.0]], [1], 1.0),
    (cc.sparse_cross_entropy_with_logits, [[INF, INF]], [1], NAN),
    (cc.sparse_cross_entropy_with_logits, [[3.0]], [0], 0.0),
    (cc.nll_loss, [[-INF, 0.0]], [0], -1.0),
    (cc.entropy, [[0.0, 1.0]], None, INF),
]


EAGER = [EDGES[0], EDGES[9], EDGES[13]]
"""Of elements, of rows with labels and with indices; each operation compiles by itself, ten times as long."""


@pytest.mark.parametrize(
    ("loss", "x", "labels", "expected", "jitted"),
    [(*edge, True) for edge in EDGES] + [(*edge, False) for edge in EAGER],
)
def test_the_edges_in_both_modes(jax, loss, x, labels, expected, jitted):
    """The table of edges; what has no tangent adds nothing, however steep it is there."""
    function = closed(jax, loss, None if labels is None else np.asarray(labels), {"reduction": "sum"})
    x = np.asarray(x)
    along = np.zeros_like(x)
    along[(0,) * x.ndim] = 1.0

    def found(x, along):
        pushed = (jax.jvp(function, (x,), (t,))[1] for t in (along, 0 * along))
        return jax.grad(function)(x)[(0,) * x.ndim], *pushed

    gradient, tangent, nothing = (jax.jit(found) if jitted else found)(jax.numpy.asarray(x), jax.numpy.asarray(along))
    same(expected, gradient)
    same(expected, tangent)
    if not np.isnan(expected):
        same(0.0, nothing)


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_a_zero_cotangent_gives_zero_beside_what_is_infinite_or_nan(jax, jitted):
    """Those who mask afterwards get no NaN, from single elements and from rows."""
    wrap = jax.jit if jitted else lambda f: f

    def masked(loss, keep):
        return lambda x, y: jax.numpy.where(keep, loss(x, y, reduction="none"), 0.0).sum()

    keep = np.asarray([False, False, True])
    p, t = np.asarray([0.0, NAN, 0.5]), np.ones(3)
    same([0, 0, -2], wrap(jax.grad(masked(cc.binary_cross_entropy, keep)))(p, t))
    z, y = np.asarray([[NAN, 0.0], [INF, INF], [0.0, 0.0]]), np.asarray([0, 1, 0])
    same([[0, 0], [0, 0], [-0.5, 0.5]], wrap(jax.grad(masked(cc.sparse_cross_entropy_with_logits, keep)))(z, y))
    same(
        [[0, 0], [0, 0], [-0.5, 0.5]],
        wrap(jax.grad(masked(cc.categorical_cross_entropy_with_logits, keep)))(z, np.eye(2)[y]),
    )


def test_half_precision_keeps_its_dtype_in_both_modes(jax):
    """Gradient and tangent of bfloat16 logits, computed in float32 and rounded once."""
    jnp = jax.numpy
    function = closed(jax, cc.sparse_cross_entropy_with_logits, INDICES, {"reduction": "sum"})
    z = jnp.asarray(Z, dtype=jnp.bfloat16)
    slope = jax.jit(jax.grad(function))
    gradient, tangent = slope(z), jax.jit(lambda z: jax.jvp(function, (z,), (jnp.ones_like(z),))[1])(z)
    assert gradient.dtype == tangent.dtype == jnp.bfloat16
    exact = slope(z.astype(jnp.float32))
    same(np.asarray(exact.astype(jnp.bfloat16), dtype=np.float32), np.asarray(gradient, dtype=np.float32))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_both_modes_of_a_linear_layer(jax, monkeypatch, smoothing):
    """Of several blocks of rows, by all inputs and by one alone, and twice."""
    monkeypatch.setattr(_layers, "FLOOR", 20)
    rng = np.random.default_rng(3)
    inputs = [jax.numpy.asarray(rng.normal(size=shape)) for shape in ((7, 3), (5, 3), (5,))]
    directions = [jax.numpy.asarray(rng.normal(size=x.shape)) for x in inputs]
    y = jax.numpy.asarray([0, 4, -1, 2, 2, 1, 3])

    def mean(hidden, weight, bias):
        return cc.linear_cross_entropy(hidden, weight, y, bias=bias, label_smoothing=smoothing, ignore_index=-1)

    @jax.jit
    def found(inputs, directions):
        gradients = jax.grad(mean, argnums=(0, 1, 2))(*inputs)
        tangent = jax.jvp(mean, inputs, directions)[1]
        alone = jax.jvp(lambda weight: mean(inputs[0], weight, inputs[2]), inputs[1:2], directions[1:2])[1]
        slope = jax.jacrev(mean, 1)
        return gradients, tangent, alone, jax.jacrev(slope, 0)(*inputs), jax.jacfwd(slope, 0)(*inputs)

    gradients, tangent, alone, reverse, forward = found(inputs, directions)
    products = [(g * d).sum() for g, d in zip(gradients, directions, strict=True)]
    np.testing.assert_allclose(sum(products), tangent, rtol=1e-12)
    np.testing.assert_allclose(products[1], alone, rtol=1e-12)
    np.testing.assert_allclose(reverse, forward, rtol=1e-9, atol=1e-14)
