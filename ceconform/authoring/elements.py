"""Elements: the inputs of the binary losses, a prediction and a label each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ceconform.authoring.draws import Draws, Floats
from ceconform.authoring.inputs import Inputs
from ceconform.corpus import Loss

__all__ = ["focal", "long", "plain", "squares"]

COUNT = 384
LONG = 2048


def plain(draws: Draws, spec: Loss) -> Iterator[Inputs]:
    """Without parameters."""
    if spec.labels == "sign":
        yield from _signed(draws, spec)
    elif spec.predictions == "logits":
        yield from _logits(draws, COUNT)
    else:
        yield from _probabilities(draws, COUNT)


def focal(draws: Draws, spec: Loss) -> Iterator[Inputs]:
    """Fewer, because each comes with every gamma."""
    count = COUNT // 3
    found = _logits(draws, count) if spec.predictions == "logits" else _probabilities(draws, count)
    hard, soft, *_ = found
    yield from (hard, soft)


def squares(draws: Draws) -> Iterator[Inputs]:
    """For the Brier score without a class axis."""
    for each in _probabilities(draws, COUNT):
        yield each.having(f"binary-{each.name}", axis=None)


def long(draws: Draws, spec: Loss) -> Iterator[Inputs]:
    """Sums that half precision cannot hold: equal terms stick, large ones overflow before they are divided."""
    if spec.predictions != "logits":
        return
    labels = -np.ones(LONG) if spec.labels == "sign" else np.zeros(LONG)
    equal, large = np.zeros(LONG), np.full(LONG, draws.rounded(np.asarray([1e4]))[0])
    for name, logits, reduction in (
        ("equal-terms-sum", equal, "sum"),
        ("equal-terms-mean", equal, "mean"),
        ("large-terms-mean", large, "mean"),
    ):
        parameters = {"reduction": reduction}
        yield Inputs(name=name, predictions=logits, labels=labels, parameters=parameters, value_alone=True)


def _spread(draws: Draws, count: int) -> Floats:
    """Of every size; near 0; and in the tail, where σ(-|z|) goes through every size down to the subnormal numbers."""
    edge = -(draws.form.emin - draws.form.bits) * 0.7
    parts = (draws.logits(count), draws.uniform(count, -8, 8), draws.uniform(count, -edge, edge))
    return np.choose(np.arange(count) % 3, parts)


def _hard(draws: Draws, count: int) -> Floats:
    return draws.whole(count, 0, 2).astype(np.float64)


def _logits(draws: Draws, count: int) -> Iterator[Inputs]:
    yield Inputs(name="hard-labels", predictions=_spread(draws, count), labels=_hard(draws, count))
    yield Inputs(name="soft-labels", predictions=_spread(draws, count), labels=draws.probabilities(count))
    labels = draws.probabilities(count)
    near = draws.log_odds(labels.tolist())
    yield Inputs(name="at-the-label", predictions=near, labels=labels)
    edge = -draws.form.emin * 0.75
    yield Inputs(name="tail", predictions=draws.uniform(count, -edge, edge), labels=_hard(draws, count))


def _probabilities(draws: Draws, count: int) -> Iterator[Inputs]:
    yield Inputs(name="hard-labels", predictions=draws.probabilities(count), labels=_hard(draws, count))
    labels = draws.probabilities(count)[::-1].copy()
    yield Inputs(name="soft-labels", predictions=draws.probabilities(count), labels=labels)
    labels = draws.probabilities(count)
    step = draws.whole(count, -3, 4) * draws.form.eps
    near = np.clip(draws.rounded(labels * (1 + step)), draws.form.smallest_subnormal, 1 - draws.form.eps / 2)
    yield Inputs(name="at-the-label", predictions=near, labels=labels)


def _signed(draws: Draws, spec: Loss) -> Iterator[Inputs]:
    labels = draws.signs(COUNT)
    if spec.name == "soft_margin_loss":
        yield Inputs(name="logits", predictions=_spread(draws, COUNT), labels=labels)
        return
    at_the_kink = labels * (1 + draws.whole(COUNT, -40, 40) * draws.form.eps)
    parts = (draws.logits(COUNT), draws.uniform(COUNT, -2, 2), draws.rounded(at_the_kink))
    logits = np.choose(np.arange(COUNT) % 3, parts)
    yield Inputs(name="margins", predictions=logits, labels=labels)
