"""Margin losses: labels of -1 and +1, and the distance to the best wrong class."""

from __future__ import annotations

import math
from typing import Any

from ceconform.conventions import Convention
from ceconform.losses import _margins
from ceconform.losses._description import Common, subject
from ceconform.losses._evaluation import loss
from ceconform.losses._labels import indices, one_hot, signs

__all__ = ["categorical_hinge_loss", "hinge_loss", "soft_margin_loss", "squared_hinge_loss"]


@loss
def soft_margin_loss(
    logits: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Soft margin loss of logits: binary cross entropy for labels of -1 and +1.

    softplus(-y·z).

    An infinite logit on the right side has loss 0, on the wrong side inf. A label other than -1 and +1, or a
    NaN, gives NaN.

    Parameters
    ----------
    logits
        Log-odds z of the positive label, any shape, real floating.
    labels
        y, -1 or +1, of the same shape; floating or integer.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the element holds.
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
    T. Hastie, R. Tibshirani and J. Friedman, The Elements of Statistical Learning, 2nd edition (2009),
    section 10.6.

    Examples
    --------
    >>> import numpy as np
    >>> float(soft_margin_loss(np.asarray([0.0]), np.asarray([-1]), base=2))
    1.0
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("soft_margin_loss", logits, "logits", common)
    return on.evaluation(_margins.SOFT_MARGIN, signs(on, labels))


@loss
def hinge_loss(
    logits: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Hinge loss of scores, for labels of -1 and +1.

    max(0, 1 - y·z); its derivative at the kink is 0.

    A label other than -1 and +1, or a NaN, gives NaN.

    Parameters
    ----------
    logits
        Scores z, any shape, real floating.
    labels
        y, -1 or +1, of the same shape; floating or integer.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the element holds.
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
        at no cost, half precision always, and rounded once. No unit.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    C. Cortes and V. Vapnik, Support-vector networks, Machine Learning 20 (1995).

    Examples
    --------
    >>> import numpy as np
    >>> hinge_loss(np.asarray([0.5, 2.0]), np.asarray([1, 1]), reduction="none")
    array([0.5, 0. ])
    """
    common = Common(reduction, sample_weight, None, convention, check, xp)
    on = subject("hinge_loss", logits, "logits", common)
    return on.evaluation(_margins.HINGE, signs(on, labels))


@loss
def squared_hinge_loss(
    logits: Any,
    labels: Any,
    *,
    sample_weight: Any = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Squared hinge loss of scores, for labels of -1 and +1.

    max(0, 1 - y·z)².

    A label other than -1 and +1, or a NaN, gives NaN.

    Parameters
    ----------
    logits
        Scores z, any shape, real floating.
    labels
        y, -1 or +1, of the same shape; floating or integer.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the element holds.
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
        at no cost, half precision always, and rounded once. No unit.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    Y. Tang, Deep learning using linear support vector machines (2013), https://arxiv.org/abs/1306.0239.

    Examples
    --------
    >>> import numpy as np
    >>> squared_hinge_loss(np.asarray([0.5, 2.0]), np.asarray([1, 1]), reduction="none")
    array([0.25, 0.  ])
    """
    common = Common(reduction, sample_weight, None, convention, check, xp)
    on = subject("squared_hinge_loss", logits, "logits", common)
    return on.evaluation(_margins.SQUARED_HINGE, signs(on, labels))


@loss
def categorical_hinge_loss(
    logits: Any,
    labels: Any,
    *,
    axis: int = -1,
    sample_weight: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Hinge loss of scores, for labels that are class indices.

    max(0, 1 + max_{c≠y} z_c - z_y). Its derivative at the kink is 0; classes that are equally good share it.

    A single class has loss 0. A NaN makes its row NaN, and so does a label that is not in [0, C) and not
    ignored.

    Parameters
    ----------
    logits
        Scores z, with C classes along `axis`, real floating.
    labels
        Class indices in [0, C), of any integer dtype; the shape of `logits` without `axis`.
    axis
        The class axis.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
    ignore_index
        Rows with this label have loss 0 and gradient 0, and do not count.
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
        there is one at no cost, half precision always, and rounded once. No unit.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    K. Crammer and Y. Singer, On the algorithmic implementation of multiclass kernel-based vector machines,
    JMLR 2 (2001).

    Examples
    --------
    >>> import numpy as np
    >>> float(categorical_hinge_loss(np.asarray([[0.5, 2.0, 1.0]]), np.asarray([1])))
    0.0
    """
    common = Common(reduction, sample_weight, None, convention, check, xp)
    on = subject("categorical_hinge_loss", logits, "logits", common, axis=axis)
    y, counts, _ = indices(on, labels, ignore_index)
    return on.evaluation(
        _margins.categorical_hinge(on.checked_axis, 0.0 if on.rules.floor_scores else -math.inf),
        one_hot(on, y),
        counts=counts,
    )
