"""Categorical cross entropy: distributions, class indices, log-probabilities, multi-hot labels."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention

__all__ = [
    "categorical_cross_entropy",
    "categorical_cross_entropy_with_logits",
    "multilabel_softmax_loss",
    "nll_loss",
    "sparse_cross_entropy",
    "sparse_cross_entropy_with_logits",
]


def categorical_cross_entropy(
    probabilities: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def categorical_cross_entropy_with_logits(
    logits: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def sparse_cross_entropy(
    probabilities: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def sparse_cross_entropy_with_logits(
    logits: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def nll_loss(
    log_probabilities: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    ignore_index: int | None = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def multilabel_softmax_loss(
    logits: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError
