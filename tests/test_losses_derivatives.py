"""The analytic derivatives under PyTorch's and JAX's transformations."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from asking import same

import ceconform as cc

Z = np.asarray([[0.5, -1.0, 2.0], [0.0, 0.0, -3.0]])
P = np.exp(Z) / np.exp(Z).sum(-1, keepdims=True)
Q = np.asarray([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])
WEIGHTED = {"class_weight": np.asarray([1.0, 2.0, 0.5]), "sample_weight": np.asarray([2.0, 3.0])}
EACH = {"sample_weight": np.asarray([2.0, 3.0, 0.5])}

DIFFERENTIABLE = [  # loss, predictions, labels, weights
    (cc.binary_cross_entropy, P[0], Q[0], {**EACH, "pos_weight": np.asarray([1.0, 2.0, 0.5])}),
    (cc.binary_cross_entropy_with_logits, Z[0], Q[0], {**EACH, "pos_weight": np.asarray([1.0, 2.0, 0.5])}),
    (cc.binary_focal_loss, P[0], Q[0], EACH),
    (cc.binary_focal_loss_with_logits, Z[0], Q[0], EACH),
    (cc.categorical_cross_entropy, P, Q, WEIGHTED),
    (cc.categorical_cross_entropy_with_logits, Z, Q, WEIGHTED),
    (cc.categorical_focal_loss, P, Q, {"alpha": np.asarray([1.0, 2.0, 0.5])}),
    (cc.categorical_focal_loss_with_logits, Z, Q, {"alpha": np.asarray([1.0, 2.0, 0.5])}),
    (cc.kl_divergence, P, Q, WEIGHTED),
    (cc.brier_loss, P, Q, WEIGHTED),
]
NAMES = [row[0].__name__ for row in DIFFERENTIABLE]


@pytest.mark.parametrize(("loss", "x", "labels", "weights"), DIFFERENTIABLE, ids=NAMES)
def test_gradients_and_curvature_are_those_of_the_value(torch, loss, x, labels, weights):
    """By predictions, labels and every weight, once and twice, against finite differences."""
    names = list(weights)
    inputs = [torch.tensor(a, requires_grad=True) for a in (x, labels, *weights.values())]

    def mean(x, labels, *rest):
        # Moving a label off the simplex and a weight off its mean moves the divisor as well.
        return loss(x, labels, **dict(zip(names, rest, strict=True)), label_smoothing=0.1, reduction="weighted_mean")

    assert torch.autograd.gradcheck(mean, inputs)
    assert torch.autograd.gradgradcheck(mean, inputs)


OF_CLASSES = [  # loss, predictions, labels that are no numbers to differentiate by, weights
    (cc.sparse_cross_entropy, P, np.asarray([2, 1]), WEIGHTED),
    (cc.sparse_cross_entropy_with_logits, Z, np.asarray([2, 1]), WEIGHTED),
    (cc.nll_loss, np.log(P), np.asarray([2, 1]), WEIGHTED),
    (cc.multilabel_softmax_loss, Z, np.asarray([[1, 0, 1], [0, 1, 0]]), {"sample_weight": np.asarray([2.0, 3.0])}),
    (cc.categorical_hinge_loss, Z, np.asarray([2, 1]), {"sample_weight": np.asarray([2.0, 3.0])}),
    (cc.soft_margin_loss, Z[0], np.asarray([1.0, -1.0, 1.0]), EACH),
    (cc.squared_hinge_loss, 0.9 * Z[0], np.asarray([1.0, -1.0, 1.0]), EACH),
]


@pytest.mark.parametrize(("loss", "x", "labels", "weights"), OF_CLASSES, ids=[loss.__name__ for loss, *_ in OF_CLASSES])
def test_gradients_beside_classes_are_those_of_the_value(torch, loss, x, labels, weights):
    """By predictions and every weight, against finite differences; with and without weights."""
    inputs = [torch.tensor(a, requires_grad=True) for a in (x, *weights.values())]

    def mean(x, *rest):
        chosen = dict(zip(weights, rest, strict=False))
        return loss(x, torch.tensor(labels), **chosen, reduction="weighted_mean")

    assert torch.autograd.gradcheck(mean, inputs)
    assert torch.autograd.gradgradcheck(mean, inputs)
    assert torch.autograd.gradcheck(mean, inputs[:1])


ELEMENTS = [  # losses whose weights are in their kernel, predictions, labels
    (cc.soft_margin_loss, Z[0], np.asarray([1.0, -1.0, 1.0])),
    (cc.binary_cross_entropy_with_logits, Z[0], Q[0]),
]


@pytest.mark.parametrize(("loss", "x", "labels"), ELEMENTS, ids=[loss.__name__ for loss, *_ in ELEMENTS])
def test_gradients_of_what_is_weighed_at_once_are_those_of_the_value(torch, jax, loss, x, labels):
    """By predictions and weights, and labels where they are shares, once and twice; a weight of 0 is what it weighs."""
    weight = EACH["sample_weight"]
    inputs = [torch.tensor(a, requires_grad=True) for a in (x, weight)]

    def mean(x, weight):
        like = torch if isinstance(x, torch.Tensor) else jax.numpy
        return loss(x, like.asarray(labels), sample_weight=weight, reduction="mean")

    assert torch.autograd.gradcheck(mean, inputs)
    assert torch.autograd.gradgradcheck(mean, inputs)
    still = torch.tensor([0.0, 3.0, 0.5], dtype=torch.float64, requires_grad=True)
    plain = loss(inputs[0], torch.tensor(labels), reduction="none").detach().numpy() / 3
    same(plain, torch.autograd.grad(mean(inputs[0].detach(), still), still)[0].numpy())
    ours = jax.grad(mean, argnums=(0, 1))(*map(jax.numpy.asarray, (x, weight)))
    for a, b in zip(ours, torch.autograd.grad(mean(*inputs), inputs), strict=True):
        same(b.numpy(), a)
    by_label = torch.tensor(labels, requires_grad=True)
    if loss is cc.binary_cross_entropy_with_logits:
        assert torch.autograd.gradcheck(lambda t: loss(inputs[0], t, sample_weight=inputs[1]), [by_label])


@pytest.mark.parametrize(("loss", "x", "labels", "weights"), DIFFERENTIABLE, ids=NAMES)
def test_jax_agrees_with_torch(torch, jax, loss, x, labels, weights):
    """The gradients by predictions, labels and weights, compiled and not by hand."""
    names = list(weights)
    arrays = [x, labels, *weights.values()]

    def mean(x, labels, *rest):
        return loss(x, labels, **dict(zip(names, rest, strict=True)), label_smoothing=0.1, reduction="weighted_mean")

    ours = jax.jit(jax.grad(mean, argnums=tuple(range(len(arrays)))))(*map(jax.numpy.asarray, arrays))
    inputs = [torch.tensor(a, requires_grad=True) for a in arrays]
    theirs = torch.autograd.grad(mean(*inputs), inputs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(a), b.numpy(), rtol=1e-10, atol=1e-13)


def test_an_unreduced_label_gradient_is_the_cost(torch):
    """∂/∂q_c is lse(z) - z_c, infinite for a masked class; by a weight of 0 it is what the weight silences."""
    z = torch.tensor([[0.0, 0.0, -torch.inf]])
    q = torch.tensor([[1.0, 0.0, 0.0]], requires_grad=True)
    w = torch.tensor([0.0], requires_grad=True)
    cost = torch.autograd.grad(cc.categorical_cross_entropy_with_logits(z, q, reduction="sum"), q)[0]
    same([[np.log(2), np.log(2), np.inf]], cost.numpy())
    loss = cc.categorical_cross_entropy_with_logits(z, q, sample_weight=w, reduction="sum")
    same(0.0, loss.detach().numpy())
    same([np.log(2)], torch.autograd.grad(loss, w)[0].numpy())


def masked_away(where, loss, zero):
    """Losses that a user masks afterwards: of the first row nothing is left."""
    return lambda x, y: where(zero, 0.0, loss(x, y, reduction="none")).sum()


def test_a_zero_cotangent_gives_a_zero_gradient(torch, jax):
    """Even where the derivative is infinite or NaN: those who mask afterwards get no NaN."""
    p, t, mask = np.asarray([0.0, np.nan, 0.5]), np.asarray([1.0, 1.0, 1.0]), np.asarray([True, True, False])
    x = torch.tensor(p, requires_grad=True)
    loss = masked_away(torch.where, cc.binary_cross_entropy, torch.tensor(mask))(x, torch.tensor(t))
    same([0, 0, -2], torch.autograd.grad(loss, x)[0].numpy())
    jitted = jax.jit(jax.grad(masked_away(jax.numpy.where, cc.binary_cross_entropy, mask)))
    same([0, 0, -2], jitted(jax.numpy.asarray(p), jax.numpy.asarray(t)))


def test_vmap_of_grad(torch, jax):
    """A gradient for each sample."""
    y = np.asarray([2, 1])
    expected = cc.value_and_grad(cc.sparse_cross_entropy_with_logits)(Z, y, reduction="none")[1]
    one = functools.partial(cc.sparse_cross_entropy_with_logits, reduction="sum")
    ours = torch.func.vmap(torch.func.grad(one))(torch.tensor(Z), torch.tensor(y))
    same(expected, ours.numpy())
    same(expected, jax.jit(jax.vmap(jax.grad(one)))(jax.numpy.asarray(Z), jax.numpy.asarray(y)))


# PyTorch's own forward mode goes through its deprecated torch.jit.script.
@pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")
def test_forward_mode_in_torch(torch):
    """A Jacobian-vector product is the gradient's product with the vector."""
    direction = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], dtype=torch.float64)
    function = functools.partial(cc.categorical_cross_entropy_with_logits, labels=torch.tensor(Q))
    x = torch.tensor(Z)
    with torch.autograd.forward_ad.dual_level():
        dual = function(torch.autograd.forward_ad.make_dual(x, direction))
        tangent = torch.autograd.forward_ad.unpack_dual(dual).tangent
    same(float((torch.func.grad(function)(x) * direction).sum()), float(tangent))


def test_the_hessian_in_jax_and_at_a_logit_of_zero(jax):
    """σ'(0) is 1/4, though |z| has no derivative there."""
    hessian = jax.jit(jax.hessian(functools.partial(cc.binary_cross_entropy_with_logits, reduction="sum")))
    z, t = jax.numpy.asarray([0.0, 1.0]), jax.numpy.asarray([1.0, 0.0])
    same([[0.25, 0], [0, np.exp(-1) / (1 + np.exp(-1)) ** 2]], hessian(z, t))


# PyTorch's compiler goes through what PyTorch deprecates: instances of `Function`, torch.jit.script_method.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
@pytest.mark.xdist_group("compiled-torch")
@pytest.mark.parametrize(
    "loss",
    [cc.binary_cross_entropy_with_logits, cc.categorical_focal_loss_with_logits, cc.sparse_cross_entropy_with_logits],
)
def test_torch_compiles_the_full_graph(torch, loss):
    """Value and gradient, without a break, and the same numbers as the eager ones."""
    x = torch.tensor(Z, dtype=torch.float32, requires_grad=True)
    labels = (
        torch.tensor([2, 1]) if loss is cc.sparse_cross_entropy_with_logits else torch.tensor(Q, dtype=torch.float32)
    )
    binary = loss is cc.binary_cross_entropy_with_logits
    weight = torch.tensor([[2.0], [3.0]] if binary else [2.0, 3.0], requires_grad=True)

    def mean(x, labels, weight):
        return loss(x, labels, sample_weight=weight, label_smoothing=0.1, reduction="weighted_mean")

    eager = torch.autograd.grad(mean(x, labels, weight), (x, weight))
    compiled = torch.autograd.grad(torch.compile(mean, fullgraph=True)(x, labels, weight), (x, weight))
    for a, b in zip(eager, compiled, strict=True):
        torch.testing.assert_close(b, a)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
@pytest.mark.xdist_group("compiled-torch")
@pytest.mark.parametrize("loss", [cc.binary_cross_entropy_with_logits, cc.sparse_cross_entropy_with_logits])
def test_torch_compiles_where_nothing_asks_for_a_gradient(torch, loss):
    """As in validation: the value alone."""
    x, y = torch.tensor(Z), torch.tensor([2, 1])
    labels = y if loss is cc.sparse_cross_entropy_with_logits else torch.tensor(Q)
    torch.testing.assert_close(torch.compile(loss, fullgraph=True)(x, labels), loss(x, labels))
