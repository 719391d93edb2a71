"""Causes: by what a discrepancy is known again, in another question or in a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ceconform.authoring.fuzzing.traits import traits
from ceconform.corpus import Case
from ceconform.report import Report, shows_anywhere
from ceconform.verdict import rank

__all__ = ["Cause", "causes", "departure", "known"]


class Judged(Protocol):
    """A verdict, or a result of a report that holds one."""

    @property
    def verdict(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def convention(self) -> str: ...


_T = TypeVar("_T", bound=Judged)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What the discrepancies page groups by, with the traits of the question in the place of the case's file."""

    implementation: str
    loss: str
    kind: str
    """Empty for a documented convention, which departs from another implementation and is no fail."""
    part: str
    """`value` or `gradient`; of a gradient by labels or weights, or for a cotangent, it says that too."""
    convention: str
    traits: frozenset[str] = frozenset()
    """Empty where the kind or the convention is the cause wherever it shows."""

    @classmethod
    def of(cls, judged: Judged, implementation: str, case: Case, dtype: str) -> Cause:
        """The cause that a fail, or an acceptable answer, has in a question."""
        return cls(
            implementation=implementation,
            loss=case.loss,
            kind=judged.kind,
            part=_part(judged, case),
            convention=judged.convention,
            traits=frozenset() if shows_anywhere(judged.kind, judged.convention) else traits(case, dtype),
        )

    @property
    def head(self) -> tuple[str, ...]:
        """All but the traits."""
        return self.implementation, self.loss, self.kind, self.part, self.convention

    def known_from(self, other: Cause) -> bool:
        """Whether another cause is this one: alike, in a question that has all its traits or none beside them.

        >>> of = {"implementation": "torch", "loss": "hinge_loss", "kind": "wrong-value", "part": "", "convention": ""}
        >>> one, more, other = (Cause(**of, traits=frozenset(each)) for each in ({"sum"}, {"sum", "nan"}, {"tie"}))
        >>> one.known_from(more), more.known_from(one), one.known_from(other)
        (True, True, False)
        """
        return self.head == other.head and (self.traits <= other.traits or other.traits <= self.traits)


def _part(judged: Judged, case: Case) -> str:
    by = [] if case.gradient_by == "predictions" else ["by", case.gradient_by]
    masked = [] if case.cotangent is None else ["for a cotangent"]
    return " ".join([judged.part, *by, *masked]) if judged.part == "gradient" else judged.part


def departure(answers: Mapping[str, Sequence[_T]], implementation: str, against: str = "") -> Iterator[tuple[str, _T]]:
    """Tell which answers to one question are discrepancies, and whose.

    Without `against` these are the fails of the implementation, one for each route. With it, the worse of the two
    implementations' worst answers, if their verdicts differ.
    """
    if not against:
        yield from ((implementation, each) for each in answers[implementation] if each.verdict == "fail")
        return
    worst = {name: _worst(answers.get(name, ())) for name in (implementation, against)}
    ours, theirs = worst[implementation], worst[against]
    if ours is not None and theirs is not None and ours.verdict != theirs.verdict:
        yield (implementation, ours) if _order(ours) < _order(theirs) else (against, theirs)


def _worst(answers: Sequence[_T]) -> _T | None:
    said = [each for each in answers if each.verdict in {"pass", "acceptable", "fail"}]
    return min(said, key=_order, default=None)


def _order(judged: Judged) -> tuple[int, bool]:
    return rank(judged.kind), not judged.convention


def causes(report: Report, cases: Mapping[str, Case], implementation: str, against: str = "") -> Iterator[Cause]:
    """What a report shows of an implementation, or of two that are held against each other."""
    asked: dict[tuple[str, str, str], dict[str, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for result in report.results:
        if result.implementation in {implementation, against} and result.case in cases:
            asked[result.case, result.dtype, result.device][result.implementation].append(result)
    for (case, dtype, _), answers in asked.items():
        answers.setdefault(implementation, [])
        for name, judged in departure(answers, implementation, against):
            yield Cause.of(judged, name, cases[case], dtype)


def known(cause: Cause, others: Iterable[Cause]) -> bool:
    """Whether one of the others is the cause."""
    return any(cause.known_from(other) for other in others)
