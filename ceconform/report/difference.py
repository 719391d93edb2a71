"""Differences: what has changed between two reports, answer by answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ceconform.report.header import Header
from ceconform.report.report import Report
from ceconform.report.result import Digits, Key, Result
from ceconform.verdict import KINDS, rank

__all__ = ["CHANGES", "DISCREPANT", "Change", "Conflict", "Difference", "conflicts", "difference"]

CHANGES = ("appeared", "disappeared", "changed verdict", "changed digits", "only in the new", "only in the old")
"""What may have happened to an answer: a discrepancy appeared or disappeared, one became another or a pass became
acceptable, the digits changed and nothing else, or the answer is in one report alone and no discrepancy."""

DISCREPANT = frozenset({"fail", "error"})
"""The verdicts of a discrepancy."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One answer that is not as it was."""

    what: str
    """One of `CHANGES`."""
    old: Result | None = None
    """None where only the new report has it."""
    new: Result | None = None

    @property
    def result(self) -> Result:
        """The new answer, the old one where there is no new one."""
        found = self.new or self.old
        assert found is not None  # noqa: S101 - for the type checker: a change has one of them
        return found

    @property
    def kind(self) -> str:
        """The kind of the discrepancy that it is about, the new one first; else the verdict."""
        for result in (self.new, self.old):
            if result is not None and result.verdict in DISCREPANT:
                return result.kind or result.verdict
        return self.result.verdict


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All that has changed, in the order of `CHANGES`, the worst kind first."""

    old: Header
    new: Header
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Two reports that are merged, and an answer in which they do not agree; the later one stays."""

    first: Result
    later: Result
    verdict: bool
    """Whether the verdicts differ, not the digits alone."""


def difference(old: Report, new: Report) -> Difference:
    """Compare two reports.

    An answer is known again by its case, implementation, entry point, dtype and device; and by its version only where a
    report has several of one implementation. Times and the words of an error do not count.
    """
    several = _several(old) | _several(new)
    before, after = _by_place(old, several), _by_place(new, several)
    pairs: list[tuple[Result | None, Result | None]] = [*_pairs(before, after)]
    pairs += [(was, is_) for is_, was in _pairs(after, before) if is_ is None or is_.via != was.via]
    found = [Change(what=what, old=was, new=is_) for was, is_ in pairs if (what := _what(was, is_))]
    return Difference(old=old.header, new=new.header, changes=tuple(sorted(found, key=_order)))


def conflicts(reports: Iterable[Report]) -> Iterator[Conflict]:
    """Find the answers that reports which are merged do not agree in, each against the one that it replaces."""
    known: dict[Key, Result] = {}
    for report in reports:
        fresh = {result.key: result for result in report.results}
        for key, result in fresh.items():
            first = known.get(key)
            if first is not None and (_verdict(first) != _verdict(result) or not _same(first, result)):
                yield Conflict(first=first, later=result, verdict=_verdict(first) != _verdict(result))
        known |= fresh


def _several(report: Report) -> set[str]:
    """Implementations of which a report has several versions."""
    versions: dict[str, set[str]] = defaultdict(set)
    for result in report.results:
        versions[result.implementation].add(result.version)
    return {name for name, some in versions.items() if len(some) > 1}


def _by_place(report: Report, several: set[str]) -> dict[Key, Result]:
    return {
        (
            result.case,
            result.implementation,
            result.version if result.implementation in several else "",
            result.via,
            result.dtype,
            result.device,
        ): result
        for result in report.results
    }


def _pairs(before: Mapping[Key, Result], after: Mapping[Key, Result]) -> Iterator[tuple[Result | None, Result]]:
    """Each answer that is there after with the one before; what is unsupported names no entry point, and fits any."""
    answered = {_anywhere(place) for place in before}
    for place, result in after.items():
        if place in before or place == _anywhere(place) not in answered:
            yield before.get(place), result
        elif result.via:
            yield before.get(_anywhere(place)), result


def _anywhere(place: Key) -> Key:
    case, implementation, version, _, dtype, device = place
    return case, implementation, version, "", dtype, device


def _what(old: Result | None, new: Result | None) -> str:
    """What has happened to one answer; empty if nothing has."""
    was, is_ = (result is not None and result.verdict in DISCREPANT for result in (old, new))
    if is_ != was:
        return "appeared" if is_ else "disappeared"
    if old is None or new is None:
        return ("appeared" if is_ else "only in the new") if old is None else "only in the old"
    if _verdict(old) != _verdict(new):
        return "changed verdict"
    return "" if _same(old, new) else "changed digits"


def _verdict(result: Result) -> tuple[str, ...]:
    return result.verdict, result.kind, result.convention, result.part


def _same(old: Result, new: Result) -> bool:
    return all(_answer(one) == _answer(other) for one, other in ((old.value, new.value), (old.gradient, new.gradient)))


def _answer(digits: Digits | None) -> tuple[object, ...]:
    """What is compared of an array: of an error its type, because its words name addresses and files."""
    if digits is None:
        return ()
    return digits.digits, digits.shape, digits.dtype, digits.raised.partition(":")[0]


def _order(change: Change) -> tuple[object, ...]:
    result = change.result
    known = change.kind if change.kind in KINDS else ""
    return CHANGES.index(change.what), rank(known), change.kind, result.key
