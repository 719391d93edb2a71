"""The careful arithmetic of `_stable` where nothing traces: in place, and with as few passes as it takes.

Only finite numbers and valid labels are looked after: where an answer comes out infinite or NaN, the plain form has
the last word.
NumPy and PyTorch share these lines, and `np` is either. Everything as large as the predictions goes into arrays that
are there already, because fresh memory costs more than arithmetic; and nothing as large is compared, which PyTorch
does slowly.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["binary_logits", "indices"]


def indices(np: Any, work: Any, losses: Any, slopes: Any, z: Any, y: Any) -> None:
    """Write the softmax cross entropy of rows z and class indices y, and its slope by z if asked."""
    if bool(np.amin(y) < 0):
        losses[...] = math.nan
        return
    gap, carried, lost = work
    label = y + z.shape[-1] * np.arange(z.shape[0])  # counted through the block
    highest = np.amax(z, axis=-1, keepdims=True)
    np.subtract(z, highest, out=gap)
    np.subtract(gap, z, out=carried)
    np.subtract(gap, carried, out=lost)
    np.subtract(lost, z, out=lost)
    np.add(carried, highest, out=carried)
    np.add(lost, carried, out=lost)  # minus the rounding error of z - max z, by two-sum
    drop = -np.take(gap, label)
    odds = np.exp(gap, out=gap)
    np.multiply(lost, odds, out=lost)
    np.subtract(odds, lost, out=odds)
    own = np.take(odds, label)
    np.reshape(odds, (-1,))[label] = 0
    others = np.sum(odds, axis=-1)
    every = others + own
    losses[...] = np.where(drop == 0, np.log1p(others), np.log(every) + drop)
    if slopes is not None:
        np.divide(odds, every[:, None], out=slopes)
        np.reshape(slopes, (-1,))[label] = -others / every


def binary_logits(np: Any, work: Any, losses: Any, slopes: Any, z: Any, t: Any, *, epsilon: float) -> None:
    """Write the binary cross entropy of logits z and labels t, smoothed by ε, and its slope by z if asked."""
    if not bool((np.amin(t) >= 0) & (np.amax(t) <= 1)):
        losses[...] = math.nan
        return
    e, negative, sign, side, small = work
    np.subtract(1, t, out=negative)
    if epsilon != 0:
        t = (1 - epsilon) * t + epsilon / 2
        negative = (1 - epsilon) * negative + epsilon / 2
    np.abs(z, out=sign)
    np.negative(sign, out=e)
    np.exp(e, out=e)
    np.log1p(e, out=small)
    np.add(sign, z, out=side)
    np.multiply(side, negative, out=side)
    np.subtract(sign, z, out=sign)
    np.multiply(sign, t, out=sign)
    np.add(side, sign, out=side)
    np.multiply(side, 0.5, out=side)  # of z + |z| and |z| - z: what is max(z, 0) and max(-z, 0)
    np.add(side, small, out=losses)
    if slopes is None:
        return
    np.add(e, 1, out=small)
    np.divide(e, small, out=small)
    np.copysign(np.asarray(1.0, dtype=z.dtype), z, out=sign)
    np.multiply(small, sign, out=small)
    np.add(sign, 1, out=side)
    np.multiply(side, negative, out=side)
    np.subtract(1, sign, out=sign)
    np.multiply(sign, t, out=sign)
    np.subtract(side, sign, out=side)
    np.multiply(side, 0.5, out=side)  # 1 - t for a logit above 0, -t below
    np.subtract(side, small, out=slopes)
