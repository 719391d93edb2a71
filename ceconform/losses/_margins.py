"""The kernels of the margin losses."""

from __future__ import annotations

from typing import Any

from ceconform.losses._kernel import Kernel, times
from ceconform.losses._logits import scaled_sigmoid, scaled_softplus, sigmoid, softplus
from ceconform.losses._stable import rounding_error

__all__ = ["HINGE", "SOFT_MARGIN", "SQUARED_HINGE", "categorical_hinge"]


def _positive(xp: Any, margin: Any) -> Any:
    """Return max(0, margin); NaN stays."""
    return xp.where(margin <= 0, 0.0, margin)


def _step(xp: Any, margin: Any) -> Any:
    """Return the derivative of `_positive`: 0 at the kink; NaN stays."""
    return xp.where(margin > 0, 1.0, xp.where(margin <= 0, 0.0, margin))


SOFT_MARGIN = Kernel(
    value=lambda xp, z, y: softplus(xp, -y * z),
    slopes=(
        lambda xp, z, y: -y * sigmoid(xp, -y * z)[0],
        lambda xp, z, y: -times(xp, sigmoid(xp, -y * z)[0], z),
    ),
    scaled_value=lambda xp, factor, z, y: scaled_softplus(xp, factor, -y * z),
    scaled_slope=lambda xp, factor, z, y: scaled_sigmoid(xp, -y * factor, -y * z),
)
HINGE = Kernel(
    value=lambda xp, z, y: _positive(xp, 1 - y * z),
    slopes=(lambda xp, z, y: -y * _step(xp, 1 - y * z), lambda xp, z, y: -times(xp, _step(xp, 1 - y * z), z)),
)
SQUARED_HINGE = Kernel(
    value=lambda xp, z, y: _positive(xp, 1 - y * z) ** 2,
    slopes=(
        lambda xp, z, y: -2 * y * _positive(xp, 1 - y * z),
        lambda xp, z, y: -2 * times(xp, _positive(xp, 1 - y * z), z),
    ),
)


def categorical_hinge(axis: int, floor: float) -> Kernel:
    """Return max(0, 1 + max(floor, max_{c≠y} z_c) - z_y), a kernel of (z, one-hot y)."""

    def margin(xp: Any, z: Any, hot: Any) -> tuple[Any, Any]:
        best = xp.max(xp.where((hot == 1) | (z < floor), floor, z), axis=axis, keepdims=True)
        own = xp.sum(xp.where(hot == 1, z, 0 * hot), axis=axis, keepdims=True)
        gap = best - own
        # Of a margin that rounds to 0 the gradient needs the sign: a sum of 1 and a gap near -1 is exact.
        return best, (1 + gap) + xp.where(xp.isinf(gap), 0.0, rounding_error(best, own, gap))

    def value(xp: Any, z: Any, hot: Any) -> Any:
        return xp.sum(_positive(xp, margin(xp, z, hot)[1]), axis=axis)

    def by_z(xp: Any, z: Any, hot: Any) -> Any:
        best, distance = margin(xp, z, hot)
        first = xp.astype((hot != 1) & (z == best) & (z > floor), z.dtype)
        share = first / xp.maximum(xp.sum(first, axis=axis, keepdims=True), xp.ones_like(distance))
        return _step(xp, distance) * (share - hot)

    return Kernel(value, (by_z, lambda xp, z, hot: xp.zeros_like(hot)), axis)  # noqa: ARG005 - no derivative
