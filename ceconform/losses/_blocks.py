"""A kernel where nothing traces: block by block, so that what is in between stays in the cache.

A block is taken to the dtype of the computation, and its answer back: float32 is computed in float64, and held so
nowhere else.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from ceconform.losses._inputs import made_of
from ceconform.losses._kernel import Kernel
from ceconform.losses._kernel import gradient as gradient_by

__all__ = ["evaluate", "rows_like"]

ELEMENTS = 524_288
"""Of all arrays of a block, for each thread: they stay in the cache, and the calls are few."""
PLAIN = 8
"""So many arrays are there at a time in the plain form."""


def evaluate(xp: Any, kernel: Kernel, dtype: Any, arrays: Sequence[Any], cotangent: Any = None) -> tuple[Any, Any]:
    """Return the losses in this dtype, and for a cotangent the gradient by the predictions in theirs.

    A cotangent is a number, or one for each loss.
    """
    shape, axis = tuple(arrays[0].shape), kernel.axis
    losses = rows_like(xp, kernel, dtype, arrays[0])
    gradient = None if cotangent is None else _library(xp).empty(shape, dtype=arrays[0].dtype)
    if not math.prod(shape):
        return losses, gradient
    if axis is None or axis == -1:
        flat = (-1,) if axis is None else (-1, shape[-1])

        def flattened(array: Any) -> Any:
            new = flat if array.ndim == len(shape) else (-1,)
            return array if array.ndim == len(new) else array.reshape(new)

        arrays = [flattened(array) for array in arrays]
        steep = None if gradient is None else flattened(gradient)
        factors = cotangent if isinstance(cotangent, float | None) else cotangent.reshape((-1,))
        _fill(xp, kernel, losses.reshape((-1,)), steep, factors, arrays)
    else:
        _fill(xp, kernel, losses, gradient, cotangent, arrays)
    return losses, gradient


def rows_like(xp: Any, kernel: Kernel, dtype: Any, x: Any) -> Any:
    """Return an array such as the losses of these predictions will be."""
    shape, axis = tuple(x.shape), kernel.axis
    rows = shape if axis is None else (*shape[:axis], *shape[len(shape) + axis + 1 :])
    return _library(xp).empty(rows, dtype=dtype)


def _library(xp: Any) -> Any:
    """Return the library itself, whose calls cost less than those of a namespace around it."""
    return sys.modules["torch" if made_of(xp, "torch") else "numpy"]


def _fill(xp: Any, kernel: Kernel, losses: Any, gradient: Any, cotangent: Any, arrays: Sequence[Any]) -> None:
    library, x = _library(xp), arrays[0]
    count = 1 if kernel.axis == -x.ndim else x.shape[0]  # no row lies within the first axis
    threads = library.get_num_threads() if made_of(xp, "torch") else 1
    rooms = kernel.buffers + (kernel.spare if x.dtype == losses.dtype else 0)
    elements = threads * ELEMENTS // (PLAIN if kernel.rapid is None else rooms + 1)
    step = min(max(elements * count // math.prod(x.shape), 1), count)
    room = [library.empty((step, *x.shape[1:]), dtype=losses.dtype) for _ in range(rooms)]
    if step == count:
        _block(xp, kernel, library, room, losses, gradient, cotangent, arrays)
        return
    for start in range(0, count, step):
        part = slice(start, start + step)
        _block(
            xp,
            kernel,
            library,
            room if start + step <= count else [each[: count - start] for each in room],
            losses[part],
            None if gradient is None else gradient[part],
            cotangent if isinstance(cotangent, float | None) else cotangent[part],
            [array[part] for array in arrays],
        )


def _block(
    xp: Any,
    kernel: Kernel,
    library: Any,
    room: list[Any],
    losses: Any,
    gradient: Any,
    cotangent: Any,
    arrays: Sequence[Any],
) -> None:
    if kernel.rapid is not None and kernel.axis in {None, -1}:
        sure = kernel.rapid(library, room, losses, gradient, cotangent, *arrays)
        if sure or math.isfinite(losses.sum().item()):
            return
    x, *rest = arrays
    x = xp.astype(x, losses.dtype, copy=False)
    losses[...] = kernel.value(xp, x, *rest)
    if gradient is not None:
        cotangent = xp.full_like(losses, cotangent) if isinstance(cotangent, float) else cotangent
        gradient[...] = gradient_by(xp, kernel, cotangent, x, *rest)
