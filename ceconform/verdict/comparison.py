"""Comparison: the numbers of an answer beside the exact ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import Excerpt, Numbers
from ceconform.corpus.excerpt import listed
from ceconform.formats import FORMATS, rounded, unit_in_the_last_place
from ceconform.verdict.kinds import rank

__all__ = ["Comparison", "Floats", "Wanted", "compare", "wanted"]

Floats = NDArray[np.float64]
CACHED = 65_536
"""Values and gradients that every implementation is held against: of each case in each dtype, and by conventions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Wanted:
    """Exact numbers as a dtype sees them, flat; of very many some, with the sums of all."""

    rounded: Floats
    residual: Floats
    """Exact minus rounded; 0 where either is not finite."""
    zero: NDArray[np.bool_]
    """Where the exact number itself is 0, as against one that underflows."""
    condition: Floats
    terms: int
    shape: tuple[int, ...]
    places: NDArray[np.intp] | None = None
    """Where the numbers stand, if they are but some."""
    sums: tuple[Wanted, ...] = ()
    """Then the sum of all, and that of their sizes, in binary64."""
    count: int = 1
    """How many numbers have been added up, each of them rounded."""


SUMS = ("sum", "absolute sum")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The worst element of a comparison; `kind` is empty if all pass."""

    kind: str
    of: str = ""
    """`sum` or `absolute sum`, where it is not an element."""
    index: tuple[int, ...]
    got: float
    wanted: float
    ulps: float | None
    nearness: float
    """The largest error in units of its bound: at most 1 if all pass."""


@lru_cache(maxsize=CACHED)
def _wanted(exact: _Identity, condition: _Identity, terms: int, dtype: str) -> Wanted:
    numbers, scales = exact.numbers, condition.numbers
    right = _each(listed(numbers), listed(scales), terms, dtype, numbers.shape)
    if not isinstance(numbers, Excerpt) or not isinstance(scales, Excerpt):
        return right
    places = np.asarray(numbers.places, dtype=np.intp)
    if not np.all(np.isfinite(right.rounded)):  # the largest are among them: what overflows has no sum to meet
        return replace(right, places=places)
    scale = np.asarray([scales.sum], dtype=object)
    sums = tuple(
        replace(
            _each(np.asarray([total], dtype=object), scale, terms, "float64", ()),
            zero=np.zeros(1, dtype=np.bool_),
            count=math.prod(numbers.shape),
        )
        for total in (numbers.sum, numbers.absolute_sum)
    )
    return replace(right, places=places, sums=sums)


def _each(exact: Numbers, condition: Numbers, terms: int, dtype: str, shape: tuple[int, ...]) -> Wanted:
    numbers = exact.tolist()
    nearest = np.asarray([rounded(number, dtype) for number in numbers], dtype=np.float64)
    residual = [
        float(number - number.from_float(near)) if number.is_finite() and math.isfinite(near) else 0.0
        for number, near in zip(numbers, nearest.tolist(), strict=True)
    ]
    conditions = np.asarray([float(number) for number in condition.tolist()], dtype=np.float64)
    return Wanted(
        rounded=nearest,
        residual=np.asarray(residual, dtype=np.float64),
        zero=np.asarray([not number for number in numbers], dtype=np.bool_),
        condition=np.where(np.isfinite(conditions), conditions, np.abs(nearest)),
        terms=terms,
        shape=shape,
    )


class _Identity:
    """An array as a key of the cache: the same array, not an equal one."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: Numbers | Excerpt) -> None:
        self.numbers = numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.numbers is self.numbers

    def __hash__(self) -> int:
        return id(self.numbers)


def wanted(exact: Numbers | Excerpt, condition: Numbers | Excerpt, terms: int, dtype: str) -> Wanted:
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
    sums: Sequence[float] = (),
) -> Comparison:
    """Judge each number of an answer, and the sums where only some are stated, and keep the worst.

    A number passes within (8 + log2 n) · eps · condition + the smallest subnormal (the smallest normal where the
    backend flushes) of the rounded exact one; an exact 0, ±inf or NaN must be given exactly. What misses is

    - `accumulated-rounding` within the same bound with n in the place of log2 n;
    - `lost-precision` within sqrt(eps) · condition, half of the digits that the inputs allow (an exact 0 has none),
      or within (8 + n) · eps · `scale`, what terms of that size leave when they cancel, where eps is at least that of
      float32: a float64 answer that went through float32 is right to fewer digits and not wrong;
    - `vanished-gradient` for a gradient of 0 beyond the first of these bounds;
    - `wrong-value` or `wrong-gradient` else.

    The sum of numbers that are all right, each rounded once, is within (9 + log2 n) · eps · the sum of their conditions
    + for each of them twice the smallest subnormal. That is asked of the sums; a 0 among them need not be met exactly.

    Parameters
    ----------
    values
        The answer, flat, as many numbers as `wanted` has.
    scale
        The size of the terms that the loss adds up.
    invalid
        The input is invalid: a finite number where NaN is wanted has accepted it.
    slack
        An absolute error of each number that is allowed beside the bound.
    sums
        Of all numbers and of their sizes, where `values` are those at the places of `wanted`.
    """
    how = _How(dtype=dtype, part=part, scale=scale, flushes=flushes_subnormals, invalid=invalid, slack=slack)
    found = _worst(np.asarray(values, dtype=np.float64).tobytes(), wanted, how)
    for name, total, right in zip(SUMS, sums, wanted.sums, strict=False):
        other = _worst(np.asarray([total], dtype=np.float64).tobytes(), right, how)
        nearness = max(found.nearness, other.nearness)
        worse = rank(other.kind) < rank(found.kind)
        found = replace(other if worse else found, of=name if worse else found.of, ulps=found.ulps, nearness=nearness)
    return found


@dataclass(frozen=True, kw_only=True)
class _How:
    """How numbers are compared; see `compare`."""

    dtype: str
    part: str
    scale: float
    flushes: bool
    invalid: bool
    slack: float


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bounds:
    """What an error is held against, number by number: the same for every implementation."""

    passing: Floats
    """-1 where nothing but the number itself passes."""
    measured: Floats
    accumulated: Floats
    half: Floats
    """Half of the digits that the inputs allow."""
    finite: NDArray[np.bool_]
    nan: NDArray[np.bool_]
    unit: Floats
    """In the last place."""


@lru_cache(maxsize=CACHED)
def _bounds(wanted: Wanted, dtype: str, flushes: bool, slack: float) -> _Bounds:
    form, right, condition = FORMATS[dtype], wanted.rounded, wanted.condition
    tiny = form.smallest_normal if flushes else form.smallest_subnormal
    n, count, few = max(wanted.terms, 1), wanted.count, 8
    if wanted.count > 1:  # a sum, of numbers that have been rounded
        few, tiny = 9, 2 * count * tiny
    with np.errstate(all="ignore"):
        bound = (few + math.log2(n)) * form.eps * condition + tiny + count * slack
        return _Bounds(
            passing=np.where(wanted.zero, -1.0, bound),
            measured=bound,
            accumulated=np.where(wanted.zero, -1.0, (few + n) * form.eps * condition + tiny),
            half=np.where(wanted.zero, 0.0, math.sqrt(form.eps) * condition),
            finite=np.isfinite(right),
            nan=np.isnan(right),
            unit=unit_in_the_last_place(right, dtype),
        )


@lru_cache(maxsize=CACHED)
def _worst(numbers: bytes, wanted: Wanted, how: _How) -> Comparison:
    """The same numbers come from many an implementation; bytes tell -0 from 0, and know a NaN again."""
    got = np.frombuffer(numbers)
    if not got.size:
        return Comparison(kind="", index=(), got=math.nan, wanted=math.nan, ulps=0.0, nearness=0.0)
    right, bounds = wanted.rounded, _bounds(wanted, how.dtype, how.flushes, how.slack)
    with np.errstate(all="ignore"):
        difference = got - right
        error = np.abs(difference)
        exactly = (got == right) | (np.isnan(got) & bounds.nan)
        measurable = np.isfinite(got) & bounds.finite
        ratio = np.where(exactly, 0.0, np.where(measurable, error / bounds.measured, np.inf))
        ulps = np.abs(difference - wanted.residual) / bounds.unit
    passes = exactly | (measurable & (error <= bounds.passing))
    largest = float(np.where(measurable, ulps, 0.0).max())
    kind = ""
    if passes.all():
        worst = int(np.where(exactly, 0.0, ulps).argmax())
    else:
        kinds = {at: _kind(at, got, error, wanted, bounds, how) for at in np.flatnonzero(~passes).tolist()}
        worst = min(kinds, key=lambda at: (rank(kinds[at]), -ratio[at], at))
        kind = kinds[worst]
    place = worst if wanted.places is None else int(wanted.places[worst])
    return Comparison(
        kind=kind,
        index=tuple(int(i) for i in np.unravel_index(place, wanted.shape)),
        got=float(got[worst]),
        wanted=float(right[worst]),
        ulps=largest if (measurable | exactly).all() and math.isfinite(largest) else None,
        nearness=float(ratio.max()),
    )


def _kind(at: int, got: Floats, error: Floats, wanted: Wanted, bounds: _Bounds, how: _How) -> str:
    """Name what is wrong with one number that misses."""
    number, measurable = float(got[at]), bool(np.isfinite(got[at]) and bounds.finite[at])
    if bounds.nan[at]:
        if how.invalid and how.part == "value" and math.isfinite(number):
            return "accepted-invalid-input"
    elif math.isnan(number):
        return "nan-for-a-number"
    elif math.isinf(number) and bounds.finite[at]:
        return "infinite-for-a-number"
    if measurable and error[at] <= bounds.accumulated[at]:
        return "accumulated-rounding"
    if how.part == "gradient" and number == 0 and not bounds.nan[at]:
        return "vanished-gradient"
    eps = max(FORMATS[how.dtype].eps, FORMATS["float32"].eps)
    lost = max(bounds.half[at], (8 + max(wanted.terms, 1)) * eps * wanted.count * how.scale)
    if measurable and error[at] <= lost:
        return "lost-precision"
    return "wrong-gradient" if how.part == "gradient" else "wrong-value"
