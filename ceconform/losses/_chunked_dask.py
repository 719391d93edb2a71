"""Dask's namespace, chunk by chunk. Imported for Dask's arrays alone."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import dask.array
from array_api_compat.dask import array as whole

__all__ = ["namespace"]


@functools.cache
def namespace() -> Any:
    """Return Dask's namespace; in the compatible one the bounds of `clip` have other chunks than what is clipped."""
    xp = ModuleType(whole.__name__)
    xp.__dict__.update(vars(whole))
    xp.clip = dask.array.clip  # type: ignore[attr-defined]
    return xp
