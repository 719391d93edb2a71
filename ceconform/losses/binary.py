"""Binary cross entropy: one probability or logit for each yes-or-no label."""

from __future__ import annotations

import math
from typing import Any

from ceconform.conventions import Convention
from ceconform.losses import _sides
from ceconform.losses._description import Common, Subject, subject
from ceconform.losses._evaluation import Evaluation, ordinarily
from ceconform.losses._inputs import number
from ceconform.losses._labels import binary_labels, shares
from ceconform.losses._rules import PLAIN

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]

SPACES = ("logits", "probabilities")


def describe(
    on: Subject,
    labels: Any,
    *,
    label_smoothing: float,
    pos_weight: Any = None,
    gamma: float = 0.0,
    alpha: float | None = None,
) -> Evaluation:
    """Describe a binary loss: the mass of the positive and of the negative label, and what each costs."""
    gamma = number(gamma, "gamma", 0.0, math.inf)
    of_logits = on.space == "logits"
    if gamma == 0 and alpha is None and pos_weight is None and on.rules.smoothing is None:
        epsilon = number(label_smoothing, "label_smoothing", 0.0, 1.0)
        if of_logits:
            return on.evaluation(_sides.binary_logits_and_labels(epsilon), shares(on, labels, cast=False))
        if on.rules.plain:
            return on.evaluation(
                _sides.binary_probabilities_and_labels(on.rules, epsilon), shares(on, labels, cast=False)
            )
    positive, negative = binary_labels(on, labels, label_smoothing)
    positive = on.weighted(on.weights(pos_weight, "pos_weight", on.rows), positive)
    if alpha is not None:
        alpha = number(alpha, "alpha", 0.0, 1.0)
        positive, negative = alpha * positive, (1 - alpha) * negative
    kernel = _sides.binary_logits(gamma) if of_logits else _sides.binary_probabilities(on.rules, gamma)
    return on.evaluation(kernel, positive, negative)


@ordinarily(_sides.binary_probabilities_and_labels(PLAIN, 0.0))
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
    """Binary cross entropy of probabilities, one loss for each element.

    -t·log p - (1 - t)·log(1 - p); `pos_weight` multiplies the first term.

    -log 0 is inf: nothing is clipped. A certain and right prediction has loss 0. A probability or label
    outside [0, 1], or NaN, gives NaN.

    Parameters
    ----------
    probabilities
        Of the positive label: p in [0, 1], any shape, real floating.
    labels
        t in [0, 1], of the same shape; floating, integer or bool.
    pos_weight
        w >= 0: multiplies the term of the positive label; broadcasts to the shape of the loss.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the element holds.
    label_smoothing
        ε in [0, 1]: t becomes (1 - ε) t + ε/2.
    base
        Of the logarithm: 2 for bits; None for nats.
    reduction
        "none", "sum", "mean" (over the losses that count) or "weighted_mean" (over the sum of their weights).
    convention
        The name of a convention or a library, or several in order, whose rules replace the definition.
    check
        Raise for the first value out of its range, instead of answering NaN; not while tracing.
    xp
        The array namespace; that of the predictions where None.

    Returns
    -------
    array
        Shape () or, unreduced, the shape of `probabilities`; its dtype. It is computed in a wider dtype where there
        is one at no cost, half precision always, and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.90).

    Examples
    --------
    >>> import numpy as np
    >>> float(binary_cross_entropy(np.asarray([0.5, 0.25]), np.asarray([1, 0]), base=2, reduction="sum"))
    1.415037499278844
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("binary_cross_entropy", probabilities, "probabilities", common, spaces=SPACES)
    return describe(on, labels, label_smoothing=label_smoothing, pos_weight=pos_weight)


@ordinarily(_sides.binary_logits_and_labels(0.0))
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
    """Binary cross entropy of logits, one loss for each element.

    t·softplus(-z) + (1 - t)·softplus(z); `pos_weight` multiplies the first term. It equals
    `binary_cross_entropy` of σ(z), and stays accurate where σ(z) rounds to 0 or 1.

    An infinite logit on the right side has loss 0, on the wrong side inf. A label outside [0, 1], or NaN,
    gives NaN.

    Parameters
    ----------
    logits
        Log-odds z of the positive label, any shape, real floating.
    labels
        t in [0, 1], of the same shape; floating, integer or bool.
    pos_weight
        w >= 0: multiplies the term of the positive label; broadcasts to the shape of the loss.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the element holds.
    label_smoothing
        ε in [0, 1]: t becomes (1 - ε) t + ε/2.
    base
        Of the logarithm: 2 for bits; None for nats.
    reduction
        "none", "sum", "mean" (over the losses that count) or "weighted_mean" (over the sum of their weights).
    convention
        The name of a convention or a library, or several in order, whose rules replace the definition.
    check
        Raise for the first value out of its range, instead of answering NaN; not while tracing.
    xp
        The array namespace; that of the predictions where None.

    Returns
    -------
    array
        Shape () or, unreduced, the shape of `logits`; its dtype. It is computed in a wider dtype where there is one
        at no cost, half precision always, and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.90).

    Examples
    --------
    >>> import numpy as np
    >>> binary_cross_entropy_with_logits(np.asarray([0.0, 50.0]), np.asarray([1, 1]), reduction="none")
    array([6.93147181e-01, 1.92874985e-22])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("binary_cross_entropy_with_logits", logits, "logits", common, spaces=SPACES)
    return describe(on, labels, label_smoothing=label_smoothing, pos_weight=pos_weight)
