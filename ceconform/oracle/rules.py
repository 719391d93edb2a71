"""Rules: what several conventions together say, with each constant rounded in the dtype of the computation."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from flint import fmpq

from ceconform.conventions import Convention
from ceconform.corpus import Call
from ceconform.formats import FORMATS, rounded

__all__ = ["Clip", "Rules", "fraction", "interpret"]


class Clip(NamedTuple):
    """Bounds for probabilities; None is no bound."""

    low: fmpq | None
    high: fmpq | None


class Rules(NamedTuple):
    """The conventions in the order of application. Without conventions every field keeps its default.

    A tuple, since many thousands are made and compared.
    """

    activations: tuple[str, ...] = ()
    """The call's own first, then the conventions'."""
    space: str = "logits"
    steps: tuple[Clip | None, ...] = ()
    """Clips, and renormalisations (None), in the given order."""
    checked: bool = True
    """Whether numbers outside their range are refused: not by libraries that clip, divide or read another space."""
    clip_labels: Clip | None = None
    smoothing: str | None = None
    add: fmpq | None = None
    floor_log: fmpq | None = None
    gradient_floor: fmpq | None = None
    floor_scores: bool = False
    divisor: str | None = None
    empty_is_zero: bool = False
    single: bool = False
    """The inputs are rounded to float32."""
    smallest: float = 0.0
    """Inputs of a smaller magnitude are 0."""

    def __hash__(self) -> int:
        """By a few fields: rules are keys of what is worked out once, and fractions take long to hash."""
        return hash((self.activations, self.space, self.divisor, self.checked, len(self.steps)))


def fraction(number: float) -> fmpq:
    """A finite float, exactly."""
    return fmpq(*float(number).as_integer_ratio())


def _constant(text: str, dtype: str) -> Fraction:
    exact = Fraction(FORMATS[dtype].eps) if text == "eps" else Fraction(text)
    return Fraction(rounded(exact, dtype))


def _clip(rule: Convention, dtype: str) -> Clip | None:
    if rule.clip_low is None and rule.clip_high is None:
        return None
    low = None if rule.clip_low is None else _constant(rule.clip_low, dtype)
    high = None
    if rule.clip_high == "1-low":
        high = Fraction(rounded(1 - (low or Fraction(0)), dtype))
    elif rule.clip_high is not None:
        high = _constant(rule.clip_high, dtype)
    return Clip(low=None if low is None else _exactly(low), high=None if high is None else _exactly(high))


def _exactly(constant: Fraction) -> fmpq:
    return fmpq(constant.numerator, constant.denominator)


def interpret(call: Call, conventions: tuple[Convention, ...], *, narrow: bool = False) -> Rules:
    """Read the conventions together; where two set the same field, the later one holds.

    Half precision is computed in float32, by us and by most; `narrow` rounds the constants to half precision itself.
    """
    dtype = call.dtype if call.dtype == "float64" or narrow else "float32"
    return _read(call.spec.space, call.activation, dtype, conventions)


@lru_cache(maxsize=4096)
def _read(space: str, activation: str | None, dtype: str, conventions: tuple[Convention, ...]) -> Rules:
    """The same for what is of this space, and computed in this dtype."""
    single = any(rule.precision == "float32" for rule in conventions)
    dtype = "float32" if single else dtype
    activations = [] if activation is None else [activation]
    steps: list[Clip | None] = []
    normal = FORMATS["float64" if dtype == "float64" else "float32"].smallest_normal
    last: dict[str, object] = {
        "space": space,
        "single": single,
        "smallest": normal if any(rule.flush for rule in conventions) else 0.0,
    }
    for rule in conventions:
        if rule.activation is not None:
            activations.append(rule.activation)
        if rule.taken_as is not None:
            last["space"] = rule.taken_as
        if rule.renormalise:
            steps.append(None)
        clip = _clip(rule, dtype)
        if clip is not None:
            steps.append(clip)
            if rule.clip_labels:
                last["clip_labels"] = clip
        for field in ("smoothing", "divisor", "floor_scores"):
            if getattr(rule, field):
                last[field] = getattr(rule, field)
        for field in ("add", "floor_log", "gradient_floor"):
            if getattr(rule, field) is not None:
                last[field] = _exactly(_constant(getattr(rule, field), dtype))
        if rule.empty == "zero":
            last["empty_is_zero"] = True
    tolerant = bool(steps) or any(r.activation or r.taken_as or r.add for r in conventions)
    return Rules(activations=tuple(activations), steps=tuple(steps), checked=not tolerant, **last)  # type: ignore[arg-type] # a dictionary's values have one type
