"""Softmax cross entropy of hard labels, one class index a row, along the last axis.

With o = Σ_{c≠y} exp(z_c - m) and e_y = exp(z_y - m) the loss is log1p(o) where y is on top, else
log(o + e_y) + (m - z_y), two terms that are never negative; the gradient is e_c/(o + e_y), and -o/(o + e_y) at the
label. Nothing cancels, because the label is left out of the sum before anything is added to it.
"""

from __future__ import annotations

import math
import sys
from typing import Any, NamedTuple

from ceconform.losses._derivatives import traced
from ceconform.losses._inputs import class_numbers, device_of, in_pieces, made_of

__all__ = ["Hard", "hard", "overwrites", "silenced", "torch_overwrites"]


class Hard(NamedTuple):
    """What the loss and its gradient are made of."""

    losses: Any
    numerators: Any
    """The gradient by the logits, times `denominator`: Σ over rows need not scale them one by one."""
    denominator: Any


def hard(xp: Any, z: Any, y: Any, *, gradient: bool) -> Hard:
    """Return the loss of each row, and its gradient in two parts; z may be overwritten.

    The label is a class index, -1 for one that does not exist, C in a row that does not count. The rounding error of
    z - m is not put back, as it is for logits that are given: a matrix product's own rounding is as large.
    """
    classes = int(z.shape[-1])
    index = xp.expand_dims(xp.where((y < 0) | (y == classes), 0, y), axis=-1)
    highest = xp.max(z, axis=-1, keepdims=True)
    own = _own(xp, z, index)
    on_top = own == highest
    infinite = highest == math.inf  # as the largest finite number is not
    if not _all_below(xp, infinite):
        z = _at_most(xp, z)
        highest = _at_most(xp, highest)
    e = _put(xp, _exponential(xp, z, highest), index, xp.zeros_like(own))
    others = xp.sum(e, axis=-1, keepdims=True)
    lost = xp.expand_dims(y < 0, axis=-1) | (highest == -math.inf)
    # Two that are +inf have no softmax.
    lost = lost | (infinite & (others + xp.astype(on_top, e.dtype) > 1))
    others = xp.where(lost, math.nan, others)
    label = xp.where(on_top, 1.0, xp.exp(own - highest))
    drop = xp.where(infinite, math.inf, highest - own)
    losses = xp.where(on_top, xp.log1p(others), xp.log(others + label) + drop)
    numerators = _put(xp, e, index, -others) if gradient else None
    return Hard(xp.squeeze(losses, axis=-1), numerators, others + label)


def silenced(xp: Any, x: Any, still: Any) -> Any:
    """Return 0 for the rows that have no part, whatever they hold; x may be overwritten."""
    if _is_numpy(xp):
        x[still[:, 0]] = 0.0
        return x
    if overwrites(xp, still):
        return x.masked_fill_(still, 0.0) if bool(still.any()) else x
    return xp.where(still, 0.0, x)


def _all_below(xp: Any, infinite: Any) -> bool:
    """Whether it is known that no row has a logit of +inf."""
    return overwrites(xp, infinite) and not bool(infinite.any())


def overwrites(xp: Any, *arrays: Any) -> bool:
    """Whether to work in place and to look at numbers before going on: they are there, and nothing traces."""
    if _is_numpy(xp):
        return True
    return torch_overwrites(xp) and not any(traced(xp, x) for x in arrays if x is not None)


def _is_numpy(xp: Any) -> bool:
    return made_of(xp, "numpy") and not made_of(xp, "jax")


def torch_overwrites(xp: Any) -> bool:
    """Whether PyTorch may work in place: nobody will differentiate through it."""
    return made_of(xp, "torch") and not sys.modules["torch"].is_grad_enabled()


def _at_most(xp: Any, z: Any) -> Any:
    """Return finite numbers for +inf, whose difference is no number."""
    largest = xp.finfo(z.dtype).max
    if _is_numpy(xp):
        return xp.minimum(z, z.dtype.type(largest), out=z)
    return z.clamp_max_(largest) if torch_overwrites(xp) else xp.where(z > largest, largest, z)


def _exponential(xp: Any, z: Any, highest: Any) -> Any:
    if _is_numpy(xp):
        z -= highest
        return xp.exp(z, out=z)
    return z.sub_(highest).exp_() if torch_overwrites(xp) else xp.exp(z - highest)


def _own(xp: Any, z: Any, index: Any) -> Any:
    """Return the element of each row that the index names."""
    if in_pieces(z) is None:
        return xp.take_along_axis(z, index, axis=-1)
    return xp.sum(xp.where(class_numbers(xp, z, -1, index.dtype) == index, z, 0.0), axis=-1, keepdims=True)


def _put(xp: Any, x: Any, index: Any, value: Any) -> Any:
    """Return the rows with one element of each replaced."""
    if _is_numpy(xp):
        xp.put_along_axis(x, index, value, axis=-1)
        return x
    if made_of(xp, "torch") and in_pieces(x) is None:
        if torch_overwrites(xp):
            try:
                rows = xp.arange(x.shape[0], device=device_of(xp, x))
                return x.index_put_((rows, index[:, 0]), value[:, 0])
            except RuntimeError:  # a batch of labels for one array, under vmap
                pass
        return x.scatter(-1, index, value)
    return xp.where(class_numbers(xp, x, -1, index.dtype) == index, value, x)
