"""A kernel: the loss of one element or row, with its analytic derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

__all__ = ["PRODUCT", "Kernel", "gradient", "per", "pull", "push", "scaled", "times", "weighed"]


@dataclass(frozen=True)
class Kernel:
    """A function of arrays of one shape, and how it changes with each of them.

    The derivatives are ours and not the backend's, for two reasons: differentiating an accurate form need not give an
    accurate form, and autodiff turns the edges (0 · log 0, a masked class) into NaN.
    """

    value: Callable[..., Any]
    """`value(xp, *arrays)`: one loss for each element, or for each row along `axis`."""
    slopes: tuple[Callable[..., Any], ...]
    """For each array that a loss changes with smoothly, the first ones, `slope(xp, *arrays)`: the derivative of its
    row's loss, in the shape of the array."""
    axis: int | None = None
    """The class axis, counted from the end; None for a loss of single elements."""
    rapid: Callable[..., bool | None] | None = None
    """`rapid(library, work, losses, gradient, cotangent, *arrays)` writes losses, and if asked the gradient by the
    predictions, where nothing traces; a loss that is not finite is not to be trusted, unless it returns True."""
    buffers: int = 0
    """How many arrays of a block's size `rapid` works in."""
    spare: int = 0
    """How many more where the predictions are in the dtype of the computation as they come."""
    scaled_value: Callable[..., Any] | None = None
    """`scaled_value(xp, factor, *arrays)`: the loss times a finite factor other than 0, which does not multiply what is
    left of the digits of a loss that is smaller than a normal number; of single elements alone."""
    scaled_slope: Callable[..., Any] | None = None
    """`scaled_slope(xp, factor, *arrays)`: the same of the derivative by the predictions; a factor for each row."""
    indices: Any = None
    """Of the softmax of class indices, which has a form of its own in JAX: the dtype of the logits as they came."""


def times(xp: Any, factor: Any, other: Any) -> Any:
    """Return factor · other, where a factor of exactly 0 gives 0 whatever stands beside it."""
    return xp.where(factor == 0, 0.0, factor * other)


def per(xp: Any, mass: Any, p: Any) -> Any:
    """Return mass/p, and 0 for no mass: 1/p may be infinite where the quotient is not."""
    return mass / xp.where(mass == 0, 1.0, xp.where(p == 0, 0.0, p))  # 1/-0 has the wrong sign


def pull(xp: Any, kernel: Kernel, cotangent: Any, slope: Any) -> Any:
    """Multiply a derivative by the cotangent of its row.

    A zero cotangent gives zero even beside an infinite derivative, for those who mask afterwards; and what does not
    change with an array has no gradient there, however steep the rest.
    """
    if kernel.axis is not None:
        cotangent = xp.expand_dims(cotangent, axis=kernel.axis)
    return weighed(xp, cotangent, slope)


def weighed(xp: Any, cotangent: Any, slope: Any) -> Any:
    """Return cotangent · slope, as `pull`."""
    still = (cotangent == 0) | ((slope == 0) & xp.isinf(cotangent))
    return xp.where(still, 0.0, cotangent * slope)


def gradient(xp: Any, kernel: Kernel, cotangent: Any, *arrays: Any) -> Any:
    """Return the gradient by the predictions, the first array, for this cotangent."""
    if kernel.scaled_slope is None:
        return pull(xp, kernel, cotangent, kernel.slopes[0](xp, *arrays))
    if kernel.axis is not None:
        cotangent = xp.expand_dims(cotangent, axis=kernel.axis)
    return scaled(xp, cotangent, partial(kernel.scaled_slope, xp), *arrays)


def scaled(xp: Any, cotangent: Any, scaled_slope: Callable[..., Any], *arrays: Any) -> Any:
    """Return what `weighed` does, of a slope that takes the cotangent for its factor where it can."""
    odd = (cotangent == 0) | xp.isinf(cotangent)
    return weighed(xp, xp.where(odd, cotangent, 1.0), scaled_slope(xp.where(odd, 1.0, cotangent), *arrays))


def push(xp: Any, kernel: Kernel, tangent: Any, slope: Any) -> Any:
    """Multiply a derivative by the tangent of its array, and add up each row."""
    moved = times(xp, tangent, slope)
    return moved if kernel.axis is None else xp.sum(moved, axis=kernel.axis)


PRODUCT = Kernel(
    value=times,
    slopes=(lambda xp, weight, other: other, lambda xp, weight, other: weight),  # noqa: ARG005 - the shape of a slope
)
"""weight · other: a weight of exactly 0 gives 0, and yet the derivative by it is what it weighs."""
