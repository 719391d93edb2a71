"""Excerpts: very many numbers, of which some are stated, and what all of them add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["LONG", "Excerpt", "Numbers", "excerpt", "listed"]

Numbers: TypeAlias = NDArray[np.object_]
"""An array of `decimal.Decimal`, 40 significant digits, with inf, -inf and nan."""

LONG = 256
"""An answer of more finite numbers is stated as an excerpt."""
_WIDE = Context(prec=80, Emax=999_999_999, Emin=-999_999_999, traps=[])
_PLACES = 35
"""The sums are stated to as many decimal places after the first digit of the absolute sum: each number has been rounded
to 40 digits, and what cancels to less than that is 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Excerpt:
    """Some numbers of an array, and the sums of all."""

    shape: tuple[int, ...]
    """Of the whole array."""
    places: tuple[int, ...]
    """Where the stated numbers stand, in row-major order."""
    numbers: Numbers
    """Those, flat."""
    sum: Decimal
    absolute_sum: Decimal
    """The sum of the sizes."""


def excerpt(values: Numbers, places: Sequence[int]) -> Excerpt:
    """State an array by its numbers at some places and by its sums.

    Examples
    --------
    >>> import numpy as np
    >>> found = excerpt(np.array([Decimal(1), Decimal("-0.25"), Decimal(2)], dtype=object), [0, 2])
    >>> str(found.sum), str(found.absolute_sum), found.numbers.tolist()
    ('2.75', '3.25', [Decimal('1'), Decimal('2')])
    """
    total = size = Decimal(0)
    for value in values.ravel().tolist():
        total, size = _WIDE.add(total, value), _WIDE.add(size, _WIDE.abs(value))
    if size.is_finite() and size:
        unit = Decimal((0, (1,), size.adjusted() - _PLACES))
        total, size = (_WIDE.quantize(each, unit) for each in (total, size))
    return Excerpt(
        shape=values.shape,
        places=tuple(places),
        numbers=values.ravel()[list(places)],
        sum=_plain(total),
        absolute_sum=_plain(size),
    )


def listed(numbers: Numbers | Excerpt) -> Numbers:
    """The numbers that are stated, flat."""
    return numbers.numbers if isinstance(numbers, Excerpt) else numbers.ravel()


def _plain(total: Decimal) -> Decimal:
    return _WIDE.normalize(total) if total.is_finite() else total
