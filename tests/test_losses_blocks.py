"""Kernels in blocks, in place, beside the plain form of the same kernels."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import ceconform as cc
from ceconform import backends
from ceconform.formats import unit_in_the_last_place
from ceconform.losses import _blocks, _rows, _sides
from ceconform.losses._kernel import pull
from ceconform.losses._rules import PLAIN
from ceconform.losses._weights import weighted

WIDE = math.ceil(2.5 * _blocks.ELEMENTS / 1000)
"""Rows of 1,000 classes: two blocks and a half."""
NUMBERS = st.one_of(
    st.floats(-1e4, 1e4, width=32),
    st.floats(-20, 20, width=32),
    st.sampled_from([0.0, -0.0, 1e-40, math.inf, -math.inf]),
)


def both(place, kernel, *inputs, dtype="float32", cotangent=1.0):
    """Losses and gradients, in blocks and plain, as NumPy arrays; the computation is in float64."""
    backend, device = place
    xp = backend.namespace()
    made = [backend.asarray(each, dtype if each.dtype.kind == "f" else None, device) for each in inputs]
    with np.errstate(all="ignore"):
        fast = _blocks.evaluate(xp, kernel, xp.float64, made, cotangent)
        x, *rest = [xp.astype(each, xp.float64) if "float" in str(each.dtype) else each for each in made]
        losses, slope = kernel.value(xp, x, *rest), kernel.slopes[0](xp, x, *rest)
        plain = losses, xp.astype(pull(xp, kernel, xp.full_like(losses, cotangent), slope), made[0].dtype)
    return [[backend.asnumpy(each) for each in pair] for pair in (fast, plain)]


@pytest.fixture(params=["numpy", "torch"])
def eager(request):
    """A backend whose arrays are worked on in place."""
    from conftest import prepared

    return prepared(request.param), "cpu"


def alike(fast, plain, ulps=8):
    """Whether numbers agree to a few units of the last place, and where there are none."""
    for ours, theirs in zip(fast, plain, strict=True):
        finite = np.isfinite(theirs)
        np.testing.assert_array_equal(finite, np.isfinite(ours))
        np.testing.assert_array_equal(ours[~finite], theirs[~finite])
        error = np.abs(ours[finite].astype(np.float64) - theirs[finite])
        assert np.all(error <= ulps * unit_in_the_last_place(theirs[finite].astype(np.float64), "float32"))


@given(data=st.data())
def test_class_indices_in_place_are_those_of_the_plain_form(data):
    """Infinities, ties, masked rows and labels that are none included."""
    from conftest import prepared

    z = data.draw(arrays.arrays(np.float32, (4, 3), elements=NUMBERS))
    y = data.draw(arrays.arrays(np.int64, (4,), elements=st.integers(-1, 2)))
    alike(*both((prepared("numpy"), "cpu"), _rows.indices(-1, known=bool(np.all(y >= 0))), z, y))


@given(data=st.data())
def test_binary_logits_in_place_are_those_of_the_plain_form(data):
    """Labels next to and beyond 0 and 1 included; beside a zero of the slope it is its terms that set the scale."""
    from conftest import prepared

    z = data.draw(arrays.arrays(np.float32, (5,), elements=NUMBERS))
    t = data.draw(arrays.arrays(np.float32, (5,), elements=st.floats(0, 1, width=32) | st.sampled_from([-1.0, 1.5])))
    (value, slope), (right, steep) = both((prepared("numpy"), "cpu"), _sides.binary_logits_and_labels(0.0), z, t)
    alike([value], [right])
    np.testing.assert_allclose(slope, steep, rtol=0, atol=4e-7)


def test_weighed_losses_in_place_are_those_of_the_plain_form(eager):
    """Several blocks, a weight of 0 and infinite logits included; in the dtype of the computation, too."""
    rng = np.random.default_rng(7)
    count = 3 * _blocks.ELEMENTS
    z, t, weight = rng.normal(scale=20, size=count), rng.random(count).round(), rng.random(count)
    z[[3, 70]], t[[3, 70]], weight[[70, 90]] = math.inf, 0.0, 0.0
    kernel = weighted(_sides.binary_logits_and_labels(0.0))
    for dtype in ("float32", "float64"):
        fast, plain = both(eager, kernel, z, t, weight, dtype=dtype, cotangent=0.5)
        assert (math.inf, 0.0, 0.0) == tuple(fast[0][[3, 70, 90]])
        alike(fast, plain)


def test_several_blocks_and_a_short_one(eager):
    """Every row is there once; a block that holds something infinite or invalid is right as well."""
    rng = np.random.default_rng(5)
    z, y = rng.normal(scale=5, size=(WIDE, 1000)), rng.integers(0, 1000, WIDE)
    z[3, 7], z[70, y[70]], y[WIDE - 1] = -math.inf, math.inf, -1
    fast, plain = both(eager, _rows.indices(-1, known=False), z, y)
    assert (WIDE,) == fast[0].shape
    assert math.isnan(fast[0][-1])
    assert fast[0][70] == 0
    alike(fast, plain, ulps=64)  # a thousand classes are added up in another order


def test_any_shape(eager):
    """Rows lie along the last axis, whatever stands before it; elements lie anywhere."""
    rng = np.random.default_rng(6)
    z, y = rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))
    alike(*both(eager, _rows.indices(-1, known=bool(np.all(y >= 0))), z, y))
    alike(*both(eager, _rows.indices(-1, known=True), z[0, 0], y[0, 0]))
    alike(*both(eager, _sides.binary_logits_and_labels(0.1), z, rng.random((2, 3, 4))), ulps=1e6)


def test_the_gradient_comes_twice_and_has_one_itself(torch):
    """What is kept for the backward pass is not used up by it; second derivatives go through the plain form."""
    z = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.0, -3.0]], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([2, 1])
    loss = cc.sparse_cross_entropy_with_logits(z, y)
    first = torch.autograd.grad(loss, z, retain_graph=True)[0]
    torch.testing.assert_close(torch.autograd.grad(loss, z)[0], first, rtol=0, atol=0)
    assert torch.autograd.gradgradcheck(lambda z: cc.sparse_cross_entropy_with_logits(z, y), z)


def test_the_callers_arrays_are_left_alone(eager):
    """In place is said of our own arrays."""
    backend, device = eager
    z, y = backend.asarray(np.asarray([[1.0, 2.0], [3.0, 4.0]]), "float32", device), backend.asarray(np.asarray([0, 1]))
    cc.value_and_grad(cc.sparse_cross_entropy_with_logits)(z, y)
    np.testing.assert_array_equal([[1, 2], [3, 4]], backend.asnumpy(z))


PROBABILITIES = st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 1.0, 1e-45, -0.5, 1.5]))


@given(data=st.data())
def test_indices_of_probabilities_in_place_are_those_of_the_plain_form(data):
    """Certain, impossible and invalid probabilities included."""
    from conftest import prepared

    p = data.draw(arrays.arrays(np.float32, (4, 3), elements=PROBABILITIES))
    y = data.draw(arrays.arrays(np.int64, (4,), elements=st.integers(0, 2)))
    alike(*both((prepared("numpy"), "cpu"), _rows.index_probabilities(-1, known=True), p, y))


@given(data=st.data(), epsilon=st.sampled_from([0.0, 0.1]))
def test_binary_probabilities_in_place_are_those_of_the_plain_form(data, epsilon):
    """Certain and invalid probabilities and labels included."""
    from conftest import prepared

    p = data.draw(arrays.arrays(np.float32, (5,), elements=PROBABILITIES))
    t = data.draw(arrays.arrays(np.float32, (5,), elements=PROBABILITIES))
    kernel = _sides.binary_probabilities_and_labels(PLAIN, epsilon)
    (value, slope), (right, steep) = both((prepared("numpy"), "cpu"), kernel, p, t)
    alike([value], [right])
    finite = np.isfinite(steep)
    np.testing.assert_array_equal(slope[~finite], steep[~finite])
    positive, negative = ((1 - epsilon) * side + epsilon / 2 for side in (t, 1 - t))
    with np.errstate(all="ignore"):
        terms = np.maximum(np.abs(positive / p.astype(np.float64)), np.abs(negative / (1 - p.astype(np.float64))))
    limit = 1e-6 * (np.nan_to_num(terms[finite]) + 1)
    np.testing.assert_array_less(np.abs(slope[finite] - steep[finite]), limit)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_probabilities_cost_nothing_or_everything(eager, p):
    """Where a block holds numbers that are exactly 0 or 1, in narrow dtypes too."""
    backend, device = eager
    both_labels = backend.asarray(np.asarray([0.0, 1.0, 1e-45]), "float32", device)
    predictions = backend.asarray(np.full(3, p), "float32", device)
    loss = backend.asnumpy(cc.binary_cross_entropy(predictions, both_labels, reduction="none"))
    np.testing.assert_array_equal(loss, [0, math.inf, math.inf] if p == 0 else [math.inf, 0, math.inf])


@pytest.mark.parametrize("shift", [-400.0, 0.0, 299.0, 301.0, 1e30])
def test_far_logits_are_as_near_ones(eager, shift):
    """Within and beyond what exponentials of float64 reach, a row's loss is that of its differences."""
    backend, device = eager
    z = np.asarray([[0.0, -2.0, 1.0], [-3.0, 4.0, 4.0]], dtype=np.float32)
    moved = (z + np.float32(shift)).astype(np.float32)
    y = np.asarray([2, 0])
    ours = cc.sparse_cross_entropy_with_logits(
        backend.asarray(moved, "float32", device), backend.asarray(y), reduction="none"
    )
    exact = moved.astype(np.float64) - moved.astype(np.float64).max(axis=-1, keepdims=True)
    right = np.log(np.exp(exact).sum(axis=-1)) - exact[np.arange(2), y]
    np.testing.assert_allclose(backend.asnumpy(ours), right.astype(np.float32), rtol=1.2e-7)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("factor", [1.0, 4096.0, 0.0])
def test_a_scaled_loss_has_a_scaled_gradient(torch, dtype, factor):
    """Nothing that a scaled loss keeps is lost, in half precision either; a zero gives zeros."""
    z = torch.tensor([[0.0, -17.0], [2.0, 2.0]], dtype=getattr(torch, dtype), requires_grad=True)
    (cc.sparse_cross_entropy_with_logits(z, torch.tensor([0, 1])) * factor).backward()
    exact = z.detach().to(torch.float64).requires_grad_()
    (torch.nn.functional.cross_entropy(exact, torch.tensor([0, 1])) * factor).backward()
    # A row's two entries are opposite; those of the built-in lose digits where the label is nearly certain.
    right = torch.stack([exact.grad[:, 1], -exact.grad[:, 1]], dim=1) * torch.tensor([[-1.0], [-1.0]])
    half = dtype in {"float16", "bfloat16"}
    torch.testing.assert_close(
        z.grad.to(torch.float64), right, rtol=0.01 if half else 1e-6, atol=3e-8 if dtype == "float16" else 0
    )


def test_a_gradient_of_single_losses_is_scaled_row_by_row(torch):
    """Unreduced losses are weighed by whoever asked for them."""
    z = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.0, -3.0], [1.0, 2.0, 3.0]], requires_grad=True)
    y, weight = torch.tensor([2, 1, 0]), torch.tensor([0.5, 0.0, 3.0])
    (cc.sparse_cross_entropy_with_logits(z, y, reduction="none") * weight).sum().backward()
    right = torch.softmax(z.detach().double(), -1) - torch.nn.functional.one_hot(y, 3)
    torch.testing.assert_close(z.grad.double(), right * weight[:, None].double(), rtol=1e-6, atol=1e-9)
    assert not z.grad[1].any()


def test_narrow_losses_are_rounded_once(eager):
    """What is weighed and added up is not yet rounded: a weight finds digits where float32 has none left."""
    backend, device = eager
    z = backend.asarray(np.asarray([[100.0, 0.0]]), "float32", device)
    loss = cc.sparse_cross_entropy_with_logits(
        z, backend.asarray(np.asarray([0])), sample_weight=backend.asarray(np.asarray([4096.0]), "float32", device)
    )
    assert float(loss) == np.float32(4096 * math.exp(-100))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_any_class_axis(eager, axis):
    """Classes first, in the middle and last give the same losses."""
    backend, device = eager
    rng = np.random.default_rng(7)
    z, y = rng.normal(size=(2, 3, 4)).astype(np.float32), rng.integers(0, 4, (2, 3))
    moved = backend.asarray(np.moveaxis(z, -1, axis).copy(), "float32", device)
    for loss in (cc.sparse_cross_entropy_with_logits,):
        value, gradient = cc.value_and_grad(loss)(moved, backend.asarray(y), axis=axis)
        right, steep = cc.value_and_grad(loss)(z, y)
        np.testing.assert_allclose(backend.asnumpy(value), right, rtol=1e-7)
        np.testing.assert_allclose(backend.asnumpy(gradient), np.moveaxis(steep, -1, axis), rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 8.0, 25.0, 100.0])
def test_binary_logits_of_pytorch_are_right_in_float32(torch, scale):
    """To three units of the last place, soft labels and half precision too, and beyond float32's exponentials."""
    generator = np.random.default_rng(5)
    logits = (generator.standard_normal(100_000) * scale).astype(np.float32)
    for labels in (generator.integers(0, 2, logits.shape), generator.random(logits.shape).astype(np.float32)):
        function = cc.value_and_grad(cc.binary_cross_entropy_with_logits)
        found = function(torch.tensor(logits), torch.tensor(labels), reduction="none")
        exact = function(logits.astype(np.float64), labels.astype(np.float64), reduction="none")
        rounded = function(torch.tensor(logits).bfloat16(), torch.tensor(labels), reduction="none")[0]
        largest = np.maximum(np.abs(exact[1]), labels * (labels < 1))  # where a soft label cancels
        most = 3 if labels.dtype.kind == "i" else 6
        for ours, right, size, limit in zip(found, exact, (exact[0], largest), (3, most), strict=True):
            unit = unit_in_the_last_place(size, "float32")
            assert np.max(np.abs(ours.numpy().astype(np.float64) - right) / unit) <= limit
        wide = cc.binary_cross_entropy_with_logits(
            torch.tensor(logits).bfloat16().double(), torch.tensor(labels).double(), reduction="none"
        )
        torch.testing.assert_close(rounded.double(), wide, rtol=2**-8 * 1.01, atol=1e-40)


def test_float64_has_all_of_its_digits(torch):
    """In PyTorch, whose own numbers are float32 where nothing is said: value and gradient are NumPy's."""
    rng = np.random.default_rng(9)
    z, y = rng.normal(size=(4000, 5)), rng.integers(0, 5, 4000)
    for loss, labels in (
        (cc.sparse_cross_entropy_with_logits, y),
        (cc.binary_cross_entropy_with_logits, rng.random(z.shape)),
    ):
        expected = cc.value_and_grad(loss)(z, labels)
        for right, found in zip(expected, cc.value_and_grad(loss)(torch.tensor(z), torch.tensor(labels)), strict=True):
            np.testing.assert_allclose(found.numpy(), right, rtol=1e-12)


ONES = np.ones(2, dtype=np.float32).view(np.float64)[0]
"""What looks like two numbers to whoever reads it as float32."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_memory_is_read_that_was_not_written(eager, monkeypatch, dtype):
    """Whatever fresh memory holds: a plausible number there is no part of any answer."""
    backend, device = eager
    rng = np.random.default_rng(8)
    x, p = rng.normal(size=(4000, 5)), rng.random((4000, 5))
    shares, index, weight = rng.random(x.shape), rng.integers(0, 5, 4000), rng.random(4000)
    questions = [
        (cc.sparse_cross_entropy_with_logits, x, index, {}),
        (cc.sparse_cross_entropy_with_logits, x, index, {"sample_weight": weight}),
        (cc.sparse_cross_entropy, p, index, {}),
        (cc.binary_cross_entropy_with_logits, x, shares, {"sample_weight": weight[:, None]}),
        (cc.binary_cross_entropy_with_logits, x, shares.round(), {}),
        (cc.binary_cross_entropy_with_logits, x, shares, {}),
        (cc.binary_cross_entropy_with_logits, x, shares, {"label_smoothing": 0.1}),
        (cc.binary_cross_entropy, p, shares, {}),
        (cc.binary_cross_entropy, p, shares, {"label_smoothing": 0.1}),
    ]

    def made(value):
        return backend.asarray(value, dtype if value.dtype.kind == "f" else None, device)

    def answers():
        for loss, predictions, labels, how in questions:
            named = {name: made(v) if isinstance(v, np.ndarray) else v for name, v in how.items()}
            arrays = (made(predictions), made(labels))
            yield from cc.value_and_grad(loss)(*arrays, **named, reduction="none")
            yield loss(*arrays, **named)

    library = backend.load()
    fresh, expected = library.empty, [backend.asnumpy(each) for each in answers()]

    def written(*shape, **how):
        array = fresh(*shape, **how)
        array[...] = ONES
        return array

    monkeypatch.setattr(library, "empty", written)
    for right, each in zip(expected, answers(), strict=True):
        np.testing.assert_array_equal(right, backend.asnumpy(each))


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_certain_and_wrong_stays_in_the_fast_form(name):
    """An infinite loss of probabilities does not send its block to the plain form."""
    pytest.importorskip(name, reason=f"{name} is not installed")
    backend = backends.get(name)
    kernel = _sides.binary_probabilities_and_labels(PLAIN, 0.0)

    def plain(*_):
        raise AssertionError("the plain form was asked")

    kernel = dataclasses.replace(kernel, value=plain)
    p, t = (backend.asarray(np.asarray(each), "float32") for each in ([0, 1, 1, 0.5], [1.0, 0, 1, 1]))
    xp = backend.namespace()
    with np.errstate(all="ignore"):
        losses = backend.asnumpy(_blocks.evaluate(xp, kernel, xp.float64, [p, t])[0])
    np.testing.assert_array_equal([np.inf, np.inf, 0.0, np.log(2.0)], losses)
