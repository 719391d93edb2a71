"""Histories: what each release of an implementation changed, found between every two that follow on each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from packaging.version import InvalidVersion, Version

from ceconform.report.difference import DISCREPANT, Change, difference
from ceconform.report.discrepancies import shows_anywhere
from ceconform.report.header import Header
from ceconform.report.report import Report, merge
from ceconform.report.result import Result
from ceconform.report.summary import Tally, summarise
from ceconform.verdict import rank

__all__ = ["EFFECTS", "History", "Movement", "Release", "Timeline", "histories"]

EFFECTS: Mapping[str, str] = {
    "broke": "was right, and is a discrepancy",
    "fixed": "was a discrepancy, and is right",
    "wrong in another way": "is a discrepancy of another kind, or by another convention",
    "right by another rule": "was and is right: exactly, or by a documented convention",
    "no longer answered": "was answered, and is unsupported",
    "newly answered": "was unsupported, and is answered",
    "other digits": "the same verdict, of other digits",
}
"""What a release may do to an answer, the worst first."""

_DTYPES = ("float32", "float64", "float16", "bfloat16")
"""In which an example is looked for, in this order."""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What a release did alike to some answers."""

    effect: str
    """One of `EFFECTS`."""
    changes: tuple[Change, ...]
    """The one that shows it best comes first."""

    @property
    def example(self) -> Change:
        """The change of the shortest answer."""
        return self.changes[0]

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses in which it shows."""
        return tuple(sorted({change.result.loss for change in self.changes}))

    @property
    def cases(self) -> int:
        """In how many cases it shows."""
        return len({change.result.case for change in self.changes})


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release, and what it changed since the one before."""

    tally: Tally
    switches: Mapping[str, Any]
    """What it computed with."""
    moved: Mapping[str, tuple[Any, Any]]
    """The switches that were others before."""
    movements: tuple[Movement, ...]
    """The worst first; none in the first release."""

    @property
    def version(self) -> str:
        """The release's name."""
        return self.tally.version

    def answers(self, effect: str) -> int:
        """How many answers a release changed so."""
        return sum(len(each.changes) for each in self.movements if each.effect == effect)


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The releases of one implementation, the oldest first."""

    implementation: str
    releases: tuple[Release, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """The releases of all implementations of some reports."""

    header: Header
    timelines: tuple[Timeline, ...]
    missing: Mapping[str, str]
    """By the name of its report: a release that did not start, with the reason."""

    @property
    def changed(self) -> bool:
        """Whether any release changed any answer."""
        return any(release.movements for timeline in self.timelines for release in timeline.releases)


def histories(reports: Mapping[str, Report]) -> History:
    """Compare each release with the one before it.

    Parameters
    ----------
    reports
        By a name each, in any order; of two answers of one release the later one stands.

    Raises
    ------
    ReportError
        If they are not all about one corpus.
    """
    whole = merge(reports.values())
    results: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in whole.results:
        results[result.implementation, result.version].append(result)
    releases: dict[str, list[Report]] = defaultdict(list)
    for each in sorted(whole.header.implementations, key=lambda each: (each.name, _age(each.version))):
        alone = replace(whole.header, implementations=(each,), missing={})
        releases[each.name].append(Report(header=alone, results=tuple(results[each.name, each.version])))
    missing = {name: "; ".join(report.header.missing.values()) for name, report in reports.items()}
    return History(
        header=whole.header,
        timelines=tuple(Timeline(implementation=name, releases=_releases(some)) for name, some in releases.items()),
        missing={name: reason for name, reason in missing.items() if reason},
    )


def _age(version: str) -> tuple[Version, str]:
    """Order versions as releases go; of `0.1.0 (numpy 2.4.6)` the first word counts."""
    try:
        return Version(version.partition(" ")[0]), version
    except InvalidVersion:
        return Version("0"), version


def _releases(reports: Sequence[Report]) -> tuple[Release, ...]:
    """Each with what it changed; the first with nothing."""
    first, *_ = reports
    return (_release(first, ()), *(_release(new, _movements(old, new), old) for old, new in pairwise(reports)))


def _release(report: Report, movements: tuple[Movement, ...], before: Report | None = None) -> Release:
    (tally,) = summarise(report).tallies
    switches = _switches(report)
    old = switches if before is None else _switches(before)
    moved = {name: (old.get(name), switches.get(name)) for name in {**old, **switches}}
    return Release(
        tally=tally,
        switches=switches,
        moved={name: pair for name, pair in moved.items() if pair[0] != pair[1]},
        movements=movements,
    )


def _switches(report: Report) -> Mapping[str, Any]:
    (implementation,) = report.header.implementations
    return implementation.switches


def _movements(old: Report, new: Report) -> tuple[Movement, ...]:
    """Group the changes from one release to the next by what happened to them."""
    groups: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in difference(old, new).changes:
        if effect := _effect(change):
            groups[effect, *_cause(effect, change)].append(change)
    found = (
        Movement(effect=effect, changes=tuple(sorted(some, key=_clarity))) for (effect, *_), some in groups.items()
    )
    return tuple(sorted(found, key=_order))


def _cause(effect: str, change: Change) -> tuple[str, ...]:
    """The kinds before and after, and the loss, unless the kind is one cause wherever it shows."""
    if effect == "other digits":
        return ()
    if effect in {"no longer answered", "newly answered"}:
        return (change.result.loss,)
    wrong = [each for each in (change.old, change.new) if each is not None and _worth(each) == "wrong"]
    kinds = [each.kind or each.verdict for each in wrong]
    parts = {each.part for each in wrong}
    anywhere = bool(kinds) and shows_anywhere(kinds[-1], "")
    return *kinds, *sorted(parts), "" if anywhere else change.result.loss


def _effect(change: Change) -> str:
    """What a release did to an answer; empty if there is none before and after."""
    was, is_ = _worth(change.old), _worth(change.new)
    match was, is_:
        case "", "":
            return ""
        case "", _:
            return "newly answered"
        case _, "":
            return "no longer answered"
        case "right", "wrong":
            return "broke"
        case "wrong", "right":
            return "fixed"
    if change.what == "changed digits":
        return "other digits"
    return "wrong in another way" if is_ == "wrong" else "right by another rule"


def _worth(result: Result | None) -> str:
    if result is None or result.verdict == "unsupported":
        return ""
    return "wrong" if result.verdict in DISCREPANT else "right"


def _clarity(change: Change) -> tuple[object, ...]:
    """Short answers first, of a usual dtype; those without a number last."""
    result = change.result
    size = max(len(each.digits) for each in (result.value, result.gradient) if each) if result.value else 0
    dtype = _DTYPES.index(result.dtype) if result.dtype in _DTYPES else len(_DTYPES)
    return not size, size, dtype, result.key


def _order(movement: Movement) -> tuple[object, ...]:
    change = movement.example
    kinds = [rank(each.kind) for each in (change.new, change.old) if each is not None]
    return [*EFFECTS].index(movement.effect), min(kinds), -movement.cases, change.result.key
