"""Focal losses: cross entropy that turns its attention to what is still wrong."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention

__all__ = [
    "binary_focal_loss",
    "binary_focal_loss_with_logits",
    "categorical_focal_loss",
    "categorical_focal_loss_with_logits",
]


def binary_focal_loss(
    probabilities: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
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


def binary_focal_loss_with_logits(
    logits: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
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


def categorical_focal_loss(
    probabilities: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: Any = None,
    axis: int = -1,
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


def categorical_focal_loss_with_logits(
    logits: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: Any = None,
    axis: int = -1,
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
