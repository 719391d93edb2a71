"""An observation: what an implementation answered to one call by one route."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ceconform.corpus import Excerpt, Numbers

__all__ = ["Answer", "Observation"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One array as an implementation gave it, or the error that it raised instead."""

    values: tuple[float, ...] = ()
    """Flat, in row-major order; every dtype that is asked widens to float64 exactly."""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    device: str = ""
    raised: str = ""
    """`TypeName: message`, if the library raised."""
    places: tuple[int, ...] = ()
    """Where the values stand, if they are but some of the array's."""
    sums: tuple[float, ...] = ()
    """Then the sum of all of them, and that of their sizes, in binary64 rounded once."""

    @property
    def none(self) -> bool:
        """Whether nothing came, as `None` for a gradient by what the library does not follow."""
        return not self.raised and not self.values and self.shape == ()

    def beside(self, expected: Numbers | Excerpt | None) -> Answer:
        """As much of the answer as is stated: all of it, or its numbers at the same places and its sums."""
        if not isinstance(expected, Excerpt) or self.raised or self.places or self.shape != expected.shape:
            return self
        values = tuple(self.values[place] for place in expected.places)
        return replace(
            self, values=values, places=expected.places, sums=(_sum(self.values), _sum(map(abs, self.values)))
        )


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What came of asking one call by one route.

    `status` is `answered` (the library returned or raised), `unsupported` (it cannot say the call: `reason`), `error`
    (the adapter failed: `reason`), `crash` (the process died: `reason`) or `timeout`.
    """

    status: str
    via: str = ""
    """The entry point, `F.cross_entropy`."""
    expression: str = ""
    """The library's own words, `F.cross_entropy(logits, labels, reduction='none')`."""
    value: Answer | None = None
    gradient: Answer | None = None
    """None where the library has no autodiff, or `no_gradient` says why."""
    no_gradient: str = ""
    reason: str = ""
    seconds: float = 0.0
    compiling: float = 0.0
    """Of these seconds, those in which the library compiled, where it tells."""

    def beside(self, loss: Numbers | Excerpt | None, gradient: Numbers | Excerpt | None) -> Observation:
        """As much of the answers as is stated of each."""
        found = None if self.value is None else self.value.beside(loss)
        slope = None if self.gradient is None else self.gradient.beside(gradient)
        if found is self.value and slope is self.gradient:
            return self
        return replace(self, value=found, gradient=slope)


def _sum(numbers: Iterable[float]) -> float:
    """Without an error of its own."""
    every = tuple(numbers)
    try:
        return math.fsum(every)
    except (OverflowError, ValueError):  # beyond the largest number; infinities of both signs
        return sum(every)
