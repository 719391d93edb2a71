"""Small tensors of PyTorch's: NumPy computes them, and nobody can tell but by the clock."""

from __future__ import annotations

import numpy as np
import pytest

import ceconform
from ceconform import binary_cross_entropy_with_logits, sparse_cross_entropy_with_logits, value_and_grad
from ceconform.errors import DTypeError, ShapeError

torch = pytest.importorskip("torch", reason="torch is not installed")
small = pytest.importorskip("ceconform.losses._small_torch")

LABELS = [1, 0, 4, 4]


@pytest.fixture
def logits():
    """Four rows of five classes, the first confident to the last digit."""
    rows = np.random.default_rng(3).standard_normal((4, 5)).astype(np.float32)
    rows[0, 1] = 60.0
    return torch.tensor(rows)


@pytest.fixture
def labels():
    """Class indices."""
    return torch.tensor(LABELS)


@pytest.fixture
def asked():
    """Those that NumPy computed: the libraries of the predictions that each description saw."""
    seen = []
    describe = sparse_cross_entropy_with_logits.describe

    def spy(x, *arguments, **keywords):
        seen.append(type(x).__module__.partition(".")[0])
        return describe(x, *arguments, **keywords)

    def ask(*arguments, **keywords):
        answer = small.loss(spy, None, arguments, keywords)
        return answer, seen

    return ask


def in_general(monkeypatch, call):
    """The answer where no tensor is small."""
    with monkeypatch.context() as patch:
        patch.setattr(small, "FEW", -1)
        return call()


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "weighted_mean"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_the_answer_is_that_of_larger_tensors(monkeypatch, logits, labels, reduction, dtype):
    """Value and gradient, whatever the cotangent."""
    weight = torch.tensor([1.0, 0.0, 0.5, 2.0], dtype=getattr(torch, dtype))

    def ask():
        x = logits.to(getattr(torch, dtype)).requires_grad_()
        answer = sparse_cross_entropy_with_logits(x, labels, sample_weight=weight, reduction=reduction)
        (gradient,) = torch.autograd.grad(answer, x, torch.full_like(answer, 3.0))
        assert answer.dtype == gradient.dtype == x.dtype
        return answer.detach(), gradient

    for ours, general in zip(ask(), in_general(monkeypatch, ask), strict=True):
        torch.testing.assert_close(ours, general, rtol=2 * torch.finfo(getattr(torch, dtype)).eps, atol=0)


def test_numpy_is_asked_and_is_not_where_pytorch_must_be(asked, logits, labels):
    """Not for what has a gradient besides, nor under a mode or a transformation; of bfloat16, which it lacks, too."""
    for x in (logits, logits.bfloat16()):
        answer, seen = asked(x, labels)
        assert "numpy" == seen.pop()
        assert torch.is_tensor(answer)
        assert x.dtype == answer.dtype
    weight = torch.ones(4, requires_grad=True)
    assert asked(logits, labels, sample_weight=weight)[0] is None
    assert asked(torch.zeros(4, 2**13), labels)[0] is None
    assert asked(logits, labels, xp=torch)[0] is None
    with torch.device("meta"):
        assert asked(logits, labels)[0] is None
    assert torch.func.vmap(lambda x, y: torch.tensor(asked(x[None], y[None])[0] is None))(logits, labels).all()
    assert [] == seen


def test_gradients_by_labels_and_weights_are_there(logits):
    """Where autograd follows another argument, PyTorch computes."""
    targets = torch.rand(4, 5, requires_grad=True)
    weight = torch.rand(4, 5, requires_grad=True)
    binary_cross_entropy_with_logits(logits, targets, sample_weight=weight).backward()
    assert targets.grad.abs().min() > 0
    assert weight.grad.abs().min() > 0


def test_the_saved_gradient_serves_more_than_once(logits, labels):
    """The graph may be kept, and gradients add up."""
    x = logits.clone().requires_grad_()
    loss = sparse_cross_entropy_with_logits(x, labels)
    loss.backward(retain_graph=True)
    once = x.grad.clone()
    loss.backward()
    torch.testing.assert_close(2 * once, x.grad, rtol=0, atol=0)


def test_second_derivatives_follow(logits, labels):
    """The Hessian of a row is diag(p) - p pᵀ."""
    row = logits[1].double()
    hessian = torch.autograd.functional.hessian(lambda z: sparse_cross_entropy_with_logits(z[None], labels[1:2]), row)
    p = torch.softmax(row, 0)
    torch.testing.assert_close(torch.diag(p) - p[:, None] * p, hessian)


def test_a_label_that_was_overwritten_is_noticed(logits, labels):
    """As everywhere in autograd, where the gradient needs it."""
    loss = sparse_cross_entropy_with_logits(logits.requires_grad_(), labels)
    labels += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_errors_speak_of_tensors(logits, labels):
    """Of PyTorch's types and dtypes."""
    with pytest.raises(DTypeError, match=r"torch.Tensor: got numpy.ndarray"):
        sparse_cross_entropy_with_logits(logits, labels.numpy())
    with pytest.raises(DTypeError, match=r"got torch\.float32"):
        sparse_cross_entropy_with_logits(logits, logits[:, 0])
    with pytest.raises(ShapeError, match=r"expected \(4,\), got \(3,\)"):
        value_and_grad(sparse_cross_entropy_with_logits)(logits, labels[:3])


def test_value_and_grad_answers_in_tensors(monkeypatch, logits, labels):
    """Both, and none is followed by autograd."""
    function = value_and_grad(sparse_cross_entropy_with_logits)
    for ours, general in zip(
        function(logits.requires_grad_(), labels),
        in_general(monkeypatch, lambda: function(logits.detach(), labels)),
        strict=True,
    ):
        assert not ours.requires_grad
        torch.testing.assert_close(ours, general, rtol=2e-7, atol=0)


@pytest.mark.parametrize("followed", ["nothing", "hidden", "weight"])
def test_the_layer_is_that_of_larger_tensors(monkeypatch, followed):
    """Its value, and its gradient by the one input or the other."""
    inputs = {"hidden": torch.linspace(-1, 2, 12).reshape(4, 3), "weight": torch.linspace(-3, 1, 15).reshape(5, 3)}
    scale = torch.tensor([1.0, 2.0, 0.0, 0.5])

    def ask():
        given = {name: value.clone().requires_grad_(name == followed) for name, value in inputs.items()}
        losses = ceconform.linear_cross_entropy(**given, labels=torch.tensor(LABELS), reduction="none")
        positional = ceconform.linear_cross_entropy(*given.values(), torch.tensor(LABELS), reduction="none")
        torch.testing.assert_close(losses, positional)
        if followed == "nothing":
            return (positional,)
        return positional.detach(), *torch.autograd.grad(positional, given[followed], scale)

    for ours, general in zip(ask(), in_general(monkeypatch, ask), strict=True):
        torch.testing.assert_close(ours, general)
