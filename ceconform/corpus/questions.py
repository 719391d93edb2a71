"""What can be asked: the losses, the space of their predictions, the kind of their labels, their parameters.

The signatures of `ceconform.losses` are the source: the first parameter names the space of the predictions, `labels`
says whether there are any, the others are the parameters.
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
        "linear_cross_entropy": "index",
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
    """`logits`, `probabilities`, `log_probabilities` or `hidden`: the key in a case, the parameter of our function."""
    labels: Labels | None
    parameters: tuple[str, ...]
    """Sorted; `reduction` and `sample_weight` among them."""

    @property
    def layer(self) -> bool:
        """Whether the predictions are what a linear layer takes, and the logits what it gives."""
        return self.predictions == "hidden"

    @property
    def space(self) -> str:
        """What the loss itself is of: `logits`, `probabilities` or `log_probabilities`."""
        return "logits" if self.layer else self.predictions


def _read(name: str) -> Loss:
    parameters = inspect.signature(getattr(losses, name)).parameters
    first = next(iter(parameters))
    others = (name for name in parameters if name not in {first, "labels", *_NO_QUESTION})
    return Loss(
        name=name,
        predictions=first,
        labels=_LABELS[name],
        parameters=tuple(sorted(others)),
    )


LOSSES: Mapping[str, Loss] = MappingProxyType({name: _read(name) for name in _LABELS})
