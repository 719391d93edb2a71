"""A result: one observation with its verdict, as a report keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ceconform.corpus import Case, case_hash
from ceconform.errors import ReportError
from ceconform.formats import FORMATS, digits, rounded
from ceconform.harness import Answer, Observation
from ceconform.report.schema import check
from ceconform.verdict import Verdict

__all__ = ["Digits", "Key", "Result", "read_result", "record"]

Key = tuple[str, str, str, str, str, str]
"""Case, implementation, version, entry point, dtype, device: what makes a result another one."""


@dataclass(frozen=True, kw_only=True)
class Digits:
    """An array that an implementation gave, in round-trip digits, or the error that it raised."""

    digits: tuple[str, ...] = ()
    """Flat, in row-major order; the shortest that give each number of the dtype back, `inf`, `-inf`, `nan`."""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    device: str = ""
    raised: str = ""
    places: tuple[int, ...] = ()
    """Where the digits stand, if they are of some numbers of very many."""
    sums: tuple[str, ...] = ()
    """Then the sum of all of them, and that of their sizes, in the digits of binary64."""

    @property
    def none(self) -> bool:
        """Whether nothing came."""
        return not self.raised and not self.digits and self.shape == ()

    @classmethod
    def of(cls, answer: Answer) -> Digits:
        """Write an answer down.

        >>> Digits.of(Answer(values=(0.10000000149011612,), shape=(), dtype="float32", device="cpu")).digits
        ('0.1',)
        """
        return cls(
            digits=tuple(digits(number, answer.dtype) for number in answer.values),
            shape=answer.shape,
            dtype=answer.dtype,
            device=answer.device,
            raised=answer.raised,
            places=answer.places,
            sums=tuple(digits(total, "float64") for total in answer.sums),
        )

    def line(self) -> dict[str, Any]:
        """Write it as JSON data; `places` and `sums` only where there are any."""
        line = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {name: value for name, value in line.items() if value or name not in {"places", "sums"}}

    def answer(self) -> Answer:
        """Read the answer back."""
        known = self.dtype in FORMATS
        values = tuple(rounded(Decimal(text), self.dtype) if known else float(text) for text in self.digits)
        return Answer(
            values=values,
            shape=self.shape,
            dtype=self.dtype,
            device=self.device,
            raised=self.raised,
            places=self.places,
            sums=tuple(map(float, self.sums)),
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of a report."""

    case: str
    implementation: str
    version: str
    loss: str
    dtype: str
    device: str
    verdict: str
    via: str = ""
    """The entry point, `F.cross_entropy`; empty where none was asked."""
    expression: str = ""
    kind: str = ""
    convention: str = ""
    reason: str = ""
    part: str = ""
    value: Digits | None = None
    gradient: Digits | None = None
    no_gradient: str = ""
    ulps: float | None = None
    gradient_ulps: float | None = None
    seconds: float = 0.0
    question: str = ""
    """The hash of what the case asked and of what was right then; empty in a report of an earlier release."""

    @property
    def key(self) -> Key:
        """What makes this result another one than its neighbours."""
        return self.case, self.implementation, self.version, self.via, self.dtype, self.device

    @property
    def observation(self) -> Observation:
        """What was observed, so that it can be judged again."""
        unanswered = {"unsupported": "unsupported", "error": "error"}.get(self.verdict, "")
        if self.kind in {"crash", "timeout"}:
            unanswered = self.kind
        if self.verdict == "error" and self.value is not None:  # answered, and not judged
            unanswered = ""
        return Observation(
            status=unanswered or "answered",
            via=self.via,
            expression=self.expression,
            value=None if self.value is None else self.value.answer(),
            gradient=None if self.gradient is None else self.gradient.answer(),
            no_gradient=self.no_gradient,
            reason=self.reason if unanswered else "",
            seconds=self.seconds,
        )

    def line(self) -> dict[str, Any]:
        """Write the result as JSON data, which has no word for infinities and NaN."""
        for number in (self.ulps, self.gradient_ulps, self.seconds):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"expected finite numbers for JSON, got {number} in the result of {self.case}")
        parts = {"value": self.value, "gradient": self.gradient}
        return {**vars(self), **{name: None if part is None else part.line() for name, part in parts.items()}}

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Result:
        """Read a result from JSON data that satisfies the schema.

        Raises
        ------
        ValueError
            If an array has as many digits as no array of its shape.
        """
        return cls(**{**line, "value": _digits(line["value"]), "gradient": _digits(line["gradient"])})


def read_result(data: dict[str, Any], name: str, number: int) -> Result:
    """Read a line as a result.

    Raises
    ------
    ReportError
        With the file, the line, and what is wrong there.
    """
    check(data, "result", name, number)
    try:
        return Result.of(data)
    except ValueError as error:
        raise ReportError(name, number, str(error)) from None


def _digits(data: Mapping[str, Any] | None) -> Digits | None:
    if data is None:
        return None
    lists = {name: tuple(data[name]) for name in ("digits", "shape", "places", "sums") if name in data}
    found = Digits(**{**data, **lists})
    count = math.prod(found.shape)
    stated = len(found.places) if found.places else count
    fits = len(found.digits) == stated and (not found.places or max(found.places) < count)
    if not (found.raised or found.none or fits):
        raise ValueError(f"expected digits for the shape {list(found.shape)}, got {len(found.digits)}")
    if len(found.sums) not in {0, 2} or bool(found.sums) != bool(found.places):
        raise ValueError("expected two sums beside places, and none without")
    return found


def record(
    case: Case,
    observation: Observation,
    verdict: Verdict,
    *,
    implementation: str,
    version: str,
    dtype: str,
    device: str,
) -> Result:
    """Put down an observation and its verdict; of very many numbers those that the case states, and the sums."""
    observation = observation.beside(case.expected.loss, case.expected.gradient)
    return Result(
        case=case.id,
        implementation=implementation,
        version=version,
        via=observation.via,
        expression=observation.expression,
        loss=case.loss,
        dtype=dtype,
        device=device,
        verdict=verdict.verdict,
        kind=verdict.kind,
        convention=verdict.convention,
        reason=verdict.reason,
        part=verdict.part,
        value=None if observation.value is None else Digits.of(observation.value),
        gradient=None if observation.gradient is None else Digits.of(observation.gradient),
        no_gradient=observation.no_gradient,
        ulps=verdict.ulps,
        gradient_ulps=verdict.gradient_ulps,
        seconds=round(observation.seconds, 6),
        question=case_hash(case),
    )
