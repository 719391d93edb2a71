"""Softmax cross entropy of class indices in JAX, with what its gradient needs of each row.

A row's *sums* are kept from the value to the gradient, which is then one pass: whether they are direct; the logit
that the odds are taken against; and the odds of the other classes and of the label.

*Direct* is a form for one CPU, where XLA hands a reduction to a fast library only if nothing but arithmetic feeds it,
and pays for each operation: exp(z) itself, against a logit of 0. Its argument is exact, so that no rounding error has
to be put back. Where a row leaves the range in which nothing over- or underflows, all rows take the careful form.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import lax

from ceconform.losses import _stable
from ceconform.losses._inputs import gathers
from ceconform.losses._kernel import scaled, times
from ceconform.losses._places_jax import either
from ceconform.losses._rows import marked

__all__ = ["losses_and_sums", "pulled", "pushed"]

LARGE = 2**15
"""Logits from which on the direct form saves more than its conditions cost."""
WIDTH = 2**11
"""Of the parts of a long row, which stay in the cache from one operation to the next."""
TOTAL = (1.0, 2.0**93)
"""Of a row's sum of exponentials, in the direct form: what underflows there is a softmax that underflows as well, and
times `RAISED` neither the sum overflows nor its inverse, by which XLA multiplies, underflows."""
LEAST = 2e-31
"""Of the sum of the others, for each class: 2^24 times what underflows."""
STEEP = 2.0**100
"""Times the distance of a class from the label: more than any exponential within TOTAL, except at the label itself."""

Sums = tuple[Any, Any, Any, Any]


def _has_direct(z: Any, axis: int) -> bool:
    return axis == -1 and z.dtype != jnp.float64 and z.size >= LARGE and gathers(jnp, z)


def _wide(z: Any) -> Any:
    """Return numbers of half precision in float32."""
    return z.astype(jnp.promote_types(z.dtype, jnp.float32))


def losses_and_sums(z: Any, y: Any, *, axis: int) -> tuple[Any, Sums]:
    """Return the loss of each row, NaN where there is no label, and its sums."""
    y = jnp.expand_dims(y, axis=axis)
    if _has_direct(z, axis):
        loss, *sums = either(_direct, _careful, z, y)
    else:
        loss, *sums = _careful(z, y, axis=axis)
    return jnp.squeeze(jnp.where(y < 0, math.nan, loss), axis=axis), tuple(sums)


def pulled(cotangent: Any, z: Any, y: Any, *sums: Any, axis: int) -> Any:
    """Return the gradient of Σ cotangent · loss by the logits."""
    y, cotangent = jnp.expand_dims(y, axis=axis), jnp.expand_dims(cotangent, axis=axis)
    if not sums:
        return _careful_pull(cotangent, z, y, *_careful(z, y, axis=axis)[1:], axis=axis)[0]
    if _has_direct(z, axis):
        return either(_direct_pull, _careful_pull, cotangent, z, y, *sums)[0]
    return _careful_pull(cotangent, z, y, *sums, axis=axis)[0]


def pushed(tangent: Any, z: Any, y: Any, *sums: Any, axis: int) -> Any:
    """Return what the losses change by."""
    slope = pulled(jnp.ones_like(y, dtype=jnp.float32), _wide(z), y, *sums, axis=axis)
    return jnp.sum(times(jnp, _wide(tangent), slope), axis=axis)


def _careful(z: Any, y: Any, *, axis: int = -1) -> tuple[Any, ...]:
    z = _wide(z)
    own, hot = marked(jnp, z, y, axis)
    sums = _stable.softmax_row(jnp, z, own, hot, axis)
    return _stable.softmax_cost_of(jnp, own, *sums), jnp.zeros_like(y, dtype=bool), *sums


def _careful_pull(cotangent: Any, z: Any, y: Any, direct: Any, *sums: Any, axis: int = -1) -> tuple[Any]:
    highest, *others = sums
    # The careful odds are raised, the direct ones are not; they come here for a cotangent that is out of range, or of a
    # value of one CPU whose gradient is asked for on several.
    raised = (jnp.where(direct, x * _stable.RAISED, x) for x in others)
    arrays = (_wide(z), marked(jnp, z, y, axis)[1], highest, *raised)
    gradient = scaled(jnp, cotangent, partial(_stable.softmax_slope_of, jnp), *arrays)
    return (jnp.where((y < 0) & (cotangent != 0), math.nan, gradient).astype(z.dtype),)


def _direct(z: Any, y: Any) -> tuple[Any, ...]:
    """Return the losses and sums of the direct form, or of the careful one if a row is out of range."""
    shape, classes = y.shape, z.shape[-1]
    z, y = z.reshape(-1, classes), y.reshape(-1, 1)
    others, logit = _without_label(z, y), _wide(marked(jnp, z, y, -1)[0])
    own = jnp.exp(logit)
    total = others + own
    direct = jnp.all((total >= TOTAL[0]) & (total <= TOTAL[1]) & (others >= classes * LEAST))

    def plain(z: Any, y: Any) -> tuple[Any, ...]:  # noqa: ARG001 - the arguments of the careful form
        odds = others / own
        loss = jnp.where(odds == math.inf, jnp.log(others) - logit, jnp.log1p(odds))
        return loss, jnp.ones_like(y, dtype=bool), jnp.zeros_like(own), others, own

    return tuple(x.reshape(shape) for x in lax.cond(direct, plain, _careful, z, y))


def _direct_pull(cotangent: Any, z: Any, y: Any, direct: Any, *sums: Any) -> Any:
    _, others, own = sums
    scale = jnp.where(cotangent == 0, 0.0, jnp.where(y < 0, math.nan, cotangent / (others + own)))
    size = jnp.abs(scale)
    # A factor above 1 would multiply what is left of the digits of a small exponential, or nothing.
    steady = (cotangent == 0) | ((size >= jnp.finfo(scale.dtype).tiny) & (size <= 1)) | jnp.isnan(scale)

    def plain() -> tuple[Any]:
        return (_put((jnp.exp(_wide(z)) * scale).astype(z.dtype), y, (-others * scale).astype(z.dtype)),)

    def careful() -> tuple[Any]:
        return _careful_pull(cotangent, z, y, direct, *sums)

    return lax.cond(jnp.all(direct & steady), plain, careful)


def _put(x: Any, y: Any, value: Any) -> Any:
    """Return the rows with the element of each label replaced, in place: a selection would be one operation more."""
    shape, classes = x.shape, x.shape[-1]
    x, y, value = x.reshape(-1, classes), y.reshape(-1), value.reshape(-1)
    return x.at[jnp.arange(x.shape[0]), jnp.where(y < 0, 0, y)].set(value, mode="promise_in_bounds").reshape(shape)


def _without_label(z: Any, y: Any) -> Any:
    """Return Σ_{c≠y} exp(z_c), in parts where the rows are long."""
    rows, classes = z.shape
    width = max(w for w in range(1, min(classes, WIDTH) + 1) if classes % w == 0)
    width = width if width >= WIDTH // 16 else classes
    first = jnp.arange(0, classes, width, dtype=y.dtype)
    # Behind a barrier: XLA would exchange the function with a reshape, or a cast with a slice, and write an array more.
    z = lax.optimization_barrier(z.reshape(-1, width))
    label = (y - first).reshape(-1, 1).astype(jnp.float32) * STEEP
    distance = jnp.abs(jnp.arange(width, dtype=jnp.float32) * STEEP - label)
    parts = jnp.sum(jnp.minimum(jnp.exp(_wide(z)), distance), axis=-1)
    return jnp.sum(parts.reshape(rows, -1), axis=-1, keepdims=True)
