"""Binary cross entropy: one probability or logit for each yes-or-no label."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]


def binary_cross_entropy(
    probabilities: Any,
    labels: Any,
    *,
    pos_weight: Any = None,
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


def binary_cross_entropy_with_logits(
    logits: Any,
    labels: Any,
    *,
    pos_weight: Any = None,
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
