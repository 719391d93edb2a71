"""TorchMetrics' Kullback-Leibler divergence as a plain function with our argument names.

ceconform run torchmetrics_divergence:divergence --loss kl_divergence --backend torch
"""

from __future__ import annotations

from typing import Literal

import torch
from torchmetrics.functional import kl_divergence


def divergence(
    probabilities: torch.Tensor,
    labels: torch.Tensor,
    *,
    axis: int = -1,
    reduction: Literal["none", "sum", "mean"] = "none",
) -> torch.Tensor:
    """TorchMetrics has the data first, in rows of a matrix; other axes are laid out so, and back."""
    p, q = labels.movedim(axis, -1), probabilities.movedim(axis, -1)
    rows = kl_divergence(p.reshape(-1, p.shape[-1]), q.reshape(-1, q.shape[-1]), reduction=reduction)
    return rows.reshape(q.shape[:-1]) if reduction == "none" else rows
