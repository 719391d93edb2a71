"""The sum of the losses in JAX. Imported for JAX's arrays alone."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ceconform.losses._inputs import gathers
from ceconform.losses._places_jax import either

__all__ = ["added", "total"]

FEW = 2**14
"""Up to so many, XLA's CPU compiler adds numbers up one by one: 2,048 equal ones come out 13 ulps wrong."""


def total(x: Any) -> Any:
    """Return the sum of all numbers, of a few in pairs."""
    return _summed(x) if 1 < x.size <= FEW and gathers(jnp, x) else jnp.sum(x)


def added(x: Any, axis: int, most: float) -> Any:
    """Return the sum of each row of numbers in [0, `most`], a power of two.

    XLA's CPU compiler adds a row up one by one. So what each number has above the last place of the largest sum there
    may be, which adds up exactly, is added up apart from what is left of it.
    """
    if x.shape[axis] <= 2:  # noqa: PLR2004 - one sum, one rounding
        return jnp.sum(x, axis=axis, keepdims=True)
    bound = 1.5 * most * 2 ** (x.shape[axis] - 1).bit_length()
    # Behind a barrier: XLA takes a number added and subtracted again for none.
    bound = lax.optimization_barrier(jnp.asarray(bound, dtype=x.dtype))
    upper = (x + bound) - bound
    return jnp.sum(upper, axis=axis, keepdims=True) + jnp.sum(x - upper, axis=axis, keepdims=True)


def _plainly(x: Any) -> tuple[Any]:
    return (jnp.sum(x),)


def _in_pairs(x: Any) -> tuple[Any]:
    x = x.reshape(-1)
    while x.size > 1:
        half = -(-x.size // 2)
        x = jnp.pad(x, (0, 2 * half - x.size))
        x = x[:half] + x[half:]
    return (x[0],)


_summed = jax.custom_jvp(lambda x: either(_in_pairs, _plainly, x)[0])
_summed.defjvp(lambda primals, tangents: (_summed(*primals), jnp.sum(*tangents)))
