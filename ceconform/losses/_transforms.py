"""What a convention does to the predictions before the loss sees them, with the derivative of each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ceconform.losses._kernel import Kernel, times
from ceconform.losses._logits import sigmoid, softplus
from ceconform.losses._stable import softmax, softmax_costs

__all__ = ["ACTIVATIONS", "Transform", "clip", "flush", "renormalise", "transformed"]


@dataclass(frozen=True)
class Transform:
    """A function of a row of predictions, and the product of a row of derivatives with its Jacobian."""

    apply: Callable[[Any, Any, int | None], Any]
    """`apply(xp, x, axis)`."""
    pull: Callable[[Any, Any, int | None, Any], Any]
    """`pull(xp, x, axis, slope)`: the derivative by x, from that by what `apply` returns."""


def _sigmoid_pull(xp: Any, z: Any, axis: int | None, slope: Any) -> Any:  # noqa: ARG001 - of single elements
    up, down = sigmoid(xp, z)
    return times(xp, up * down, slope)


def _softmax(xp: Any, z: Any, axis: int | None) -> Any:
    parts = softmax(xp, z, _required(axis))
    return parts.odds / parts.total


def _softmax_pull(xp: Any, z: Any, axis: int | None, slope: Any) -> Any:
    p = _softmax(xp, z, axis)
    return times(xp, p, slope - xp.sum(times(xp, p, slope), axis=axis, keepdims=True))


def _log_softmax_pull(xp: Any, z: Any, axis: int | None, slope: Any) -> Any:
    return slope - _softmax(xp, z, axis) * xp.sum(slope, axis=axis, keepdims=True)


def _required(axis: int | None) -> int:
    if axis is None:  # the descriptions of the losses give every loss with classes an axis
        raise AssertionError("a rule over classes was applied to a loss without a class axis")
    return axis


ACTIVATIONS = {
    "sigmoid": Transform(lambda xp, z, _: sigmoid(xp, z)[0], _sigmoid_pull),
    "softmax": Transform(_softmax, _softmax_pull),
    "log_sigmoid": Transform(
        lambda xp, z, _: -softplus(xp, -z), lambda xp, z, _, slope: times(xp, sigmoid(xp, z)[1], slope)
    ),
    "log_softmax": Transform(lambda xp, z, axis: -softmax_costs(xp, z, _required(axis)), _log_softmax_pull),
}
"""By the name that a convention gives them."""


def _renormalise(xp: Any, p: Any, axis: int | None) -> Any:
    return p / xp.sum(p, axis=_required(axis), keepdims=True)


def _renormalise_pull(xp: Any, p: Any, axis: int | None, slope: Any) -> Any:
    share = _renormalise(xp, p, axis)
    mean = xp.sum(times(xp, share, slope), axis=axis, keepdims=True)
    return (slope - mean) / xp.sum(p, axis=axis, keepdims=True)


renormalise = Transform(_renormalise, _renormalise_pull)
"""p / Σ p."""


def _clip(xp: Any, x: Any, axis: int | None, *, low: float | None, high: float | None) -> Any:  # noqa: ARG001
    if low is not None:
        x = xp.where(x < low, low, x)
    return x if high is None else xp.where(x > high, high, x)


def _clip_pull(
    xp: Any,
    x: Any,
    axis: int | None,
    slope: Any,
    *,
    low: float | None,
    high: float | None,
) -> Any:
    return xp.where(_clip(xp, x, axis, low=low, high=high) == x, slope, xp.where(xp.isnan(x), x, 0.0))


def clip(low: float | None, high: float | None) -> Transform:
    """Return min(max(x, low), high); its derivative is 1 on the bounds and 0 outside them."""
    return Transform(partial(_clip, low=low, high=high), partial(_clip_pull, low=low, high=high))


def flush(smallest_normal: float) -> Transform:
    """Return x, or 0 where x is subnormal; the derivative is taken where that leads."""
    return Transform(
        lambda xp, x, _: xp.where(xp.abs(x) < smallest_normal, 0.0, x),
        lambda xp, x, _, slope: slope,  # noqa: ARG005 - the shape of a pull
    )


def transformed(kernel: Kernel, transforms: tuple[Transform, ...]) -> Kernel:
    """Put the transforms before a kernel, the first of them first."""
    for transform in reversed(transforms):
        kernel = _after(transform, kernel)
    return kernel


def _after(transform: Transform, kernel: Kernel) -> Kernel:
    def through(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda xp, x, *rest: function(xp, transform.apply(xp, x, kernel.axis), *rest)

    def slope(xp: Any, x: Any, *rest: Any) -> Any:
        return transform.pull(xp, x, kernel.axis, through(kernel.slopes[0])(xp, x, *rest))

    return Kernel(through(kernel.value), (slope, *map(through, kernel.slopes[1:])), kernel.axis)
