"""Kornia's binary focal loss as a plain function with our argument names.

ceconform run kornia_focal:binary_focal_loss --loss binary_focal_loss_with_logits --backend torch
"""

from __future__ import annotations

from typing import Literal

import torch
from kornia.losses import binary_focal_loss_with_logits


def binary_focal_loss(
    logits: torch.Tensor,
    labels: torch.Tensor,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    reduction: Literal["none", "sum", "mean"] = "none",
) -> torch.Tensor:
    """Kornia wants a batch and channels: two axes more are in the way of no question."""
    losses = binary_focal_loss_with_logits(logits[None, None], labels[None, None], alpha, gamma, reduction)
    return losses[0, 0] if reduction == "none" else losses
