"""A linear map of JAX whose transpose is given, not derived. Imported for JAX's arrays alone.

Were the product of slope and tangent left to JAX, it would transpose it to the product of slope and cotangent, and a
zero cotangent would meet an infinite slope as 0 · inf. `jax.custom_derivatives.linear_call` takes a transpose, but
knows neither `vmap` nor a second derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

__all__ = ["linear"]

Map = Callable[..., Any]
"""`map(x, *arrays, *kept)`, linear in x; without what is kept it computes that anew from the arrays."""

_linear = Primitive("ceconform_linear")


def linear(there: Map, back: Map, x: Any, arrays: Sequence[Any], kept: Sequence[Any] = ()) -> Any:
    """Return `there(x, *arrays, *kept)`, whose transpose is `back`.

    Derivatives by the arrays are JAX's own, of `there(x, *arrays)`.
    """
    return _linear.bind(x, *arrays, *kept, there=there, back=back, arrays=len(arrays))


def _apply(x: Any, *rest: Any, there: Map, back: Map, arrays: int) -> Any:  # noqa: ARG001 - the signature of all rules
    return there(x, *rest)


def _shape(x: Any, *rest: Any, there: Map, back: Map, arrays: int) -> Any:  # noqa: ARG001
    return jax.make_jaxpr(there)(x, *rest).out_avals[0]


def _jvp(primals: Any, tangents: Any, *, there: Map, back: Map, arrays: int) -> Any:
    (x, *rest), (dx, *moves) = primals, tangents
    parameters = {"there": there, "back": back, "arrays": arrays}
    moved = [] if isinstance(dx, ad.Zero) else [_linear.bind(dx, *rest, **parameters)]
    moving = {at: move for at, move in enumerate(moves[:arrays]) if not isinstance(move, ad.Zero)}
    if moving:

        def of_moving(*some: Any) -> Any:
            new = dict(zip(moving, some, strict=True))
            return there(x, *(new.get(at, old) for at, old in enumerate(rest[:arrays])))

        moved.append(jax.jvp(of_moving, [rest[at] for at in moving], list(moving.values()))[1])
    return _linear.bind(x, *rest, **parameters), sum(moved[1:], start=moved[0])


def _transpose(cotangent: Any, x: Any, *rest: Any, there: Map, back: Map, arrays: int) -> Any:
    nothing = (None for _ in rest)
    if isinstance(cotangent, ad.Zero):
        return ad.Zero(x.aval), *nothing
    return _linear.bind(cotangent, *rest, there=back, back=there, arrays=arrays), *nothing


def _batch(batched: Any, axes: Any, *, there: Map, back: Map, arrays: int) -> Any:
    size = next(array.shape[axis] for array, axis in zip(batched, axes, strict=True) if axis is not None)
    (x, *rest), (axis, *others) = batched, axes
    x = jnp.broadcast_to(x, (size, *x.shape)) if axis is None else jnp.moveaxis(x, axis, 0)

    def mapped(function: Map) -> Map:
        return lambda x, *rest: jax.vmap(function, (0, *others[: len(rest)]))(x, *rest)

    return _linear.bind(x, *rest, there=mapped(there), back=mapped(back), arrays=arrays), 0


_linear.def_impl(_apply)
_linear.def_abstract_eval(_shape)
ad.primitive_jvps[_linear] = _jvp
ad.primitive_transposes[_linear] = _transpose
batching.primitive_batchers[_linear] = _batch
mlir.register_lowering(_linear, mlir.lower_fun(_apply, multiple_results=False))
