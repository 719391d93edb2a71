"""Margin losses: labels of -1 and +1, and the distance to the best wrong class."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention

__all__ = ["categorical_hinge_loss", "hinge_loss", "soft_margin_loss", "squared_hinge_loss"]


def soft_margin_loss(
    logits: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def hinge_loss(
    logits: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def squared_hinge_loss(
    logits: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError


def categorical_hinge_loss(
    logits: Any,
    labels: Any,
    *,
    axis: int = -1,
    sample_weight: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """To be written."""
    raise NotImplementedError
