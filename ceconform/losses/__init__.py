"""What we ship: cross-entropy losses for every Array API library."""

from __future__ import annotations

from ceconform.losses.binary import binary_cross_entropy, binary_cross_entropy_with_logits
from ceconform.losses.categorical import (
    categorical_cross_entropy,
    categorical_cross_entropy_with_logits,
    multilabel_softmax_loss,
)
from ceconform.losses.divergence import brier_loss, entropy, kl_divergence
from ceconform.losses.focal import (
    binary_focal_loss,
    binary_focal_loss_with_logits,
    categorical_focal_loss,
    categorical_focal_loss_with_logits,
)
from ceconform.losses.linear import linear_cross_entropy
from ceconform.losses.margin import categorical_hinge_loss, hinge_loss, soft_margin_loss, squared_hinge_loss
from ceconform.losses.sparse import nll_loss, sparse_cross_entropy, sparse_cross_entropy_with_logits

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "binary_focal_loss",
    "binary_focal_loss_with_logits",
    "brier_loss",
    "categorical_cross_entropy",
    "categorical_cross_entropy_with_logits",
    "categorical_focal_loss",
    "categorical_focal_loss_with_logits",
    "categorical_hinge_loss",
    "entropy",
    "hinge_loss",
    "kl_divergence",
    "linear_cross_entropy",
    "multilabel_softmax_loss",
    "nll_loss",
    "soft_margin_loss",
    "sparse_cross_entropy",
    "sparse_cross_entropy_with_logits",
    "squared_hinge_loss",
]
