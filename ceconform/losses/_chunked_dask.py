"""Dask's namespace, chunk by chunk. Imported for Dask's arrays alone."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import dask.array
from array_api_compat.dask import array as whole

__all__ = ["namespace", "numbered"]


def namespace(x: Any) -> Any:  # noqa: ARG001 - one for all arrays
    """Return Dask's namespace; in the compatible one the bounds of `clip` have other chunks than what is clipped."""
    return _namespace()


def numbered(x: Any, axis: int, dtype: Any) -> Any:
    """Return 0, 1, … C - 1 in the chunks of the predictions' classes."""
    return dask.array.arange(x.shape[axis], dtype=dtype, chunks=(x.chunks[axis],))


@functools.cache
def _namespace() -> Any:
    xp = ModuleType(whole.__name__)
    xp.__dict__.update(vars(whole))
    xp.clip = dask.array.clip  # type: ignore[attr-defined]
    return xp
