"""What JAX computes on a single CPU, and what it computes everywhere else. Imported for JAX's arrays alone.

XLA's CPU compiler has a fast path with its own conditions, and arrays whose pieces lie on several devices are not to be
sliced. Where a function is compiled for is known when it is lowered, and not before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir

__all__ = ["either"]

Function = Callable[..., tuple[Any, ...]]

_either = Primitive("ceconform_either")
_either.multiple_results = True


def either(here: Function, elsewhere: Function, *arrays: Any) -> list[Any]:
    """Return `here(*arrays)` on a single CPU, `elsewhere(*arrays)` on all else.

    They are compiled for the functions as they are: let them live as long as the module. Nothing is differentiated.
    """
    found: list[Any] = _either.bind(*arrays, here=here, elsewhere=elsewhere)
    return found


def _shapes(*arrays: Any, here: Function, elsewhere: Function) -> Any:  # noqa: ARG001 - both have the same
    return jax.make_jaxpr(elsewhere)(*arrays).out_avals


def _lower(context: Any, *arrays: Any, here: Function, elsewhere: Function) -> Any:  # noqa: ARG001 - as on a CPU
    return mlir.lower_fun(elsewhere)(context, *arrays)


def _lower_on_cpu(context: Any, *arrays: Any, here: Function, elsewhere: Function) -> Any:
    alone = getattr(context.module_context.axis_context, "num_devices", 0) == 1
    return mlir.lower_fun(here if alone else elsewhere)(context, *arrays)


_mapped = functools.cache(jax.vmap)
"""One function each time, which is compiled once."""


def _batch(batched: Any, axes: Any, *, here: Function, elsewhere: Function) -> Any:
    moved = either(_mapped(here, tuple(axes)), _mapped(elsewhere, tuple(axes)), *batched)
    return moved, [0] * len(moved)


_either.def_impl(jax.jit(_either.bind, static_argnames=("here", "elsewhere")))
_either.def_abstract_eval(_shapes)
mlir.register_lowering(_either, _lower)
mlir.register_lowering(_either, _lower_on_cpu, platform="cpu")
batching.primitive_batchers[_either] = _batch
