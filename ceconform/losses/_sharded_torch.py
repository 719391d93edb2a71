"""PyTorch's namespace for arrays sharded over processes. Imported for DTensors alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from array_api_compat import torch as whole
from torch.distributed.tensor import DTensor, Replicate, Shard

__all__ = ["namespace", "numbered"]

REDUCTIONS = ("all", "any", "max", "mean", "min", "sum")


def namespace(x: Any) -> Any:
    """Return PyTorch's namespace for the DTensors of the mesh that this one is on.

    DTensor leaves each process its part of a sum until something needs the whole, and then would rather move all logits
    than add up the few numbers of the rows. Here they are added up at once.
    """
    return _namespace(x.device_mesh)


def numbered(x: Any, axis: int, dtype: Any) -> Any:
    """Return 0, 1, … C - 1, each number in the processes that have its class of the predictions."""
    numbers = _everywhere(whole.arange(x.shape[axis], dtype=dtype, device=x.device), x.device_mesh)
    split = [Shard(0) if place.is_shard(axis % x.ndim) else Replicate() for place in x.placements]
    return numbers.redistribute(placements=split)


@functools.lru_cache(maxsize=8)
def _namespace(mesh: Any) -> Any:
    xp = ModuleType(whole.__name__)
    xp.__dict__.update(vars(whole))
    for name in REDUCTIONS:
        setattr(xp, name, _together(getattr(whole, name)))

    def asarray(*arguments: Any, **keywords: Any) -> Any:
        return _everywhere(whole.asarray(*arguments, **keywords), mesh)

    xp.asarray = asarray  # type: ignore[attr-defined]
    return xp


def _together(reduction: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(reduction)
    def reduced(*arguments: Any, **keywords: Any) -> Any:
        part = reduction(*arguments, **keywords)
        return part.redistribute(placements=[Replicate() if place.is_partial() else place for place in part.placements])

    return reduced


def _everywhere(x: Any, mesh: Any) -> Any:
    return DTensor.from_local(x, mesh, [Replicate()] * mesh.ndim, run_check=False)
