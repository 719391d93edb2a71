"""Categorical cross entropy: distributions, class indices, log-probabilities, multi-hot labels."""

from __future__ import annotations

from typing import Any

from ceconform.conventions import Convention
from ceconform.losses import _kernels
from ceconform.losses._description import Common, Subject, distribution, one_hot, shared, smoothed, subject
from ceconform.losses._evaluation import Evaluation, loss

__all__ = [
    "categorical_cross_entropy",
    "categorical_cross_entropy_with_logits",
    "multilabel_softmax_loss",
    "nll_loss",
    "sparse_cross_entropy",
    "sparse_cross_entropy_with_logits",
]

SPACES = ("logits", "probabilities", "log_probabilities")


def describe(
    on: Subject,
    labels: Any,
    counts: Any = None,
    *,
    label_smoothing: float = 0.0,
    class_weight: Any = None,
    gamma: float = 0.0,
    alpha: Any = None,
) -> Evaluation:
    """Describe a loss over classes: the mass of each class, and what each class costs."""
    weight = on.class_weights(class_weight, "class_weight")
    q = smoothed(on, labels, label_smoothing)
    mass = on.weighted(weight, q)
    if on.space == "logits":
        kernel = _kernels.logits(on.checked_axis, gamma)
    elif on.space == "probabilities":
        kernel = _kernels.probabilities(on.checked_axis, gamma, on.rules.logarithm)
    else:
        kernel = _kernels.log_probabilities(on.checked_axis)
    return on.evaluation(
        kernel,
        mass if alpha is None else on.weighted(alpha, mass),
        counts=counts,
        mass=on.total(weight, q),
        target_mass=on.total(weight, labels),
    )


@loss
def categorical_cross_entropy(
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
    """Cross entropy of probabilities, for labels that are distributions.

    -Σ q_c·log p_c over q_c ≠ 0, along `axis`.

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
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.108).

    Examples
    --------
    >>> import numpy as np
    >>> p, q = np.asarray([[0.25, 0.75], [1.0, 0.0]]), np.asarray([[0.5, 0.5], [1.0, 0.0]])
    >>> categorical_cross_entropy(p, q, base=2, reduction="none")
    array([1.20751875, 0.        ])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject(
        "categorical_cross_entropy", probabilities, "probabilities", common, axis=axis, spaces=SPACES
    )
    return describe(on, distribution(on, labels), label_smoothing=label_smoothing, class_weight=class_weight)


@loss
def categorical_cross_entropy_with_logits(
    logits: Any,
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
    """Cross entropy of logits, for labels that are distributions.

    Σ q_c·(lse(z) - z_c) over q_c ≠ 0, along `axis`; lse(z) = log Σ exp z_c. A confident and right prediction
    keeps all its digits, where subtracting logsumexps would leave none.

    Parameters
    ----------
    logits
        z, with C classes along `axis`, real floating. -inf masks a class.
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
        Shape () or, unreduced, the shape of `logits` without `axis`; its dtype. Half precision is computed in
        float32 and rounded once. Nats, or the unit of `base`.

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
    A class at -inf counts as absent, with loss inf where it was asked for. A row at -inf throughout, or with
    two classes at +inf, or with a NaN, is NaN. A single class has loss 0.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.108).

    Examples
    --------
    >>> import numpy as np
    >>> z, q = np.asarray([[0.0, 0.0], [50.0, 0.0]]), np.asarray([[0.5, 0.5], [1.0, 0.0]])
    >>> categorical_cross_entropy_with_logits(z, q, reduction="none")
    array([6.93147181e-01, 1.92874985e-22])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("categorical_cross_entropy_with_logits", logits, "logits", common, axis=axis, spaces=SPACES)
    return describe(on, distribution(on, labels), label_smoothing=label_smoothing, class_weight=class_weight)


@loss
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
        s >= 0: multiplies each loss; broadcasts to the shape of the loss. Exactly 0 silences whatever the row
        holds.
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
        Shape () or, unreduced, the shape of `probabilities` without `axis`; its dtype. Half precision is
        computed in float32 and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not belong together: nothing is broadcast silently.
    DTypeError
        If the predictions are not real floating, or the labels are not integers.
    ArgumentError
        For an unknown reduction, or a parameter without a meaning here.
    RangeError
        With `check=True`, for a value out of its range: the message names the first.

    Notes
    -----
    -log 0 is inf. A probability outside [0, 1] makes its row NaN, and so does a label that is not in [0, C)
    and not ignored.

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
    hot, counts = one_hot(on, labels, ignore_index)
    return describe(on, hot, counts, label_smoothing=label_smoothing, class_weight=class_weight)


@loss
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
        s >= 0: multiplies each loss; broadcasts to the shape of the loss. Exactly 0 silences whatever the row
        holds.
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
        Shape () or, unreduced, the shape of `logits` without `axis`; its dtype. Half precision is computed in
        float32 and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not belong together: nothing is broadcast silently.
    DTypeError
        If the predictions are not real floating, or the labels are not integers.
    ArgumentError
        For an unknown reduction, or a parameter without a meaning here.
    RangeError
        With `check=True`, for a value out of its range: the message names the first.

    Notes
    -----
    A class at -inf counts as absent, with loss inf where it was asked for. A row at -inf throughout, or with
    two classes at +inf, or with a NaN, is NaN. A single class has loss 0. So is a row whose label is not in
    [0, C) and not ignored.

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
    hot, counts = one_hot(on, labels, ignore_index)
    return describe(on, hot, counts, label_smoothing=label_smoothing, class_weight=class_weight)


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
        s >= 0: multiplies each loss; broadcasts to the shape of the loss. Exactly 0 silences whatever the row
        holds.
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
        Shape () or, unreduced, the shape of `log_probabilities` without `axis`; its dtype. Half precision is
        computed in float32 and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not belong together: nothing is broadcast silently.
    DTypeError
        If the predictions are not real floating, or the labels are not integers.
    ArgumentError
        For an unknown reduction, or a parameter without a meaning here.
    RangeError
        With `check=True`, for a value out of its range: the message names the first.

    Notes
    -----
    ℓ_y = -inf has loss inf; ℓ_y > 0 is no log-probability and gives NaN, as do a NaN in the row and a label
    that is not in [0, C) and not ignored.

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
    hot, counts = one_hot(on, labels, ignore_index)
    return describe(on, hot, counts, class_weight=class_weight)


@loss
def multilabel_softmax_loss(
    logits: Any,
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
    """Softmax cross entropy of logits, the target's mass shared by the positive classes.

    `categorical_cross_entropy_with_logits` with q = 1/M on the M positive classes of a row. A row without a
    positive class has loss 0 and gradient 0, and does not count.

    Parameters
    ----------
    logits
        z, with C classes along `axis`, real floating. -inf masks a class.
    labels
        0 or 1 for each class, of the same shape; floating, integer or bool.
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
        Shape () or, unreduced, the shape of `logits` without `axis`; its dtype. Half precision is computed in
        float32 and rounded once. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not belong together: nothing is broadcast silently.
    DTypeError
        If the predictions are not real floating, or the labels are not real.
    ArgumentError
        For an unknown reduction, or a parameter without a meaning here.
    RangeError
        With `check=True`, for a value out of its range: the message names the first.

    Notes
    -----
    A class at -inf counts as absent, with loss inf where it was asked for. A row at -inf throughout, or with
    two classes at +inf, or with a NaN, is NaN. A single class has loss 0. A label other than 0 and 1 makes
    its row NaN.

    References
    ----------
    D. Mahajan and others, Exploring the limits of weakly supervised pretraining (2018),
    https://arxiv.org/abs/1805.00932, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> float(multilabel_softmax_loss(np.zeros((1, 4)), np.asarray([[1, 0, 1, 0]]), base=2))
    2.0
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("multilabel_softmax_loss", logits, "logits", common, axis=axis)
    hot, counts = shared(on, labels)
    return describe(on, hot, counts, label_smoothing=label_smoothing, class_weight=class_weight)
