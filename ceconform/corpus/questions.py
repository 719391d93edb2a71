"""What can be asked: the losses, the space of their predictions, the kind of their labels, their parameters.

The signatures of `ceconform.losses` are the source: the first parameter names the space of the predictions, the
second says whether there are labels, the keywords are the parameters.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ceconform import losses

__all__ = ["LOSSES", "REDUCTIONS", "Loss"]

Labels = Literal["binary", "distribution", "index", "multi-hot", "sign"]

REDUCTIONS = ("none", "sum", "mean", "weighted_mean")

_LABELS: Mapping[str, Labels | None] = MappingProxyType(
    {
        "binary_cross_entropy": "binary",
        "binary_cross_entropy_with_logits": "binary",
        "binary_focal_loss": "binary",
        "binary_focal_loss_with_logits": "binary",
        "brier_loss": "distribution",
        "categorical_cross_entropy": "distribution",
        "categorical_cross_entropy_with_logits": "distribution",
        "categorical_focal_loss": "distribution",
        "categorical_focal_loss_with_logits": "distribution",
        "categorical_hinge_loss": "index",
        "entropy": None,
        "hinge_loss": "sign",
        "kl_divergence": "distribution",
        "multilabel_softmax_loss": "multi-hot",
        "nll_loss": "index",
        "soft_margin_loss": "sign",
        "sparse_cross_entropy": "index",
        "sparse_cross_entropy_with_logits": "index",
        "squared_hinge_loss": "sign",
    }
)
_NO_QUESTION = frozenset({"check", "convention", "xp"})
"""Keywords of our functions that are about the computation and not about what is asked."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One loss as the corpus sees it."""

    name: str
    predictions: str
    """`logits`, `probabilities` or `log_probabilities`: the key in a case, the parameter of our function."""
    labels: Labels | None
    parameters: tuple[str, ...]
    """Sorted; `axis`, `reduction` and `sample_weight` among them."""


def _read(name: str) -> Loss:
    parameters = inspect.signature(getattr(losses, name)).parameters
    keywords = (p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY)
    return Loss(
        name=name,
        predictions=next(iter(parameters)),
        labels=_LABELS[name],
        parameters=tuple(sorted(k for k in keywords if k not in _NO_QUESTION)),
    )


LOSSES: Mapping[str, Loss] = MappingProxyType({name: _read(name) for name in _LABELS})
