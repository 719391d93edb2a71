"""Divergences between distributions: Kullback-Leibler, entropy, Brier."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention

__all__ = ["brier_loss", "entropy", "kl_divergence"]


def kl_divergence(
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


def entropy(
    probabilities: Any,
    *,
    axis: int = -1,
    sample_weight: Any = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def brier_loss(
    probabilities: Any,
    labels: Any,
    *,
    axis: int | None = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError
