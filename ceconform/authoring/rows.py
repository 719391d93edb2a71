"""Rows: the inputs of the losses over classes, from two classes to 128,256."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.authoring.draws import Draws, Floats
from ceconform.authoring.inputs import Inputs
from ceconform.corpus import Loss

__all__ = ["VOCABULARY", "focal", "long", "plain"]

FEW = ((64, 10), (128, 2), (2, 100))
"""The first is also the one that the parameters are tried with."""
MANY = ((3, 1000), (1, 4096))
VOCABULARY = 128_256
LONG = 2048


def plain(draws: Draws, spec: Loss) -> Iterator[Inputs]:
    """Without parameters."""
    many = MANY if spec.name in {"categorical_cross_entropy_with_logits", "sparse_cross_entropy_with_logits"} else ()
    for count, classes in (*FEW, *many):
        yield from _inputs(draws, spec, count, classes)
    if spec.name == "sparse_cross_entropy_with_logits":
        yield from _vocabulary()


def focal(draws: Draws, spec: Loss) -> Iterator[Inputs]:
    """Fewer, because each comes with every gamma."""
    for count, classes in ((20, 10), (60, 2), (2, 100)):
        yield from _inputs(draws, spec, count, classes)


def long(draws: Draws, spec: Loss) -> Iterator[Inputs]:
    """Sums that half precision cannot hold: equal terms stick, large ones overflow before they are divided."""
    if spec.predictions != "logits" or spec.labels != "index":
        return
    equal = np.zeros((LONG, 2))
    large = np.tile([0.0, draws.rounded(np.asarray([1e4]))[0]], (LONG, 1))
    labels = np.zeros(LONG, dtype=np.int64)
    for name, logits, reduction in (
        ("equal-terms-sum", equal, "sum"),
        ("equal-terms-mean", equal, "mean"),
        ("large-terms-mean", large, "mean"),
    ):
        parameters = {"reduction": reduction}
        yield Inputs(name=name, predictions=logits, labels=labels, parameters=parameters, value_alone=True)


def _inputs(draws: Draws, spec: Loss, count: int, classes: int) -> Iterator[Inputs]:
    name = f"classes-{classes}"
    if spec.predictions == "logits":
        predictions = _logits(draws, count, classes)
    elif spec.predictions == "log_probabilities":
        predictions = -draws.scaled(count * classes, draws.form.emin // 2, 13).reshape(count, classes)
    else:
        predictions = _with_tails(draws, draws.distributions(count, classes))
    if spec.labels is None:
        yield Inputs(name=name, predictions=predictions, labels=None)
    elif spec.labels == "index":
        labels: NDArray[Any] = draws.whole(count, 0, classes)
        labels[::3] = np.argmax(predictions, axis=1)[::3]
        yield Inputs(name=name, predictions=predictions, labels=labels)
    elif spec.labels == "multi-hot":
        labels = draws.whole(count * classes, 0, 2).reshape(count, classes).astype(np.float64)
        labels[:, 0] = np.where(labels.any(axis=1), labels[:, 0], 1.0)
        yield Inputs(name=name, predictions=predictions, labels=labels)
    else:
        hard = np.eye(classes)[draws.whole(count, 0, classes)]
        top = np.eye(classes)[np.argmax(predictions, axis=1)]
        hard[::3] = top[::3]
        yield Inputs(name=f"{name}-hard-labels", predictions=predictions, labels=hard)
        yield from _soft(draws, spec, name, predictions)


def _with_tails(draws: Draws, probabilities: Floats) -> Floats:
    """In every fourth row the smallest parts become far smaller ones, down to the subnormal numbers."""
    form = draws.form
    tails = draws.scaled(probabilities.size, form.emin - form.bits // 2, -form.bits).reshape(probabilities.shape)
    small = probabilities == form.eps
    small[np.arange(len(small)) % 4 != 3] = False  # noqa: PLR2004 - the fourth
    return np.where(small, tails, probabilities)


def _soft(draws: Draws, spec: Loss, name: str, predictions: Floats) -> Iterator[Inputs]:
    count, classes = predictions.shape
    soft = draws.distributions(count, classes)
    if spec.predictions == "logits":  # as sure as the predictions are, in every second row
        order = np.argsort(np.argsort(predictions, axis=1, kind="stable"), axis=1, kind="stable")
        soft[::2] = np.take_along_axis(np.sort(soft, axis=1), order, axis=1)[::2]
    yield Inputs(name=f"{name}-soft-labels", predictions=predictions, labels=soft)
    if spec.predictions == "probabilities":  # the label itself, and a unit further
        near = soft.copy()
        near[::2, 0] += draws.form.eps
        near[::2, 1] -= np.where(near[::2, 1] > draws.form.eps, draws.form.eps, 0)
        yield Inputs(name=f"{name}-at-the-label", predictions=draws.rounded(np.minimum(near, 1)), labels=soft)


def _logits(draws: Draws, count: int, classes: int) -> Floats:
    """Rows of six kinds in turn."""
    return np.stack([_KINDS[row % len(_KINDS)](draws, classes) for row in range(count)])


def _led(draws: Draws, classes: int) -> Floats:
    """One class leads by anything up to 1e4, so that it has nearly all of the mass."""
    row = draws.uniform(classes, -2, 2)
    row[draws.whole(1, 0, classes)[0]] = draws.scaled(1, 0, 13)[0] + 2
    return np.minimum(draws.rounded(row), draws.rounded(np.asarray([1e4])))


def _lost_in_the_tail(draws: Draws, classes: int) -> Floats:
    """The other classes' probabilities go through every size down to the subnormal numbers."""
    form = draws.form
    row = draws.uniform(classes, 0.72 * (form.emin - form.bits), -0.6 * form.bits)
    row[draws.whole(1, 0, classes)[0]] = draws.uniform(1, -1, 1)[0]
    return row


def _tied(draws: Draws, classes: int) -> Floats:
    """Several classes share the maximum."""
    return np.asarray(draws.whole(classes, 0, 3) * draws.scaled(1, -3, 9)[0], dtype=np.float64)


def _shifted(draws: Draws, classes: int) -> Floats:
    """Small differences on top of a huge number."""
    offset = draws.signs(1)[0] * draws.scaled(1, 5, 13)[0]
    return draws.rounded(offset + draws.uniform(classes, -4, 4))


def _wide(draws: Draws, classes: int) -> Floats:
    """Of every size."""
    return draws.logits(classes)


def _moderate(draws: Draws, classes: int) -> Floats:
    """As an untrained model has them."""
    return draws.uniform(classes, -8, 8)


_KINDS = (_led, _moderate, _lost_in_the_tail, _tied, _shifted, _wide)


@cache
def _vocabulary() -> tuple[Inputs, ...]:
    """The vocabulary of a language model: as it starts, and when it is sure.

    Every dtype has the same numbers, those of bfloat16 from -8 to 8, so that the oracle answers once.
    """
    start = Draws("bfloat16", VOCABULARY).uniform(VOCABULARY, -8, 8)
    sure = np.where(np.arange(VOCABULARY) == 7, 30.0, start)  # noqa: PLR2004 - some class
    name = f"classes-{VOCABULARY}"
    both, labels = np.stack([start, sure]), np.asarray([11, 7])
    return (
        Inputs(name=name, predictions=both[1:], labels=labels[1:]),
        Inputs(name=f"{name}-values", predictions=both, labels=labels, value_alone=True),
    )
