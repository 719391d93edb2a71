"""The kernels of the losses: of two sides (binary), of a row (categorical), and the few that are neither."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ceconform.losses import _rapid, _stable
from ceconform.losses._inputs import class_numbers, gathers
from ceconform.losses._kernel import Kernel, per, times
from ceconform.losses._rules import Logarithm, Rules

__all__ = [
    "binary_logits",
    "binary_logits_and_labels",
    "binary_probabilities",
    "binary_probabilities_and_labels",
    "index_probabilities",
    "indices",
    "log_probabilities",
    "logits",
    "marked",
    "probabilities",
    "smoothed_logits",
]


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


_PLAIN_BINARY_LOGITS = _two_sided(_stable.logit_costs, _stable.logit_gradient)


def binary_logits(gamma: float = 0.0) -> Kernel:
    """Binary cross entropy, focal for γ > 0, of logits."""
    if gamma == 0:
        return _PLAIN_BINARY_LOGITS
    return _two_sided(partial(_focal_logit_costs, gamma=gamma), partial(_focal_logit_rates, gamma=gamma))


def _of_labels(plain: Kernel, epsilon: float, rapid: Callable[..., bool | None], buffers: int) -> Kernel:
    """Turn a kernel of (prediction, a, b) into one of (prediction, label): labels in [0, 1], smoothed by ε."""

    def sides(xp: Any, x: Any, t: Any) -> tuple[Any, Any]:
        return _stable.sides(xp, xp.astype(t, x.dtype, copy=False), epsilon)

    def by_label(xp: Any, x: Any, t: Any) -> Any:
        positive, negative = (slope(xp, x, *sides(xp, x, t)) for slope in plain.slopes[1:])
        return _stable.within(xp, t, 0, 1) * 0 + (1 - epsilon) * (positive - negative)

    return Kernel(
        value=lambda xp, x, t: plain.value(xp, x, *sides(xp, x, t)),
        slopes=(lambda xp, x, t: plain.slopes[0](xp, x, *sides(xp, x, t)), by_label),
        rapid=partial(rapid, epsilon=epsilon),
        buffers=buffers,
    )


def binary_logits_and_labels(epsilon: float) -> Kernel:
    """Binary cross entropy, a kernel of (logit, label)."""
    return _of_labels(binary_logits(), epsilon, _rapid.binary_logits, 6)


def binary_probabilities_and_labels(rules: Rules, epsilon: float) -> Kernel:
    """Binary cross entropy, a kernel of (probability, label)."""
    return _of_labels(binary_probabilities(rules, as_they_come=epsilon == 0), epsilon, _rapid.binary_probabilities, 4)


def _cost(xp: Any, p: Any, log: Any, logarithm: Logarithm) -> tuple[Any, Any]:
    """Return -log p and its derivative -1/p, as the convention takes the logarithm; `log` is log p, accurately."""
    if logarithm.add is not None:
        p = p + logarithm.add
        log = xp.log(p)
    if logarithm.floor is None:
        return -log, -1 / p
    low = log < logarithm.floor
    return -xp.where(low, logarithm.floor, log), xp.where(low, 0.0, -1 / p)


def _positive(xp: Any, p: Any) -> Any:
    """Return p with one zero: 1/-0 has the wrong sign, and XLA, to which subnormals are 0, has a logarithm for them."""
    return xp.where(p == 0, 0.0, p)


def _difference_slope(xp: Any, p: Any, a: Any, b: Any) -> Any:
    """Return b/(1 - p) - a/p."""
    up, down = _parts(xp, p)
    return per(xp, b, down) - per(xp, a, up)


def _odds_slope(xp: Any, p: Any, t: Any, rest: Any) -> Any:
    """Return (1 - t)/(1 - p) - t/p; where both are there, over one denominator: p - t is exact where they cancel.

    A small p is scaled first, because the difference of two small numbers may be smaller than a normal one.
    """
    up, down = _parts(xp, p)
    between = (up > 0) & (down > 0) & (t > 0) & (rest > 0)
    apart = _difference_slope(xp, p, t, rest)
    p = xp.where(between, p, 0.5)
    scale = xp.where(p < 2.0**-32, _stable.RAISED, xp.ones_like(p))
    return xp.where(between, (p * scale - t * scale) / (p * scale * (1 - p)), apart)


def _parts(xp: Any, p: Any) -> tuple[Any, Any]:
    up, down = (_positive(xp, _stable.within(xp, side, 0, math.inf)) for side in (p, 1 - p))
    return up, down


def _focal(xp: Any, complement: Any, cost: Any, rate: Any, gamma: float, *, plain: bool) -> tuple[Any, Any]:
    """Return (1 - p)^γ · cost and its derivative by p."""
    if gamma == 0:
        return cost, rate
    factor = complement**gamma
    if plain and gamma >= 1:
        return factor * cost, complement ** (gamma - 1) * (complement * rate - gamma * cost)
    if plain:
        # -log p/(1 - p) is 1 at p = 1, where (1 - p)^(γ - 1) may be infinite.
        steady = xp.where(complement == 0, 1.0, complement)
        ratio = xp.where(complement == 0, 1.0, cost / steady)
        return factor * cost, factor * (rate - gamma * ratio)
    return factor * cost, factor * rate - gamma * times(xp, cost, complement ** (gamma - 1))


def binary_probabilities(rules: Rules, gamma: float = 0.0, *, as_they_come: bool = False) -> Kernel:
    """Binary cross entropy, focal for γ > 0, of probabilities; `as_they_come`: the masses are t and 1 - t."""
    logarithm, floor = rules.logarithm, rules.gradient_floor

    def both(xp: Any, p: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        if rules.checked:
            p = _stable.within(xp, p, 0, 1)
        up, down = _parts(xp, p)
        positive = _focal(xp, down, *_cost(xp, up, xp.log(up), logarithm), gamma, plain=logarithm.plain)
        log = _stable.log_complement(xp, p)
        negative = _focal(xp, up, *_cost(xp, down, log, logarithm), gamma, plain=logarithm.plain)
        return (positive[0], negative[0]), (positive[1], -negative[1])

    kernel = _two_sided(lambda xp, p: both(xp, p)[0], lambda xp, p: both(xp, p)[1])

    def steep(xp: Any, p: Any, a: Any, b: Any) -> Any:
        slope = _odds_slope if as_they_come else _difference_slope
        return slope(xp, _stable.within(xp, p, 0, 1) if rules.checked else p, a, b)

    if floor is None:
        return Kernel(kernel.value, (steep, *kernel.slopes[1:])) if gamma == 0 and logarithm.plain else kernel

    def floored(xp: Any, p: Any, a: Any, b: Any) -> Any:
        p = _stable.within(xp, p, 0, 1)
        spread = p * (1 - p)
        return (b * p - a * (1 - p)) / xp.where(spread < floor, floor, spread)

    return Kernel(kernel.value, (floored, *kernel.slopes[1:]))


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
    return replace(row, linear=True)


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
        return xp.take_along_axis(x, xp.where(y < 0, 0, y), axis=axis), hot
    return xp.sum(xp.where(hot, x, 0.0), axis=axis, keepdims=True), hot


def _of_indices(
    cost: Callable[..., Any],
    slope: Callable[..., Any],
    axis: int,
    rapid: Callable[..., bool | None] | None,
    **forms: Any,
) -> Kernel:
    """Return a kernel of (predictions, class index), from what it is of the row, the label's and the label's place.

    An index of -1 is none, and gives NaN.
    """

    def value(xp: Any, x: Any, y: Any) -> Any:
        y = xp.expand_dims(y, axis=axis)
        return xp.squeeze(xp.where(y < 0, math.nan, cost(xp, x, *marked(xp, x, y, axis), axis)), axis=axis)

    def by_x(xp: Any, x: Any, y: Any) -> Any:
        y = xp.expand_dims(y, axis=axis)
        return xp.where(y < 0, math.nan, slope(xp, x, *marked(xp, x, y, axis), axis))

    return Kernel(value, (by_x,), axis, rapid=rapid, **forms)


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
        return xp.where(xp.all((p >= 0) & (p <= 1), axis=axis, keepdims=True), -xp.log(_positive(xp, own)), math.nan)

    def slope(xp: Any, p: Any, own: Any, hot: Any, axis: int) -> Any:  # noqa: ARG001
        right = xp.all((p >= 0) & (p <= 1), axis=axis, keepdims=True)
        return xp.where(right, xp.where(hot, -1 / _positive(xp, p), 0.0), math.nan)

    return _of_indices(cost, slope, axis, _rapid.index_probabilities if known else None)


def probabilities(axis: int, rules: Rules, gamma: float = 0.0, *, weighted: bool) -> Kernel:
    """Categorical cross entropy, focal for γ > 0, of probabilities."""
    logarithm = rules.logarithm

    def cost_and_rate(xp: Any, p: Any) -> tuple[Any, Any]:
        p = _positive(xp, _stable.within(xp, p, 0, 1 if rules.checked else math.inf))
        return _focal(xp, 1 - p, *_cost(xp, p, xp.log(p), logarithm), gamma, plain=logarithm.plain)

    def poison(xp: Any, p: Any, mass: Any) -> Any:
        wrong = ~((p >= 0) & (p <= 1)) if rules.checked else xp.isnan(p) | ((p < 0) & (mass != 0))
        return wrong | xp.isnan(mass)

    def gradient(xp: Any, p: Any, mass: Any) -> Any:
        if gamma == 0 and logarithm.plain:
            return -per(xp, mass, _stable.within(xp, p, 0, 1 if rules.checked else math.inf))
        return times(xp, mass, cost_and_rate(xp, p)[1])

    return _row(
        axis,
        lambda xp, p: cost_and_rate(xp, p)[0],
        gradient,
        weighted=weighted,
        poison=poison,
    )


def log_probabilities(axis: int, rules: Rules, *, weighted: bool) -> Kernel:
    """Negative log-likelihood of log-probabilities; one above 0 is none, where it is asked for."""
    return _row(
        axis,
        lambda xp, x: -x,  # noqa: ARG005 - the shape of a cost
        lambda xp, x, mass: -mass,  # noqa: ARG005
        weighted=weighted,
        poison=lambda xp, x, mass: xp.isnan(x) | xp.isnan(mass) | ((x > 0) & (mass != 0) & rules.checked),
    )
