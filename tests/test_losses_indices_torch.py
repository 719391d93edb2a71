"""The direct form of the softmax of class indices, which PyTorch's compiler is given, and when it gives way."""

from __future__ import annotations

import numpy as np
import pytest

from ceconform import sparse_cross_entropy_with_logits, value_and_grad
from ceconform.losses import _indices_torch

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.xdist_group("compiled-torch")

ROWS, CLASSES = 48, 700
LABELS = np.arange(ROWS) * 7 % CLASSES


def drawn(scale=4.0):
    """Logits of float32, the same each time."""
    return (np.random.default_rng(7).standard_normal((ROWS, CLASSES)) * scale).astype(np.float32)


def lifted(by):
    """Logits with the label's so much higher."""
    logits = drawn()
    logits[np.arange(ROWS), LABELS] += np.float32(by)
    return logits


def with_row(row):
    """Logits with another first row."""
    logits = drawn()
    logits[0] = row
    return logits


CASES = {
    "drawn": (drawn(), 1.0),
    "confident": (lifted(40.0), 1.0),
    "certain": (lifted(75.0), 1.0),
    "beyond the range": (lifted(400.0), 1.0),
    "all equal": (np.zeros((ROWS, CLASSES), dtype=np.float32), 1.0),
    "far below zero": (drawn() - np.float32(200.0), 1.0),
    "far above": (drawn() + np.float32(1e4), 1.0),
    "a label far below": (lifted(-150.0), 1.0),
    "absent classes": (with_row(np.where(np.arange(CLASSES) % 3, -np.inf, 1.0)), 1.0),
    "an absent label": (with_row(np.where(np.arange(CLASSES) == LABELS[0], -np.inf, 1.0)), 1.0),
    "nothing but absent": (with_row(np.full(CLASSES, -np.inf)), 1.0),
    "infinite": (with_row(np.where(np.arange(CLASSES) == 3, np.inf, 1.0)), 1.0),
    "not a number": (with_row(np.where(np.arange(CLASSES) == 3, np.nan, 1.0)), 1.0),
    "zero cotangents": (drawn(), 0.0),
    "large cotangents": (drawn(), 2.0**20),
    "small cotangents": (drawn(), 2.0**-120),
}
DIRECT = {
    *("drawn", "confident", "all equal", "absent classes", "a label far below", "an absent label"),
    *("zero cotangents", "large cotangents", "small cotangents"),
}
"""Those whose losses are direct."""


# What is compiled is kept for each function that is defined: each test compiles one of its own, and forgets none.
@pytest.fixture(scope="module")
def compiled():
    """The losses of the rows and their gradient for a cotangent, compiled once."""

    def unreduced(x, labels):
        return sparse_cross_entropy_with_logits(x, labels, reduction="none")

    loss = torch.compile(unreduced, fullgraph=True, dynamic=False)

    def ask(logits, labels, cotangent):
        x = torch.tensor(logits, requires_grad=True)
        losses = loss(x, torch.tensor(labels))
        (gradient,) = torch.autograd.grad(losses, x, torch.full_like(losses, cotangent))
        return losses.detach().numpy(), gradient.numpy()

    return ask


@pytest.fixture
def branches(monkeypatch):
    """Which forms the eager program takes: True for the direct one."""
    taken = []

    def cond(sure, direct, careful, operands):
        taken.append(bool(sure))
        return (direct if sure else careful)(*operands)

    monkeypatch.setattr(torch, "cond", cond)
    return taken


def ulps(found, exact):
    """The largest distance in units of the last place of float32, of numbers alone."""
    np.testing.assert_array_equal(np.isnan(exact), np.isnan(found))
    np.testing.assert_array_equal(np.isinf(exact), np.isinf(found))
    there = np.isfinite(exact)
    unit = np.spacing(np.maximum(np.abs(exact[there]).astype(np.float32), np.float32(2.0**-126))).astype(np.float64)
    return np.max(np.abs(found[there] - exact[there]) / unit)


def exactly(logits, labels, cotangent):
    """The losses and the gradient in float64."""
    wide = logits.astype(np.float64)
    losses = sparse_cross_entropy_with_logits(wide, labels, reduction="none")
    weight = np.full(ROWS, cotangent)
    return losses, value_and_grad(sparse_cross_entropy_with_logits)(
        wide, labels, sample_weight=weight, reduction="sum"
    )[1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", CASES)
def test_both_forms_are_right(compiled, name):
    """Values and gradients, within units of the last place, in the range and beyond it."""
    logits, cotangent = CASES[name]
    losses, gradient = compiled(logits, LABELS, cotangent)
    value, slope = exactly(logits, LABELS, cotangent)
    assert ulps(losses, value) <= 3
    assert ulps(gradient, slope) <= (3 if name in DIRECT - {"large cotangents"} else 3.5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_label_that_is_none_is_nan_in_its_row_alone(compiled):
    """The other rows are as ever."""
    labels = np.where(np.arange(ROWS) == 5, CLASSES, LABELS)
    losses, gradient = compiled(drawn(), labels, 1.0)
    others = np.arange(ROWS) != 5
    np.testing.assert_array_equal(others, ~np.isnan(losses))
    np.testing.assert_array_equal(others, ~np.isnan(gradient).any(axis=1))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_shapes_that_vary_compile_too():
    """Value and gradient, by the careful form."""

    def total(x, labels):
        return sparse_cross_entropy_with_logits(x, labels, reduction="sum")

    loss = torch.compile(total, fullgraph=True, dynamic=True)
    for rows, classes in ((ROWS, CLASSES), (ROWS + 5, CLASSES + 90)):
        labels = np.arange(rows) % classes
        logits = np.random.default_rng(1).standard_normal((rows, classes)).astype(np.float32)
        x = torch.tensor(logits, requires_grad=True)
        value = loss(x, torch.tensor(labels))
        (gradient,) = torch.autograd.grad(value, x)
        expected, slope = value_and_grad(sparse_cross_entropy_with_logits)(logits, labels, reduction="sum")
        np.testing.assert_allclose(value.item(), expected, rtol=1e-6)
        np.testing.assert_allclose(gradient.numpy(), slope, rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_the_direct_form_serves_the_common_and_gives_way_at_the_edges(branches, name):
    """Rows in the range are computed directly, their gradient too if no factor is above 1; others are not."""
    logits, cotangent = CASES[name]
    kernel = sparse_cross_entropy_with_logits.describe(torch.tensor(logits), torch.tensor(LABELS)).kernel
    assert _indices_torch.serves(kernel, torch.tensor(logits))
    x = torch.tensor(logits, requires_grad=True)
    xp = pytest.importorskip("array_api_compat.torch")
    losses = _indices_torch.losses(xp, kernel, x, torch.tensor(LABELS))
    losses.backward(torch.full_like(losses, cotangent))
    assert [name in DIRECT, name in DIRECT - {"large cotangents", "small cotangents"}] == branches


def long_rows(dtype):
    """Rows long enough for blocks, confident and not, their labels in the first block, the last, and some between."""
    rows, classes = 6, 2 * _indices_torch.LONG + _indices_torch.LEAST_BLOCK
    logits = torch.tensor(np.random.default_rng(3).standard_normal((rows, classes)) * 3).to(dtype)
    labels = torch.tensor([0, classes - 1, 511, 512, 4097, 9000])
    logits[torch.arange(rows), labels] += torch.tensor([0, 12, 15, 18, 30, 45], dtype=dtype)
    return logits, labels


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_rows_in_blocks_leave_out_their_label_alone(branches, dtype):
    """Value and gradient as in float64, whichever block the label is in, computed from the logits as they came."""
    logits, labels = long_rows(dtype)
    evaluation = sparse_cross_entropy_with_logits.describe(logits, labels, reduction="sum")
    xp = pytest.importorskip("array_api_compat.torch")
    x = logits.to(torch.float32, copy=True).requires_grad_()
    losses = _indices_torch.losses(xp, evaluation.kernel, x, labels)
    losses.sum().backward()
    value, slope = value_and_grad(sparse_cross_entropy_with_logits)(logits.double(), labels, reduction="sum")
    exact = sparse_cross_entropy_with_logits(logits.double(), labels, reduction="none")
    assert ulps(losses.detach().numpy(), exact.numpy()) <= 3
    assert losses.double().sum().item() == pytest.approx(value.item(), rel=1e-6)
    if dtype == torch.float32:  # a gradient of half precision is rounded to that
        assert ulps(x.grad.numpy(), slope.numpy()) <= 3
    else:
        smallest = torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps
        torch.testing.assert_close(x.grad, slope.to(dtype).float(), rtol=torch.finfo(dtype).eps, atol=smallest)
    assert [True, True] == branches


@pytest.fixture(scope="module")
def compiled_mean():
    """The mean, compiled once: one program has both forms."""

    def mean(x, labels):
        return sparse_cross_entropy_with_logits(x, labels)

    return torch.compile(mean, fullgraph=True, dynamic=False)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("scale", [3.0, 300.0], ids=["direct", "careful"])
def test_half_precision_compiles_to_either_form(compiled_mean, scale):
    """A mean and its gradient, in bfloat16, as they come without the compiler."""
    logits = torch.tensor(drawn(scale)).bfloat16()
    x, labels = logits.clone().requires_grad_(), torch.tensor(LABELS)
    loss = compiled_mean(x, labels)
    loss.backward()
    value, slope = value_and_grad(sparse_cross_entropy_with_logits)(logits, labels)
    assert loss.dtype == x.grad.dtype == torch.bfloat16
    torch.testing.assert_close(loss.detach(), value, rtol=2**-8, atol=0.0)
    torch.testing.assert_close(x.grad, slope, rtol=2**-7, atol=1e-38)
