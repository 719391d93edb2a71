"""The careful arithmetic: each form once, with the reason for it. Costs are never negative, so their sums are safe.

A *cost* is the loss of one possible label: softplus(-z) for a positive one, lse(z) - z_c for class c. The loss is
the sum of the costs, each times the mass that the labels put there.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ceconform.losses._inputs import adds_one_by_one, made_of
from ceconform.losses._kernel import times

__all__ = [
    "BINARY64",
    "Softmax",
    "bits",
    "log_complement",
    "log_ratio",
    "mixed",
    "rounded",
    "rounding_error",
    "sides",
    "softmax",
    "softmax_cost",
    "softmax_cost_of",
    "softmax_costs",
    "softmax_focal_costs",
    "softmax_focal_gradient",
    "softmax_gradient",
    "softmax_row",
    "softmax_slope",
    "softmax_slope_of",
    "total",
    "within",
]

BINARY64 = 53
"""The bits of a Python float's significand."""
RAISED = 2.0**32
"""The odds of the classes come times this: what is smaller than a normal number keeps its digits, or on a backend that
has no smaller ones does not vanish, until it is multiplied by what it is multiplied by."""
LARGE = 2.0**64
"""What of a factor above 1 comes before a division: no quotient of odds is small then, nor does one overflow."""


def within(xp: Any, x: Any, low: float, high: float) -> Any:
    """Return x, and NaN where it lies outside [low, high]: never a plausible number."""
    return xp.where((x >= low) & (x <= high), x, math.nan)


def bits(xp: Any, x: Any) -> int:
    """Return the bits of the significand that a loss is computed in."""
    return BINARY64 if xp.finfo(x.dtype).bits == 64 else 24  # noqa: PLR2004


def rounded(number: float, bits: int) -> float:
    """Round to so many bits: Veltkamp's splitting, which is arithmetic that any tracer follows."""
    if bits == BINARY64:
        return number
    scaled = number * (2.0 ** (53 - bits) + 1)
    return scaled - (scaled - number)


def rounding_error(a: Any, b: Any, gap: Any) -> Any:
    """Return what finite gap = a - b was rounded by, which two-sum gives exactly."""
    back = gap - a
    return (a - (gap - back)) + (-b - back)


def mixed(xp: Any, q: Any, epsilon: float, share: Any) -> Any:
    """Return (1 - ε)·q + share, the rounding error of 1 - ε put back."""
    large = rounded(1 - epsilon, bits(xp, q))
    small = (1 - large) - epsilon
    return large * q + (small * q + share)


def sides(xp: Any, t: Any, epsilon: float, rule: str | None = None) -> tuple[Any, Any]:
    """Return t and 1 - t, NaN outside [0, 1], smoothed by ε: towards 1/2, or (`others`) towards the other label.

    Both are computed, because one less the other would lose the digits of a small ε; and each is selected by itself,
    because XLA makes (1 - t) + ε/2 into (1 + ε/2) - t, where they are gone too.
    """
    t, rest = within(xp, t, 0, 1), within(xp, 1 - t, 0, 1)
    if epsilon == 0:
        return t, rest
    if rule == "others":
        return mixed(xp, t, epsilon, epsilon * rest), mixed(xp, rest, epsilon, epsilon * t)
    return mixed(xp, t, epsilon, epsilon / 2), mixed(xp, rest, epsilon, epsilon / 2)


def log_complement(xp: Any, p: Any) -> Any:
    """Return log(1 - p)."""
    return _log1p(xp, -p)


def _log1p(xp: Any, x: Any) -> Any:
    """Return log(1 + x), of negative numbers too."""
    log = xp.log1p(x)
    if not (made_of(xp, "jax") and x.dtype == xp.float64):
        return log
    # openxla/xla#46765: from -0.41 to -0.29 XLA's log1p is 129 ulps off in float64, where the rounding of 1 + x is two.
    return xp.where(x > -0.25, log, xp.log(1 + x))  # noqa: PLR2004


def total(xp: Any, x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Return the sum, in float64 where float32 would be added up one by one."""
    if adds_one_by_one(xp, x):
        return xp.astype(xp.sum(x, axis=axis, keepdims=keepdims, dtype=xp.float64), x.dtype)
    return xp.sum(x, axis=axis, keepdims=keepdims)


class Softmax(NamedTuple):
    """What the softmax losses are made of; every sum leaves out what would cancel later."""

    highest: Any
    """max z."""
    top: Any
    """Where the logit is the row's largest."""
    alone: Any
    """Where it is the only largest."""
    odds: Any
    """Of each class against a largest one: exp(z_c - max z), times 2^32."""
    rest: Any
    """s, times 2^32: the sum of the odds of all but one largest class."""
    total: Any
    """1 + s, times 2^32."""
    least: Any
    """log1p(s): lse(z) - max z."""
    drop: Any
    """max z - z_c."""


def _odds(xp: Any, z: Any, highest: Any) -> Any:
    """Return exp(z - max z), the odds of a class against a largest one, times 2^32.

    The rounding error of the difference is put back; without it a shifted row loses 63 ulps.
    """
    # Halves cannot overflow, and ±inf counts as the largest number. Far below the largest logit, an exact part of the
    # exponent is left to the factor, so that no exponential is smaller than a normal number.
    bound = float(xp.finfo(z.dtype).max) / 2
    part = 250 if bits(xp, z) == BINARY64 else 30.5  # rounding hardly changes RAISED · exp(-2 · part)
    half, top = xp.clip(z / 2, -bound, bound), xp.clip(highest / 2, -bound, bound)
    gap = half - top
    error = rounding_error(half, top, gap)
    far = gap < -part
    odds = xp.exp(2 * xp.where(far, gap + part, gap))
    odds = odds + odds * (2 * error)  # before they become small, or this product would be smaller than a normal number
    return xp.where(far, odds * (RAISED * math.exp(-2 * part)), odds * RAISED)


def _added(xp: Any, odds: Any, axis: int) -> Any:
    """Return the sum of a row's odds."""
    if made_of(xp, "jax"):
        from ceconform.losses._sum_jax import added

        return added(odds, axis, RAISED)
    return total(xp, odds, axis, keepdims=True)


def softmax(xp: Any, z: Any, axis: int) -> Softmax:
    """Prepare a row of logits.

    With s the odds of all classes but the largest, lse(z) - max z = log1p(s): subtracting two logsumexps would leave
    nothing of a loss of 1e-9. There is no argmax and no gather, so a sharded class axis stays sharded.
    """
    highest = xp.max(z, axis=axis, keepdims=True)
    top = z == highest
    odds = _odds(xp, z, highest)
    ties = xp.sum(xp.astype(top, z.dtype), axis=axis, keepdims=True)
    rest = _added(xp, xp.where(top, 0.0, odds), axis) + (ties - 1) * RAISED
    undefined = (highest == -math.inf) | ((highest == math.inf) & (ties > 1))
    rest = xp.where(undefined, math.nan, rest)
    return Softmax(
        highest=highest,
        top=top,
        alone=top & (ties == 1),
        odds=odds,
        rest=rest,
        total=RAISED + rest,
        least=xp.log1p(rest / RAISED),
        # inf - inf is 0 here. Other largest logits keep their 0: a constant would end second derivatives.
        drop=xp.where(top & xp.isinf(highest), 0.0, highest - z),
    )


def softmax_costs(xp: Any, z: Any, axis: int) -> Any:
    """Return lse(z) - z_c for each class: log1p(s) + (max z - z_c), two terms that are never negative."""
    parts = softmax(xp, z, axis)
    return parts.least + parts.drop


def softmax_cost(xp: Any, z: Any, own: Any, axis: int) -> Any:
    """Return lse(z) - z_y of each row, log1p(s) + (max z - z_y); `own` is z_y."""
    parts = softmax(xp, z, axis)
    return parts.least + xp.where((own == parts.highest) & xp.isinf(own), 0.0, parts.highest - own)


def softmax_row(xp: Any, z: Any, own: Any, hot: Any, axis: int) -> tuple[Any, Any, Any]:
    """Return max z, the odds of all classes but y, and those of y, times 2^32; `own` is z_y, and `hot` marks it.

    The label is left out of the sum before anything is added to it, so that nothing cancels, nor is there a constant
    in the place of a logit: it would end second derivatives.
    """
    highest = xp.max(z, axis=axis, keepdims=True)
    others = _added(xp, xp.where(hot, 0.0, _odds(xp, z, highest)), axis)
    label = _odds(xp, own, highest)
    undefined = (highest == -math.inf) | ((highest == math.inf) & (others + label > RAISED))
    return highest, xp.where(undefined, math.nan, others), label


def softmax_cost_of(xp: Any, own: Any, highest: Any, others: Any, label: Any) -> Any:
    """Return `softmax_cost` from what `softmax_row` gives: log1p of the others where y is a largest."""
    drop = xp.where((own == highest) & xp.isinf(highest), 0.0, highest - own)
    return xp.where(drop == 0, xp.log1p(others / RAISED), xp.log((others + label) / RAISED) + drop)


def softmax_slope_of(xp: Any, factor: Any, z: Any, hot: Any, highest: Any, others: Any, label: Any) -> Any:
    """Return factor · (softmax(z) - hot) from what `softmax_row` gives; at y it is minus the others over all.

    Of a factor above 1, a power of two comes before the division, so that the quotient is not smaller than a normal
    number where the product is not.
    """
    large = xp.abs(factor) > 1
    power = xp.where(large, LARGE, xp.ones_like(factor))
    slope = xp.where(hot, -others, _odds(xp, z, highest)) * power / (others + label)
    return slope * xp.where(large, factor / LARGE, factor)


def softmax_slope(xp: Any, factor: Any, z: Any, own: Any, hot: Any, axis: int) -> Any:
    """Return factor · (softmax(z) - hot)."""
    return softmax_slope_of(xp, factor, z, hot, *softmax_row(xp, z, own, hot, axis))


def _softmax_pull(xp: Any, parts: Softmax, mass: Any, axis: int) -> Any:
    every = total(xp, mass, axis, keepdims=True)
    others = total(xp, xp.where(parts.top, 0.0, mass), axis, keepdims=True)
    at_top = (others * RAISED - mass * parts.rest) / parts.total
    elsewhere = every * parts.odds / parts.total - mass
    return xp.where(parts.alone, at_top, elsewhere)


def softmax_gradient(xp: Any, z: Any, mass: Any, axis: int) -> Any:
    """Return Q·softmax(z) - q; at the largest logit as (Σ_{c≠k} q_c - q_k·s)/(1 + s), which does not cancel."""
    return _softmax_pull(xp, softmax(xp, z, axis), mass, axis)


def _softmax_probabilities(xp: Any, parts: Softmax) -> tuple[Any, Any]:
    """Return p and 1 - p; at the largest logit the latter is s/(1 + s)."""
    p = parts.odds / parts.total
    return p, xp.where(parts.alone, parts.rest / parts.total, 1 - p)


def softmax_focal_costs(xp: Any, z: Any, axis: int, gamma: float) -> Any:
    """Return (1 - p_c)^γ (lse(z) - z_c) for each class."""
    parts = softmax(xp, z, axis)
    _, complement = _softmax_probabilities(xp, parts)
    return complement**gamma * (parts.least + parts.drop)


def softmax_focal_gradient(xp: Any, z: Any, mass: Any, axis: int, gamma: float) -> Any:
    """Return the softmax gradient of the masses q_c (1 - p_c)^γ (1 + γ p_c (-log p_c)/(1 - p_c)).

    The quotient is log1p(s)/s at the largest logit: 1 where s vanishes.
    """
    parts = softmax(xp, z, axis)
    p, complement = _softmax_probabilities(xp, parts)
    cost = parts.least + parts.drop
    steady = xp.where(complement == 0, 1.0, complement)
    ratio = xp.where(complement == 0, 1.0, times(xp, p, cost) / steady)
    return _softmax_pull(xp, parts, times(xp, mass, complement**gamma * (1 + gamma * ratio)), axis)


def log_ratio(xp: Any, q: Any, p: Any) -> Any:
    """Return log(q/p); as log1p((q - p)/p) where they are near, because there q - p is exact and the logs cancel."""
    near = xp.abs(q - p) <= p / 2
    steady = xp.where(near, p, 1.0)
    return xp.where(near, _log1p(xp, xp.where(near, q - p, 0.0) / steady), xp.log(q) - xp.log(p))
