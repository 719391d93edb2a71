"""The kernels of the binary losses, which have two sides: what a positive label costs, and what a negative one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ceconform.losses import _costs, _logits, _rapid, _stable
from ceconform.losses._kernel import Kernel, per, times
from ceconform.losses._rules import Rules

__all__ = [
    "binary_logits",
    "binary_logits_and_labels",
    "binary_probabilities",
    "binary_probabilities_and_labels",
]


def _add(xp: Any, a: Any, b: Any, sides: tuple[Any, Any]) -> Any:
    return times(xp, a, sides[0]) + times(xp, b, sides[1])


def _two_sided(
    costs: Callable[..., tuple[Any, Any]], slope: Callable[..., Any], scaled_slope: Callable[..., Any] | None = None
) -> Kernel:
    """Return a · (cost of a positive) + b · (cost of a negative), a kernel of (prediction, a, b)."""
    return Kernel(
        value=lambda xp, x, a, b: _add(xp, a, b, costs(xp, x)),
        slopes=(
            slope,
            lambda xp, x, a, b: costs(xp, x)[0],  # noqa: ARG005 - the shape of a slope
            lambda xp, x, a, b: costs(xp, x)[1],  # noqa: ARG005
        ),
        scaled_slope=scaled_slope,
    )


def _focal_logit_costs(xp: Any, z: Any, gamma: float) -> tuple[Any, Any]:
    (up, down), (positive, negative) = _logits.sigmoid(xp, z), _logits.logit_costs(xp, z)
    return down**gamma * positive, up**gamma * negative


def _focal_logit_rates(xp: Any, z: Any, gamma: float) -> tuple[Any, Any]:
    (up, down), (positive, negative) = _logits.sigmoid(xp, z), _logits.logit_costs(xp, z)
    return (
        -(down**gamma) * (gamma * times(xp, up, positive) + down),
        up**gamma * (gamma * times(xp, down, negative) + up),
    )


_PLAIN_BINARY_LOGITS = Kernel(
    value=_logits.logit_loss,
    slopes=(
        lambda xp, z, a, b: _logits.logit_slope(xp, 1.0, z, a, b),
        lambda xp, z, a, b: _logits.logit_costs(xp, z)[0],  # noqa: ARG005 - the shape of a slope
        lambda xp, z, a, b: _logits.logit_costs(xp, z)[1],  # noqa: ARG005
    ),
    scaled_value=lambda xp, factor, z, a, b: _logits.logit_loss(xp, z, factor * a, factor * b),
    scaled_slope=_logits.logit_slope,
)


def binary_logits(gamma: float = 0.0) -> Kernel:
    """Binary cross entropy, focal for γ > 0, of logits."""
    if gamma == 0:
        return _PLAIN_BINARY_LOGITS
    costs = partial(_focal_logit_costs, gamma=gamma)
    return _two_sided(costs, lambda xp, z, a, b: _add(xp, a, b, _focal_logit_rates(xp, z, gamma)))


def _of_labels(plain: Kernel, epsilon: float, rapid: Callable[..., bool | None], buffers: int) -> Kernel:
    """Turn a kernel of (prediction, a, b) into one of (prediction, label): labels in [0, 1], smoothed by ε."""

    def sides(xp: Any, x: Any, t: Any) -> tuple[Any, Any]:
        return _stable.sides(xp, xp.astype(t, x.dtype, copy=False), epsilon)

    def by_label(xp: Any, x: Any, t: Any) -> Any:
        positive, negative = (slope(xp, x, *sides(xp, x, t)) for slope in plain.slopes[1:])
        return _stable.within(xp, t, 0, 1) * 0 + (1 - epsilon) * (positive - negative)

    def scaled(form: Callable[..., Any] | None) -> Callable[..., Any] | None:
        return form and (lambda xp, factor, x, t: form(xp, factor, x, *sides(xp, x, t)))

    return Kernel(
        value=lambda xp, x, t: plain.value(xp, x, *sides(xp, x, t)),
        slopes=(lambda xp, x, t: plain.slopes[0](xp, x, *sides(xp, x, t)), by_label),
        rapid=partial(rapid, epsilon=epsilon),
        buffers=buffers,
        scaled_value=scaled(plain.scaled_value),
        scaled_slope=scaled(plain.scaled_slope),
    )


def binary_logits_and_labels(epsilon: float) -> Kernel:
    """Binary cross entropy, a kernel of (logit, label)."""
    return _of_labels(binary_logits(), epsilon, _rapid.binary_logits, 6)


def binary_probabilities_and_labels(rules: Rules, epsilon: float) -> Kernel:
    """Binary cross entropy, a kernel of (probability, label)."""
    return _of_labels(binary_probabilities(rules, as_they_come=epsilon == 0), epsilon, _rapid.binary_probabilities, 4)


def _difference_slope(xp: Any, factor: Any, p: Any, a: Any, b: Any) -> Any:
    """Return factor · (b/(1 - p) - a/p); the quotients may be infinite where these products are not."""
    up, down = _parts(xp, p)
    return per(xp, factor * b, down) - per(xp, factor * a, up)


def _odds_slope(xp: Any, factor: Any, p: Any, t: Any, rest: Any) -> Any:
    """Return factor · ((1 - t)/(1 - p) - t/p), over one denominator where both are there: p - t is exact, and cancels.

    A small p is scaled first, because the difference of two small numbers may be smaller than a normal one; and of a
    difference that is not small the factor comes before the quotient, which may be infinite where the product is not.
    """
    up, down = _parts(xp, p)
    between = (up > 0) & (down > 0) & (t > 0) & (rest > 0)
    apart = _difference_slope(xp, factor, p, t, rest)
    p = xp.where(between, p, 0.5)
    scale = xp.where(p < 2.0**-32, _stable.RAISED, xp.ones_like(p))
    distance = p * scale - t * scale
    first = xp.abs(distance) > 2.0**-32
    slope = distance * xp.where(first, factor, 1.0) / (p * scale * (1 - p)) * xp.where(first, 1.0, factor)
    return xp.where(between, slope, apart)


def _parts(xp: Any, p: Any) -> tuple[Any, Any]:
    up, down = (_costs.positive(xp, _stable.within(xp, side, 0, math.inf)) for side in (p, 1 - p))
    return up, down


def binary_probabilities(rules: Rules, gamma: float = 0.0, *, as_they_come: bool = False) -> Kernel:
    """Binary cross entropy, focal for γ > 0, of probabilities; `as_they_come`: the masses are t and 1 - t."""
    logarithm, floor = rules.logarithm, rules.gradient_floor

    def read(xp: Any, p: Any) -> Any:
        return _stable.within(xp, p, 0, 1) if rules.checked else p

    def of_both(xp: Any, p: Any) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
        """Return the probability of each label, that of the other, and the logarithm of its own.

        A rule may read a number above 1 as a probability: it has a logarithm, and a complement that is negative.
        """
        up, down = _parts(xp, p)
        other, own = (_costs.positive(xp, side) for side in (1 - p, p))
        return (up, other, xp.log(up)), (down, own, _stable.log_complement(xp, p))

    def costs(xp: Any, p: Any) -> tuple[Any, Any]:
        positive, negative = (
            _costs.focal(other, _costs.cost(xp, own, log, logarithm), gamma)
            for own, other, log in of_both(xp, read(xp, p))
        )
        return positive, negative

    def steep(xp: Any, factor: Any, p: Any, a: Any, b: Any) -> Any:
        p = read(xp, p)
        if gamma == 0 and logarithm.plain:
            return (_odds_slope if as_they_come else _difference_slope)(xp, factor, p, a, b)
        masses = (factor * a, factor * b)
        positive, negative = (
            _costs.focal_rate(
                xp,
                mass,
                other,
                _costs.cost(xp, own, log, logarithm),
                _costs.rate(xp, mass, own, log, logarithm),
                gamma,
                plain=logarithm.plain,
            )
            for mass, (own, other, log) in zip(masses, of_both(xp, p), strict=True)
        )
        return positive - negative

    if floor is None:
        return _two_sided(costs, lambda xp, p, a, b: steep(xp, xp.ones_like(p), p, a, b), steep)

    def floored(xp: Any, p: Any, a: Any, b: Any) -> Any:
        p = _stable.within(xp, p, 0, 1)
        spread = p * (1 - p)
        return (b * p - a * (1 - p)) / xp.where(spread < floor, floor, spread)

    return _two_sided(costs, floored)
