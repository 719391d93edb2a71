"""Comparison: the numbers of an answer beside the exact ones."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import Excerpt, Numbers
from ceconform.corpus.excerpt import listed
from ceconform.formats import FORMATS, last_place, rounded
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
    nearest = [rounded(number, dtype) for number in numbers]
    residual = [
        float(number - number.from_float(near)) if math.isfinite(near) else 0.0
        for number, near in zip(numbers, nearest, strict=True)
    ]
    sizes = [
        size if math.isfinite(size) else abs(near)
        for size, near in zip(map(float, condition.tolist()), nearest, strict=True)
    ]
    return Wanted(
        rounded=np.asarray(nearest, dtype=np.float64),
        residual=np.asarray(residual, dtype=np.float64),
        zero=np.asarray([not number for number in numbers], dtype=np.bool_),
        condition=np.asarray(sizes, dtype=np.float64),
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
    how = _How(dtype, part, scale, flushes_subnormals, invalid, slack)
    found = _worst(array("d", values).tobytes(), wanted, how)
    for name, total, right in zip(SUMS, sums, wanted.sums, strict=False):
        other = _worst(array("d", (total,)).tobytes(), right, how)
        nearness = max(found.nearness, other.nearness)
        worse = rank(other.kind) < rank(found.kind)
        found = replace(other if worse else found, of=name if worse else found.of, ulps=found.ulps, nearness=nearness)
    return found


class _How(NamedTuple):
    """How numbers are compared; see `compare`."""

    dtype: str
    part: str
    scale: float
    flushes: bool
    invalid: bool
    slack: float


class _Bound(NamedTuple):
    """One exact number, and what an error is held against: the same for every implementation."""

    right: float
    """As the dtype sees it."""
    residual: float
    passing: float
    """-1 where nothing but the number itself passes."""
    measured: float
    accumulated: float
    half: float
    """Half of the digits that the inputs allow."""
    noise: float
    """What a term of size 1 may leave when it cancels."""
    unit: float
    """In the last place."""


class _Error(NamedTuple):
    """What is wrong with one number; no kind if it passes."""

    kind: str
    ratio: float
    """In units of the bound."""
    ulps: float | None
    exactly: bool


@lru_cache(maxsize=CACHED)
def _bounds(wanted: Wanted, dtype: str, flushes: bool, slack: float) -> list[_Bound]:
    form = FORMATS[dtype]
    tiny = form.smallest_normal if flushes else form.smallest_subnormal
    n, count, few = max(wanted.terms, 1), wanted.count, 8
    if wanted.count > 1:  # a sum, of numbers that have been rounded
        few, tiny = 9, 2 * count * tiny
    passing, accumulated, half = (few + math.log2(n)) * form.eps, (few + n) * form.eps, math.sqrt(form.eps)
    noise = (8 + n) * max(form.eps, FORMATS["float32"].eps) * count
    numbers = (each.tolist() for each in (wanted.rounded, wanted.residual, wanted.zero, wanted.condition))
    found = []
    for right, residual, zero, condition in zip(*numbers, strict=True):
        bound = passing * condition + tiny + count * slack
        found.append(
            _Bound(
                right=right,
                residual=residual,
                passing=-1.0 if zero else bound,
                measured=bound,
                accumulated=-1.0 if zero else accumulated * condition + tiny,
                half=0.0 if zero else half * condition,
                noise=noise,
                unit=last_place(right, dtype) if math.isfinite(right) else math.inf,
            )
        )
    return found


@lru_cache(maxsize=CACHED)
def _worst(numbers: bytes, wanted: Wanted, how: _How) -> Comparison:
    """The same numbers come from many an implementation; bytes tell -0 from 0, and know a NaN again."""
    got = array("d", numbers)
    if not got:
        return Comparison(kind="", index=(), got=math.nan, wanted=math.nan, ulps=0.0, nearness=0.0)
    bounds = _bounds(wanted, how.dtype, how.flushes, how.slack)
    errors = [_error(number, bound, how) for number, bound in zip(got, bounds, strict=True)]
    missed = [at for at, error in enumerate(errors) if error.kind]
    if missed:
        worst = min(missed, key=lambda at: (rank(errors[at].kind), -errors[at].ratio, at))
    else:
        worst = max(range(len(errors)), key=lambda at: 0.0 if errors[at].exactly else errors[at].ulps or 0.0)
    largest = max(error.ulps or 0.0 for error in errors)
    measured = all(error.exactly or error.ulps is not None for error in errors)
    place = worst if wanted.places is None else int(wanted.places[worst])
    return Comparison(
        kind=errors[worst].kind,
        index=tuple(int(i) for i in np.unravel_index(place, wanted.shape)),
        got=got[worst],
        wanted=bounds[worst].right,
        ulps=largest if measured and math.isfinite(largest) else None,
        nearness=max(error.ratio for error in errors),
    )


def _error(got: float, bound: _Bound, how: _How) -> _Error:
    exactly = got == bound.right or (math.isnan(got) and math.isnan(bound.right))
    if not (math.isfinite(got) and math.isfinite(bound.right)):
        return _Error("" if exactly else _kind(got, None, bound, how), 0.0 if exactly else math.inf, None, exactly)
    error = abs(got - bound.right)
    ulps = abs(got - bound.right - bound.residual) / bound.unit
    kind = "" if exactly or error <= bound.passing else _kind(got, error, bound, how)
    return _Error(kind, 0.0 if exactly else error / bound.measured, ulps, exactly)


def _kind(got: float, error: float | None, bound: _Bound, how: _How) -> str:
    """Name what is wrong with one number that misses; there is no error where one of the two is not finite."""
    if math.isnan(bound.right):
        if how.invalid and how.part == "value" and math.isfinite(got):
            return "accepted-invalid-input"
    elif math.isnan(got):
        return "nan-for-a-number"
    elif math.isinf(got) and math.isfinite(bound.right):
        return "infinite-for-a-number"
    if error is not None and error <= bound.accumulated:
        return "accumulated-rounding"
    if how.part == "gradient" and got == 0 and not math.isnan(bound.right):
        return "vanished-gradient"
    if error is not None and error <= max(bound.half, bound.noise * how.scale):
        return "lost-precision"
    return "wrong-gradient" if how.part == "gradient" else "wrong-value"
