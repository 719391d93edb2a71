"""Linear cross entropy: the plain composition's numbers, without its memory."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest
from asking import ask, same

import ceconform as cc
from ceconform.errors import ArgumentError, DTypeError, RangeError, ShapeError
from ceconform.losses import _layers

RNG = np.random.default_rng(2026)
N, C, D = 23, 11, 5
HIDDEN = RNG.normal(size=(N, D))
WEIGHT = RNG.normal(size=(C, D))
BIAS = RNG.normal(size=C)
LABELS = np.where(np.arange(N) % 7 == 3, -100, RNG.integers(0, C, N))
CLASS_WEIGHT = np.where(np.arange(C) == 2, 0.0, RNG.random(C))
SAMPLE_WEIGHT = np.where(np.arange(N) == 5, 0.0, RNG.random(N))
WEIGHTS = {"class_weight": CLASS_WEIGHT, "sample_weight": SAMPLE_WEIGHT}
HOWS = [
    {"reduction": "none"},
    {"reduction": "sum", "base": 2},
    {"reduction": "mean"},
    {"reduction": "weighted_mean"},
    {"reduction": "weighted_mean", "label_smoothing": 0.1},
    {"reduction": "mean", "convention": "divide-by-target-weight", "label_smoothing": 0.1},
]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    """Three rows a block, the last of them not full."""
    monkeypatch.setattr(_layers, "FLOOR", 3 * C)


def plain(hidden, weight, labels, *, bias, **how):
    """The composition."""
    return cc.sparse_cross_entropy_with_logits(hidden @ weight.T + bias, labels, **how)


def by_hand(how, labels=LABELS):
    """The composition's value and gradient by hidden, in NumPy."""
    value, slope = cc.value_and_grad(cc.sparse_cross_entropy_with_logits)(
        HIDDEN @ WEIGHT.T + BIAS, labels, ignore_index=-100, **WEIGHTS, **how
    )
    return value, slope @ WEIGHT


def linear(hidden, labels, **parameters):
    """The loss with the predictions and the labels in front, as the others have them."""
    return cc.linear_cross_entropy(hidden, parameters.pop("weight"), labels, **parameters)


linear.describe = lambda hidden, labels, **parameters: cc.linear_cross_entropy.describe(
    hidden, parameters.pop("weight"), labels, **parameters
)


@pytest.mark.parametrize("how", HOWS, ids=str)
def test_it_is_the_plain_composition(place, how):
    """Value and gradient by hidden, with every parameter, on every backend."""
    value, gradient = ask(
        place, linear, HIDDEN, LABELS, dtype="float64", weight=WEIGHT, bias=BIAS, ignore_index=-100, **WEIGHTS, **how
    )
    expected, slope = by_hand(how)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("how", HOWS, ids=str)
def test_gradients_by_everything(torch, jax, how):
    """By hidden, weight, bias, class weights and sample weights, for any cotangent, in PyTorch and in JAX."""
    arrays = (HIDDEN, WEIGHT, BIAS, CLASS_WEIGHT, SAMPLE_WEIGHT)

    def of(function, labels):
        return lambda h, w, b, c, s: function(
            h, w, labels, bias=b, class_weight=c, sample_weight=s, ignore_index=-100, **how
        )

    inputs = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = of(plain, torch.tensor(LABELS))(*inputs)
    value = of(cc.linear_cross_entropy, torch.tensor(LABELS))(*inputs)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
    cotangent = torch.linspace(-1, 2, max(value.numel(), 1), dtype=torch.float64).reshape(value.shape)
    wanted = torch.autograd.grad(expected, inputs, cotangent)
    for ours, theirs in zip(torch.autograd.grad(value, inputs, cotangent), wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-13)
    scaled = of(cc.linear_cross_entropy, jax.numpy.asarray(LABELS))
    total = jax.jit(jax.grad(lambda *a: (scaled(*a) * cotangent.numpy()).sum(), argnums=tuple(range(5))))
    for ours, theirs in zip(total(*map(jax.numpy.asarray, arrays)), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_rows_that_do_not_count_have_no_part_in_any_gradient(torch, smoothing):
    """Whatever they, the weight and the bias hold: ignored, or of a sample weight of 0."""
    hidden, weight, bias = (torch.tensor(a) for a in (HIDDEN, WEIGHT, BIAS))
    hidden[0, 0], weight[1, 0], bias[2] = float("nan"), float("inf"), float("nan")
    inputs = [each.requires_grad_() for each in (hidden, weight, bias)]
    for how in ({"ignore_index": 3}, {"sample_weight": torch.zeros(N, dtype=torch.float64)}):
        labels = torch.full((N,), 3)
        loss = cc.linear_cross_entropy(
            inputs[0], inputs[1], labels, bias=inputs[2], label_smoothing=smoothing, reduction="sum", **how
        )
        assert loss == 0
        for gradient in torch.autograd.grad(loss, inputs):
            torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=0)


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_the_value_has_these_derivatives(torch, smoothing):
    """Once and twice, and in forward mode, against finite differences."""
    some = slice(0, 4)
    inputs = [torch.tensor(a, requires_grad=True) for a in (HIDDEN[some], WEIGHT, BIAS, 1 + CLASS_WEIGHT)]

    def function(h, w, b, c):
        labels = torch.tensor([1, 10, 4, -100])
        return cc.linear_cross_entropy(
            h,
            w,
            labels,
            bias=b,
            class_weight=c,
            ignore_index=-100,
            label_smoothing=smoothing,
            reduction="weighted_mean",
        )

    assert torch.autograd.gradcheck(function, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(function, inputs, fast_mode=True)


# PyTorch's own forward mode goes through its deprecated torch.jit.script.
@pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_forward_mode_and_vmap_in_torch(torch, smoothing):
    """A Jacobian-vector product is the gradient's product; a gradient for each sample is that of the sum."""
    labels = torch.tensor(np.where(LABELS < 0, 0, LABELS))
    hidden, weight, bias = (torch.tensor(a) for a in (HIDDEN, WEIGHT, BIAS))

    def function(h, w, b, y=labels):
        return cc.linear_cross_entropy(h, w, y, bias=b, label_smoothing=smoothing, reduction="sum")

    gradients = torch.func.grad(function, argnums=(0, 1, 2))(hidden, weight, bias)
    directions = tuple(torch.ones_like(x) for x in (hidden, weight, bias))
    _, tangent = torch.func.jvp(function, (hidden, weight, bias), directions)
    same(float(sum(g.sum() for g in gradients)), float(tangent))
    each = torch.func.vmap(torch.func.grad(function), in_dims=(0, None, None, 0))
    torch.testing.assert_close(each(hidden, weight, bias, labels), gradients[0])


def test_a_zero_cotangent_gives_a_zero_gradient(torch, jax):
    """Those who mask a NaN row afterwards get no NaN, in the gradient of the weight neither."""
    hidden, labels, away = HIDDEN.copy(), np.where(LABELS < 0, 0, LABELS), np.arange(N) == 4
    hidden[away] = np.nan

    def masked(where, h, w, y):
        return where(away, 0.0, cc.linear_cross_entropy(h, w, y, reduction="none")).sum()

    h, w = (torch.tensor(a, requires_grad=True) for a in (hidden, WEIGHT))
    loss = masked(lambda c, a, b: torch.where(torch.tensor(c), a, b), h, w, torch.tensor(labels))
    ours = [g.numpy() for g in torch.autograd.grad(loss, (h, w))]
    kept = ~away
    value = cc.linear_cross_entropy(torch.tensor(HIDDEN[kept]), w, torch.tensor(labels[kept]), reduction="sum")
    same(torch.autograd.grad(value, w)[0].numpy(), ours[1])
    same(np.zeros(D), ours[0][4])
    jitted = jax.jit(jax.grad(lambda h, w: masked(jax.numpy.where, h, w, jax.numpy.asarray(labels)), argnums=(0, 1)))
    for a, b in zip(ours, jitted(jax.numpy.asarray(hidden), jax.numpy.asarray(WEIGHT)), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_once(torch, jax, dtype):
    """The loss and all gradients are those of float32, rounded; the dtypes are those that came."""
    shapes = (HIDDEN, WEIGHT, BIAS)
    halves = [torch.tensor(a).to(getattr(torch, dtype)).requires_grad_() for a in shapes]
    wide = [a.detach().float().requires_grad_() for a in halves]
    labels = torch.tensor(np.where(LABELS < 0, 0, LABELS))

    def both(inputs):
        value = cc.linear_cross_entropy(inputs[0], inputs[1], labels, bias=inputs[2])
        return [value, *torch.autograd.grad(value, inputs)]

    for ours, theirs in zip(both(halves), both(wide), strict=True):
        assert ours.dtype == getattr(torch, dtype)
        torch.testing.assert_close(ours, theirs.to(ours.dtype), rtol=0, atol=0)

    def loss(*inputs):
        return cc.linear_cross_entropy(inputs[0], inputs[1], jax.numpy.asarray(labels.numpy()), bias=inputs[2])

    arrays = [jax.numpy.asarray(a.detach().float().numpy(), dtype=dtype) for a in halves]
    value, gradients = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2)))(*arrays)
    for ours, theirs in zip((value, *gradients), both(halves), strict=True):
        assert str(ours.dtype) == dtype
        np.testing.assert_allclose(
            np.asarray(ours, dtype=float), theirs.detach().double().numpy(), rtol=8e-3, atol=1e-5
        )


def test_a_confident_row_keeps_its_loss(place):
    """exp(-60) is neither 0 nor noise."""
    value, gradient = ask(
        place, linear, [[30.0, 30.0]], [0], weight=np.asarray([[1.0, 1.0], [0.0, 0.0]]), reduction="sum"
    )
    same(np.exp(-60), value, rtol=2e-5)
    same([[-np.exp(-60), -np.exp(-60)]], gradient, rtol=2e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_no_rows(place, smoothing):
    """An empty batch has an empty loss and an empty gradient."""
    for reduction, expected in (("none", []), ("sum", 0.0), ("mean", np.nan)):
        value, gradient = ask(
            place,
            linear,
            np.zeros((0, D)),
            np.zeros(0, dtype=int),
            weight=WEIGHT,
            reduction=reduction,
            label_smoothing=smoothing,
        )
        same(expected, value)
        assert gradient.shape == (0, D)


def test_the_gradient_of_no_rows_by_the_weight(torch, jax):
    """It is 0."""
    w = torch.tensor(WEIGHT, requires_grad=True)
    loss = cc.linear_cross_entropy(torch.zeros((0, D)), w, torch.zeros(0, dtype=torch.int64), reduction="sum")
    same(np.zeros_like(WEIGHT), torch.autograd.grad(loss, w)[0].numpy())
    empty = jax.numpy.zeros((0, D)), jax.numpy.zeros(0, dtype=int)
    gradient = jax.grad(lambda w: cc.linear_cross_entropy(empty[0], w, empty[1], reduction="sum"))
    same(np.zeros_like(WEIGHT), gradient(jax.numpy.asarray(WEIGHT)))


def test_infinite_logits_are_those_of_the_edges(place):
    """One class at +inf holds all, two are no softmax, and a row at -inf throughout is none either."""
    weight = np.asarray([[1.0], [2.0], [0.5]])
    for bias, expected in (
        ([np.inf, 0, -1], [0, np.inf]),
        ([np.inf, np.inf, 0], [np.nan, np.nan]),
        ([-np.inf] * 3, [np.nan, np.nan]),
        ([0, -np.inf, -np.inf], [0, np.inf]),
    ):
        value, gradient = ask(
            place, linear, [[1.0], [1.0]], [0, 1], weight=weight, bias=np.asarray(bias), reduction="none"
        )
        same(expected, value)
        assert np.isnan(gradient).any() == np.isnan(expected).any()


def peak_of(function):
    """The most bytes that Python objects, NumPy's arrays included, held at once beyond what they held before."""
    gc.collect()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_numpy_holds_less_than_a_tenth_of_the_logits(monkeypatch):
    """Value and gradient of 1,024 rows of 4,096 classes, measured."""
    monkeypatch.setattr(_layers, "FLOOR", 2**16)
    n, c = 1024, 4096
    hidden, weight = (RNG.normal(size=(m, 4)).astype(np.float32) for m in (n, c))
    labels = RNG.integers(0, c, n)
    both = cc.value_and_grad(cc.linear_cross_entropy)
    assert peak_of(lambda: both(hidden, weight, labels)) < 0.1 * 4 * n * c
    assert peak_of(lambda: hidden @ weight.T) >= 4 * n * c


def test_torch_holds_less_than_a_tenth_of_the_logits(torch, monkeypatch):
    """Forward and backward: what is allocated and not yet freed, as PyTorch's profiler counts it."""
    monkeypatch.setattr(_layers, "FLOOR", 2**16)
    n, c = 1024, 4096
    hidden, weight = (torch.randn(m, 4, requires_grad=True) for m in (n, c))
    labels = torch.randint(0, c, (n,))

    def peak(loss):
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
            loss(hidden, weight).backward()
        held = highest = 0
        for event in profile.profiler.kineto_results.events():
            if event.name() == "[memory]":
                held += event.nbytes()
                highest = max(highest, held)
        return highest / (4 * n * c)

    assert peak(lambda h, w: cc.linear_cross_entropy(h, w, labels)) < 0.1
    assert peak(lambda h, w: torch.nn.functional.cross_entropy(h @ w.T, labels)) > 1


def test_jax_holds_less_than_a_tenth_of_the_logits(jax, monkeypatch):
    """The compiled program says how much it needs beside its inputs and outputs."""
    monkeypatch.setattr(_layers, "FLOOR", 2**16)
    n, c = 1024, 4096
    hidden, weight = (jax.numpy.asarray(RNG.normal(size=(m, 4)), dtype="float32") for m in (n, c))
    labels = jax.numpy.asarray(RNG.integers(0, c, n))

    def needed(loss):
        program = jax.jit(jax.value_and_grad(loss, argnums=(0, 1))).lower(hidden, weight).compile()
        return program.memory_analysis().temp_size_in_bytes / (4 * n * c)

    assert needed(lambda h, w: cc.linear_cross_entropy(h, w, labels)) < 0.1
    assert needed(lambda h, w: cc.sparse_cross_entropy_with_logits(h @ w.T, labels)) > 0.9


# PyTorch's compiler goes through what PyTorch deprecates: instances of `Function`, torch.jit.script_method.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
@pytest.mark.xdist_group("compiled-torch")
def test_torch_compiles_the_full_graph(torch, monkeypatch):
    """Value and gradient of two blocks, without a break, and the same numbers as the eager ones."""
    monkeypatch.setattr(_layers, "FLOOR", 12 * C)
    assert 2 == -(-N // _layers.block_rows(N, C))
    inputs = [torch.tensor(a, dtype=torch.float32, requires_grad=True) for a in (HIDDEN, WEIGHT, BIAS)]
    labels = torch.tensor(LABELS)

    def mean(h, w, b):
        return cc.linear_cross_entropy(h, w, labels, bias=b, ignore_index=-100)

    eager = torch.autograd.grad(mean(*inputs), inputs)
    whole = torch.compile(mean, fullgraph=True)
    compiled = torch.autograd.grad(whole(*inputs), inputs)
    for a, b in zip(eager, compiled, strict=True):
        torch.testing.assert_close(b, a)
    with torch.no_grad():
        torch.testing.assert_close(whole(*inputs), mean(*inputs))


@pytest.mark.parametrize(
    ("error", "message", "wrong"),
    [
        (
            ShapeError,
            r"`weight` must have a row for.*expected \(C, 5\).*got \(5, 11\)",
            {"weight": WEIGHT.T},
        ),
        (ShapeError, r"`weight` must have a row for each class", {"weight": WEIGHT[:0]}),
        (
            ShapeError,
            r"`bias` must have one number for.*: expected \(11,\), got \(5,\)",
            {"bias": BIAS[:5]},
        ),
        (ShapeError, r"`class_weight` must have one number for each row", {"class_weight": BIAS[:5]}),
        (ShapeError, r"`sample_weight` must broadcast", {"sample_weight": BIAS}),
        (ShapeError, r"`labels` must have the shape of `hidden` without its last axis", {"labels": LABELS[:, None]}),
        (ShapeError, r"`hidden` must have an axis of features", {"hidden": np.asarray(1.0)}),
        (DTypeError, r"`weight` must have a real floating dtype", {"weight": np.ones((C, D), dtype=int)}),
        (DTypeError, r"`bias` must have a real floating dtype", {"bias": np.ones(C, dtype=int)}),
        (DTypeError, r"`labels` must be class indices", {"labels": HIDDEN[:, 0]}),
        (ArgumentError, r"`reduction` must be one of", {"reduction": "batchmean"}),
        (ArgumentError, r"`label_smoothing` must lie in", {"label_smoothing": 2.0}),
        (ArgumentError, r"`convention` 'softmax-applied-twice' is not about", {"convention": "softmax-applied-twice"}),
        (RangeError, r"`labels` must be class indices in \[0, 11\): got 11", {"labels": LABELS * 0 + C, "check": True}),
        (RangeError, r"`bias` must lie in .*got nan at index \(0,\)", {"bias": BIAS * np.nan, "check": True}),
        (RangeError, r"`class_weight` must lie in \[0, inf\)", {"class_weight": -CLASS_WEIGHT - 1, "check": True}),
    ],
)
def test_what_is_refused(error, message, wrong):
    """At once, saying what was expected and what came."""
    arguments = {"hidden": HIDDEN, "weight": WEIGHT, "labels": LABELS, "ignore_index": -100, **wrong}
    with pytest.raises(error, match=message):
        cc.linear_cross_entropy(**arguments)


@pytest.mark.parametrize(("rows", "classes"), [(1, 1), (1, 10**6), (7, 3), (4096, 128_256), (100_000, 2), (65, 70_000)])
def test_blocks_are_a_small_part_of_the_rows_and_of_one_size(rows, classes):
    """No more than one part of `SHARE`, unless all is small or one row is more than that; and nearly equal."""
    block = _layers.block_rows(rows, classes)
    assert 1 <= block <= max(rows / _layers.SHARE, _layers.FLOOR / classes, 1)
    count = -(-rows // block)
    assert count * block - rows < count
