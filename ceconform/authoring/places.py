"""Places: which numbers of a very long answer are stated."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ceconform.corpus import LOSSES, Case, Excerpt, Numbers
from ceconform.corpus.excerpt import LONG, excerpt

__all__ = ["label_places", "places", "stated"]

ENDS, SPREAD, LARGEST, LABELS = 8, 24, 12, 12


def places(values: Numbers, also: Iterable[int] = ()) -> tuple[int, ...]:
    """Choose them, in row-major order: the ends, some between at equal distances, the largest, and others that matter.

    >>> from decimal import Decimal
    >>> import numpy as np
    >>> len(places(np.array([Decimal(place) for place in range(4096)], dtype=object)))
    42
    """
    flat = values.ravel().tolist()
    last = len(flat) - 1
    spread = {last * step // (SPREAD - 1) for step in range(SPREAD)}
    largest = sorted(range(len(flat)), key=lambda place: (-abs(flat[place]), place))[:LARGEST]
    ends = {*range(min(ENDS, len(flat))), *range(max(0, last + 1 - ENDS), last + 1)}
    return tuple(sorted({*ends, *spread, *largest, *also}))


def label_places(case: Case) -> tuple[int, ...]:
    """Where the labels of some rows stand among the predictions: the index, or the first of the largest labels.

    Nowhere for losses of elements, of which each has its label, and for those without.
    """
    spec, axis = LOSSES[case.loss], case.parameters.get("axis", -1)
    if case.labels is None or axis is None or spec.layer or spec.labels in {"binary", "sign"}:
        return ()
    at = np.moveaxis(np.arange(case.predictions.size).reshape(case.predictions.shape), axis, -1)
    rows = at.reshape(-1, case.predictions.shape[axis])
    if spec.labels == "index":
        labels = case.labels.ravel()
    else:
        labels = np.argmax(np.moveaxis(case.labels, axis, -1).reshape(rows.shape), axis=-1)
    known = np.flatnonzero((labels >= 0) & (labels < rows.shape[1]))  # an ignored row has none
    chosen = known[np.unique(np.linspace(0, max(len(known) - 1, 0), LABELS).astype(np.intp))] if len(known) else known
    return tuple(int(rows[row, labels[row]]) for row in chosen)


def stated(values: Numbers, at: Iterable[int] = ()) -> Numbers | Excerpt:
    """State an answer as a case file does: whole, or as an excerpt where it is long and finite."""
    if values.size <= LONG or not all(value.is_finite() for value in values.ravel().tolist()):
        return values
    return excerpt(values, places(values, at))
