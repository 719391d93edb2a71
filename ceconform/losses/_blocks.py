"""A kernel where nothing traces: block by block, so that what is in between stays in the cache."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from ceconform.losses._inputs import made_of
from ceconform.losses._kernel import Kernel, pull

__all__ = ["evaluate", "scale"]

ELEMENTS = 65_536
"""Of a block, for each thread: the arrays of one stay in the cache of a core."""


def evaluate(xp: Any, kernel: Kernel, *arrays: Any, slope: bool = False) -> tuple[Any, Any]:
    """Return the losses, and if asked the slope by the predictions, which shares their exponentials."""
    x = arrays[0]
    if kernel.rapid is None or kernel.axis not in {None, -1} or not math.prod(x.shape):
        return _plain(xp, kernel, arrays, slope=slope)
    library = sys.modules["torch" if made_of(xp, "torch") else "numpy"]
    threads = library.get_num_threads() if made_of(xp, "torch") else 1
    width = 1 if kernel.axis is None else x.shape[-1]
    x = xp.reshape(x, (-1,) if kernel.axis is None else (-1, width))
    rest = [xp.reshape(array, (-1,)) for array in arrays[1:]]
    losses = xp.empty_like(rest[0], dtype=x.dtype)
    slopes = xp.empty_like(x) if slope else None
    count = x.shape[0]
    rows = min(max(threads * ELEMENTS // width, 1), count)
    work = [xp.empty_like(x[:rows]) for _ in range(kernel.buffers)]

    def block(start: int) -> tuple[Any, ...]:
        part = slice(start, start + rows)
        return losses[part], None if slopes is None else slopes[part], x[part], *(array[part] for array in rest)

    for start in range(0, count, rows):
        room = work if start + rows <= count else [each[: count - start] for each in work]
        kernel.rapid(library, room, *block(start))
    if not _finite(xp, losses):
        for start in range(0, count, rows):
            ours, steep, *inputs = block(start)
            if not _finite(xp, ours):
                ours[...], right = _plain(xp, kernel, inputs, slope=slope)
                if steep is not None:
                    steep[...] = right
    shape = arrays[0].shape
    losses = xp.reshape(losses, shape if kernel.axis is None else shape[:-1])
    return losses, None if slopes is None else xp.reshape(slopes, shape)


def scale(xp: Any, kernel: Kernel, cotangent: Any, slope: Any) -> Any:
    """Return the slope times the cotangent of its row, as `pull` does."""
    if bool(xp.all(xp.isfinite(cotangent) & (cotangent != 0))):
        return slope * (cotangent if kernel.axis is None else xp.expand_dims(cotangent, axis=kernel.axis))
    return pull(xp, kernel, cotangent, slope)


def _finite(xp: Any, losses: Any) -> bool:
    return math.isfinite(xp.sum(losses).item())


def _plain(xp: Any, kernel: Kernel, arrays: Sequence[Any], *, slope: bool) -> tuple[Any, Any]:
    return kernel.value(xp, *arrays), kernel.slopes[0](xp, *arrays) if slope else None
