"""Activations of a row, with their derivatives, and a loss behind one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import mpmath as mp

from ceconform.authoring.witness.forms import Local, softmax, total

__all__ = ["Activated", "activate", "composed"]


class Activated(NamedTuple):
    """Activated numbers, with their first derivatives (k by i) and the second (k by i and j)."""

    values: list[mp.mpf]
    first: Callable[[int, int], mp.mpf]
    second: Callable[[int, int, int], mp.mpf]


def activate(name: str, xs: Sequence[mp.mpf]) -> Activated | None:
    """Apply an activation to a row; None where it is indefinite."""
    if name.endswith("sigmoid"):
        return _of_elements(name, xs)
    found = softmax(xs)
    if found is None:
        return None
    ps, _, logs = found
    if name == "log_softmax":
        return Activated(logs, lambda k, i: (k == i) - ps[i], lambda _k, i, j: -ps[i] * ((i == j) - ps[j]))
    n = range(len(xs))
    bends = [[[_softmax_bend(ps, k, i, j) for j in n] for i in n] for k in n]
    return Activated(ps, lambda k, i: ps[k] * ((k == i) - ps[i]), lambda k, i, j: bends[k][i][j])


def _of_elements(name: str, xs: Sequence[mp.mpf]) -> Activated | None:
    """Sigmoid or its logarithm, each by itself: the softmax of x and 0."""
    found = [softmax([x, mp.mpf(0)]) for x in xs]
    sides = [[part[0] for part in each] for each in found if each is not None]
    if len(sides) < len(xs):
        return None
    ps, rests, logs = ([side[part] for side in sides] for part in range(3))
    if name == "sigmoid":
        values, slopes = ps, [p * r for p, r in zip(ps, rests, strict=True)]
        bends = [d * (r - p) for d, p, r in zip(slopes, ps, rests, strict=True)]
    else:
        values, slopes = logs, rests
        bends = [-p * r for p, r in zip(ps, rests, strict=True)]
    return Activated(values, lambda k, i: slopes[k] * (k == i), lambda k, i, j: bends[k] * (k == i == j))


def _softmax_bend(ps: Sequence[mp.mpf], k: int, i: int, j: int) -> mp.mpf:
    return ps[k] * (((k == i) - ps[i]) * ((k == j) - ps[j]) - ps[i] * ((i == j) - ps[j]))


def composed(outer: Local, inner: Activated) -> Local:
    """Apply the chain rule, for a loss of activated numbers."""
    n = range(len(outer.slopes))
    slopes = [total([outer.slopes[k] * inner.first(k, i) for k in n]) for i in n]

    def bend(i: int, j: int) -> mp.mpf:
        straight = [outer.bend(k, m) * inner.first(k, i) * inner.first(m, j) for k in n for m in n]
        return total([*straight, *(outer.slopes[k] * inner.second(k, i, j) for k in n)])

    return Local(outer.loss, slopes, bend)
