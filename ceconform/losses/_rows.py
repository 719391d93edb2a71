"""The kernels of the losses of rows: labels over classes, or a class index."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ceconform.losses import _costs, _rapid, _stable
from ceconform.losses._inputs import class_numbers, gathers, made_of
from ceconform.losses._kernel import Kernel, times
from ceconform.losses._rules import Rules

__all__ = [
    "index_probabilities",
    "indices",
    "log_probabilities",
    "logits",
    "marked",
    "probabilities",
    "smoothed_logits",
]


def _row(
    axis: int,
    costs: Callable[..., Any],
    gradient: Callable[..., Any],
    *,
    weighted: bool,
    poison: Callable[..., Any] | None = None,
) -> Kernel:
    """Return Σ mass_c · cost_c, a kernel of (predictions, mass).

    NaN where `poison` finds a value that is none. Where there are weights, a row whose masses are all 0 has a weight
    of 0, so that it is 0 whatever it holds.
    """

    def settle(xp: Any, x: Any, mass: Any, answer: Any) -> Any:
        if poison is not None:
            lost = xp.any(poison(xp, x, mass), axis=axis, keepdims=True)
            answer = xp.where(lost, math.nan, answer)
        if weighted:
            answer = xp.where(xp.all(mass == 0, axis=axis, keepdims=True), 0.0, answer)
        return answer

    def value(xp: Any, x: Any, mass: Any) -> Any:
        cost = costs(xp, x)
        answer = _stable.total(xp, times(xp, mass, cost), axis, keepdims=True)
        return xp.squeeze(settle(xp, x, mass, answer), axis=axis)

    return Kernel(
        value=value,
        slopes=(
            lambda xp, x, mass: settle(xp, x, mass, gradient(xp, x, mass)),
            lambda xp, x, mass: costs(xp, x),  # noqa: ARG005 - the shape of a slope
        ),
        axis=axis,
    )


def _scaled_by_mass(row: Kernel) -> Kernel:
    """Let a factor meet the masses, which a slope is proportional to."""
    return replace(row, scaled_slope=lambda xp, factor, x, mass: row.slopes[0](xp, x, factor * mass))


def logits(axis: int, gamma: float = 0.0, *, weighted: bool) -> Kernel:
    """Categorical cross entropy, focal for γ > 0, of logits."""
    if gamma == 0:
        costs = partial(_stable.softmax_costs, axis=axis)
        gradient = partial(_stable.softmax_gradient, axis=axis)
    else:
        costs = partial(_stable.softmax_focal_costs, axis=axis, gamma=gamma)
        gradient = partial(_stable.softmax_focal_gradient, axis=axis, gamma=gamma)
    # A NaN logit makes every cost NaN, and yet must not vanish where the labels ask for none.
    row = _row(axis, costs, gradient, weighted=weighted, poison=lambda xp, z, mass: xp.isnan(z))  # noqa: ARG005
    return _scaled_by_mass(row)


def smoothed_logits(axis: int, epsilon: float) -> Kernel:
    """Categorical cross entropy of logits, a kernel of (logits, labels): labels that are smoothed by ε.

    What ε gives to every class is added up apart: each term of that sum would have the same rounding error of ε/C.
    """

    def value(xp: Any, z: Any, q: Any) -> Any:
        parts = _stable.softmax(xp, z, axis)
        own, every = _stable.total(xp, times(xp, q, parts.drop), axis), _stable.total(xp, parts.drop, axis)
        drops = (epsilon / z.shape[axis]) * every
        if epsilon != 1:  # nothing of the labels is left, however large their costs
            drops = (1 - epsilon) * own + drops
        mass = _stable.mixed(xp, _stable.total(xp, q, axis), epsilon, epsilon)
        return mass * xp.squeeze(parts.least, axis=axis) + drops

    def by_z(xp: Any, z: Any, q: Any) -> Any:
        return _stable.softmax_gradient(xp, z, _stable.mixed(xp, q, epsilon, epsilon / z.shape[axis]), axis)

    def by_q(xp: Any, z: Any, q: Any) -> Any:  # noqa: ARG001 - the shape of a slope
        costs = _stable.softmax_costs(xp, z, axis)
        return xp.zeros_like(costs) if epsilon == 1 else (1 - epsilon) * costs

    return Kernel(value, (by_z, by_q), axis)


def marked(xp: Any, x: Any, y: Any, axis: int) -> tuple[Any, Any]:
    """Return what stands at the label of each row, and where that is."""
    hot = y == class_numbers(xp, x, axis, y.dtype)
    if gathers(xp, x):
        within = {"mode": "promise_in_bounds"} if made_of(xp, "jax") else {}
        return xp.take_along_axis(x, xp.where(y < 0, 0, y), axis=axis, **within), hot
    return xp.sum(xp.where(hot, x, 0.0), axis=axis, keepdims=True), hot


def _of_indices(
    cost: Callable[..., Any],
    slope: Callable[..., Any],
    axis: int,
    rapid: Callable[..., bool | None] | None,
    **forms: Any,
) -> Kernel:
    """Return a kernel of (predictions, class index), from what it is of the row, the label's and the label's place.

    The slope takes a factor before them.

    An index of -1 is none, and gives NaN.
    """

    def value(xp: Any, x: Any, y: Any) -> Any:
        y = xp.expand_dims(y, axis=axis)
        return xp.squeeze(xp.where(y < 0, math.nan, cost(xp, x, *marked(xp, x, y, axis), axis)), axis=axis)

    def scaled_slope(xp: Any, factor: Any, x: Any, y: Any) -> Any:
        y = xp.expand_dims(y, axis=axis)
        return xp.where(y < 0, math.nan, slope(xp, factor, x, *marked(xp, x, y, axis), axis))

    def by_x(xp: Any, x: Any, y: Any) -> Any:
        return scaled_slope(xp, xp.expand_dims(xp.ones_like(y, dtype=x.dtype), axis=axis), x, y)

    return Kernel(value, (by_x,), axis, rapid=rapid, scaled_slope=scaled_slope, **forms)


def indices(axis: int, *, known: bool = False, dtype: Any = None) -> Kernel:
    """Softmax cross entropy, a kernel of (logits, class index).

    `known`: each index is a class's. `dtype`: of the logits as they came, where JAX has a form of its own for them.
    """
    rapid = _rapid.indices if known else None

    def cost(xp: Any, z: Any, own: Any, hot: Any, axis: int) -> Any:  # noqa: ARG001 - the shape of a cost
        return _stable.softmax_cost(xp, z, own, axis)

    return _of_indices(cost, _stable.softmax_slope, axis, rapid, buffers=1, spare=2, indices=dtype)


def index_probabilities(axis: int, *, known: bool = False) -> Kernel:
    """Cross entropy, a kernel of (probabilities, class index); `known`: each of them is a class's."""

    def cost(xp: Any, p: Any, own: Any, hot: Any, axis: int) -> Any:  # noqa: ARG001 - the shape of a cost
        return xp.where(
            xp.all((p >= 0) & (p <= 1), axis=axis, keepdims=True), -xp.log(_costs.positive(xp, own)), math.nan
        )

    def slope(xp: Any, factor: Any, p: Any, own: Any, hot: Any, axis: int) -> Any:  # noqa: ARG001
        right = xp.all((p >= 0) & (p <= 1), axis=axis, keepdims=True)
        return xp.where(right, xp.where(hot, -factor / _costs.positive(xp, p), 0 * factor), math.nan)

    return _of_indices(cost, slope, axis, _rapid.index_probabilities if known else None)


def probabilities(axis: int, rules: Rules, gamma: float = 0.0, *, weighted: bool) -> Kernel:
    """Categorical cross entropy, focal for γ > 0, of probabilities."""
    logarithm = rules.logarithm

    def inside(xp: Any, p: Any) -> Any:
        return _costs.positive(xp, _stable.within(xp, p, 0, 1 if rules.checked else math.inf))

    def costs(xp: Any, p: Any) -> Any:
        p = inside(xp, p)
        return _costs.focal(1 - p, _costs.cost(xp, p, xp.log(p), logarithm), gamma)

    def poison(xp: Any, p: Any, mass: Any) -> Any:
        wrong = ~((p >= 0) & (p <= 1)) if rules.checked else xp.isnan(p) | ((p < 0) & (mass != 0))
        return wrong | xp.isnan(mass)

    def gradient(xp: Any, p: Any, mass: Any) -> Any:
        p = inside(xp, p)
        log = xp.log(p)
        rate = _costs.rate(xp, mass, p, log, logarithm)
        cost = _costs.cost(xp, p, log, logarithm)
        return _costs.focal_rate(xp, mass, 1 - p, cost, rate, gamma, plain=logarithm.plain)

    return _scaled_by_mass(_row(axis, costs, gradient, weighted=weighted, poison=poison))


def log_probabilities(axis: int, rules: Rules, *, weighted: bool) -> Kernel:
    """Negative log-likelihood of log-probabilities; one above 0 is none, where it is asked for."""
    return _row(
        axis,
        lambda xp, x: -x,  # noqa: ARG005 - the shape of a cost
        lambda xp, x, mass: -mass,  # noqa: ARG005
        weighted=weighted,
        poison=lambda xp, x, mass: xp.isnan(x) | xp.isnan(mass) | ((x > 0) & (mass != 0) & rules.checked),
    )
