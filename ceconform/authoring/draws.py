"""Draws: deterministic numbers of a format, the same on every machine.

Everything comes from splitmix64 by exact arithmetic; no function of the machine's own, whose last digit may differ,
takes part. Each draw is a number of the format, so that nothing is rounded later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus.generators import mix
from ceconform.formats import FORMATS, Format, rounded

__all__ = ["Draws", "Floats"]

Floats = NDArray[np.float64]
_LOGARITHM = Context(prec=40)


@dataclass
class Draws:
    """A stream of numbers; drawing again goes on, so the order of the calls is part of the seed."""

    dtype: str
    seed: int

    @property
    def form(self) -> Format:
        """The format."""
        return FORMATS[self.dtype]

    def _next(self, count: int) -> NDArray[np.uint64]:
        self.seed += 1
        return mix(self.seed * 0x1_0000_0001 % 2**63, count)

    def rounded(self, values: Floats) -> Floats:
        """Round to the nearest number of the format, ties to even; no number here is near its largest one."""
        if self.dtype == "float64":
            return values
        exponents = np.maximum(np.frexp(values)[1] - 1, self.form.emin)
        quantum = np.ldexp(1.0, exponents - self.form.bits + 1)
        return np.asarray(np.rint(values / quantum) * quantum, dtype=np.float64)

    def units(self, count: int) -> Floats:
        """Uniform in [0, 1), whole multiples of 2**-53; not rounded to the format."""
        return np.asarray((self._next(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53)

    def whole(self, count: int, low: int, high: int) -> NDArray[np.int64]:
        """Whole numbers from low to high - 1."""
        upper = (self._next(count) >> np.uint64(32)) * np.uint64(high - low)
        return (upper >> np.uint64(32)).astype(np.int64) + low

    def uniform(self, count: int, low: float, high: float) -> Floats:
        """Uniform between two numbers.

        >>> Draws("bfloat16", 1).uniform(3, -8, 8).tolist()
        [2.515625, -3.15625, 0.458984375]
        """
        return self.rounded(low + (high - low) * self.units(count))

    def scaled(self, count: int, low: int, high: int) -> Floats:
        """Positive numbers (1 + u) 2^e of every size from 2^low to 2^high, as often small as large."""
        exponents = np.minimum(low + np.floor(self.units(count) * (high - low)), high - 1).astype(np.int64)
        return self.rounded(np.ldexp(1 + self.units(count), exponents))

    def signs(self, count: int) -> Floats:
        """-1 or 1."""
        return np.asarray(self.whole(count, 0, 2) * 2.0 - 1.0, dtype=np.float64)

    def logits(self, count: int, largest: float = 1e4) -> Floats:
        """Of both signs and every size up to `largest`."""
        sizes = self.scaled(count, -self.form.bits - 4, int(largest).bit_length())
        return self.signs(count) * np.minimum(sizes, rounded(largest, self.dtype))

    def probabilities(self, count: int) -> Floats:
        """A third next to 0, down to the subnormal numbers, a third next to 1, a third in the middle; never 0 or 1."""
        form = self.form
        small = self.scaled(count, form.emin - form.bits // 2, -1)
        large = 1 - self.scaled(count, 1, form.bits) * 2.0**-form.bits
        middle = np.maximum(self.uniform(count, 0, 1), 2.0**-form.bits)
        kind = np.arange(count) % 3
        found = np.where(kind == 0, small, np.where(kind == 1, self.rounded(large), middle))
        return np.clip(found, form.smallest_subnormal, 1 - form.eps / 2)

    def distributions(self, rows: int, classes: int) -> Floats:
        """Rows that add up to exactly 1: from flat ones to those that one class dominates.

        Each part is a whole multiple of 2**(1 - bits). Where that leaves fewer than two parts for each class, some
        classes have none.
        """
        whole = 2 ** (self.form.bits - 1)
        every = max(1, -(-2 * classes // whole))
        found = np.zeros((rows, classes))
        for row in range(rows):
            count = len(range(row % every, classes, every))
            exponents = self.whole(count, 0, row % 4 * 8 + 1)
            sizes = np.ldexp(64 + np.floor(64 * self.units(count)), exponents)
            weights = [int(size) for size in sizes.tolist()]
            left, total = whole - count, sum(weights)
            parts = [1 + weight * left // total for weight in weights]
            parts[int(np.argmax(sizes))] += whole - sum(parts)
            found[row, row % every :: every] = [part / whole for part in parts]
        return found

    def log_odds(self, probabilities: Sequence[float]) -> Floats:
        """log(t / (1 - t)) to the nearest number of the format."""
        exact = []
        for t in probabilities:
            odds = Fraction(t) / (1 - Fraction(t))
            exact.append(_LOGARITHM.ln(_LOGARITHM.divide(Decimal(odds.numerator), Decimal(odds.denominator))))
        return np.asarray([rounded(number, self.dtype) for number in exact])
