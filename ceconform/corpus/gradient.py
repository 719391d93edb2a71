"""Gradients: by what they are, and what the losses are multiplied by on the way, where a case says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import keys
from ceconform.corpus.arrays import Array, floats
from ceconform.corpus.field import Field
from ceconform.corpus.questions import Loss

__all__ = ["read_cotangent", "read_gradient_by"]

_SHARES = frozenset({"binary", "distribution"})
"""Kinds of labels that may be any number from 0 to 1, so that a loss has a derivative by them."""


def read_gradient_by(case: Field, loss: Loss, arrays: Mapping[str, Array], error: str) -> str:
    """Read `gradient_by`: labels that are shares, or weights, among the arrays that the case states."""
    for key in ("gradient_by", "cotangent"):
        if error and key in case:
            raise case[key].error("no gradient, where an error is expected", key)
    if "gradient_by" not in case:
        return "predictions"
    field = case["gradient_by"]
    by = field.choice(keys.GRADIENT_BY)
    if by not in arrays:
        raise field.error("an array that the case states", by)
    if by == "labels" and (loss.labels not in _SHARES or "label_dtype" in case):
        raise field.error("weights: a loss has no derivative by these labels", by)
    return by


def read_cotangent(case: Field, shape: tuple[int, ...], reduction: str, rounding: str) -> Array | None:
    """Read `cotangent`: a finite number for each loss, where they are not reduced; `shape` is that of the answer."""
    if "cotangent" not in case:
        return None
    field = case["cotangent"]
    if reduction != "none":
        raise field.error("no cotangent beside a reduction")
    found = floats(field, rounding)
    numbers: NDArray[Any] = found.values
    if numbers.shape != shape:
        raise field.error(f"the shape {shape}", f"the shape {numbers.shape}")
    if not np.isfinite(numbers).all():
        raise field.error("finite numbers")
    return found
