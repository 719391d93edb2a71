"""Cross entropy for labels that are class indices, and negative log-likelihood."""

from __future__ import annotations

import math
from typing import Any

from ceconform.conventions import Convention
from ceconform.losses import _rows
from ceconform.losses._description import Common, Subject, subject
from ceconform.losses._evaluation import Evaluation, loss, ordinarily
from ceconform.losses._inputs import number
from ceconform.losses._labels import indices, one_hot
from ceconform.losses.categorical import SPACES, describe

__all__ = ["nll_loss", "sparse_cross_entropy", "sparse_cross_entropy_with_logits"]


def _describe(
    on: Subject, labels: Any, ignore_index: int | None, *, label_smoothing: float = 0.0, class_weight: Any = None
) -> Evaluation:
    """Describe a loss of class indices: that of the one-hot labels, without making these where nothing needs them."""
    y, counts, known = indices(on, labels, ignore_index)
    single = number(label_smoothing, "label_smoothing", 0.0, 1.0) == 0 and on.rules.label_bounds is None
    made = None
    if single and class_weight is None and on.space == "logits":
        made = _rows.indices(on.checked_axis, known=known, dtype=on.dtype)
    elif single and class_weight is None and on.space == "probabilities" and on.rules.plain:
        made = _rows.index_probabilities(on.checked_axis, known=known)
    if made is not None:
        one = on.xp.where(y < 0, math.nan, on.cast(on.xp.ones_like(y))) if on.divides_by_weights else None
        return on.evaluation(made, y, counts=counts, mass=one, target_mass=one)
    return describe(on, one_hot(on, y), counts, label_smoothing=label_smoothing, class_weight=class_weight)


@ordinarily(_rows.index_probabilities(-1, known=True))
def sparse_cross_entropy(
    probabilities: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Cross entropy of probabilities, for labels that are class indices.

    -log p_y; with smoothing or class weights, `categorical_cross_entropy` of the one-hot labels.

    -log 0 is inf. A probability outside [0, 1] makes its row NaN, and so does a label that is not in [0, C)
    and not ignored.

    Parameters
    ----------
    probabilities
        p, with C classes along `axis`, each in [0, 1], real floating. They are not renormalised.
    labels
        Class indices in [0, C), of any integer dtype; the shape of `probabilities` without `axis`.
    axis
        The class axis.
    class_weight
        w_c >= 0, shape (C,): multiplies the term of each class.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
    label_smoothing
        ε in [0, 1]: q becomes (1 - ε) q + ε/C.
    ignore_index
        Rows with this label have loss 0 and gradient 0, and do not count.
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
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.108).

    Examples
    --------
    >>> import numpy as np
    >>> float(sparse_cross_entropy(np.asarray([[0.25, 0.75], [0.5, 0.5]]), np.asarray([0, 1]), base=2))
    1.5
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("sparse_cross_entropy", probabilities, "probabilities", common, axis=axis, spaces=SPACES)
    return _describe(on, labels, ignore_index, label_smoothing=label_smoothing, class_weight=class_weight)


@ordinarily(_rows.indices(-1, known=True))
def sparse_cross_entropy_with_logits(
    logits: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Cross entropy of logits, for labels that are class indices.

    lse(z) - z_y; with smoothing or class weights, `categorical_cross_entropy_with_logits` of the one-hot
    labels.

    A class at -inf counts as absent, with loss inf where it was asked for. A row at -inf throughout, or with
    two classes at +inf, or with a NaN, is NaN. A single class has loss 0. So is a row whose label is not in
    [0, C) and not ignored.

    Parameters
    ----------
    logits
        z, with C classes along `axis`, real floating. -inf masks a class.
    labels
        Class indices in [0, C), of any integer dtype; the shape of `logits` without `axis`.
    axis
        The class axis.
    class_weight
        w_c >= 0, shape (C,): multiplies the term of each class.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
    label_smoothing
        ε in [0, 1]: q becomes (1 - ε) q + ε/C.
    ignore_index
        Rows with this label have loss 0 and gradient 0, and do not count.
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
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.108).

    Examples
    --------
    >>> import numpy as np
    >>> logits, labels = np.asarray([[0.0, 0.0], [50.0, 0.0]]), np.asarray([1, 0])
    >>> sparse_cross_entropy_with_logits(logits, labels, reduction="none")
    array([6.93147181e-01, 1.92874985e-22])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("sparse_cross_entropy_with_logits", logits, "logits", common, axis=axis, spaces=SPACES)
    return _describe(on, labels, ignore_index, label_smoothing=label_smoothing, class_weight=class_weight)


@loss
def nll_loss(
    log_probabilities: Any,
    labels: Any,
    *,
    axis: int = -1,
    class_weight: Any = None,
    sample_weight: Any = None,
    ignore_index: int | None = None,
    base: float | None = None,
    reduction: str = "mean",
    convention: str | Convention | tuple[str | Convention, ...] | None = None,
    check: bool = False,
    xp: Any = None,
) -> Any:
    """Negative log-likelihood of log-probabilities, for labels that are class indices.

    -ℓ_y.

    ℓ_y = -inf has loss inf; ℓ_y > 0 is no log-probability and gives NaN, as do a NaN in the row and a label
    that is not in [0, C) and not ignored.

    Parameters
    ----------
    log_probabilities
        ℓ = log p, with C classes along `axis`, real floating.
    labels
        Class indices in [0, C), of any integer dtype; the shape of `log_probabilities` without `axis`.
    axis
        The class axis.
    class_weight
        w_c >= 0, shape (C,): multiplies the term of each class.
    sample_weight
        s >= 0: multiplies each loss, broadcast to its shape. Exactly 0 silences whatever the row holds.
    ignore_index
        Rows with this label have loss 0 and gradient 0, and do not count.
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
        Shape () or, unreduced, the shape of `log_probabilities` without `axis`; its dtype. It is computed in a wider
        dtype where there is one at no cost, half precision always, and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.108).

    Examples
    --------
    >>> import numpy as np
    >>> nll_loss(np.asarray([[-0.5, -1.0], [-2.0, -0.25]]), np.asarray([0, 0]), reduction="none")
    array([0.5, 2. ])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("nll_loss", log_probabilities, "log_probabilities", common, axis=axis, spaces=SPACES)
    return _describe(on, labels, ignore_index, class_weight=class_weight)
