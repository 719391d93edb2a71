"""Sums: how an answer of very many numbers is stated, at some places and by what all of them add up to."""

from __future__ import annotations

from decimal import Context, Decimal

from ceconform.corpus import Numbers

__all__ = ["stated", "sums"]

ENDS, SPREAD, LARGEST = 8, 32, 16
_WIDE = Context(prec=80, traps=[])


def stated(values: Numbers) -> list[int]:
    """Choose the places, in row-major order: the ends, some between at equal distances, the largest numbers.

    >>> import numpy as np
    >>> len(stated(np.array([Decimal(place) for place in range(4096)], dtype=object)))
    54
    """
    flat = values.ravel().tolist()
    last = len(flat) - 1
    spread = {last * step // (SPREAD - 1) for step in range(SPREAD)}
    largest = sorted(range(len(flat)), key=lambda place: (-_size(flat[place]), place))[:LARGEST]
    return sorted({*range(min(ENDS, len(flat))), *range(max(0, last + 1 - ENDS), last + 1), *spread, *largest})


def sums(values: Numbers) -> dict[str, Decimal]:
    """Add up all numbers, and their sizes, so that no number that is not stated goes unseen.

    >>> import numpy as np
    >>> sums(np.array([Decimal(1), Decimal("-0.25")], dtype=object))
    {'sum': Decimal('0.75'), 'absolute_sum': Decimal('1.25')}
    """
    total = size = Decimal(0)
    for value in values.ravel().tolist():
        total, size = _WIDE.add(total, value), _WIDE.add(size, _WIDE.abs(value))
    return {"sum": total, "absolute_sum": size}


def _size(value: Decimal) -> Decimal:
    """A NaN comes first."""
    return Decimal("inf") if value.is_nan() else abs(value)
