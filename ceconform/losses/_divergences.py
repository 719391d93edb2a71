"""The kernels of the divergences between distributions."""

from __future__ import annotations

import math
from typing import Any

from ceconform.losses._kernel import Kernel, per, times
from ceconform.losses._stable import log_ratio, total, within

__all__ = ["brier", "entropy", "kl"]


def _guarded(xp: Any, answer: Any, wrong: Any, axis: int | None) -> Any:
    """Return the answer, and NaN in a row where something is wrong."""
    wrong = wrong if axis is None else xp.any(wrong, axis=axis, keepdims=True)
    return xp.where(wrong, math.nan, answer)


def kl(axis: int) -> Kernel:
    """Return Σ w_c q_c log(q_c/p_c), a kernel of (p, q, w)."""

    def wrong(xp: Any, p: Any, q: Any, w: Any) -> Any:
        mass = times(xp, w, q)
        lost = xp.isnan(within(xp, p, 0, 1)) | xp.isnan(mass)
        return lost & xp.any(mass != 0, axis=axis, keepdims=True)

    def value(xp: Any, p: Any, q: Any, w: Any) -> Any:
        answer = total(xp, times(xp, times(xp, w, q), log_ratio(xp, q, p)), axis, keepdims=True)
        return xp.squeeze(_guarded(xp, answer, wrong(xp, p, q, w), axis), axis=axis)

    def by_p(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return _guarded(xp, -per(xp, times(xp, w, q), p), wrong(xp, p, q, w), axis)

    def by_q(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return times(xp, w, log_ratio(xp, q, p) + 1)

    def by_w(xp: Any, p: Any, q: Any, w: Any) -> Any:  # noqa: ARG001 - the shape of a slope
        return times(xp, q, log_ratio(xp, q, p))

    def scaled_slope(xp: Any, factor: Any, p: Any, q: Any, w: Any) -> Any:
        return by_p(xp, p, q, factor * w)  # 1/p may be infinite where the product is not

    return Kernel(value, (by_p, by_q, by_w), axis, scaled_slope=scaled_slope)


def entropy(axis: int) -> Kernel:
    """Return -Σ p_c log p_c, a kernel of p."""

    def wrong(xp: Any, p: Any) -> Any:
        return xp.isnan(within(xp, p, 0, 1))

    def value(xp: Any, p: Any) -> Any:
        answer = total(xp, times(xp, p, -xp.log(p)), axis, keepdims=True)
        return xp.squeeze(_guarded(xp, answer, wrong(xp, p), axis), axis=axis)

    def by_p(xp: Any, p: Any) -> Any:
        return _guarded(xp, -(xp.log(p) + 1), wrong(xp, p), axis)

    return Kernel(value, (by_p,), axis)


def brier(axis: int | None) -> Kernel:
    """Return Σ w_c (p_c - q_c)², a kernel of (p, q, w); of single elements where there is no axis."""

    def wrong(xp: Any, p: Any, q: Any, w: Any) -> Any:
        lost = xp.isnan(within(xp, p, 0, 1)) | xp.isnan(q)
        return lost if axis is None else lost & xp.any(w != 0, axis=axis, keepdims=True)

    def value(xp: Any, p: Any, q: Any, w: Any) -> Any:
        squares = times(xp, w, (p - q) ** 2)
        if axis is None:
            return _guarded(xp, squares, wrong(xp, p, q, w), axis)
        answer = total(xp, squares, axis, keepdims=True)
        return xp.squeeze(_guarded(xp, answer, wrong(xp, p, q, w), axis), axis=axis)

    def by_p(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return _guarded(xp, 2 * times(xp, w, p - q), wrong(xp, p, q, w), axis)

    def by_q(xp: Any, p: Any, q: Any, w: Any) -> Any:
        return -by_p(xp, p, q, w)

    def by_w(xp: Any, p: Any, q: Any, w: Any) -> Any:  # noqa: ARG001 - the shape of a slope
        return (p - q) ** 2

    return Kernel(value, (by_p, by_q, by_w), axis)
