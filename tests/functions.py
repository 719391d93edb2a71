"""Plain functions under test, as somebody might write them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np


def hinge(logits: Any, labels: Any) -> Any:
    """As the definition has it, for signs of the same dtype."""
    return np.maximum(0, 1 - labels * logits)


def mean_hinge(labels: Any, logits: Any) -> Any:
    """Labels first, and the mean alone."""
    return np.mean(hinge(logits, labels), dtype=logits.dtype)


def reduced_hinge(
    logits: Any, *, labels: Any, reduction: Literal["none", "sum", "average"] = "average", sample_weight: Any = None
) -> Any:
    """Labels by keyword, some reductions, and weights."""
    losses = hinge(logits, labels) * (1 if sample_weight is None else sample_weight)
    return losses if reduction == "none" else {"sum": np.sum, "average": np.mean}[reduction](losses)


def focal(logits: Any, labels: Any, gamma: float, alpha: float | None = 0.25, reduction: str = "mean") -> Any:
    """Other defaults than ours; it answers what it was asked."""
    del logits, labels, reduction
    return np.asarray([gamma, -1.0 if alpha is None else alpha])


def loss(logits: Any, labels: Any) -> Any:
    """A name that the sources use."""
    return hinge(logits, labels)


def clips(probabilities: Any, labels: Any) -> Any:
    """No probability beside 0 or 1."""
    p = np.clip(probabilities, 1e-7, 1 - 1e-7).astype(probabilities.dtype)
    return -labels * np.log(p) - (1 - labels) * np.log1p(-p)


def probable(probabilities: Any, labels: Any) -> Any:
    """Of probabilities."""
    return (probabilities - labels) ** 2


def weighted_mean_or_mean(logits: Any, labels: Any, sample_weight: Any = None) -> Any:
    """One number."""
    return np.average(hinge(logits, labels), weights=sample_weight)


def tensors(logits: Any, labels: Any) -> Any:
    """Of any library that has `clip`; JAX's, PyTorch's."""
    return (1 - labels * logits).clip(0)


def number(logits: Any, labels: Any) -> float:
    """No array."""
    return float(hinge(logits, labels).sum())


def other_names(output: Any, target: Any) -> Any:
    """Not ours."""
    return hinge(output, target)


def needs_margin(logits: Any, labels: Any, margin: float) -> Any:
    """One that we never state."""
    return np.maximum(0, margin - labels * logits)


def anything(*arguments: Any, **keywords: Any) -> Any:
    """Says nothing of what it takes."""
    return arguments, keywords


class Margins:
    """Where functions may live, too."""

    @staticmethod
    def hinge(logits: Any, labels: Any) -> Any:
        """Within a class."""
        return hinge(logits, labels)


class Callable:
    """An object that is called."""

    def __call__(self, logits: Any, labels: Any) -> Any:
        """As a module of PyTorch."""
        return hinge(logits, labels)


an_object = Callable()
a_constant = 7
