"""The careful arithmetic of `_stable` where nothing traces: in place, and with as few passes as it takes.

Each works on a block, in arrays of the dtype of the computation, which is float64 for predictions that are narrower:
then their differences are exact, and nothing has to be put back. Only finite numbers are looked after: where a loss
comes out infinite or NaN, the plain form has the last word.
NumPy and PyTorch share these lines, and `np` is either. Everything as large as the predictions goes into arrays that
are there already, because fresh memory costs more than arithmetic; and nothing as large is compared, which PyTorch
does slowly. The last step to a narrower dtype is a copy: arithmetic on two dtypes is slow in both.
"""

from __future__ import annotations

import math
from typing import Any

from ceconform.losses._stable import RAISED

__all__ = ["binary_logits", "binary_probabilities", "index_probabilities", "indices"]

REACH = 300.0
"""The exponentials of logits up to here, and their quotients, are normal float64 numbers. Nothing is subtracted first
from narrower ones: where a class lies so far below the label that it has none, their dtype has no part of the loss."""

FLOAT32_REACH = 80.0
"""The exponentials of logits up to here are normal float32 numbers."""

HARD_REACH = 700.0
"""The exponentials of logits up to here are float64 numbers."""

LOG_ZERO = -1e300
"""Stands for -inf, beside the labels of narrower dtypes: times any of them but 0 it is beyond what a loss can be."""
IMPOSSIBLE = 1e200


def _at(np: Any, x: Any, y: Any) -> Any:
    """Return where the labels are, as `_taken` and `_put` take it."""
    return y[:, None] if np.__name__ == "torch" else (np.arange(x.shape[0]), y)


def _taken(x: Any, at: Any) -> Any:
    return x[at] if isinstance(at, tuple) else x.gather(1, at)[:, 0]


def _put(x: Any, at: Any, value: Any) -> None:
    if isinstance(at, tuple):
        x[at] = value
    else:
        x.scatter_(1, at, value if isinstance(value, float) else value.to(x.dtype)[:, None])


def indices(np: Any, work: Any, losses: Any, gradient: Any, cotangent: Any, z: Any, y: Any) -> None:
    """Write the softmax cross entropy of rows z and class indices y, and its gradient if asked."""
    odds, *spare = work
    at = _at(np, z, y)
    odds[...] = z
    own = _taken(odds, at)
    narrow = z.dtype != odds.dtype
    if narrow and _largest(z) <= REACH and _smallest(own) >= -REACH:
        np.exp(odds, out=odds)
        own = np.exp(own)
        _put(odds, at, 0.0)
        others = odds.sum(axis=-1)
        np.log1p(others / own, out=losses)
    else:
        highest = np.amax(odds, axis=-1, keepdims=True)
        drop = highest[:, 0] - own
        np.subtract(odds, highest, out=odds)
        if not narrow and _smallest(odds) < -REACH:
            losses[...] = math.nan  # odds that are smaller than normal numbers have too few digits for weights
            return
        lost = None if narrow else _rounding(np, spare, odds, z, highest)
        np.exp(odds, out=odds)
        if lost is not None:
            np.multiply(lost, odds, out=lost)
            np.subtract(odds, lost, out=odds)
        own = _taken(odds, at)
        _put(odds, at, 0.0)
        others = odds.sum(axis=-1)
        losses[...] = np.where(drop == 0, np.log1p(others), np.log(others + own) + drop)
    if gradient is not None:
        scale = cotangent / (others + own)
        np.multiply(odds, scale[:, None], out=odds)
        _put(odds, at, -others * scale)
        gradient[...] = odds


def _rounding(np: Any, work: Any, gap: Any, z: Any, highest: Any) -> Any:
    """Return minus the rounding error of gap = z - highest, by two-sum."""
    carried, lost = work
    np.subtract(gap, z, out=carried)
    np.subtract(gap, carried, out=lost)
    np.subtract(lost, z, out=lost)
    np.add(carried, highest, out=carried)
    return np.add(lost, carried, out=lost)


def index_probabilities(np: Any, _: Any, losses: Any, gradient: Any, cotangent: Any, p: Any, y: Any) -> None:
    """Write the cross entropy of rows p and class indices y, and its gradient if asked."""
    if not _within(p):
        losses[...] = math.nan
        return
    at = _at(np, p, y)
    own = np.asarray(_taken(p, at), dtype=losses.dtype)
    np.log(own, out=losses)
    np.subtract(0, losses, out=losses)  # never -0
    if gradient is not None:
        gradient[...] = 0
        _put(gradient, at, -cotangent / own)
        if not isinstance(cotangent, float) and (undefined := cotangent != cotangent).any():  # noqa: PLR0124 - NaN
            gradient[undefined] = math.nan  # a weight that is none: of its whole row


def binary_probabilities(
    np: Any, work: Any, losses: Any, gradient: Any, cotangent: Any, p: Any, t: Any, *, epsilon: float
) -> bool:
    """Write the binary cross entropy of probabilities p and labels t, smoothed by ε, and its gradient if asked.

    Return whether its infinities are right too.
    """
    if not _within(p) or not _within(t):
        losses[...] = math.nan
        return False
    positive, negative, up, down = work
    _sides(np, t, epsilon, positive, negative)
    up[...] = p
    np.negative(up, out=down)
    np.log(up, out=losses)
    np.log1p(down, out=down)
    sure = gradient is None and p.dtype != up.dtype
    if sure:
        for log in (losses, down):  # a certain prediction that is right costs 0 · log 0 = 0
            np.clip(log, LOG_ZERO, 0.0, out=log)
    np.multiply(losses, positive, out=losses)
    np.multiply(down, negative, out=down)
    np.add(losses, down, out=losses)
    np.subtract(0, losses, out=losses)  # never -0
    if sure and _largest(losses) > IMPOSSIBLE:
        losses[losses > IMPOSSIBLE] = math.inf
    if gradient is None:
        return sure
    np.subtract(1, up, out=down)
    if epsilon == 0:  # the two terms may cancel, and p - t is exact where they do
        if p.dtype == up.dtype:
            for side in (up, positive):
                np.multiply(side, RAISED, out=side)
        np.multiply(up, down, out=down)
        np.subtract(up, positive, out=positive)
        np.multiply(positive, cotangent, out=positive)
        np.divide(positive, down, out=up)
    else:
        np.divide(negative, down, out=down)
        np.divide(positive, up, out=up)
        np.subtract(down, up, out=up)
        np.multiply(up, cotangent, out=up)
    gradient[...] = up
    return False


def binary_logits(
    np: Any, work: Any, losses: Any, gradient: Any, cotangent: Any, z: Any, t: Any, *, epsilon: float
) -> None:
    """Write the binary cross entropy of logits z and labels t, smoothed by ε, and its gradient if asked."""
    if np.__name__ != "torch" and epsilon == 0 and _hard_logits(np, work, losses, gradient, cotangent, z, t):
        return
    if not _within(t):
        losses[...] = math.nan
        return
    if np.__name__ == "torch" and epsilon == 0 and losses.dtype not in {z.dtype, t.dtype}:
        single = [each.view(np.float32)[: z.shape[0]] for each in work]
        narrow = z.to(np.float32)
        np.abs(narrow, out=single[0])
        if _largest(single[0]) <= FLOAT32_REACH:
            _binary_logits_in_float32(np, single, losses, gradient, cotangent, narrow, t.to(np.float32))
            return
    positive, negative, e, sign, side, spare = work
    side[...] = z
    np.abs(side, out=sign)
    np.negative(sign, out=e)
    np.exp(e, out=e)
    exact = epsilon == 0 and t.dtype != e.dtype  # of narrower labels 1 - t, and t times a narrower logit, is exact
    if exact:
        positive[...] = t
        np.multiply(side, positive, out=negative)
        np.add(sign, side, out=losses)
        np.multiply(losses, 0.5, out=losses)
        np.subtract(losses, negative, out=losses)  # max(z, 0) - t z
    else:
        _sides(np, t, epsilon, positive, negative)
        np.add(sign, side, out=losses)
        np.subtract(sign, side, out=sign)
        np.multiply(losses, negative, out=losses)
        np.multiply(sign, positive, out=sign)
        np.add(losses, sign, out=losses)
        np.multiply(losses, 0.5, out=losses)  # of z + |z| and |z| - z: what is max(z, 0) and max(-z, 0)
    _log1p(np, e, sign, spare)
    np.add(losses, sign, out=losses)
    if gradient is None:
        return
    np.copysign(np.ones_like(side[:1]), side, out=sign)
    np.add(e, 1, out=side)
    np.divide(e, side, out=e)
    np.multiply(e, sign, out=e)
    np.add(sign, 1, out=side)
    if exact:
        np.multiply(side, 0.5, out=side)
        np.subtract(side, positive, out=side)
    else:
        np.multiply(side, negative, out=side)
        np.subtract(1, sign, out=sign)
        np.multiply(sign, positive, out=sign)
        np.subtract(side, sign, out=side)
        np.multiply(side, 0.5, out=side)  # 1 - t for a logit above 0, -t below
    np.subtract(side, e, out=side)
    np.multiply(side, cotangent, out=side)
    gradient[...] = side


def _hard_logits(np: Any, work: Any, losses: Any, gradient: Any, cotangent: Any, z: Any, t: Any) -> bool:
    """Write the same for labels that are 0 or 1; return whether they are, and no logit is beyond reach.

    log1p(exp u) and (1 - 2t) exp(u)/(1 + exp u), where u = (1 - 2t) z is exact.
    """
    if 0 < t.item(0) < 1:  # most that are not show at once
        return False
    rest = 1 - t
    if np.count_nonzero(rest * t):
        return False
    odds = work[0]
    sign = np.subtract(rest, t, out=rest)
    odds[...] = sign * z
    if not _largest(odds) <= HARD_REACH:
        return False
    np.exp(odds, out=odds)
    np.log1p(odds, out=losses)
    if gradient is not None:
        total = work[1]
        np.add(odds, 1.0, out=total)
        np.divide(odds, total, out=odds)
        np.multiply(odds, cotangent, out=odds)
        gradient[...] = odds
        np.multiply(gradient, sign, out=gradient)
    return True


def _binary_logits_in_float32(
    torch: Any, work: Any, losses: Any, gradient: Any, cotangent: Any, z: Any, t: Any
) -> None:
    """Write the same for labels that are not smoothed, and both in float32; |z| is there, in the first array.

    z (s - t) + log1p(e), and s - t - sign(z) e/(1 + e), where s is 1 for a logit above 0 and 0 for one below, and e is
    exp(-|z|): 1 - t is exact wherever it cancels, and the terms of the loss have one sign.
    """
    e, sign, side, total, linear, _ = work
    torch.negative(e, out=e)
    torch.exp(e, out=e)
    torch.add(e, 1, out=total)
    torch.sign(z, out=sign)
    torch.multiply(sign, 0.5, out=side)
    torch.add(side, 0.5, out=side)
    torch.subtract(side, t, out=side)
    torch.multiply(z, side, out=linear)
    if gradient is not None:
        torch.multiply(sign, e, out=sign)
        torch.divide(sign, total, out=sign)
        torch.subtract(side, sign, out=side)
        torch.multiply(side, cotangent, out=side)
        gradient[...] = side
    _log1p_of_sum(torch, e, total, sign)
    torch.add(linear, sign, out=losses)


def _log1p(np: Any, e: Any, out: Any, spare: Any) -> None:
    """Write log(1 + e): PyTorch's `log1p` takes ten times as long as its `log` and what fl(1 + e) leaves out."""
    if np.__name__ != "torch":
        np.log1p(e, out=out)
        return
    np.add(e, 1, out=spare)
    _log1p_of_sum(np, e, spare, out)


def _log1p_of_sum(np: Any, e: Any, total: Any, out: Any) -> None:
    """Write log(1 + e), given what 1 + e was rounded to, which is overwritten."""
    np.log(total, out=out)
    np.subtract(total, 1, out=total)
    np.subtract(e, total, out=total)
    np.add(out, total, out=out)


def _largest(x: Any) -> float:
    """Return the largest number, or NaN: NumPy finds its place in less time than itself, and PyTorch has `amax`."""
    return float(x.amax() if hasattr(x, "amax") else x.item(x.argmax()))


def _smallest(x: Any) -> float:
    return float(x.amin() if hasattr(x, "amin") else x.item(x.argmin()))


def _within(x: Any) -> bool:
    """Whether all numbers lie in [0, 1]."""
    return _smallest(x) >= 0 and _largest(x) <= 1


def _sides(np: Any, t: Any, epsilon: float, positive: Any, negative: Any) -> None:
    """Write the masses of both labels, smoothed by ε."""
    positive[...] = t
    np.subtract(1, positive, out=negative)
    if epsilon != 0:
        for side in (positive, negative):
            np.multiply(side, 1 - epsilon, out=side)
            np.add(side, epsilon / 2, out=side)
