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

Slope = Callable[[Any], Any]


@dataclass(frozen=True)
class Transform:
    """A function of a row of predictions, and the product of a row of derivatives with its Jacobian."""

    apply: Callable[[Any, Any, int | None], Any]
    """`apply(xp, x, axis)`."""
    pull: Callable[[Any, Any, int | None, Slope], Any]
    """`pull(xp, x, axis, slope)`: the derivative by x; `slope` is that by what `apply` returns, a function of it."""


def _sigmoid_pull(xp: Any, z: Any, axis: int | None, slope: Slope) -> Any:  # noqa: ARG001 - of single elements
    up, down = sigmoid(xp, z)
    return times(xp, up * down, slope(up))


def _log_sigmoid(xp: Any, z: Any, axis: int | None) -> Any:  # noqa: ARG001
    return -softplus(xp, -z)


def _log_sigmoid_pull(xp: Any, z: Any, axis: int | None, slope: Slope) -> Any:
    return times(xp, sigmoid(xp, z)[1], slope(_log_sigmoid(xp, z, axis)))


def _softmax(xp: Any, z: Any, axis: int | None) -> Any:
    parts = softmax(xp, z, _required(axis))
    return parts.odds / parts.total


def _softmax_pull(xp: Any, z: Any, axis: int | None, slope: Slope) -> Any:
    p = _softmax(xp, z, axis)
    steep = slope(p)
    return times(xp, p, steep - xp.sum(times(xp, p, steep), axis=axis, keepdims=True))


def _log_softmax(xp: Any, z: Any, axis: int | None) -> Any:
    return -softmax_costs(xp, z, _required(axis))


def _log_softmax_pull(xp: Any, z: Any, axis: int | None, slope: Slope) -> Any:
    steep = slope(_log_softmax(xp, z, axis))
    return steep - _softmax(xp, z, axis) * xp.sum(steep, axis=axis, keepdims=True)


def _required(axis: int | None) -> int:
    if axis is None:  # the descriptions of the losses give every loss with classes an axis
        raise AssertionError("a rule over classes was applied to a loss without a class axis")
    return axis


ACTIVATIONS = {
    "sigmoid": Transform(lambda xp, z, _: sigmoid(xp, z)[0], _sigmoid_pull),
    "softmax": Transform(_softmax, _softmax_pull),
    "log_sigmoid": Transform(_log_sigmoid, _log_sigmoid_pull),
    "log_softmax": Transform(_log_softmax, _log_softmax_pull),
}
"""By the name that a convention gives them."""


def _renormalise(xp: Any, p: Any, axis: int | None) -> Any:
    return p / xp.sum(p, axis=_required(axis), keepdims=True)


def _renormalise_pull(xp: Any, p: Any, axis: int | None, slope: Slope) -> Any:
    share = _renormalise(xp, p, axis)
    # A share of 0 has an infinite slope, and yet their product has a limit: -q_c for -q_c log share.
    least = float(xp.finfo(p.dtype).smallest_normal)
    near = xp.where((share >= 0) & (share < least), least, share)
    mean = xp.sum(times(xp, near, slope(near)), axis=axis, keepdims=True)
    return (slope(share) - mean) / xp.sum(p, axis=axis, keepdims=True)


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
    slope: Slope,
    *,
    low: float | None,
    high: float | None,
) -> Any:
    clipped = _clip(xp, x, axis, low=low, high=high)
    return xp.where(clipped == x, slope(clipped), xp.where(xp.isnan(x), x, 0.0))


def clip(low: float | None, high: float | None) -> Transform:
    """Return min(max(x, low), high); its derivative is 1 on the bounds and 0 outside them."""
    return Transform(partial(_clip, low=low, high=high), partial(_clip_pull, low=low, high=high))


def flush(smallest_normal: float) -> Transform:
    """Return x, or 0 where x is subnormal; the derivative is taken where that leads."""

    def flushed(xp: Any, x: Any, axis: int | None) -> Any:  # noqa: ARG001
        return xp.where(xp.abs(x) < smallest_normal, 0.0, x)

    return Transform(flushed, lambda xp, x, axis, slope: slope(flushed(xp, x, axis)))


def transformed(kernel: Kernel, transforms: tuple[Transform, ...]) -> Kernel:
    """Put the transforms before a kernel, the first of them first."""
    for transform in reversed(transforms):
        kernel = _after(transform, kernel)
    return kernel


def _after(transform: Transform, kernel: Kernel) -> Kernel:
    def through(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda xp, x, *rest: function(xp, transform.apply(xp, x, kernel.axis), *rest)

    def slope(xp: Any, x: Any, *rest: Any) -> Any:
        return transform.pull(xp, x, kernel.axis, lambda y: kernel.slopes[0](xp, y, *rest))

    return Kernel(through(kernel.value), (slope, *map(through, kernel.slopes[1:])), kernel.axis)
