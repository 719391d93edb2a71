"""The accuracy of the forms, in ulps against mpmath: what is claimed, and that the plain forms do not have it."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from asking import ask

import ceconform as cc

mpmath.mp.prec = 200
EPS = 2.0**-23


def ulps(got, exact):
    """The largest error in units in the last place of float32; the exact value must be normal there."""
    got, exact = np.asarray(got, dtype=np.float64).ravel(), list(exact)
    assert len(got) == len(exact)
    return max(
        float(abs(mpmath.mpf(g) - e)) / float(np.spacing(np.float32(abs(e))))
        for g, e in zip(got, exact, strict=True)
        if abs(e) > 1e-37
    )


def worst(got, exact, scale):
    """The largest error in units of eps · scale."""
    pairs = zip(np.asarray(got, dtype=np.float64).ravel(), exact, scale, strict=True)
    return max(float(abs(mpmath.mpf(g) - e) / (s * EPS)) for g, e, s in pairs if s > 1e-30)


def exactly(values):
    """The numbers themselves."""
    return [mpmath.mpf(float(v)) for v in np.ravel(values)]


def logits_of(rng, classes, rows=24):
    """Rows from flat to steep, half of them shifted, as float32."""
    z = rng.normal(size=(rows, classes)) * np.repeat([1, 5, 20, 60], rows // 4)[:, None]
    return (z + 100 * rng.normal(size=(rows, 1)) * (np.arange(rows) % 2)[:, None]).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 100])
@pytest.mark.parametrize("labels", ["hard", "soft", "smoothed"])
def test_softmax_cross_entropy_and_its_gradient(place, classes, labels):
    """Within 3 ulps of the loss, which may be 1e-9 or 1e-30; the gradient within 5 of its larger part."""
    rng = np.random.default_rng(classes)
    z = logits_of(rng, classes)
    y = np.where(np.arange(len(z)) % 3 > 0, z.argmax(1), rng.integers(0, classes, len(z)))
    q = rng.dirichlet(np.ones(classes), size=len(z)).astype(np.float32) if labels == "soft" else np.eye(classes)[y]
    epsilon = 0.125 if labels == "smoothed" else 0.0  # exact in float32, so that q is what the oracle takes
    value, gradient = ask(
        place, cc.categorical_cross_entropy_with_logits, z, q, label_smoothing=epsilon, reduction="none"
    )
    losses, slopes, parts = [], [], []
    for row, label in zip(z, (1 - epsilon) * np.asarray(q, dtype=np.float64) + epsilon / classes, strict=True):
        powers = [mpmath.exp(v - max(exactly(row))) for v in exactly(row)]
        whole = mpmath.fsum(powers)
        p, rest = (
            [e / whole for e in powers],
            [mpmath.fsum(powers[:c] + powers[c + 1 :]) / whole for c in range(classes)],
        )
        u = exactly(label)
        total = mpmath.fsum(u)
        losses.append(
            mpmath.fsum(
                a * (mpmath.log1p(r / b) if b > r else -mpmath.log(b)) for a, b, r in zip(u, p, rest, strict=True)
            )
        )
        slopes += [b * (total - a) - a * r for a, b, r in zip(u, p, rest, strict=True)]
        parts += [max(b * (total - a), a * r) for a, b, r in zip(u, p, rest, strict=True)]
    if place[0].name == "jax":  # XLA flushes the subnormal numbers between
        tiny = [i for i, loss in enumerate(losses) if loss < 1e-30]
        losses, value = np.delete(np.asarray(losses, dtype=object), tiny), np.delete(value, tiny)
    slack = 2 if place[0].name == "jax" else 1  # XLA on the CPU adds a short row up in order, not in pairs
    assert ulps(value, losses) <= 3 * slack
    assert worst(gradient, slopes, parts) <= 5 * slack


@pytest.mark.parametrize("label", [0.0, 1.0, 0.5, 0.75, 1e-6])
def test_binary_cross_entropy_and_its_gradient(place, label):
    """Within 2.5 ulps from a logit of 1e-6 to one of 80, right or wrong."""
    size = np.exp(np.random.default_rng(7).uniform(math.log(1e-6), math.log(80), 60))
    z = np.concatenate([size, -size]).astype(np.float32)
    t = float(np.float32(label))
    value, gradient = ask(place, cc.binary_cross_entropy_with_logits, z, np.full(z.shape, t), reduction="none")
    odds = [mpmath.exp(v) for v in exactly(z)]
    assert ulps(value, [t * mpmath.log1p(1 / e) + (1 - t) * mpmath.log1p(e) for e in odds]) <= 2.5
    up, down = [(1 - t) * e / (1 + e) for e in odds], [t / (1 + e) for e in odds]
    assert worst(gradient, [a - b for a, b in zip(up, down, strict=True)], map(max, up, down)) <= 2.5


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focal_loss(place, gamma):
    """The power of σ costs about γ ulps more; the condition grows as fast."""
    size = np.exp(np.random.default_rng(8).uniform(math.log(1e-6), math.log(12), 40))
    z = np.concatenate([size, -size]).astype(np.float32)
    value, _ = ask(place, cc.binary_focal_loss_with_logits, z, np.ones(z.shape), gamma=gamma, reduction="none")
    assert (
        ulps(value, [(1 / (1 + mpmath.exp(v))) ** gamma * mpmath.log1p(mpmath.exp(-v)) for v in exactly(z)])
        <= 6 + 2 * gamma
    )


def test_divergence_of_near_distributions(place):
    """Each term of q log(q/p) keeps its digits where q is near p."""
    p = np.asarray([[0.5, 0.25, 0.25]], dtype=np.float32)
    q = (p * (1 + np.asarray([1e-5, -2e-5, 3e-5]))).astype(np.float32)
    value, _ = ask(place, cc.kl_divergence, p, q, reduction="none")
    terms = [b * mpmath.log(b / a) for a, b in zip(exactly(p), exactly(q), strict=True)]
    assert float(abs(mpmath.mpf(float(value[0])) - mpmath.fsum(terms))) < 4 * EPS * max(map(abs, terms))


def test_the_plain_forms_do_not_pass(torch):
    """The measure can fail: log-softmax gives 0, or noise, for a loss of 1e-9."""
    z = np.asarray([[20.0, 0.0], [17.0, 1.0]], dtype=np.float32)
    exact = [mpmath.log1p(mpmath.exp(b - a)) for a, b in z.astype(np.float64).tolist()]
    plain = -torch.log_softmax(torch.tensor(z), -1)[:, 0]
    assert ulps(plain.numpy(), exact) > 1e5
    assert ulps(cc.sparse_cross_entropy_with_logits(z, np.zeros(2, dtype=int), reduction="none"), exact) <= 3
