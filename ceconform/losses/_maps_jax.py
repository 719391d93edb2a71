"""A linear map of JAX whose transpose is given, not derived. Imported for JAX's arrays alone.

Were the product of slope and tangent left to JAX, it would transpose it to the product of slope and cotangent, and a
zero cotangent would meet an infinite slope as 0 · inf. `jax.custom_derivatives.linear_call` takes a transpose, but
knows neither `vmap` nor a second derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

__all__ = ["linear"]

Map = Callable[..., tuple[Any, ...]]
"""`map(*xs, *arrays, *kept)`, linear in the xs; without what is kept it computes that anew from the arrays."""

_linear = Primitive("ceconform_linear")
_linear.multiple_results = True


@dataclass(frozen=True)
class _Pair:
    """A linear map and its transpose."""

    there: Map
    back: Map
    inputs: int
    """How many arrays go there: the xs."""
    outputs: int
    """How many come."""
    arrays: int
    """How many arrays each depends on besides, differentiably; all that follow are kept."""

    @property
    def transposed(self) -> _Pair:
        return _Pair(self.back, self.there, self.outputs, self.inputs, self.arrays)

    def batched(self, axes: Sequence[int | None]) -> _Pair:
        """Map both over the first axis of their xs, and these axes of the rest."""

        def mapped(function: Map, inputs: int) -> Map:
            every = (*(0 for _ in range(inputs)), *axes)
            return lambda *values: jax.vmap(function, every[: len(values)])(*values)

        there, back = mapped(self.there, self.inputs), mapped(self.back, self.outputs)
        return _Pair(there, back, self.inputs, self.outputs, self.arrays)


def linear(there: Map, back: Map, xs: Sequence[Any], arrays: Sequence[Any], kept: Sequence[Any] = ()) -> Any:
    """Return the only array of `there(*xs, *arrays, *kept)`, whose transpose is `back(cotangent, *arrays, *kept)`.

    Derivatives by the arrays are JAX's own, of `there(*xs, *arrays)`.
    """
    return _linear.bind(*xs, *arrays, *kept, pair=_Pair(there, back, len(xs), 1, len(arrays)))[0]


def _jvp(primals: Any, tangents: Any, *, pair: _Pair) -> Any:
    xs, rest = primals[: pair.inputs], primals[pair.inputs :]
    arrays, moves = rest[: pair.arrays], tangents[pair.inputs :][: pair.arrays]
    moved = []
    if not all(isinstance(dx, ad.Zero) for dx in tangents[: pair.inputs]):
        moved.append(_linear.bind(*map(ad.instantiate_zeros, tangents[: pair.inputs]), *rest, pair=pair))
    moving = {at: move for at, move in enumerate(moves) if not isinstance(move, ad.Zero)}
    if moving:

        def of_moving(*some: Any) -> Any:
            new = dict(zip(moving, some, strict=True))
            return pair.there(*xs, *(new.get(at, old) for at, old in enumerate(arrays)))

        moved.append(jax.jvp(of_moving, [arrays[at] for at in moving], list(moving.values()))[1])
    return _linear.bind(*primals, pair=pair), [sum(each[1:], start=each[0]) for each in zip(*moved, strict=True)]


def _transpose(cotangents: Any, *values: Any, pair: _Pair) -> Any:
    xs, rest = values[: pair.inputs], values[pair.inputs :]
    if all(isinstance(cotangent, ad.Zero) for cotangent in cotangents):
        pulled = [ad.Zero(x.aval) for x in xs]
    else:
        pulled = _linear.bind(*map(ad.instantiate_zeros, cotangents), *rest, pair=pair.transposed)
    return [*pulled, *(None for _ in rest)]


def _batch(batched: Any, axes: Any, *, pair: _Pair) -> Any:
    size = next(array.shape[axis] for array, axis in zip(batched, axes, strict=True) if axis is not None)
    xs = [
        jnp.broadcast_to(x, (size, *x.shape)) if axis is None else jnp.moveaxis(x, axis, 0)
        for x, axis in zip(batched[: pair.inputs], axes, strict=False)
    ]
    moved = _linear.bind(*xs, *batched[pair.inputs :], pair=pair.batched(axes[pair.inputs :]))
    return moved, [0] * len(moved)


_linear.def_impl(lambda *values, pair: list(pair.there(*values)))
_linear.def_abstract_eval(lambda *values, pair: jax.make_jaxpr(pair.there)(*values).out_avals)
ad.primitive_jvps[_linear] = _jvp
ad.primitive_transposes[_linear] = _transpose
batching.primitive_batchers[_linear] = _batch
mlir.register_lowering(_linear, mlir.lower_fun(lambda *values, pair: pair.there(*values)))
