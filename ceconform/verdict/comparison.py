"""Comparison: the numbers of an answer beside the exact ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import Numbers
from ceconform.formats import FORMATS, rounded, unit_in_the_last_place
from ceconform.verdict.kinds import rank

__all__ = ["Comparison", "Floats", "Wanted", "compare", "wanted"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Wanted:
    """Exact numbers as a dtype sees them, flat."""

    rounded: Floats
    residual: Floats
    """Exact minus rounded; 0 where either is not finite."""
    zero: NDArray[np.bool_]
    """Where the exact number itself is 0, as against one that underflows."""
    condition: Floats
    terms: int
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The worst element of a comparison; `kind` is empty if all pass."""

    kind: str
    index: tuple[int, ...]
    got: float
    wanted: float
    ulps: float | None
    nearness: float
    """The largest error in units of its bound: at most 1 if all pass."""


@lru_cache(maxsize=512)
def _wanted(exact: _Identity, condition: _Identity, terms: int, dtype: str) -> Wanted:
    numbers = exact.numbers.ravel()
    nearest = np.asarray([rounded(number, dtype) for number in numbers], dtype=np.float64)
    residual = [
        float(number - number.from_float(near)) if number.is_finite() and math.isfinite(near) else 0.0
        for number, near in zip(numbers, nearest.tolist(), strict=True)
    ]
    conditions = np.asarray([float(number) for number in condition.numbers.ravel()], dtype=np.float64)
    return Wanted(
        rounded=nearest,
        residual=np.asarray(residual, dtype=np.float64),
        zero=np.asarray([not number for number in numbers], dtype=np.bool_),
        condition=np.where(np.isfinite(conditions), conditions, np.abs(nearest)),
        terms=terms,
        shape=exact.numbers.shape,
    )


class _Identity:
    """An array as a key of the cache: the same array, not an equal one."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.numbers is self.numbers

    def __hash__(self) -> int:
        return id(self.numbers)


def wanted(exact: Numbers, condition: Numbers, terms: int, dtype: str) -> Wanted:
    """Round exact numbers, once, to a dtype. A condition that is not finite counts as the number itself."""
    return _wanted(_Identity(exact), _Identity(condition), terms, dtype)


def compare(
    values: Sequence[float] | Floats,
    wanted: Wanted,
    dtype: str,
    *,
    part: str = "value",
    scale: float = 0.0,
    flushes_subnormals: bool = False,
    invalid: bool = False,
    slack: float = 0.0,
) -> Comparison:
    """Judge each number of an answer and keep the worst.

    A number passes within (8 + log2 n) · eps · condition + the smallest subnormal (the smallest normal where the
    backend flushes) of the rounded exact one; an exact 0, ±inf or NaN must be given exactly. What misses is

    - `accumulated-rounding` within the same bound with n in the place of log2 n;
    - `lost-precision` within sqrt(eps) · condition, half of the digits that the inputs allow (an exact 0 has none),
      or within (8 + n) · eps · `scale`, what terms of that size leave when they cancel, where eps is at least that of
      float32: a float64 answer that went through float32 is right to fewer digits and not wrong;
    - `vanished-gradient` for a gradient of 0 beyond the first of these bounds;
    - `wrong-value` or `wrong-gradient` else.

    Parameters
    ----------
    values
        The answer, flat, as many numbers as `wanted` has.
    scale
        The size of the terms that the loss adds up.
    invalid
        The input is invalid: a finite number where NaN is wanted has accepted it.
    slack
        An absolute error that is allowed beside the bound.
    """
    form = FORMATS[dtype]
    got = np.asarray(values, dtype=np.float64)
    if not got.size:
        return Comparison(kind="", index=(), got=math.nan, wanted=math.nan, ulps=0.0, nearness=0.0)
    right = wanted.rounded
    tiny = form.smallest_normal if flushes_subnormals else form.smallest_subnormal
    n = max(wanted.terms, 1)
    with np.errstate(all="ignore"):
        error = np.abs(got - right)
        bound = (8 + math.log2(n)) * form.eps * wanted.condition + tiny + slack
        accumulated = (8 + n) * form.eps * wanted.condition + tiny
        eps = max(form.eps, FORMATS["float32"].eps)
        half = np.where(wanted.zero, 0.0, math.sqrt(form.eps) * wanted.condition)
        lost = np.maximum(half, (8 + n) * eps * scale)
        exactly = (got == right) | (np.isnan(got) & np.isnan(right))
        measurable = np.isfinite(got) & np.isfinite(right)
        ratio = np.where(exactly, 0.0, np.where(measurable, error / bound, np.inf))
        ulps = np.abs((got - right) - wanted.residual) / unit_in_the_last_place(right, dtype)
    passes = exactly | (measurable & ~wanted.zero & (error <= bound))
    if part == "gradient":
        kinds = np.where(measurable & (error <= lost), "lost-precision", "wrong-gradient")
        kinds = np.where((got == 0) & ~np.isnan(right), "vanished-gradient", kinds)
    else:
        kinds = np.where(measurable & (error <= lost), "lost-precision", "wrong-value")
    kinds = np.where(measurable & ~wanted.zero & (error <= accumulated), "accumulated-rounding", kinds)
    kinds = np.where(np.isfinite(right) & np.isinf(got), "infinite-for-a-number", kinds)
    kinds = np.where(np.isnan(got) & ~np.isnan(right), "nan-for-a-number", kinds)
    if invalid and part == "value":
        kinds = np.where(np.isnan(right) & np.isfinite(got), "accepted-invalid-input", kinds)
    largest = float(np.max(np.where(measurable, ulps, 0.0)))
    missed = np.flatnonzero(~passes)
    worst = (
        int(min(missed, key=lambda at: (rank(str(kinds[at])), -ratio[at], at)))
        if missed.size
        else int(np.argmax(np.where(exactly, 0.0, ulps)))
    )
    return Comparison(
        kind=str(kinds[worst]) if missed.size else "",
        index=tuple(int(i) for i in np.unravel_index(worst, wanted.shape)),
        got=float(got[worst]),
        wanted=float(right[worst]),
        ulps=largest if np.all(measurable | exactly) and math.isfinite(largest) else None,
        nearness=float(np.max(ratio)),
    )
