"""Focal losses: cross entropy that turns its attention to what is still wrong."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention
from ceconform.losses import binary, categorical
from ceconform.losses._description import Common, subject
from ceconform.losses._evaluation import loss
from ceconform.losses._labels import distribution

__all__ = [
    "binary_focal_loss",
    "binary_focal_loss_with_logits",
    "categorical_focal_loss",
    "categorical_focal_loss_with_logits",
]

SPACES = ("logits", "probabilities")


@loss
def binary_focal_loss(
    probabilities: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Binary focal loss of probabilities, one loss for each element.

    t·α·(1 - p)^γ·(-log p) + (1 - t)·(1 - α)·p^γ·(-log(1 - p)). Without α, γ = 0 is binary cross entropy.

    -log 0 is inf: nothing is clipped. A certain and right prediction has loss 0. A probability or label
    outside [0, 1], or NaN, gives NaN.

    Parameters
    ----------
    probabilities
        Of the positive label: p in [0, 1], any shape, real floating.
    labels
        t in [0, 1], of the same shape; floating, integer or bool.
    gamma
        γ >= 0: how much less the labels that are predicted well already count.
    alpha
        α in [0, 1]: weight of the positive term, 1 - α that of the negative one; None for neither.
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
    T.-Y. Lin and others, Focal loss for dense object detection (2017), https://arxiv.org/abs/1708.02002.

    Examples
    --------
    >>> import numpy as np
    >>> binary_focal_loss(np.asarray([0.5, 1.0]), np.asarray([1, 1]), reduction="none")
    array([0.1732868, 0.       ])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("binary_focal_loss", probabilities, "probabilities", common, spaces=SPACES)
    return binary.describe(on, labels, label_smoothing=label_smoothing, gamma=gamma, alpha=alpha)


@loss
def binary_focal_loss_with_logits(
    logits: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Binary focal loss of logits, one loss for each element.

    t·α·σ(-z)^γ·softplus(-z) + (1 - t)·(1 - α)·σ(z)^γ·softplus(z). Without α, γ = 0 is binary cross entropy.

    An infinite logit on the right side has loss 0, on the wrong side inf. A label outside [0, 1], or NaN,
    gives NaN.

    Parameters
    ----------
    logits
        Log-odds z of the positive label, any shape, real floating.
    labels
        t in [0, 1], of the same shape; floating, integer or bool.
    gamma
        γ >= 0: how much less the labels that are predicted well already count.
    alpha
        α in [0, 1]: weight of the positive term, 1 - α that of the negative one; None for neither.
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
    T.-Y. Lin and others, Focal loss for dense object detection (2017), https://arxiv.org/abs/1708.02002.

    Examples
    --------
    >>> import numpy as np
    >>> binary_focal_loss_with_logits(np.asarray([0.0, 20.0]), np.asarray([1, 1]), gamma=1, reduction="none")
    array([3.46573590e-01, 4.24835424e-18])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("binary_focal_loss_with_logits", logits, "logits", common, spaces=SPACES)
    return binary.describe(on, labels, label_smoothing=label_smoothing, gamma=gamma, alpha=alpha)


@loss
def categorical_focal_loss(
    probabilities: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: Any = None,
    axis: int = -1,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Focal loss of probabilities, for labels that are distributions.

    -Σ α_c·q_c·(1 - p_c)^γ·log p_c over q_c ≠ 0, along `axis`.

    -log 0 is inf where q_c > 0, and 0 where q_c = 0. A probability or label outside [0, 1], or NaN, makes its
    row NaN.

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    labels
        q in [0, 1], of the same shape; floating, integer or bool. Its rows need not add up to 1.
    gamma
        γ >= 0: how much less the labels that are predicted well already count.
    alpha
        α >= 0: a number, or one for each class, shape (C,); None for no factor. It enters no divisor.
    axis
        The class axis.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
    label_smoothing
        ε in [0, 1]: q becomes (1 - ε) q + ε/C.
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
        Shape () or, unreduced, the shape of `probabilities` without `axis`; its dtype. It is computed in a wider
        dtype where there is one at no cost, half precision always, and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    T.-Y. Lin and others, Focal loss for dense object detection (2017), https://arxiv.org/abs/1708.02002.

    Examples
    --------
    >>> import numpy as np
    >>> float(categorical_focal_loss(np.asarray([[0.5, 0.5]]), np.asarray([[1.0, 0.0]]), base=2))
    0.25
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("categorical_focal_loss", probabilities, "probabilities", common, axis=axis, spaces=SPACES)
    q = distribution(on, labels)
    return categorical.describe(on, q, label_smoothing=label_smoothing, gamma=gamma, alpha=alpha)


@loss
def categorical_focal_loss_with_logits(
    logits: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: Any = None,
    axis: int = -1,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Focal loss of logits, for labels that are distributions.

    Σ α_c·q_c·(1 - p_c)^γ·(lse(z) - z_c) over q_c ≠ 0, along `axis`, with p = softmax(z).

    A class at -inf counts as absent, with loss inf where it was asked for. A row at -inf throughout, or with
    two classes at +inf, or with a NaN, is NaN. A single class has loss 0.

    Parameters
    ----------
    logits
        z, with C classes along `axis`, real floating. -inf masks a class.
    labels
        q in [0, 1], of the same shape; floating, integer or bool. Its rows need not add up to 1.
    gamma
        γ >= 0: how much less the labels that are predicted well already count.
    alpha
        α >= 0: a number, or one for each class, shape (C,); None for no factor. It enters no divisor.
    axis
        The class axis.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
    label_smoothing
        ε in [0, 1]: q becomes (1 - ε) q + ε/C.
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
        Shape () or, unreduced, the shape of `logits` without `axis`; its dtype. It is computed in a wider dtype where
        there is one at no cost, half precision always, and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    T.-Y. Lin and others, Focal loss for dense object detection (2017), https://arxiv.org/abs/1708.02002.

    Examples
    --------
    >>> import numpy as np
    >>> float(categorical_focal_loss_with_logits(np.zeros((1, 2)), np.asarray([[1.0, 0.0]]), base=2))
    0.25
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("categorical_focal_loss_with_logits", logits, "logits", common, axis=axis, spaces=SPACES)
    q = distribution(on, labels)
    return categorical.describe(on, q, label_smoothing=label_smoothing, gamma=gamma, alpha=alpha)
