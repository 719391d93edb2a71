"""Every convention of every loss, read by the losses and by the oracle: the two share the data and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import ceconform
from ceconform.conventions import CONVENTIONS, Convention
from ceconform.corpus import LOSSES, Call
from ceconform.formats import FORMATS
from ceconform.libraries import LIBRARIES, resolve
from ceconform.oracle import evaluate
from ceconform.verdict.comparison import compare, wanted

INF = np.inf
TINY = {"float32": 1e-40, "float64": 1e-310}
"""Smaller than a normal number; the first of them is a normal one of float64."""
NUMBERS = {"float32": np.float32, "float64": np.float64}
EDGES = {
    "logits": [[0, 5, -5], [40, -3, 1], [-120, 0.5, 2], [0, 1e-40, -30], [88, 2, -1]],
    "probabilities": [[0, 1, 0.3], [1e-9, 0.4, 0.6], [0, 1e-40, 0.5], [0.9999, 1e-5, 0.75], [0.5, 0.25, 0.25]],
    "log_probabilities": [[0, -5, -INF], [-40, -3, -1], [-120, -0.5, -2], [-0.75, -1e-40, -30], [-88, -2, -1]],
}
"""Certain and impossible ones, and rows that do not add up to 1. One number will be `TINY`."""
LABELS = {
    "index": [0, 1, 2, 0, 1],
    "sign": [[1, -1, 1], [-1, 1, 1], [1, 1, -1], [-1, -1, 1], [1, -1, -1]],
    "binary": [[1, 0, 0.25], [1, 1, 0], [1, 0, 0.5], [0, 1, 0.75], [1, 0, 1]],
    "multi-hot": [[1, 0, 1], [1, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 0]],
    "distribution": [[1, 0, 0], [0.5, 0.5, 0], [1, 0, 0], [0, 0.75, 0.25], [0.25, 0.25, 0.5]],
}
PARAMETERS = {
    "label_smoothing": 0.125,
    "gamma": 1.5,
    "base": 2.0,
    "class_weight": np.asarray([0.5, 2.0, 1.25]),
    "pos_weight": np.asarray([0.5, 2.0, 1.25]),
    "alpha": 0.25,
}
FLOORED = Convention(
    name="floor-log-at-5",
    summary="Each logarithm is at least -5.",
    formula="max(log p, -5)",
    link="cases/README.md#conventions",
    losses=CONVENTIONS["clip-at-eps"].losses,
    floor_log="-5",
)
"""A rule of one's own, without another rule about the gradient."""
RULES = [(loss, (rule,)) for rule in (*CONVENTIONS.values(), FLOORED) for loss in rule.losses]
TOGETHER = [(loss, resolve(library, loss)) for library in sorted(LIBRARIES) for loss in LIBRARIES[library]]
READ = [
    (loss, (CONVENTIONS["logits-taken-as-probabilities"], rule))
    for loss in CONVENTIONS["logits-taken-as-probabilities"].losses
    for rule in (CONVENTIONS["clip-at-1e-7"], CONVENTIONS["add-1e-7-inside-log"], FLOORED)
]
DIVIDING = [pair for pair in (*RULES, *TOGETHER) if any(rule.divisor for rule in pair[1])]


def named(value):
    """What a loss or its rules are called."""
    return value if isinstance(value, str) else "+".join(rule.name for rule in value)


def question(loss, dtype, rules, rows=slice(None), **parameters):
    """A call at the edges of its loss, in numbers of a dtype; within them, where a rule applies a softmax."""
    spec = LOSSES[loss]
    x = np.asarray(EDGES["logits" if spec.layer else spec.predictions])
    x[2 if spec.predictions == "probabilities" else 3, 0] = TINY[dtype]
    if any(rule.activation for rule in rules):
        x = x / 64  # a probability that is nearly 1 has no digits of what is left
    layer = {"weight": np.eye(3)} if spec.layer else {}
    kind = np.int64 if spec.labels == "index" else np.float64
    return Call(
        loss=loss,
        predictions=x[rows].astype(NUMBERS[dtype]).astype(float),
        labels=None if spec.labels is None else np.asarray(LABELS[spec.labels], dtype=kind)[rows],
        parameters={**layer, **{name: value for name, value in parameters.items() if name in spec.parameters}},
        dtype=dtype,
    )


def answer(call, rules):
    """Our own, on NumPy."""

    def given(value):
        return value.astype(NUMBERS[call.dtype]) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value

    parameters = {"reduction": "none"} | {name: given(value) for name, value in call.parameters.items()}
    arrays = [parameters.pop("weight")] if call.spec.layer else []
    arrays += [] if call.labels is None else [given(call.labels)]
    ask = ceconform.value_and_grad(getattr(ceconform, call.loss))
    return ask(given(call.predictions), *arrays, **parameters, convention=rules)


def assert_right(call, rules):
    """Value and gradient lie within the bounds of a verdict.

    What a rule makes of the predictions is rounded before the loss is computed of it.
    """
    used = "float32" if any(rule.precision for rule in rules) else call.dtype
    between = any(rule.activation or rule.renormalise or rule.clip_low or rule.add for rule in rules)
    exact = evaluate(call, conventions=rules)
    value, gradient = answer(call, rules)
    for part, got, right, condition in (
        ("value", value, exact.loss, exact.condition),
        ("gradient", gradient, exact.gradient, exact.gradient_condition),
    ):
        assert got.dtype == call.dtype
        found = compare(
            np.ravel(got).astype(float),
            wanted(right, condition, exact.terms, used),
            used,
            part=part,
            slack=16 * FORMATS[used].eps * between,
        )
        assert not found.kind, (part, found)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize(("loss", "rules"), [*RULES, *TOGETHER, *READ], ids=named)
def test_the_losses_read_a_convention_as_the_oracle_does(loss, rules, dtype):
    """Of each row, at the edges where it makes a difference, without parameters and with them."""
    assert_right(question(loss, dtype, rules), rules)
    assert_right(question(loss, dtype, rules, **PARAMETERS), rules)


@pytest.mark.parametrize("reduction", ["mean", "weighted_mean"])
@pytest.mark.parametrize(("loss", "rules"), DIVIDING, ids=named)
def test_the_losses_divide_a_mean_as_the_oracle_does(loss, rules, reduction):
    """By weights of each sort, and by what is ignored."""
    weights = {"sample_weight": np.asarray([0.5, 2.0, 0.75]), "ignore_index": 0, "reduction": reduction}
    if LOSSES[loss].labels in {"binary", "sign"}:
        weights["sample_weight"] = np.tile(weights["sample_weight"], (3, 1))
    assert_right(question(loss, "float64", rules, [1, 3, 4], **PARAMETERS, **weights), rules)
