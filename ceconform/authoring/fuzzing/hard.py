"""Hard numbers: for each space of a dtype plain numbers, those at its edges, and any between two bounds.

One strategy a space is made once, because making it takes longer than drawing from it. With `strange`, numbers that are
invalid there, and NaN, are among them.
"""

from __future__ import annotations

import math
from functools import cache

from hypothesis import strategies as st

from ceconform.formats import FORMATS, rounded

__all__ = ["log_probabilities", "logits", "probabilities", "shares", "weights"]


@cache
def logits(dtype: str, *, strange: bool = False, finite: bool = False) -> st.SearchStrategy[float]:
    """Around 0, where exp overflows or underflows, where log1p(exp) rounds to its argument, limits, infinities."""
    form = FORMATS[dtype]
    over, under = form.emax * math.log(2), (form.bits - form.emin) * math.log(2)
    last = form.bits * math.log(2)
    hard = _of(dtype, last, -last, over, -over, over + 1, under, -under, 100, -100, 1000, -1000, 1 + form.eps)
    # The products of a layer stay within the dtype.
    largest = math.ldexp(1.0, form.emax // 2 - 4) if finite else _largest(dtype)
    hard += [s * x for x in (form.eps, form.smallest_normal, form.smallest_subnormal, largest) for s in (1, -1)]
    hard = [x for x in hard if abs(x) <= largest]
    hard += [-0.0] if finite else [-math.inf, math.inf, -0.0]
    hard += [math.nan] if strange else []
    return _mixed(dtype, (0, 1, -1, 2, -2, 0.5, -0.5, 3, 10, -10), hard, -20.0, 20.0)


@cache
def probabilities(dtype: str, *, strange: bool = False) -> st.SearchStrategy[float]:
    """In the middle, at and next to 0 and 1, where libraries clip."""
    form = FORMATS[dtype]
    hard = [1.0, 0.0, 1 - form.eps / 2, 1 - form.eps, form.eps, form.smallest_normal, form.smallest_subnormal]
    hard += _of(dtype, 1e-7, 1 - 1e-7, 1e-4, 1 - 2.0**-6, 5e-8, 1e-3)
    hard += [1.5, -0.5, 1 + form.eps, -form.eps, math.nan] if strange else []
    return _mixed(dtype, (0.5, 0.25, 0.75, 0.125, 0.1, 0.9), hard, 0.0, 1.0)


@cache
def log_probabilities(dtype: str, *, strange: bool = False) -> st.SearchStrategy[float]:
    """From 0 down."""
    form = FORMATS[dtype]
    hard = [0.0, -0.0, -form.eps, -form.smallest_normal, -form.smallest_subnormal, -_largest(dtype), -math.inf]
    hard += _of(dtype, -100, -1000)
    hard += [0.5, form.eps, math.nan] if strange else []
    return _mixed(dtype, (-1, -0.5, -2, -0.25, -3), hard, -20.0, 0.0)


@cache
def weights(dtype: str, *, strange: bool = False) -> st.SearchStrategy[float]:
    """0 or more, of any size."""
    form = FORMATS[dtype]
    huge = math.ldexp(1.0, form.emax // 2)  # some of them, multiplied and added up, stay within the dtype
    hard = [0.0, form.smallest_normal, form.smallest_subnormal, huge, form.eps]
    hard += _of(dtype, 100, 1e-3)
    hard += [-1.0, math.inf, math.nan] if strange else []
    return _mixed(dtype, (1, 2, 0.5, 3), hard, 0.0, 8.0)


@cache
def shares(dtype: str, *, strange: bool = False) -> st.SearchStrategy[float]:
    """Labels of a binary loss, or one class's part of a row."""
    invalid = [1.5, -0.5, math.nan] if strange else []
    return st.sampled_from([1.0, 0.0, 0.5, 0.25, *_of(dtype, 0.9, 1e-4, 0.3), FORMATS[dtype].eps, *invalid])


def _largest(dtype: str) -> float:
    return math.ldexp(2.0 - FORMATS[dtype].eps, FORMATS[dtype].emax)


def _of(dtype: str, *numbers: float) -> list[float]:
    """These numbers in the dtype, each once."""
    return list(dict.fromkeys(rounded(number, dtype) for number in numbers))


def _mixed(
    dtype: str, plain: tuple[float, ...], hard: list[float], low: float, high: float
) -> st.SearchStrategy[float]:
    anything = st.floats(low, high).map(lambda number: rounded(number, dtype))
    return st.one_of(st.sampled_from(_of(dtype, *plain)), st.sampled_from(hard), anything)
