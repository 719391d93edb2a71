"""Layers: logits that are hidden · weightᵀ + bias, exactly, and the gradient by hidden from that by the logits.

What one relative rounding can do is asked of each product and of the bias, because every one of them is rounded: so
m_c = Σ_d |h_d W_cd| + |b_c| stands in the conditions where |z_c| stands for logits that are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, fmpq

from ceconform.corpus import Call
from ceconform.errors import CaseError
from ceconform.oracle.digits import Extended, Rational, ball
from ceconform.oracle.pool import Answer

__all__ = ["Layer", "read_layer"]

_ZERO = arb(0)


def _exact(x: float) -> Rational:
    return Fraction(x) if math.isfinite(x) else x


def _product(a: Rational, b: Rational) -> Rational:
    return a * b


def _size(x: Rational) -> Rational:
    return -x if x < 0 else x


def _sum(numbers: Sequence[Rational]) -> Rational:
    total: Rational = Fraction(0)
    for x in numbers:
        total = total + x
    return total


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """The weight, a row for each class, and the bias."""

    weight: Sequence[Sequence[Rational]]
    bias: Sequence[Rational]

    def logits(self, hidden: Sequence[float]) -> tuple[list[Rational], list[Rational]]:
        """Z_c and m_c."""
        features = [_exact(h) for h in hidden]
        rows: list[list[Rational]] = [[*map(_product, features, row)] for row in self.weight]
        terms = [[*row, b] for row, b in zip(rows, self.bias, strict=True)]
        return [_sum(each) for each in terms], [_sum([*map(_size, each)]) for each in terms]

    def carried(self, found: Answer, soft: Mapping[int, fmpq]) -> Answer:
        """The answer by hidden: g_d = Σ_c W_cd s_c, and Σ_c |W_cd| times the condition of each s_c."""
        features = range(len(self.weight[0]))
        slopes = dict(found.gradient)
        if any(isinstance(s, float) for s in slopes.values()):  # the softmax has no infinite slope
            nothing = dict.fromkeys(features, math.nan)
            return Answer(loss=found.loss, gradient=nothing, pull=found.pull, curvature=nothing)
        gradient: dict[int, Extended] = {}
        curvature: dict[int, Extended] = {}
        classes = sorted({*slopes, *found.curvature, *soft})
        spreads = {c: self._spread(found, soft, c) for c in classes}
        for d in features:
            column = {c: ball(self.weight[c][d]) for c in classes}
            gradient[d] = sum((column[c] * s for c, s in slopes.items()), _ZERO)
            curvature[d] = sum((abs(column[c]) * spreads[c] for c in classes), _ZERO)
        return Answer(loss=found.loss, gradient=gradient, pull=found.pull, curvature=curvature)

    @staticmethod
    def _spread(found: Answer, soft: Mapping[int, fmpq], c: int) -> arb:
        return abs(found.gradient.get(c, _ZERO)) + found.curvature.get(c, _ZERO) + arb(soft.get(c, fmpq(0)))


def read_layer(call: Call) -> Layer | None:
    """The layer of a call whose predictions are hidden.

    Raises
    ------
    CaseError
        For shapes that do not fit, and for an infinite number other than a bias.
    """
    if not call.spec.layer:
        return None
    hidden = np.shape(call.predictions)
    weight = np.asarray(call.get("weight", 0.0), dtype=np.float64)
    if not hidden or weight.ndim != 2 or weight.shape[1] != hidden[-1]:  # noqa: PLR2004 - classes and features
        raise CaseError(f"`weight` must have the shape (C, {hidden[-1:]}); got {weight.shape}")
    bias = np.asarray(call.get("bias", np.zeros(len(weight))), dtype=np.float64)
    if bias.shape != weight.shape[:1]:
        raise CaseError(f"`bias` must have the shape {weight.shape[:1]}; got {bias.shape}")
    if np.isinf(weight).any() or np.isinf(call.predictions).any():
        raise CaseError("`hidden` and `weight` must hold no infinity")
    return Layer(
        weight=[[_exact(w) for w in row] for row in weight.tolist()],
        bias=[_exact(b) for b in bias.tolist()],
    )
