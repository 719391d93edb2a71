"""Traits: what is odd about a question, in words that two questions can be compared by."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ceconform.corpus import LOSSES, Case
from ceconform.formats import FORMATS

__all__ = ["traits"]

_UNTOLD = frozenset({"axis", "reduction", "weight"})
"""Parameters that say nothing by being stated."""
_LATTICE = 2
"""Axes that predictions of rows and classes have."""


def traits(case: Case, dtype: str) -> frozenset[str]:
    """Name everything about a question that a plain one has not.

    Examples
    --------
    >>> from ceconform.corpus import LOSSES
    >>> from ceconform.corpus import Expected
    >>> question = Case(id="", description="", loss="hinge_loss", predictions=np.array([np.inf]), expected=Expected(),
    ...     labels=np.array([1.0]), parameters={"reduction": "sum"}, sources={})
    >>> sorted(traits(question, "float32"))
    ['plus-infinity', 'sum']
    """
    if case.expected.error:
        return frozenset({"error"})  # its shapes need not fit, and such a question is never drawn
    found = {*_shape(case), *_parameters(case), *_predictions(case, dtype), *_labels(case), *_weights(case, dtype)}
    return frozenset(found)


def _shape(case: Case) -> Iterator[str]:
    x, spec = case.predictions, LOSSES[case.loss]
    axis = case.parameters.get("axis", -1)
    rows = spec.labels not in {"binary", "sign"} and axis is not None
    if x.ndim == 0:
        yield "scalar"
    if x.size == 0:
        yield "empty"
    if rows:
        if x.ndim == 1:
            yield "single-row"
        if x.ndim and axis not in {-1, x.ndim - 1}:
            yield "classes-not-last"
        if x.ndim and (len(case.parameters["weight"]) if spec.layer else x.shape[axis]) == 1:
            yield "one-class"
    elif axis is None:
        yield "elementwise"
    if x.ndim > _LATTICE:
        yield "many-axes"


def _parameters(case: Case) -> Iterator[str]:
    given = case.parameters
    for name in given:
        if name not in _UNTOLD:
            yield name.replace("_", "-")
    if given.get("reduction", "none") != "none":
        yield given["reduction"].replace("_", "-")
    if case.label_dtype:
        yield "bool-labels" if case.label_dtype == "bool" else "labels-of-another-dtype"
    if case.activation:
        yield f"after-{case.activation.replace('_', '-')}"
    if case.space != "stated":
        yield "space-left-open"
    gamma = given.get("gamma", 2.0)
    if gamma == 0:
        yield "gamma-of-zero"
    elif gamma < 1:
        yield "gamma-below-one"
    if given.get("label_smoothing") == 1:
        yield "smoothed-flat"
    if case.expected.invalid:
        yield case.expected.invalid


def _predictions(case: Case, dtype: str) -> Iterator[str]:
    x, form = case.predictions.ravel(), FORMATS[dtype]
    space = LOSSES[case.loss].predictions if case.activation is None else "logits"
    size = np.abs(x)
    finite = size[np.isfinite(size)]
    found = {
        "nan": np.isnan(x),
        "plus-infinity": x == np.inf,
        "minus-infinity": x == -np.inf,
        "subnormal": (size > 0) & (size < form.smallest_normal),
        "next-to-zero": (size > 0) & (size < form.eps),
        "minus-zero": np.signbit(x) & (x == 0),
        "beyond-exp": finite >= (form.emax + 1) * math.log(2),
        "huge": finite >= math.ldexp(1.0, form.emax // 2),
    }
    if space == "probabilities":
        near = (x < 1) & (x > 1 - 8 * form.eps)
        found |= {"probability-of-zero": x == 0, "probability-of-one": x == 1, "next-to-one": near}
    yield from (name for name, places in found.items() if np.any(places))
    if space == "logits":
        yield from _ranks(case)


def _ranks(case: Case) -> Iterator[str]:
    """Of rows of logits."""
    x, axis = case.predictions, case.parameters.get("axis", -1)
    if LOSSES[case.loss].labels in {"binary", "sign"} or axis is None or not x.ndim or not x.shape[axis]:
        return
    top = x.max(axis=axis, keepdims=True)
    if np.any((x == top).sum(axis=axis) > 1):
        yield "tie"
    if np.any(top == -np.inf):
        yield "row-of-minus-infinity"


def _labels(case: Case) -> Iterator[str]:
    labels: Any = case.labels
    kind = LOSSES[case.loss].labels
    if labels is None or not labels.size:
        return
    if kind == "index":
        if np.any(labels == case.parameters.get("ignore_index", math.nan)):
            yield "ignored-row"
        return
    whole = np.isin(labels, (-1, 0, 1))
    if not whole.all():
        yield "soft-labels"
    axis = case.parameters.get("axis", -1)
    if kind == "distribution" and axis is not None:
        total = labels.astype(np.float64).sum(axis=axis)
        if np.any(total == 0):
            yield "row-without-label"
        if np.any((np.abs(total - 1) > 1e-2) & (total != 0)):  # noqa: PLR2004 - beyond any rounding
            yield "labels-that-do-not-sum-to-one"
    if kind == "multi-hot" and np.any(labels.sum(axis=axis) == 0):
        yield "row-without-label"


def _weights(case: Case, dtype: str) -> Iterator[str]:
    form = FORMATS[dtype]
    for name, value in case.parameters.items():
        if not isinstance(value, np.ndarray):
            continue
        weights = value.ravel()
        word = name.replace("_", "-")
        size = np.abs(weights)
        if np.any(weights == 0) and name not in {"bias", "weight"}:
            yield f"{word}-of-zero"
        if np.any((size > 0) & (size < form.smallest_normal)):
            yield f"subnormal-{word}"
        if np.any(np.isfinite(weights) & (size >= math.ldexp(1.0, form.emax // 2))):
            yield f"huge-{word}"
        if np.any(np.isinf(weights)):
            yield f"infinite-{word}"
        if np.any(np.isnan(weights)):
            yield f"nan-{word}"
