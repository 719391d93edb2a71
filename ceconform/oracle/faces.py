"""Faces: a class's probability seen three ways, p, log p and 1 - p, each computed without cancellation.

Which way is sharp depends on where the probability comes from, so each origin has its own class.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from flint import arb

from ceconform.oracle.digits import sign
from ceconform.oracle.jets import Jet, Number, exp, expm1, log, log1p, value_of
from ceconform.oracle.tape import Tape

__all__ = [
    "OWN",
    "Beyond",
    "Face",
    "Infinite",
    "Limit",
    "Logarithm",
    "Partition",
    "Probability",
    "Quotient",
    "Sigmoid",
    "Softmax",
    "Value",
    "logarithm",
    "opposite",
    "probability",
    "sigmoid",
    "softmax",
]

OWN = -1
"""In `Infinite.slopes`: the class that is looked at."""
_HALF = arb(0.5)

Value: TypeAlias = Number | float
"""A finite number, or an infinity as a float."""


@dataclass(frozen=True, kw_only=True)
class Infinite:
    """A surprisal -log p that is no finite number, with what is known of its derivatives by the predictions."""

    value: float
    slopes: Mapping[int, float] = field(default_factory=dict)
    shared: Number | None = None
    """A finite part whose derivatives count although its value does not: the logsumexp beside a masked class."""


def _steep(p: Number) -> dict[int, float]:
    """The slope of -log p at p = 0 by the class's own prediction."""
    if isinstance(p, Jet) and 0 in p.first:
        return {OWN: -sign(p.first[0]) * math.inf}
    return {}


@dataclass(frozen=True)
class Probability:
    """From p itself; `complement` where 1 - p is known more sharply."""

    p: Number
    complement: Number | None = None

    @property
    def rest(self) -> Number:
        """1 - p."""
        return 1 - self.p if self.complement is None else self.complement

    @property
    def log(self) -> Number | Infinite:
        """Log p; -log 0 is inf, with a slope of -inf; the logarithm of a negative number is NaN."""
        at = sign(value_of(self.p))
        if at < 0:
            return Infinite(value=math.nan)
        if at == 0:
            return Infinite(value=math.inf, slopes=_steep(self.p))
        rest = self.rest
        return log1p(-rest) if value_of(rest) < _HALF else log(self.p)


@dataclass(frozen=True)
class Quotient:
    """A probability divided by the sum of its row."""

    part: Number
    whole: Number

    @property
    def p(self) -> Number:
        """Part / whole."""
        return self.part / self.whole

    @property
    def rest(self) -> Number:
        """1 - p."""
        return (self.whole - self.part) / self.whole

    @property
    def log(self) -> Number | Infinite:
        """Log part - log whole, so that part = 0 keeps its finite slope by the other classes."""
        if sign(value_of(self.part)) != sign(value_of(self.whole)):
            found = Probability(self.p).log
            if isinstance(found, Infinite) and found.value == math.inf and sign(value_of(self.whole)) > 0:
                return Infinite(value=math.inf, slopes=_steep(self.part), shared=log(self.whole))
            return found
        return Probability(self.p, self.rest).log


@dataclass(frozen=True)
class Logarithm:
    """From log p."""

    log: Number

    @property
    def p(self) -> Number:
        """e^log p."""
        return exp(self.log)

    @property
    def rest(self) -> Number:
        """1 - p."""
        return -expm1(self.log)


@dataclass(frozen=True)
class Sigmoid:
    """From a finite logit."""

    logit: Number

    @property
    def _tail(self) -> Number:
        return exp(-self.logit) if self._positive else exp(self.logit)

    @property
    def _positive(self) -> bool:
        return bool(value_of(self.logit) > 0)

    @property
    def p(self) -> Number:
        """σ(z)."""
        tail = self._tail
        return 1 / (1 + tail) if self._positive else tail / (1 + tail)

    @property
    def rest(self) -> Number:
        """σ(-z)."""
        tail = self._tail
        return tail / (1 + tail) if self._positive else 1 / (1 + tail)

    @property
    def log(self) -> Number:
        """-softplus(-z)."""
        rounded = log1p(self._tail)
        return -rounded if self._positive else self.logit - rounded


@dataclass(frozen=True)
class Partition:
    """Σ e^distance over the classes of a row, 1 + s: what they share is worked out once."""

    excess: Number
    """s."""

    @cached_property
    def log(self) -> Number:
        """Log(1 + s)."""
        return log1p(self.excess)

    @cached_property
    def inverse(self) -> Number:
        """1 / (1 + s)."""
        return 1 / (1 + self.excess)


@dataclass(frozen=True)
class Softmax:
    """From a logit's distance to the largest one, and the sum over the row."""

    distance: Number
    part: Number
    """e^distance; for the top class, whose distance is 0, e^distance - 1."""
    partition: Partition
    top: bool

    @property
    def p(self) -> Number:
        """e^distance / (1 + s)."""
        return (1 + self.part if self.top else self.part) * self.partition.inverse

    @property
    def rest(self) -> Number:
        """1 - p: for the top class s / (1 + s), which does not cancel."""
        others = self.partition.excess - self.part
        return (others if self.top else 1 + others) * self.partition.inverse

    @property
    def log(self) -> Number:
        """Distance - log(1 + s)."""
        return self.distance - self.partition.log


@dataclass(frozen=True)
class Limit:
    """A probability of exactly 0, because a logit or a log-probability is infinite."""

    slopes: Mapping[int, float]
    shared: Number | None = None

    @property
    def p(self) -> Number:
        """0."""
        return arb(0)

    @property
    def rest(self) -> Number:
        """1."""
        return arb(1)

    @property
    def log(self) -> Infinite:
        """-inf."""
        return Infinite(value=math.inf, slopes=self.slopes, shared=self.shared)


@dataclass(frozen=True)
class Beyond:
    """A number that is no probability: an infinite one, or e^inf."""

    p: float
    slopes: Mapping[int, float] = field(default_factory=dict)

    @property
    def rest(self) -> Number:
        """Not a number of the reals; no term asks for it but a focal loss, which is NaN there."""
        return arb(1)

    @property
    def log(self) -> Infinite:
        """Log inf = inf; log -inf is NaN."""
        return Infinite(value=-math.inf if self.p > 0 else math.nan, slopes=self.slopes)


Face: TypeAlias = Probability | Quotient | Logarithm | Sigmoid | Softmax | Limit | Beyond


def probability(p: Value) -> Face:
    """A number read as a probability."""
    return Beyond(p) if isinstance(p, float) else Probability(p)


def logarithm(x: Value) -> Face:
    """A number read as a log-probability."""
    if not isinstance(x, float):
        return Logarithm(x)
    return Limit({OWN: -1.0}) if x < 0 else Beyond(math.inf, {OWN: -1.0})


def opposite(face: Face) -> Face:
    """The face of 1 - p."""
    return Beyond(-face.p) if isinstance(face, Beyond) else Probability(face.rest, face.p)


def sigmoid(logit: Value, slope: float = 1.0) -> Face:
    """σ(z), and at infinity its limit; `slope` is -1 for the negative class of a binary loss, whose logit is -z."""
    if not isinstance(logit, float):
        return Sigmoid(logit)
    return Probability(arb(1), arb(0)) if logit > 0 else Limit({OWN: -slope})


def softmax(logits: list[Value], tape: Tape, needed: Collection[int], top: int | None = None) -> dict[int, Face] | None:
    """softmax(z) of some classes; None if the row has no finite maximum and no single infinite one.

    `top` names the largest logit where the caller has already taken the distances to it.
    """
    infinite = [c for c, z in enumerate(logits) if isinstance(z, float) and z > 0]
    finite = [c for c, z in enumerate(logits) if not isinstance(z, float)]
    if len(infinite) == 1:
        at = infinite[0]
        return {c: Probability(arb(1), arb(0)) if c == at else Limit({OWN: -1.0, at: 1.0}) for c in needed}
    if infinite or not finite:
        return None
    if top is None:
        top = max(finite, key=lambda c: float(value_of(logits[c]).mid()))
    largest = value_of(logits[top])
    distances = {c: logits[c] - largest for c in finite}
    parts = {c: expm1(d) if c == top else exp(d) for c, d in distances.items()}
    partition = Partition(tape.total(parts))
    return {
        c: Softmax(distances[c], parts[c], partition, c == top) if c in parts else Limit({OWN: -1.0}, partition.log)
        for c in needed
    }
