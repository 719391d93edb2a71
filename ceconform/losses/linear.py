"""Cross entropy of a linear layer's outputs, which are never held all at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ceconform.conventions import Convention
from ceconform.errors import DTypeError, ShapeError
from ceconform.losses import _inputs
from ceconform.losses._derivatives import differentiable
from ceconform.losses._description import Common, Subject, subject
from ceconform.losses._evaluation import loss
from ceconform.losses._kernel import PRODUCT, pull
from ceconform.losses._labels import indices
from ceconform.losses._layers import Blocks, block_rows, evaluate, gradients
from ceconform.losses._reduction import Reduction, coefficients, log_of, reduce

__all__ = ["linear_cross_entropy"]


@dataclass(frozen=True, kw_only=True)
class Linear:
    """One evaluation of the loss, as `Evaluation` is of the others."""

    xp: Any
    blocks: Blocks
    y: Any
    """The labels in a row: -1 where there is no such class, C where a row is ignored."""
    inputs: tuple[Any, ...]
    """hidden, a row for each label; weight, bias; class_weight where the labels are smoothed."""
    target_weight: Any
    """That of each row's class, where they are not."""
    shape: tuple[int, ...]
    """Of hidden."""
    reduction: Reduction
    dtype: Any
    """Of hidden, and of the answer."""

    @property
    def axis(self) -> int:
        """Which the losses of the rows lack, counted from the end of hidden."""
        return -1

    def value(self) -> Any:
        """Return the loss."""
        losses = evaluate(self.blocks, self.y, *self.inputs)
        if self.target_weight is not None:
            losses = differentiable(self.xp, PRODUCT, self.target_weight, losses)
        losses = self.xp.reshape(losses, self.shape[:-1])
        return self.xp.astype(reduce(self.xp, losses, self.reduction), self.dtype)

    def value_and_gradient(self) -> tuple[Any, Any]:
        """Return the loss and its gradient by hidden; for `none`, that of the sum."""
        return self.value(), self._gradient()

    def _gradient(self) -> Any:
        xp = self.xp
        losses = xp.reshape(xp.zeros_like(self.y, dtype=self.blocks.on.computing), self.shape[:-1])
        cotangent = xp.reshape(losses + coefficients(xp, losses, self.reduction), (-1,))
        if self.target_weight is not None:
            cotangent = pull(xp, PRODUCT, cotangent, self.target_weight)
        found = gradients(self.blocks, self.y, cotangent, *self.inputs, wanted=(True, False, False, False))
        return xp.reshape(found[0], self.shape)


@loss
def linear_cross_entropy(
    hidden: Any,
    weight: Any,
    labels: Any,
    *,
    bias: Any = None,
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
    """Cross entropy of hidden · weightᵀ + bias, for labels that are class indices, without holding all logits.

    `sparse_cross_entropy_with_logits` of the logits z = hidden · weightᵀ + bias, which are computed for a few rows at
    a time, and again for the gradient: forwards and backwards never hold a tenth of them where there are many rows.

    A bias of -inf masks a class; other infinities in the products count as IEEE arithmetic has them. A label that is
    not in [0, C) and not ignored makes its row NaN, and so does a NaN.

    Parameters
    ----------
    hidden
        Rows of D numbers along the last axis, real floating.
    weight
        Shape (C, D), real floating: a row for each class.
    labels
        Class indices in [0, C), of any integer dtype; the shape of `hidden` without the last axis.
    bias
        Shape (C,), real floating; none where None.
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
        The array namespace; that of `hidden` where None.

    Returns
    -------
    array
        Shape () or, unreduced, the shape of `labels`; the dtype of `hidden`. Half precision is multiplied and added
        up in float32 and rounded once, the gradients too. Nats, or the unit of `base`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        For arrays that do not fit each other, dtypes of another kind, and parameters without a meaning.
    RangeError
        With `check=True`, naming the first value out of its range.

    References
    ----------
    E. Wijmans and others, Cut your losses in large-vocabulary language models (2024),
    https://arxiv.org/abs/2411.09009.

    Examples
    --------
    >>> import numpy as np
    >>> hidden, weight = np.asarray([[1.0, 2.0]]), np.asarray([[20.0, 15.0], [0.0, 0.0]])
    >>> linear_cross_entropy(hidden, weight, np.asarray([0]), reduction="none")
    array([1.92874985e-22])
    """
    common = Common(reduction, sample_weight, base, convention, check, xp)
    on, weight, bias = _layer(
        subject("linear_cross_entropy", hidden, "hidden", common, widened=False), hidden, weight, bias
    )
    xp, classes = on.xp, int(weight.shape[0])
    y, counts, _ = indices(
        on, labels, ignore_index, classes=classes, what="the shape of `hidden` without its last axis"
    )
    where = None if counts is None else xp.expand_dims(counts, axis=-1)
    on.check(on.x, "hidden", -math.inf, math.inf, where)
    if class_weight is not None:
        class_weight = on.array(class_weight, "class_weight")
        _inputs.expect_real(xp, class_weight, "class_weight")
        _inputs.expect_shape(class_weight, "class_weight", (classes,), "one number for each row of `weight`")
        class_weight = on.not_negative(on.cast(class_weight), "class_weight")
    epsilon = _inputs.number(label_smoothing, "label_smoothing", 0.0, 1.0)
    target_weight = None if class_weight is None else _of_targets(on, y, class_weight, counts)
    mass, target_mass = _shares(on, y, target_weight, class_weight, epsilon)
    how = Reduction(
        kind=reduction,
        unit=log_of(base),
        weight=on.weights(sample_weight, "sample_weight", on.rows),
        counts=counts,
        mass=mass,
        divisor=on.rules.divisor,
        elements=math.prod(on.rows) * classes,
        target_mass=target_mass,
        empty=on.rules.empty,
        eager=on.eager,
    )
    y = xp.reshape(y if counts is None else xp.where(counts, y, classes), (-1,))
    rows = block_rows(int(y.shape[0]), classes)
    quiet = replace(on, common=Common("none", xp=xp))
    return Linear(
        xp=xp,
        blocks=Blocks(on=quiet, label_smoothing=epsilon, rows=rows),
        y=y,
        inputs=(
            xp.reshape(hidden, (int(y.shape[0]), int(hidden.shape[-1]))),
            weight,
            bias,
            class_weight if epsilon else None,
        ),
        target_weight=None if epsilon or target_weight is None else xp.reshape(target_weight, (-1,)),
        shape=tuple(hidden.shape),
        reduction=how,
        dtype=on.dtype,
    )


def _layer(on: Subject, hidden: Any, weight: Any, bias: Any) -> tuple[Subject, Any, Any]:
    """Check the shapes and dtypes of the linear layer."""
    if hidden.ndim == 0:
        raise ShapeError("`hidden` must have an axis of features: expected at least one axis, got shape ()")
    weight = on.array(weight, "weight")
    shape = tuple(weight.shape)
    if len(shape) != 2 or shape[0] == 0 or shape[1] != hidden.shape[-1]:  # noqa: PLR2004 - classes and features
        raise ShapeError(
            "`weight` must have a row for each class and a column for each feature of `hidden`: "
            f"expected (C, {hidden.shape[-1]}) with C >= 1, got {shape}"
        )
    if bias is not None:
        bias = on.array(bias, "bias")
        _inputs.expect_shape(bias, "bias", shape[:1], "one number for each row of `weight`")
    for name, x in (("weight", weight), ("bias", bias)):
        if x is None:
            continue
        if not _inputs.is_floating(on.xp, x.dtype):
            raise DTypeError(f"`{name}` must have a real floating dtype: got {x.dtype}")
        on.check(x, name, -math.inf, math.inf)
    return replace(on, axis=-1, space="logits"), weight, bias


def _of_targets(on: Subject, y: Any, class_weight: Any, counts: Any) -> Any:
    """Return w_y of each row, NaN where there is no such class."""
    xp = on.xp
    known = y >= 0
    at = xp.reshape(xp.where(known, y, 0), (-1,))
    target = xp.reshape(xp.take(class_weight, at, axis=0), tuple(y.shape))
    return xp.where(known if counts is None else known | ~counts, target, math.nan)


def _shares(on: Subject, y: Any, target_weight: Any, class_weight: Any, epsilon: float) -> tuple[Any, Any]:
    """Return Σ_c q_c w_c of each row, for the smoothed labels and for the stated ones; None where nobody asks."""
    if on.common.reduction != "weighted_mean" and on.rules.divisor not in {"weights", "target-weights"}:
        return None, None
    xp = on.xp
    if target_weight is None:
        target = xp.where(y >= 0, xp.ones_like(y, dtype=on.computing), math.nan)
        return target, target
    if epsilon == 0:
        return target_weight, target_weight
    return (1 - epsilon) * target_weight + epsilon * xp.mean(class_weight), target_weight
