"""Divergences between distributions: Kullback-Leibler, entropy, Brier."""

from __future__ import annotations

import math
from typing import Any

from ceconform.conventions import Convention
from ceconform.errors import ArgumentError
from ceconform.losses._description import Common, binary_labels, distribution, smoothed, subject
from ceconform.losses._evaluation import loss
from ceconform.losses._kernel import Kernel, times
from ceconform.losses._stable import log_ratio, within

__all__ = ["brier_loss", "entropy", "kl_divergence"]


def guarded(xp: Any, answer: Any, wrong: Any, axis: int | None) -> Any:
    """Return the answer, and NaN in a row where something is wrong."""
    wrong = wrong if axis is None else xp.any(wrong, axis=axis, keepdims=True)
    return xp.where(wrong, math.nan, answer)


def kernel_of_kl(axis: int) -> Kernel:
    """Return Σ w_c q_c log(q_c/p_c), a kernel of (p, q, w)."""

    def wrong(xp: Any, p: Any, q: Any, w: Any) -> Any:
        mass = times(xp, w, q)
        lost = xp.isnan(within(xp, p, 0, 1)) | xp.isnan(mass)
        return lost & xp.any(mass != 0, axis=axis, keepdims=True)

    def value(xp: Any, p: Any, q: Any, w: Any) -> Any:
        total = xp.sum(times(xp, times(xp, w, q), log_ratio(xp, q, p)), axis=axis, keepdims=True)
        return xp.squeeze(guarded(xp, total, wrong(xp, p, q, w), axis), axis=axis)

    def by_p(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return guarded(xp, times(xp, times(xp, w, q), -1 / p), wrong(xp, p, q, w), axis)

    def by_q(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return times(xp, w, log_ratio(xp, q, p) + 1)

    def by_w(xp: Any, p: Any, q: Any, w: Any) -> Any:  # noqa: ARG001 - the shape of a slope
        return times(xp, q, log_ratio(xp, q, p))

    return Kernel(value, (by_p, by_q, by_w), axis)


def kernel_of_entropy(axis: int) -> Kernel:
    """Return -Σ p_c log p_c, a kernel of p."""

    def wrong(xp: Any, p: Any) -> Any:
        return xp.isnan(within(xp, p, 0, 1))

    def value(xp: Any, p: Any) -> Any:
        total = xp.sum(times(xp, p, -xp.log(p)), axis=axis, keepdims=True)
        return xp.squeeze(guarded(xp, total, wrong(xp, p), axis), axis=axis)

    def by_p(xp: Any, p: Any) -> Any:
        return guarded(xp, -(xp.log(p) + 1), wrong(xp, p), axis)

    return Kernel(value, (by_p,), axis)


def kernel_of_brier(axis: int | None) -> Kernel:
    """Return Σ w_c (p_c - q_c)², a kernel of (p, q, w); of single elements where there is no axis."""

    def wrong(xp: Any, p: Any, q: Any, w: Any) -> Any:
        lost = xp.isnan(within(xp, p, 0, 1)) | xp.isnan(q)
        return lost if axis is None else lost & xp.any(w != 0, axis=axis, keepdims=True)

    def value(xp: Any, p: Any, q: Any, w: Any) -> Any:
        squares = times(xp, w, (p - q) ** 2)
        if axis is None:
            return guarded(xp, squares, wrong(xp, p, q, w), axis)
        total = xp.sum(squares, axis=axis, keepdims=True)
        return xp.squeeze(guarded(xp, total, wrong(xp, p, q, w), axis), axis=axis)

    def by_p(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return guarded(xp, 2 * times(xp, w, p - q), wrong(xp, p, q, w), axis)

    def by_q(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return -by_p(xp, p, q, w)

    def by_w(xp: Any, p: Any, q: Any, w: Any) -> Any:  # noqa: ARG001 - the shape of a slope
        return (p - q) ** 2

    return Kernel(value, (by_p, by_q, by_w), axis)


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

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    labels
        q in [0, 1], of the same shape, real floating. Its rows need not add up to 1.
    axis
        The class axis.
    class_weight
        w_c >= 0, shape (C,): multiplies the term of each class.
    sample_weight
        s >= 0: multiplies each loss; broadcasts to the shape of the loss. Exactly 0 silences whatever the row
        holds.
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
        Shape () or, unreduced, the shape of `probabilities` without `axis`; its dtype. Half precision is
        computed in float32 and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not belong together: nothing is broadcast silently.
    DTypeError
        If the predictions or the labels are not real floating.
    ArgumentError
        For an unknown reduction, or a parameter without a meaning here.
    RangeError
        With `check=True`, for a value out of its range: the message names the first.

    Notes
    -----
    -log 0 is inf where q_c > 0, and 0 where q_c = 0. A probability or label outside [0, 1], or NaN, makes its
    row NaN.

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
    return on.evaluation(kernel_of_kl(on.checked_axis), q, weight, mass=on.total(weight, q))


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

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    axis
        The class axis.
    sample_weight
        s >= 0: multiplies each loss; broadcasts to the shape of the loss. Exactly 0 silences whatever the row
        holds.
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
        Shape () or, unreduced, the shape of `probabilities` without `axis`; its dtype. Half precision is
        computed in float32 and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not belong together: nothing is broadcast silently.
    DTypeError
        If the probabilities are not real floating.
    ArgumentError
        For an unknown reduction, or a parameter without a meaning here.
    RangeError
        With `check=True`, for a value out of its range: the message names the first.

    Notes
    -----
    A probability of 0 adds nothing, and has the derivative +inf. One outside [0, 1], or NaN, makes its row
    NaN.

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
    return on.evaluation(kernel_of_entropy(on.checked_axis))


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

    Σ (p_c - q_c)² along `axis`; (p - t)² for ``axis=None``.

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    labels
        q in [0, 1], of the same shape, real floating. Its rows need not add up to 1. With ``axis=None``: t in
        [0, 1].
    axis
        The class axis; None for binary predictions, where each element is a loss.
    class_weight
        w_c >= 0, shape (C,): multiplies the term of each class.
    sample_weight
        s >= 0: multiplies each loss; broadcasts to the shape of the loss. Exactly 0 silences whatever the row
        holds.
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
        Shape () or, unreduced, the shape of `probabilities` without `axis`; its dtype. Half precision is
        computed in float32 and rounded once. No unit.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not belong together: nothing is broadcast silently.
    DTypeError
        If the predictions or the labels are not real floating. Binary labels may be integer or bool.
    ArgumentError
        For an unknown reduction, or a parameter without a meaning here.
    RangeError
        With `check=True`, for a value out of its range: the message names the first.

    Notes
    -----
    A probability or label outside [0, 1], or NaN, makes its row NaN.

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
        return on.evaluation(kernel_of_brier(None), t, on.xp.ones_like(t))
    q = smoothed(on, distribution(on, labels), label_smoothing)
    weight = on.class_weights(class_weight, "class_weight", default=1.0)
    return on.evaluation(kernel_of_brier(on.axis), q, weight, mass=on.total(weight, q))
