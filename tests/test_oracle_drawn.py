"""The oracle against the second one where the corpus has no case: questions drawn from the edges."""

from __future__ import annotations

import numpy as np
import pytest
import second_answer
from second_comparison import DIGITS, differences

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
SPACES = {"hidden": HIDDEN, "logits": LOGITS, "probabilities": PROBABILITIES, "log_probabilities": LOG_PROBABILITIES}


def _draw(rng, numbers, shape):
    chances = np.array(list(numbers.values()))
    return rng.choice(list(numbers), size=shape, p=chances / chances.sum())


def _labels(rng, kind, shape):
    if kind == "index":
        indices = {**dict.fromkeys(range(shape[-1]), 8), -1: 1, 7: 1}
        return _draw(rng, indices, shape[:-1]).astype(np.int64)
    return None if kind is None else _draw(rng, {"sign": SIGNS, "multi-hot": HOT}.get(kind, SOFT), shape)


def _parameters(rng, spec, shape, *, alone):
    choices = {
        "label_smoothing": lambda: float(rng.choice([0.1, 0.3, 1.0, 0.0])),
        "base": lambda: float(rng.choice([2.0, 10.0, 0.5])),
        "gamma": lambda: float(rng.choice([0.0, 0.5, 1.0, 1.5, 2.0, 3.0])),
        "alpha": lambda: float(rng.choice([0.25, 0.0, 1.0])) if alone else _draw(rng, WEIGHTS, shape[-1]),
        "sample_weight": lambda: _draw(rng, WEIGHTS, shape if alone else shape[:-1]),
        "pos_weight": lambda: _draw(rng, WEIGHTS, shape[-1]),
        "ignore_index": lambda: int(rng.choice([-1, 0, 1])),
    }
    if not alone:
        choices["class_weight"] = lambda: _draw(rng, WEIGHTS, shape[-1])
    if spec.layer:
        choices["bias"] = lambda: _draw(rng, LOGITS, shape[-1])
    layer = {"weight": _draw(rng, HIDDEN, (shape[-1], 2))} if spec.layer else {}
    return layer | {name: draw() for name, draw in choices.items() if name in spec.parameters and rng.random() < 0.35}


def _question(loss, seed):
    rng = np.random.default_rng([seed, *loss.encode()])
    spec = LOSSES[loss]
    whole = {"axis": None} if loss == "brier_loss" and rng.random() < 0.3 else {}
    alone = bool(whole) or spec.labels in {"binary", "sign"}
    shape = (int(rng.integers(0, 4)), int(rng.integers(1, 4)))
    return Call(
        loss=loss,
        predictions=_draw(rng, SPACES[spec.predictions], (shape[0], 2) if spec.layer else shape),
        labels=_labels(rng, spec.labels, shape),
        parameters={
            **whole,
            **_parameters(rng, spec, shape, alone=alone),
            "reduction": str(rng.choice(REDUCTIONS)),
        },
        dtype="float64",
    )


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_two_oracles_agree_at_the_edges(loss):
    """Infinities, zeros, NaNs, and what is out of range, in every mixture: the same answer to all forty digits."""
    found = {}
    for seed in range(SEEDS):
        call = _question(loss, seed)
        found[seed] = differences(evaluate(call), second_answer.answer(call), dict.fromkeys(DIGITS, 40))
    assert {} == {seed: wrong for seed, wrong in found.items() if wrong}
