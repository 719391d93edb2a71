"""Binary cross entropy: one probability or logit for each yes-or-no label."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention
from ceconform.losses import _kernels
from ceconform.losses._description import Common, binary_labels, subject
from ceconform.losses._evaluation import Evaluation, loss

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]


def describe(
    name: str,
    x: Any,
    space: str,
    labels: Any,
    common: Common,
    *,
    label_smoothing: float,
    pos_weight: Any = None,
    gamma: float = 0.0,
    alpha: float | None = None,
) -> Evaluation:
    """Describe any of the binary losses."""
    on = subject(name, x, space, common, axis=None, spaces=("logits", "probabilities"))
    positive, negative = binary_labels(on, labels, label_smoothing)
    positive = on.weighted(on.weights(pos_weight, "pos_weight", on.rows), positive)
    if alpha is not None:
        positive, negative = alpha * positive, (1 - alpha) * negative
    if on.space == "logits":
        kernel = _kernels.binary_logits(gamma)
    else:
        kernel = _kernels.binary_probabilities(gamma, on.rules.logarithm, on.rules.gradient_floor)
    return on.evaluation(kernel, positive, negative)


@loss
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
    common = Common(reduction, sample_weight, base, convention, check, xp)
    return describe(
        "binary_cross_entropy",
        probabilities,
        "probabilities",
        labels,
        common,
        label_smoothing=label_smoothing,
        pos_weight=pos_weight,
    )


@loss
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
    common = Common(reduction, sample_weight, base, convention, check, xp)
    return describe(
        "binary_cross_entropy_with_logits",
        logits,
        "logits",
        labels,
        common,
        label_smoothing=label_smoothing,
        pos_weight=pos_weight,
    )
