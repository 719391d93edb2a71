"""What a report amounts to: counts, conventions and kinds, each with the implementations that it concerns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ceconform.report.report import Report
from ceconform.report.result import Result
from ceconform.verdict import rank

__all__ = ["Row", "Summary", "Tally", "Who", "names", "summarise", "versions"]

Who = tuple[str, str]
"""An implementation's name and version."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One implementation's verdicts."""

    implementation: str
    version: str
    counts: Mapping[str, int]
    worst: float | None
    """The largest error of a value that passes, in ulps."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A case that fails or could not be judged, and whom it concerns."""

    case: str
    implementations: str
    dtypes: str
    """Empty if every dtype in which the case was asked is concerned."""
    note: str
    """The convention that explains a fail, the reason of an error."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a report amounts to."""

    tallies: tuple[Tally, ...]
    acceptable: Mapping[str, str]
    """Convention to implementations."""
    fails: Mapping[str, tuple[Row, ...]]
    """Kind to rows, worst kind first."""
    errors: tuple[Row, ...]
    missing: Mapping[str, str]


def summarise(report: Report) -> Summary:
    """Count and group the results of a report."""
    known = versions(report)
    accepted: dict[str, set[Who]] = defaultdict(set)
    fails: dict[str, list[Result]] = defaultdict(list)
    asked: dict[tuple[str, Who], set[str]] = defaultdict(set)
    for result in report.results:
        who = result.implementation, result.version
        asked[result.case, who].add(result.dtype)
        if result.verdict == "acceptable":
            accepted[result.convention].add(who)
        if result.verdict == "fail":
            fails[result.kind].append(result)
    return Summary(
        tallies=_tallies(report),
        acceptable={name: names(accepted[name], known) for name in sorted(accepted)},
        fails={
            kind: _rows(fails[kind], {at: result.convention for at, result in enumerate(fails[kind])}, asked, known)
            for kind in sorted(fails, key=rank)
        },
        errors=_errors(report, asked, known),
        missing=dict(sorted(report.header.missing.items())),
    )


def _tallies(report: Report) -> tuple[Tally, ...]:
    counts: dict[Who, Counter[str]] = {(each.name, each.version): Counter() for each in report.header.implementations}
    worst: dict[Who, float] = {}
    for result in report.results:
        who = result.implementation, result.version
        counts.setdefault(who, Counter())[result.verdict] += 1
        if result.verdict == "pass" and result.ulps is not None:
            worst[who] = max(worst.get(who, 0.0), result.ulps)
    return tuple(
        Tally(implementation=who[0], version=who[1], counts=counts[who], worst=worst.get(who)) for who in sorted(counts)
    )


def _errors(
    report: Report, asked: Mapping[tuple[str, Who], set[str]], known: Mapping[str, frozenset[str]]
) -> tuple[Row, ...]:
    errors = [result for result in report.results if result.verdict == "error"]
    return _rows(errors, {at: result.reason for at, result in enumerate(errors)}, asked, known)


def _rows(
    results: list[Result],
    notes: Mapping[int, str],
    asked: Mapping[tuple[str, Who], set[str]],
    known: Mapping[str, frozenset[str]],
) -> tuple[Row, ...]:
    """One row for each case, note and set of dtypes."""
    dtypes: dict[tuple[str, str, Who], set[str]] = defaultdict(set)
    for at, result in enumerate(results):
        dtypes[result.case, notes[at], (result.implementation, result.version)].add(result.dtype)
    rows: dict[tuple[str, str, str], set[Who]] = defaultdict(set)
    for (case, note, who), some in dtypes.items():
        rows[case, note, "" if some == asked[case, who] else ", ".join(sorted(some))].add(who)
    return tuple(
        Row(case=case, implementations=names(rows[case, note, label], known), dtypes=label, note=note)
        for case, note, label in sorted(rows)
    )


def versions(report: Report) -> dict[str, frozenset[str]]:
    """Give every implementation of a report, with its versions."""
    known: dict[str, set[str]] = defaultdict(set)
    for each in report.header.implementations:
        known[each.name].add(each.version)
    for result in report.results:
        known[result.implementation].add(result.version)
    return {name: frozenset(some) for name, some in known.items()}


def names(chosen: Iterable[Who], known: Mapping[str, frozenset[str]]) -> str:
    """Name implementations: `keras[*]` where all backends agree, the version where another version does not.

    >>> known = {"keras[jax]": frozenset("3"), "keras[torch]": frozenset("3"), "torch": frozenset("12")}
    >>> names({("keras[jax]", "3"), ("keras[torch]", "3"), ("torch", "1")}, known)
    'keras[*] torch 1'
    """
    concerned: dict[str, set[str]] = defaultdict(set)
    for name, version in chosen:
        concerned[name].add(version)
    whole = {name for name, some in concerned.items() if some == known[name]}
    words = [f"{name} {version}" for name in concerned.keys() - whole for version in concerned[name]]
    for family in {name.partition("[")[0] for name in whole}:
        members = {name for name in known if name.partition("[")[0] == family}
        if len(members) > 1 and members <= whole:
            words.append(f"{family}[*]")
            whole -= members
    return " ".join(sorted([*words, *whole]))
