"""The careful arithmetic: each form once, with the reason for it. Costs are never negative, so their sums are safe.

A *cost* is the loss of one possible label: softplus(-z) for a positive one, lse(z) - z_c for class c. The loss is
the sum of the costs, each times the mass that the labels put there.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ceconform.losses._kernel import times

__all__ = [
    "Softmax",
    "log_ratio",
    "logit_costs",
    "logit_gradient",
    "sigmoid",
    "softmax",
    "softmax_cost",
    "softmax_costs",
    "softmax_focal_costs",
    "softmax_focal_gradient",
    "softmax_gradient",
    "softmax_row",
    "softmax_slope",
    "softmax_slope_of",
    "softplus",
    "within",
]


def within(xp: Any, x: Any, low: float, high: float) -> Any:
    """Return x, and NaN where it lies outside [low, high]: never a plausible number."""
    return xp.where((x >= low) & (x <= high), x, math.nan)


def _minus_abs(xp: Any, z: Any) -> Any:
    # Not -abs(z): its derivative by autodiff, which second derivatives go through, is 0 at z = 0.
    return xp.where(z > 0, -z, z)


def softplus(xp: Any, z: Any) -> Any:
    """Return log(1 + exp z) = max(z, 0) + log1p(exp(-|z|)): no overflow, and two terms that are never negative."""
    return xp.where(z > 0, z, 0.0) + xp.log1p(xp.exp(_minus_abs(xp, z)))


def sigmoid(xp: Any, z: Any) -> tuple[Any, Any]:
    """Return σ(z) and σ(-z), both from exp(-|z|): 1 - σ(z) would lose all digits of the smaller one."""
    e = xp.exp(_minus_abs(xp, z))
    small, large = e / (1 + e), 1 / (1 + e)
    return xp.where(z > 0, large, small), xp.where(z > 0, small, large)


def logit_costs(xp: Any, z: Any) -> tuple[Any, Any]:
    """Return softplus(-z) and softplus(z), the costs of a logit under a positive and under a negative label."""
    shared = xp.log1p(xp.exp(_minus_abs(xp, z)))
    return xp.where(z <= 0, -z, 0.0) + shared, xp.where(z > 0, z, 0.0) + shared  # at 0 each has its slope, ∓1/2


def logit_gradient(xp: Any, z: Any) -> tuple[Any, Any]:
    """Return the derivatives of `logit_costs`."""
    up, down = sigmoid(xp, z)
    return -down, up


class Softmax(NamedTuple):
    """What the softmax losses are made of; every sum leaves out what would cancel later."""

    top: Any
    """Where the logit is the row's largest."""
    alone: Any
    """Where it is the only largest."""
    odds: Any
    """Of each class against a largest one: exp(z_c - max z)."""
    rest: Any
    """s: the sum of the odds of all but one largest class."""
    drop: Any
    """max z - z_c."""


def _odds(xp: Any, z: Any, highest: Any) -> Any:
    """Return exp(z - max z), the odds of a class against a largest one.

    The rounding error of the difference is put back (two-sum); without it a shifted row loses 63 ulps. That of halves
    cannot overflow, and ±inf counts as the largest number, so that nothing has to be selected: a selection here keeps
    XLA from its fast path.
    """
    bound = float(xp.finfo(z.dtype).max) / 2
    half, top = xp.clip(z / 2, -bound, bound), xp.clip(highest / 2, -bound, bound)
    gap = half - top
    back = gap - half
    error = (half - (gap - back)) + (-top - back)
    exponential = xp.exp(2 * gap)
    return exponential + exponential * (2 * error)


def softmax(xp: Any, z: Any, axis: int) -> Softmax:
    """Prepare a row of logits.

    With s the odds of all classes but the largest, lse(z) - max z = log1p(s): subtracting two logsumexps would leave
    nothing of a loss of 1e-9. There is no argmax and no gather, so a sharded class axis stays sharded.
    """
    highest = xp.max(z, axis=axis, keepdims=True)
    top = z == highest
    odds = _odds(xp, z, highest)
    ties = xp.sum(xp.astype(top, z.dtype), axis=axis, keepdims=True)
    rest = xp.sum(xp.where(top, 0.0, odds), axis=axis, keepdims=True) + (ties - 1)
    undefined = (highest == -math.inf) | ((highest == math.inf) & (ties > 1))
    return Softmax(
        top=top,
        alone=top & (ties == 1),
        odds=odds,
        rest=xp.where(undefined, math.nan, rest),
        # inf - inf is 0 here. Other largest logits keep their 0: a constant would end second derivatives.
        drop=xp.where(top & xp.isinf(highest), 0.0, highest - z),
    )


def softmax_costs(xp: Any, z: Any, axis: int) -> Any:
    """Return lse(z) - z_c for each class: log1p(s) + (max z - z_c), two terms that are never negative."""
    parts = softmax(xp, z, axis)
    return xp.log1p(parts.rest) + parts.drop


def _beside_label(xp: Any, z: Any, own: Any, hot: Any, axis: int) -> tuple[Any, Any, Any, Any]:
    """Return the odds of each class, of all but y, and of y, and max z - z_y; `own` is z_y, and `hot` marks it."""
    highest = xp.max(z, axis=axis, keepdims=True)
    odds = _odds(xp, z, highest)
    others = xp.sum(xp.where(hot, 0.0, odds), axis=axis, keepdims=True)
    drop = xp.where((own == highest) & xp.isinf(highest), 0.0, highest - own)
    own = _odds(xp, own, highest)
    undefined = (highest == -math.inf) | ((highest == math.inf) & (others + own > 1))
    return odds, xp.where(undefined, math.nan, others), own, drop


def softmax_cost(xp: Any, z: Any, own: Any, hot: Any, axis: int) -> Any:
    """Return lse(z) - z_y of each row: log1p of the others' odds where y is a largest logit, log of all of them else.

    The label is left out of the sum before anything is added to it, so that nothing cancels.
    """
    _, others, own, drop = _beside_label(xp, z, own, hot, axis)
    return xp.where(drop == 0, xp.log1p(others), xp.log(others + own) + drop)


def softmax_slope(xp: Any, z: Any, own: Any, hot: Any, axis: int) -> Any:
    """Return softmax(z) - hot; at y it is minus the odds of the others over those of all."""
    odds, others, own, _ = _beside_label(xp, z, own, hot, axis)
    return xp.where(hot, -others, odds) / (others + own)


def softmax_row(xp: Any, z: Any, own: Any, hot: Any, axis: int) -> tuple[Any, Any, Any, Any]:
    """Return `softmax_cost`, and what `softmax_slope_of` needs of each row."""
    highest = xp.max(z, axis=axis, keepdims=True)
    _, others, odds, _ = _beside_label(xp, z, own, hot, axis)
    return softmax_cost(xp, z, own, hot, axis), highest, others, odds


def softmax_slope_of(xp: Any, z: Any, hot: Any, highest: Any, others: Any, own: Any) -> Any:
    """Return `softmax_slope` from max z, the odds of all but y, and those of y."""
    return xp.where(hot, -others, _odds(xp, z, highest)) / (others + own)


def _softmax_pull(xp: Any, parts: Softmax, mass: Any, axis: int) -> Any:
    total = xp.sum(mass, axis=axis, keepdims=True)
    others = xp.sum(xp.where(parts.top, 0.0, mass), axis=axis, keepdims=True)
    at_top = (others - mass * parts.rest) / (1 + parts.rest)
    elsewhere = total * parts.odds / (1 + parts.rest) - mass
    return xp.where(parts.alone, at_top, elsewhere)


def softmax_gradient(xp: Any, z: Any, mass: Any, axis: int) -> Any:
    """Return Q·softmax(z) - q; at the largest logit as (Σ_{c≠k} q_c - q_k·s)/(1 + s), which does not cancel."""
    return _softmax_pull(xp, softmax(xp, z, axis), mass, axis)


def _softmax_probabilities(xp: Any, parts: Softmax) -> tuple[Any, Any]:
    """Return p and 1 - p; at the largest logit the latter is s/(1 + s)."""
    p = parts.odds / (1 + parts.rest)
    return p, xp.where(parts.alone, parts.rest / (1 + parts.rest), 1 - p)


def softmax_focal_costs(xp: Any, z: Any, axis: int, gamma: float) -> Any:
    """Return (1 - p_c)^γ (lse(z) - z_c) for each class."""
    parts = softmax(xp, z, axis)
    _, complement = _softmax_probabilities(xp, parts)
    return complement**gamma * (xp.log1p(parts.rest) + parts.drop)


def softmax_focal_gradient(xp: Any, z: Any, mass: Any, axis: int, gamma: float) -> Any:
    """Return the softmax gradient of the masses q_c (1 - p_c)^γ (1 + γ p_c (-log p_c)/(1 - p_c)).

    The quotient is log1p(s)/s at the largest logit: 1 where s vanishes.
    """
    parts = softmax(xp, z, axis)
    p, complement = _softmax_probabilities(xp, parts)
    cost = xp.log1p(parts.rest) + parts.drop
    steady = xp.where(complement == 0, 1.0, complement)
    ratio = xp.where(complement == 0, 1.0, times(xp, p, cost) / steady)
    return _softmax_pull(xp, parts, times(xp, mass, complement**gamma * (1 + gamma * ratio)), axis)


def log_ratio(xp: Any, q: Any, p: Any) -> Any:
    """Return log(q/p); as log1p((q - p)/p) where they are near, because there q - p is exact and the logs cancel."""
    near = xp.abs(q - p) <= p / 2
    steady = xp.where(near, p, 1.0)
    return xp.where(near, xp.log1p(xp.where(near, q - p, 0.0) / steady), xp.log(q) - xp.log(p))
