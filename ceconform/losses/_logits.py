"""The careful arithmetic of one logit: each form once, with the reason for it.

In the forms that take a factor or masses, these multiply a number that is normal before they multiply what makes it
small: a loss or slope that is smaller than a normal number has lost its digits, and has none on a backend that flushes
it, while its product with a large weight needs them.
"""

from __future__ import annotations

import math
from typing import Any

from ceconform.losses._inputs import made_of
from ceconform.losses._kernel import times
from ceconform.losses._stable import BINARY64, RAISED, bits

__all__ = [
    "logit_costs",
    "logit_loss",
    "logit_slope",
    "scaled_sigmoid",
    "scaled_softplus",
    "sigmoid",
    "softplus",
]

_TAIL = {BINARY64: 706, 24: 86}
"""Of an exponent: exp(-706), and exp(-86) in float32, are normal numbers that rounding hardly changes."""


def _minus_abs(xp: Any, z: Any) -> Any:
    # Not -abs(z): its derivative by autodiff, which second derivatives go through, is 0 at z = 0.
    return xp.where(z > 0, -z, z)


def _tail(xp: Any, z: Any) -> tuple[Any, Any]:
    """Return exp(-|z|) as a product of two numbers; the second is 1 unless the product is smaller than a normal number.

    What multiplies the one before the other keeps its digits, or on a backend that has no smaller numbers is not lost.
    """
    part = _TAIL[bits(xp, z)]
    exponent = _minus_abs(xp, z)
    far = exponent < -part
    e = xp.exp(xp.where(far, exponent + part, exponent))
    return e, xp.where(far, math.exp(-part), xp.ones_like(e))


def softplus(xp: Any, z: Any) -> Any:
    """Return log(1 + exp z) = max(z, 0) + log1p(exp(-|z|)): no overflow, and two terms that are never negative."""
    e, rest = _tail(xp, z)  # what XLA need not compute anew for the slope
    return xp.where(z > 0, z, 0.0) + xp.log1p(e * rest)


def sigmoid(xp: Any, z: Any) -> tuple[Any, Any]:
    """Return σ(z) and σ(-z), both from exp(-|z|): 1 - σ(z) would lose all digits of the smaller one."""
    e = xp.exp(_minus_abs(xp, z))
    small, large = e / (1 + e), 1 / (1 + e)
    return xp.where(z > 0, large, small), xp.where(z > 0, small, large)


def logit_costs(xp: Any, z: Any) -> tuple[Any, Any]:
    """Return softplus(-z) and softplus(z), the costs of a logit under a positive and under a negative label."""
    shared = xp.log1p(xp.exp(_minus_abs(xp, z)))
    return xp.where(z <= 0, -z, 0.0) + shared, xp.where(z > 0, z, 0.0) + shared  # at 0 each has its slope, ∓1/2


def _soft(xp: Any, z: Any) -> tuple[Any, Any]:
    """Return log1p(exp(-|z|)) as such a product."""
    e, rest = _tail(xp, z)
    return xp.where(rest < 1, e, xp.log1p(e)), rest


def scaled_softplus(xp: Any, factor: Any, z: Any) -> Any:
    """Return factor · softplus(z)."""
    soft, rest = _soft(xp, z)
    return factor * xp.where(z > 0, z, 0.0) + factor * soft * rest


def scaled_sigmoid(xp: Any, factor: Any, z: Any) -> Any:
    """Return factor · σ(z)."""
    e, rest = _tail(xp, z)
    one = xp.ones_like(e)
    return factor * (xp.where(z > 0, one, e) / (1 + e * rest)) * xp.where(z > 0, one, rest)


def logit_loss(xp: Any, z: Any, a: Any, b: Any) -> Any:
    """Return a · softplus(-z) + b · softplus(z): the costs of a logit, times the masses of the labels."""
    soft, rest = _soft(xp, z)
    sides = times(xp, a, xp.where(z <= 0, -z, 0.0)) + times(xp, b, xp.where(z > 0, z, 0.0))
    return sides + times(xp, a + b, soft) * rest


def logit_slope(xp: Any, factor: Any, z: Any, a: Any, b: Any) -> Any:
    """Return factor times its derivative, b · σ(z) - a · σ(-z)."""
    e, rest = _tail(xp, z)
    total = 1 + e * rest
    small, large = factor * xp.where(z > 0, -a, b), factor * xp.where(z > 0, b, -a)
    if not made_of(xp, "jax"):
        return times(xp, large, 1 / total) + times(xp, small, e / total) * rest
    # XLA has no numbers smaller than a normal one: one may be the last places of another that is small, but normal.
    tiny = (xp.abs(large) < 1) & (xp.abs(small) < 1)
    power = xp.where(tiny, RAISED, xp.ones_like(e))
    slope = times(xp, large * power, 1 / total) + times(xp, small, e / total) * (rest * power)
    return slope * xp.where(tiny, 1 / RAISED, 1.0)
