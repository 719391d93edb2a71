"""Divergences between distributions: Kullback-Leibler, entropy, Brier."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention
from ceconform.errors import ArgumentError
from ceconform.losses import _divergences
from ceconform.losses._description import Common, subject
from ceconform.losses._evaluation import loss
from ceconform.losses._labels import binary_labels, distribution, smoothed

__all__ = ["brier_loss", "entropy", "kl_divergence"]


@loss
def kl_divergence(
    probabilities: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Kullback-Leibler divergence of probabilities from labels that are distributions.

    Σ q_c·(log q_c - log p_c) over q_c ≠ 0, along `axis`: cross entropy less the entropy of q.

    -log 0 is inf where q_c > 0, and 0 where q_c = 0. A probability or label outside [0, 1], or NaN, makes its
    row NaN.

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    labels
        q in [0, 1], of the same shape; floating, integer or bool. Its rows need not add up to 1.
    axis
        The class axis.
    class_weight
        w_c >= 0, shape (C,): multiplies the term of each class.
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
    S. Kullback and R. A. Leibler, On information and sufficiency, Annals of Mathematical Statistics 22
    (1951).

    Examples
    --------
    >>> import numpy as np
    >>> float(kl_divergence(np.asarray([[0.25, 0.75]]), np.asarray([[1.0, 0.0]]), base=2))
    2.0
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("kl_divergence", probabilities, "probabilities", common, axis=axis)
    q = smoothed(on, distribution(on, labels), label_smoothing)
    weight = on.class_weights(class_weight, "class_weight", default=1.0)
    return on.evaluation(_divergences.kl(on.checked_axis), q, weight, mass=on.total(weight, q))


@loss
def entropy(
    probabilities: Any,
    *,
    axis: int = -1,
    sample_weight: Any = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Entropy of probabilities.

    -Σ p_c·log p_c over p_c ≠ 0, along `axis`.

    A probability of 0 adds nothing, and has the derivative +inf. One outside [0, 1], or NaN, makes its row
    NaN.

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    axis
        The class axis.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
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
    C. E. Shannon, A mathematical theory of communication (1948).

    Examples
    --------
    >>> import numpy as np
    >>> float(entropy(np.asarray([[0.25, 0.25, 0.5, 0.0]]), base=2))
    1.5
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("entropy", probabilities, "probabilities", common, axis=axis)
    return on.evaluation(_divergences.entropy(on.checked_axis))


@loss
def brier_loss(
    probabilities: Any,
    labels: Any,
    *,
    axis: int | None = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Brier score of probabilities: the squared distance to the labels.

    Σ (p_c - q_c)² along `axis`; (p - t)² of binary labels for ``axis=None``.

    A probability or label outside [0, 1], or NaN, makes its row NaN.

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    labels
        q in [0, 1], of the same shape; floating, integer or bool. Its rows need not add up to 1.
    axis
        The class axis; None for binary predictions, where each element is a loss.
    class_weight
        w_c >= 0, shape (C,): multiplies the term of each class.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
    label_smoothing
        ε in [0, 1]: q becomes (1 - ε) q + ε/C.
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
        dtype where there is one at no cost, half precision always, and rounded once. No unit.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78
    (1950).

    Examples
    --------
    >>> import numpy as np
    >>> float(brier_loss(np.asarray([[0.25, 0.75]]), np.asarray([[0.0, 1.0]])))
    0.125
    """
    common = Common(reduction, sample_weight, None, convention, check, xp)
    on = subject("brier_loss", probabilities, "probabilities", common, axis=axis)
    if axis is None:
        if class_weight is not None:
            raise ArgumentError("`class_weight` needs a class axis: give `axis`, or leave it out")
        t, _ = binary_labels(on, labels, label_smoothing)
        return on.evaluation(_divergences.brier(None), t, on.xp.ones_like(t))
    q = smoothed(on, distribution(on, labels), label_smoothing)
    weight = on.class_weights(class_weight, "class_weight", default=1.0)
    return on.evaluation(_divergences.brier(on.axis), q, weight, mass=on.total(weight, q))
