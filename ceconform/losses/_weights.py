"""The kernel of weight · loss, where the loss may be smaller than a normal number, and the product is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ceconform.losses._kernel import Kernel, gradient, pull, times

__all__ = ["weighted"]


def weighted(kernel: Kernel) -> Kernel | None:
    """Return weight · loss, a kernel of the arrays and the weight; None where nothing would be gained.

    A weight of exactly 0 gives 0, and yet the derivative by it is what it weighs.
    """
    scaled_value = kernel.scaled_value
    if scaled_value is None:
        return None

    def value(xp: Any, *arrays: Any) -> Any:
        *rest, weight = arrays
        return xp.where(weight == 0, 0.0, scaled_value(xp, weight, *rest))

    def by_predictions(xp: Any, *arrays: Any) -> Any:
        *rest, weight = arrays
        return gradient(xp, kernel, weight, *rest)

    def scaled_slope(xp: Any, factor: Any, *arrays: Any) -> Any:
        *rest, weight = arrays
        return gradient(xp, kernel, times(xp, weight, factor), *rest)

    def by(slope: Callable[..., Any]) -> Callable[..., Any]:
        return lambda xp, *arrays: pull(xp, kernel, arrays[-1], slope(xp, *arrays[:-1]))

    return Kernel(
        value,
        (by_predictions, *map(by, kernel.slopes[1:]), lambda xp, *arrays: kernel.value(xp, *arrays[:-1])),
        rapid=_rapid(kernel.rapid) if kernel.rapid else None,
        buffers=kernel.buffers,
        scaled_slope=scaled_slope,
    )


def _rapid(rapid: Callable[..., bool | None]) -> Callable[..., None]:
    def weigh(np: Any, work: Any, losses: Any, gradient: Any, cotangent: Any, *arrays: Any) -> None:
        *rest, weight = arrays
        rapid(np, work, losses, gradient, None if gradient is None else weight * cotangent, *rest)
        if rest[0].dtype == losses.dtype and not losses.min() >= np.finfo(losses.dtype).tiny:
            losses[...] = math.nan  # what is smaller than a normal number has too few digits for weights
        losses *= weight

    return weigh
