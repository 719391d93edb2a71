"""Categorical cross entropy: labels that are distributions, or several classes at once."""

from __future__ import annotations

import math
from typing import Any

from ceconform.conventions import Convention
from ceconform.losses import _rows
from ceconform.losses._description import Common, Subject, subject
from ceconform.losses._evaluation import Evaluation, loss
from ceconform.losses._inputs import number
from ceconform.losses._labels import distribution, shared, smoothed

__all__ = ["categorical_cross_entropy", "categorical_cross_entropy_with_logits", "multilabel_softmax_loss"]

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
    gamma = number(gamma, "gamma", 0.0, math.inf)
    if isinstance(alpha, (int, float)):
        alpha = on.weights(alpha, "alpha", tuple(on.x.shape))
    else:
        alpha = on.class_weights(alpha, "alpha")
    mass = on.weighted_classes(alpha, on.weighted_classes(weight, q))
    weighted = weight is not None or alpha is not None
    if on.space == "logits" and not weighted and gamma == 0 and label_smoothing != 0 and on.rules.plain:
        kernel, mass = _rows.smoothed_logits(on.checked_axis, label_smoothing), labels
    elif on.space == "logits":
        kernel = _rows.logits(on.checked_axis, gamma, weighted=weighted)
    elif on.space == "probabilities":
        kernel = _rows.probabilities(on.checked_axis, on.rules, gamma, weighted=weighted)
    else:
        kernel = _rows.log_probabilities(on.checked_axis, on.rules, weighted=weighted)
    return on.evaluation(
        kernel,
        mass,
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
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), equation (4.108).

    Examples
    --------
    >>> import numpy as np
    >>> p, q = np.asarray([[0.25, 0.75], [1.0, 0.0]]), np.asarray([[0.5, 0.5], [1.0, 0.0]])
    >>> categorical_cross_entropy(p, q, base=2, reduction="none")
    array([1.20751875, 0.        ])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("categorical_cross_entropy", probabilities, "probabilities", common, axis=axis, spaces=SPACES)
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

    A class at -inf counts as absent, with loss inf where it was asked for. A row at -inf throughout, or with
    two classes at +inf, or with a NaN, is NaN. A single class has loss 0.

    Parameters
    ----------
    logits
        z, with C classes along `axis`, real floating. -inf masks a class.
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
    >>> z, q = np.asarray([[0.0, 0.0], [50.0, 0.0]]), np.asarray([[0.5, 0.5], [1.0, 0.0]])
    >>> categorical_cross_entropy_with_logits(z, q, reduction="none")
    array([6.93147181e-01, 1.92874985e-22])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on = subject("categorical_cross_entropy_with_logits", logits, "logits", common, axis=axis, spaces=SPACES)
    return describe(on, distribution(on, labels), label_smoothing=label_smoothing, class_weight=class_weight)


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

    A class at -inf counts as absent, with loss inf where it was asked for. A row at -inf throughout, or with
    two classes at +inf, or with a NaN, is NaN. A single class has loss 0. A label other than 0 and 1 makes
    its row NaN.

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
