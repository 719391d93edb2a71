"""The oracle against the second one where the corpus has no case: questions drawn from the edges."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from ceconform.authoring.witness import DIGITS, answer, differences
from ceconform.corpus import LOSSES, REDUCTIONS, Call
from ceconform.oracle import evaluate

INF, NAN = np.inf, np.nan
SEEDS = 20
# Each number with how often it is drawn.
LOGITS = {0.0: 4, 1.0: 2, -1.0: 2, 2.5: 2, -3.0: 2, 700.0: 1, -40.0: 1, 1e-30: 1, INF: 1, -INF: 2, NAN: 0.4}
PROBABILITIES = {0.0: 3, 1.0: 3, 0.5: 4, 0.25: 4, 1e-9: 1, 1 - 2**-40: 1, NAN: 0.4, 1.5: 0.3, -0.1: 0.3}
LOG_PROBABILITIES = {0.0: 2, -1.0: 3, -0.5: 3, -INF: 1, -800.0: 1, NAN: 0.3, 0.5: 0.3}
WEIGHTS = {1.0: 5, 0.0: 3, 2.0: 3, 0.5: 3, -1.0: 0.4, NAN: 0.2, INF: 0.2}
SOFT = {0.0: 6, 1.0: 5, 0.25: 2, 0.5: 2, 0.75: 2, 1.5: 0.4, NAN: 0.3}
SIGNS = {1.0: 8, -1.0: 8, 0.0: 1, NAN: 0.5}
HOT = {0.0: 8, 1.0: 8, 0.5: 0.5, NAN: 0.3}
HIDDEN = {0.0: 4, 1.0: 2, -1.0: 2, 2.5: 2, -3.0: 2, 40.0: 1, 1e-30: 1, NAN: 0.4}


class Numbers(NamedTuple):
    """What a question is drawn from."""

    predictions: dict
    weights: dict
    labels: dict
    indices: dict


EDGES = Numbers(
    predictions={
        "hidden": HIDDEN,
        "logits": LOGITS,
        "probabilities": PROBABILITIES,
        "log_probabilities": LOG_PROBABILITIES,
    },
    weights=WEIGHTS,
    labels={"sign": SIGNS, "multi-hot": HOT, "binary": SOFT, "distribution": SOFT},
    indices={-1: 1, 7: 1},
)
_SHARES = {x: often for x, often in SOFT.items() if x <= 1}
EVERYDAY = Numbers(
    predictions={
        "hidden": {0.0: 4, 1.0: 2, -1.0: 2, 2.5: 2, -3.0: 2},
        "logits": {0.0: 4, 1.0: 2, -1.0: 2, 2.5: 2, -3.0: 2, -40.0: 1},
        "probabilities": {0.5: 4, 0.25: 4, 0.125: 2, 1e-9: 1, 1 - 2**-40: 1},
        "log_probabilities": {-0.25: 2, -1.0: 3, -0.5: 3, -800.0: 1},
    },
    weights={x: often for x, often in WEIGHTS.items() if 0 <= x < INF},
    labels={"sign": {1.0: 1, -1.0: 1}, "multi-hot": {0.0: 1, 1.0: 1}, "binary": _SHARES, "distribution": _SHARES},
    indices={},
)
COTANGENTS = {0.0: 2, 1.0: 3, 2.5: 1, -3.0: 1}


def _draw(rng, numbers, shape):
    chances = np.array(list(numbers.values()))
    return rng.choice(list(numbers), size=shape, p=chances / chances.sum())


def _labels(rng, kind, shape, numbers):
    if kind == "index":
        indices = {**dict.fromkeys(range(shape[-1]), 8), **numbers.indices}
        return _draw(rng, indices, shape[:-1]).astype(np.int64)
    return None if kind is None else _draw(rng, numbers.labels[kind], shape)


def _parameters(rng, spec, shape, numbers, *, alone):
    weights = numbers.weights
    choices = {
        "label_smoothing": lambda: float(rng.choice([0.1, 0.3, 1.0, 0.0])),
        "base": lambda: float(rng.choice([2.0, 10.0, 0.5])),
        "gamma": lambda: float(rng.choice([0.0, 0.5, 1.0, 1.5, 2.0, 3.0])),
        "alpha": lambda: float(rng.choice([0.25, 0.0, 1.0])) if alone else _draw(rng, weights, shape[-1]),
        "sample_weight": lambda: _draw(rng, weights, shape if alone else shape[:-1]),
        "pos_weight": lambda: _draw(rng, weights, shape[-1]),
        "ignore_index": lambda: int(rng.choice([-1, 0, 1])),
    }
    if not alone:
        choices["class_weight"] = lambda: _draw(rng, weights, shape[-1])
    if spec.layer:
        choices["bias"] = lambda: _draw(rng, numbers.predictions["logits"], shape[-1])
    layer = {"weight": _draw(rng, numbers.predictions["hidden"], (shape[-1], 2))} if spec.layer else {}
    return layer | {name: draw() for name, draw in choices.items() if name in spec.parameters and rng.random() < 0.35}


def _question(loss, seed, numbers):
    rng = np.random.default_rng([seed, *loss.encode()])
    spec = LOSSES[loss]
    whole = {"axis": None} if loss == "brier_loss" and rng.random() < 0.3 else {}
    alone = bool(whole) or spec.labels in {"binary", "sign"}
    shape = (int(rng.integers(0, 4)), int(rng.integers(1, 4)))
    return Call(
        loss=loss,
        predictions=_draw(rng, numbers.predictions[spec.predictions], (shape[0], 2) if spec.layer else shape),
        labels=_labels(rng, spec.labels, shape, numbers),
        parameters={
            **whole,
            **_parameters(rng, spec, shape, numbers, alone=alone),
            "reduction": str(rng.choice(REDUCTIONS)),
        },
        dtype="float64",
    )


def _gradient_question(loss, seed):
    """A question about a gradient by labels or weights, or for a cotangent."""
    rng = np.random.default_rng([seed, 1, *loss.encode()])
    call = _question(loss, seed, EVERYDAY)
    by = [name for name in ("class_weight", "pos_weight", "sample_weight") if name in call.parameters]
    steep = loss == "kl_divergence" and not call.labels.all()  # q log q has an infinite slope at 0
    by += ["labels"] if call.spec.labels in {"binary", "distribution"} and not steep else []
    alone = call.spec.labels in {"binary", "sign"} or call.axis is None
    shape = call.predictions.shape if alone else call.predictions.shape[:-1]
    return replace(
        call,
        gradient_by=str(rng.choice(by or ["predictions"])),
        cotangent=_draw(rng, COTANGENTS, shape) if call.reduction == "none" else None,
    )


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_two_oracles_agree_on_gradients_by_labels_and_weights(loss):
    """At their ends, 0 and 1, too, and for cotangents of both signs and of 0: the same to all forty digits."""
    found = {}
    for seed in range(SEEDS):
        call = _gradient_question(loss, seed)
        if any(number.is_nan() for number in evaluate(call, gradient=False).loss.ravel().tolist()):
            continue  # the mean of nothing, which has no derivative
        found[seed] = differences(evaluate(call), answer(call), dict.fromkeys(DIGITS, 40))
    assert {} == {seed: wrong for seed, wrong in found.items() if wrong}


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_two_oracles_agree_at_the_edges(loss):
    """Infinities, zeros, NaNs, and what is out of range, in every mixture: the same answer to all forty digits."""
    found = {}
    for seed in range(SEEDS):
        call = _question(loss, seed, EDGES)
        found[seed] = differences(evaluate(call), answer(call), dict.fromkeys(DIGITS, 40))
    assert {} == {seed: wrong for seed, wrong in found.items() if wrong}
