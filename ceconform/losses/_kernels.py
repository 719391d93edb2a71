"""The kernels of the losses: of two sides (binary), of a row (categorical), and the few that are neither."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ceconform.losses import _stable
from ceconform.losses._kernel import Kernel, times
from ceconform.losses._rules import Logarithm

__all__ = ["binary_logits", "binary_probabilities", "log_probabilities", "logits", "probabilities"]


def _two_sided(costs: Callable[..., tuple[Any, Any]], rates: Callable[..., tuple[Any, Any]]) -> Kernel:
    """Return a · (cost of a positive) + b · (cost of a negative), a kernel of (prediction, a, b)."""

    def add(xp: Any, masses: tuple[Any, Any], sides: tuple[Any, Any]) -> Any:
        return times(xp, masses[0], sides[0]) + times(xp, masses[1], sides[1])

    return Kernel(
        value=lambda xp, x, a, b: add(xp, (a, b), costs(xp, x)),
        slopes=(
            lambda xp, x, a, b: add(xp, (a, b), rates(xp, x)),
            lambda xp, x, a, b: costs(xp, x)[0],  # noqa: ARG005 - the shape of a slope
            lambda xp, x, a, b: costs(xp, x)[1],  # noqa: ARG005
        ),
    )


def _focal_logit_costs(xp: Any, z: Any, gamma: float) -> tuple[Any, Any]:
    (up, down), (positive, negative) = _stable.sigmoid(xp, z), _stable.logit_costs(xp, z)
    return down**gamma * positive, up**gamma * negative


def _focal_logit_rates(xp: Any, z: Any, gamma: float) -> tuple[Any, Any]:
    (up, down), (positive, negative) = _stable.sigmoid(xp, z), _stable.logit_costs(xp, z)
    return (
        -(down**gamma) * (gamma * times(xp, up, positive) + down),
        up**gamma * (gamma * times(xp, down, negative) + up),
    )


def binary_logits(gamma: float = 0.0) -> Kernel:
    """Binary cross entropy, focal for γ > 0, of logits."""
    if gamma == 0:
        return _two_sided(_stable.logit_costs, _stable.logit_gradient)
    return _two_sided(partial(_focal_logit_costs, gamma=gamma), partial(_focal_logit_rates, gamma=gamma))


def _cost(xp: Any, p: Any, log: Any, logarithm: Logarithm) -> tuple[Any, Any]:
    """Return -log p and its derivative -1/p, as the convention takes the logarithm; `log` is log p, accurately."""
    if logarithm.add is not None:
        p = p + logarithm.add
        log = xp.log(p)
    if logarithm.floor is None:
        return -log, -1 / p
    low = log < logarithm.floor
    return -xp.where(low, logarithm.floor, log), xp.where(low, 0.0, -1 / p)


def _focal(xp: Any, complement: Any, cost: Any, rate: Any, gamma: float, *, plain: bool) -> tuple[Any, Any]:
    """Return (1 - p)^γ · cost and its derivative by p."""
    if gamma == 0:
        return cost, rate
    factor = complement**gamma
    if plain:
        # -log p/(1 - p) is 1 at p = 1, where (1 - p)^(γ - 1) may be infinite.
        steady = xp.where(complement == 0, 1.0, complement)
        ratio = xp.where(complement == 0, 1.0, cost / steady)
        return factor * cost, factor * (rate - gamma * ratio)
    return factor * cost, factor * rate - gamma * times(xp, cost, complement ** (gamma - 1))


def _both_sides(
    xp: Any, p: Any, gamma: float, logarithm: Logarithm
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    p = _stable.within(xp, p, 0, 1)
    positive = _cost(xp, p, xp.log(p), logarithm)
    negative = _cost(xp, 1 - p, xp.log1p(-p), logarithm)
    positive = _focal(xp, 1 - p, *positive, gamma, plain=logarithm.plain)
    negative = _focal(xp, p, *negative, gamma, plain=logarithm.plain)
    return (positive[0], negative[0]), (positive[1], -negative[1])


def binary_probabilities(
    gamma: float = 0.0, logarithm: Logarithm = Logarithm(), gradient_floor: float | None = None
) -> Kernel:
    """Binary cross entropy, focal for γ > 0, of probabilities."""
    kernel = _two_sided(
        lambda xp, p: _both_sides(xp, p, gamma, logarithm)[0],
        lambda xp, p: _both_sides(xp, p, gamma, logarithm)[1],
    )
    if gradient_floor is None:
        return kernel

    def floored(xp: Any, p: Any, a: Any, b: Any) -> Any:
        p = _stable.within(xp, p, 0, 1)
        spread = p * (1 - p)
        return (b * p - a * (1 - p)) / xp.where(spread < gradient_floor, gradient_floor, spread)

    return Kernel(kernel.value, (floored, *kernel.slopes[1:]))


def _row(
    costs: Callable[..., Any],
    gradient: Callable[..., Any],
    axis: int,
    poison: Callable[..., Any] | None = None,
) -> Kernel:
    """Return Σ mass_c · cost_c, a kernel of (predictions, mass); NaN where `poison` finds a value that is none."""

    def guarded(xp: Any, x: Any, mass: Any, answer: Any, *, keepdims: bool) -> Any:
        if poison is None:
            return answer
        lost = xp.any(poison(xp, x, mass) | xp.isnan(mass), axis=axis, keepdims=keepdims)
        counts = xp.any(mass != 0, axis=axis, keepdims=keepdims)
        return xp.where(lost & counts, math.nan, answer)

    def value(xp: Any, x: Any, mass: Any) -> Any:
        total = xp.sum(times(xp, mass, costs(xp, x)), axis=axis)
        return guarded(xp, x, mass, total, keepdims=False)

    return Kernel(
        value=value,
        slopes=(
            lambda xp, x, mass: guarded(xp, x, mass, gradient(xp, x, mass), keepdims=True),
            lambda xp, x, mass: costs(xp, x),  # noqa: ARG005 - the shape of a slope
        ),
        axis=axis,
    )


def logits(axis: int, gamma: float = 0.0) -> Kernel:
    """Categorical cross entropy, focal for γ > 0, of logits."""
    if gamma == 0:
        return _row(
            lambda xp, z: _stable.softmax_costs(xp, z, axis),
            lambda xp, z, mass: _stable.softmax_gradient(xp, z, mass, axis),
            axis,
        )
    return _row(
        lambda xp, z: _stable.softmax_focal_costs(xp, z, axis, gamma),
        lambda xp, z, mass: _stable.softmax_focal_gradient(xp, z, mass, axis, gamma),
        axis,
    )


def probabilities(axis: int, gamma: float = 0.0, logarithm: Logarithm = Logarithm()) -> Kernel:
    """Categorical cross entropy, focal for γ > 0, of probabilities."""

    def cost_and_rate(xp: Any, p: Any) -> tuple[Any, Any]:
        p = _stable.within(xp, p, 0, 1)
        return _focal(xp, 1 - p, *_cost(xp, p, xp.log(p), logarithm), gamma, plain=logarithm.plain)

    return _row(
        lambda xp, p: cost_and_rate(xp, p)[0],
        lambda xp, p, mass: times(xp, mass, cost_and_rate(xp, p)[1]),
        axis,
        poison=lambda xp, p, mass: xp.isnan(_stable.within(xp, p, 0, 1)),  # noqa: ARG005 - of any class
    )


def log_probabilities(axis: int) -> Kernel:
    """Negative log-likelihood of log-probabilities; one above 0 is none, where it is asked for."""
    return _row(
        lambda xp, x: -x,  # noqa: ARG005 - the shape of a cost
        lambda xp, x, mass: -mass,  # noqa: ARG005
        axis,
        poison=lambda xp, x, mass: xp.isnan(x) | ((x > 0) & (mass != 0)),
    )
