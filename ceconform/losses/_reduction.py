"""Weights, ignored rows, and none, sum, mean, weighted_mean: once for all losses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ceconform.errors import ArgumentError
from ceconform.losses import _stable
from ceconform.losses._derivatives import differentiable
from ceconform.losses._inputs import adds_one_by_one, device_of, made_of
from ceconform.losses._kernel import PRODUCT

__all__ = ["REDUCTIONS", "Reduction", "coefficients", "expect_reduction", "reduce"]

REDUCTIONS = ("none", "sum", "mean", "weighted_mean")


@dataclass(slots=True, kw_only=True)
class Reduction:
    """How the losses of the rows become the answer, a linear function of them."""

    kind: str
    unit: float = 1.0
    """What a loss in nats is divided by: log(base)."""
    weight: Any = None
    """`sample_weight`, in the shape of the losses."""
    counts: Any = None
    """Where a loss counts: not where a row is ignored."""
    mass: Any = None
    """Σ_c q_c w_c of each row."""
    divisor: str | None = None
    """What a convention divides either mean by."""
    elements: int = 0
    """The number of predictions, classes included."""
    target_mass: Any = None
    """Σ_c q_c w_c of each row, of the labels before they are smoothed."""
    empty: str | None = None
    """`zero`: the mean of nothing is 0."""
    eager: bool
    """Whether nothing traces, so that numbers may be looked at."""


def expect_reduction(kind: Any) -> None:
    """Refuse an unknown reduction."""
    if kind not in REDUCTIONS:
        raise ArgumentError(f"`reduction` must be one of {', '.join(REDUCTIONS)}: got {kind!r}")


def _over(total: Any, divisor: Any, xp: Any, empty: str | None) -> Any:
    if empty is None:
        return total / divisor
    nothing = divisor == 0
    return xp.where(nothing, 0.0, total / xp.where(nothing, 1.0, divisor))


def _sum(xp: Any, losses: Any, *, eager: bool) -> Any:
    if eager:
        return losses.sum()  # the same in less time, for small arrays
    if made_of(xp, "jax"):
        from ceconform.losses import _sum_jax

        return _sum_jax.total(losses)
    return _stable.total(xp, losses)


def _divisor(xp: Any, losses: Any, how: Reduction) -> Any:
    """Return the divisor of the mean, an array without axes."""
    kind = how.divisor or ("weights" if how.kind == "weighted_mean" else "count")
    if kind == "elements" or (kind == "count" and how.counts is None):
        count = how.elements if kind == "elements" else math.prod(losses.shape)
        return xp.asarray(float(count), dtype=losses.dtype, device=device_of(xp, losses))
    if kind == "count":
        # Counted as integers: in float32, 2**24 + 1 is 2**24.
        return xp.astype(xp.sum(xp.astype(how.counts, xp.int32)), losses.dtype)
    share = how.target_mass if kind == "target-weights" else how.mass
    share = xp.ones_like(losses) if share is None else share
    share = share if how.weight is None else differentiable(xp, PRODUCT, how.weight, share)
    share = share if how.counts is None else xp.where(how.counts, share, 0.0)
    return _sum(xp, xp.astype(share, losses.dtype, copy=False), eager=how.eager)


def reduce(xp: Any, losses: Any, how: Reduction) -> Any:
    """Weigh the losses of the rows and add them up."""
    if how.unit != 1:
        losses = losses / how.unit
    if how.weight is not None:
        losses = differentiable(xp, PRODUCT, how.weight, losses)
    if how.counts is not None:
        losses = xp.where(how.counts, losses, 0.0)
    if how.kind == "none":
        return losses
    if made_of(xp, "jax") and how.kind == "mean" and how.divisor is None and how.counts is None and losses.size:
        from ceconform.losses import _sum_jax

        return _sum_jax.mean(losses)
    wide = adds_one_by_one(xp, losses)
    if wide:
        losses = xp.astype(losses, xp.float64)
    total = _sum(xp, losses, eager=how.eager)
    if how.kind == "sum":
        return total
    if how.divisor is None and how.counts is None and how.kind == "mean" and losses.shape:
        count = math.prod(losses.shape)
        if count and how.eager and math.isfinite(total.item()):
            return total / count
    divisor = _divisor(xp, losses, how)
    if wide:  # where no sum overflows
        return _over(total, divisor, xp, how.empty)
    # The sum may overflow where the mean does not. Nothing is divided by 0 here: autodiff would make NaN of it.
    shares = xp.sum(losses / xp.where(divisor == 0, 1.0, divisor))
    return xp.where(xp.isinf(total), shares, _over(total, divisor, xp, how.empty))


def coefficients(xp: Any, losses: Any, how: Reduction) -> Any:
    """Return the derivative of the answer by the loss of each row (for `none`, of the sum of the answers).

    One number, where it is the same for all; of the losses only their shape and dtype are looked at.
    """
    means = how.kind in {"mean", "weighted_mean"}
    if how.weight is None and how.counts is None and not (means and (how.kind != "mean" or how.divisor)):
        count = math.prod(losses.shape) if means else 1
        if count:
            return 1 / how.unit / count
    weight = xp.ones_like(losses) if how.weight is None else how.weight
    weight = weight / how.unit
    if means:
        weight = xp.where(weight == 0, 0.0, _over(weight, _divisor(xp, losses, how), xp, how.empty))
    return weight if how.counts is None else xp.where(how.counts, weight, 0.0)


def log_of(base: float | None) -> float:
    """Return the unit of a loss: the natural logarithm of the base."""
    if base is None:
        return 1.0
    if not 0 < base < math.inf or base == 1:
        raise ArgumentError(f"`base` must be positive, finite and not 1: got {base!r}")
    return math.log(base)
