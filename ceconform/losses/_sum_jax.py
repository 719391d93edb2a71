"""The sums of JAX. Imported for JAX's arrays alone.

XLA's CPU compiler adds up to 2^14 numbers up one by one: 2,048 equal ones come out 13 ulps wrong. There float64 costs
next to nothing, and no sum of float32 overflows in it; a program may have it though JAX's own switch is off.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ceconform.losses._inputs import gathers
from ceconform.losses._places_jax import either

__all__ = ["added", "mean", "total"]

FEW = 2**14
"""Up to so many numbers are added up in float64, float64 ones in pairs; more XLA adds up in parts."""


def total(x: Any) -> Any:
    """Return the sum of all numbers."""
    return _total(x) if _few(x) else _plain_total(x)[0]


def mean(x: Any) -> Any:
    """Return the mean of all numbers, which may be finite where their sum is not."""
    return _mean(x) if _few(x) else _plain_mean(x)[0]


def added(x: Any, axis: int, most: float) -> Any:
    """Return the sum of each row of numbers in [0, `most`], a power of two."""
    if x.shape[axis] <= 2:  # noqa: PLR2004 - one sum, one rounding
        return jnp.sum(x, axis=axis, keepdims=True)
    return _added(x, axis, most)


def _float64() -> Any:
    """Return a context in which there is float64, whatever the switch."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64  # before JAX 0.8

    return enable_x64()


def _few(x: Any) -> bool:
    return 1 < x.size <= FEW and gathers(jnp, x)


def _careful_total(x: Any) -> tuple[Any]:
    if x.dtype == jnp.float64:
        return _in_pairs(x)
    with _float64():
        return (jnp.sum(x, dtype=jnp.float64).astype(x.dtype),)


def _plain_total(x: Any) -> tuple[Any]:
    return (jnp.sum(x),)


def _careful_mean(x: Any) -> tuple[Any]:
    if x.dtype == jnp.float64:
        return _safe_mean(x, _in_pairs)
    with _float64():
        return ((jnp.sum(x, dtype=jnp.float64) / x.size).astype(x.dtype),)


def _plain_mean(x: Any) -> tuple[Any]:
    return _safe_mean(x, _plain_total)


def _safe_mean(x: Any, add: Callable[[Any], tuple[Any]]) -> tuple[Any]:
    (total,) = add(x)
    return (jnp.where(jnp.isinf(total), jnp.sum(x / x.size), total / x.size),)


@functools.cache
def _added_here(axis: int) -> Callable[[Any], tuple[Any]]:
    def add(x: Any) -> tuple[Any]:
        with _float64():
            return (jnp.sum(x, axis=axis, keepdims=True, dtype=jnp.float64).astype(x.dtype),)

    return add


@functools.cache
def _added_in_parts(axis: int, most: float) -> Callable[[Any], tuple[Any]]:
    """Add up apart what each number has above the last place of the largest sum there may be, which is exact."""

    def add(x: Any) -> tuple[Any]:
        bound = 1.5 * most * 2 ** (x.shape[axis] - 1).bit_length()
        # Behind a barrier: XLA takes a number added and subtracted again for none.
        bound = lax.optimization_barrier(jnp.asarray(bound, dtype=x.dtype))
        upper = (x + bound) - bound
        return (jnp.sum(upper, axis=axis, keepdims=True) + jnp.sum(x - upper, axis=axis, keepdims=True),)

    return add


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _added(x: Any, axis: int, most: float) -> Any:
    in_parts = _added_in_parts(axis, most)
    if x.dtype == jnp.float64 or not gathers(jnp, x):
        return in_parts(x)[0]
    return either(_added_here(axis), in_parts, x)[0]


def _in_pairs(x: Any) -> tuple[Any]:
    x = x.reshape(-1)
    while x.size > 1:
        half = -(-x.size // 2)
        x = jnp.pad(x, (0, 2 * half - x.size))
        x = x[:half] + x[half:]
    return (x[0],)


_total = jax.custom_jvp(lambda x: either(_careful_total, _plain_total, x)[0])
_total.defjvp(lambda primals, tangents: (_total(*primals), jnp.sum(tangents[0])))
_mean = jax.custom_jvp(lambda x: either(_careful_mean, _plain_mean, x)[0])
_mean.defjvp(lambda primals, tangents: (_mean(*primals), jnp.sum(tangents[0]) / tangents[0].size))
_added.defjvp(
    lambda axis, most, primals, tangents: (
        _added(*primals, axis, most),
        jnp.sum(tangents[0], axis=axis, keepdims=True),
    )
)
