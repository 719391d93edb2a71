"""The oracle against a second witness."""

from __future__ import annotations

import random
from decimal import Decimal

import mpmath as mp
import numpy as np
import pytest
import second_oracle

from ceconform.corpus import LOSSES, REDUCTIONS, Call
from ceconform.oracle import evaluate

SEEDS = range(4)


def _predictions(rng, loss, shape):
    space = LOSSES[loss].predictions
    if space == "logits":
        return rng.normal(size=shape) * rng.choice([0.5, 3.0, 12.0])
    if loss.startswith(("binary", "brier")):
        return rng.uniform(0.001, 0.999, size=shape)
    p = rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]) * rng.choice([1.0, 0.9])
    return np.log(p) if space == "log_probabilities" else p


def _labels(rng, loss, shape):
    kind = LOSSES[loss].labels
    if kind == "index":
        return rng.integers(0, shape[-1], size=shape[:-1])
    if kind == "binary":
        return np.where(rng.random(shape) < 0.5, rng.integers(0, 2, shape), rng.random(shape)).astype(float)
    if kind == "sign":
        return rng.choice([-1.0, 1.0], size=shape)
    if kind == "multi-hot":
        return rng.integers(0, 2, size=shape).astype(float)
    if kind == "distribution":
        return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    return None


def _parameters(rng, loss, shape):
    spec = LOSSES[loss]
    elementwise = spec.labels in {"binary", "sign"}
    choices = {
        "label_smoothing": lambda: float(rng.choice([0.1, 0.3])),
        "base": lambda: float(rng.choice([2.0, 10.0])),
        "gamma": lambda: float(rng.choice([0.0, 0.5, 1.0, 2.0, 2.5])),
        "alpha": lambda: 0.25 if elementwise else rng.random(shape[-1]),
        "sample_weight": lambda: rng.integers(0, 4, size=shape if elementwise else shape[:-1]) / 2,
        "class_weight": lambda: rng.random(shape[-1]) + 0.1,
        "pos_weight": lambda: rng.random(shape[-1]) * 3,
        "ignore_index": lambda: 0,
    }
    return {name: draw() for name, draw in choices.items() if name in spec.parameters and rng.random() < 0.5}


def make(loss, seed, reduction):
    """A smooth call of the loss, from its seed."""
    rng = np.random.default_rng([seed, *loss.encode()])
    shape = (2, 3) if LOSSES[loss].labels in {"binary", "sign"} else (3, int(rng.integers(2, 5)))
    return Call(
        loss=loss,
        predictions=_predictions(rng, loss, shape),
        labels=_labels(rng, loss, shape),
        parameters={**_parameters(rng, loss, shape), "reduction": reduction},
        dtype="float64",
    )


def assert_same(expected, actual, digits=38):
    """Two arrays agree to so many digits."""
    assert expected.shape == actual.shape
    for want, got in zip(expected.ravel(), actual.ravel(), strict=True):
        assert isinstance(got, Decimal)
        with mp.workdps(60):
            if want == 0:
                assert got == 0
            else:
                assert abs(mp.mpf(str(got)) / want - 1) < mp.mpf(10) ** -digits, (want, got)


def assert_agreement(call, conventions=()):
    """The two witnesses agree about everything."""
    witness = second_oracle.evaluate(call, conventions)
    exact = evaluate(call, conventions=conventions)
    for name in ("loss", "gradient", "condition", "gradient_condition"):
        assert_same(getattr(witness, name), getattr(exact, name))
    assert exact.invalid == ""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_two_witnesses_agree(loss, seed):
    """Value, gradient and conditions of every loss are those of plain formulas in mpmath."""
    reduction = REDUCTIONS[(seed + len(loss)) % 4]
    assert_agreement(make(loss, seed, reduction))
