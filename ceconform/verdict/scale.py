"""Scale: how large the terms are that a loss, or a gradient, adds up."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ceconform.corpus import LOSSES, Case

__all__ = ["scale"]


@lru_cache(maxsize=4096)
def scale(case: Case, part: str) -> float:
    """The size of the terms whose sum the loss, or a gradient, is: what is left of them when they cancel is noise.

    What a gradient by labels or weights adds up are losses.
    """
    sizes, slope = np.abs(case.predictions[np.isfinite(case.predictions)]), 1.0
    if LOSSES[case.loss].layer:  # the logits are no larger than this, and their derivatives are the weights
        slope = float(
            np.max(np.abs(case.parameters["weight"]), initial=0.0, where=np.isfinite(case.parameters["weight"]))
        )
        bias = np.abs(np.asarray(case.parameters.get("bias", 0.0)))
        with np.errstate(over="ignore"):  # as large as that is no scale at all
            sizes = slope * case.predictions.shape[-1] * sizes + np.max(bias, initial=0.0, where=np.isfinite(bias))
    weights = [
        np.abs(np.asarray(case.parameters[name], dtype=np.float64))
        for name in ("class_weight", "sample_weight", "pos_weight")
        if case.parameters.get(name) is not None
    ]
    weight = math.prod(float(np.max(each, initial=0.0, where=np.isfinite(each))) for each in weights)
    if part == "value" or case.gradient_by != "predictions":
        return weight * (1.0 + float(np.max(sizes, initial=0.0)))
    if case.parameters.get("reduction", "none") not in {"mean", "weighted_mean"}:
        return weight * slope
    axis = case.parameters.get("axis", -1)
    rows = LOSSES[case.loss].labels in {"distribution", "index", "multi-hot"} and axis is not None
    losses = case.predictions.size // max(case.predictions.shape[axis], 1) if rows else case.predictions.size
    return weight * slope / max(losses, 1)
