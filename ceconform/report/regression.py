"""Regressions: a report beside the baselines, which say what is known of it already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ceconform.corpus import Case, id_matches
from ceconform.report.difference import DISCREPANT
from ceconform.report.report import Report
from ceconform.report.result import Key, Result
from ceconform.verdict.baseline import Baseline, Entry, Place

__all__ = ["Fixed", "Regression", "Stale", "regression"]

_ANSWERED = frozenset({"pass", "acceptable", "fail"})


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A case, or a glob of cases, of an entry whose answers are no longer, or not all, as the entry says."""

    entry: Entry
    place: Place
    pattern: str
    results: tuple[Result, ...]
    """The answers that are otherwise."""
    whole: bool
    """Whether no answer at all is as the entry says."""


@dataclass(frozen=True, kw_only=True)
class Stale:
    """Something in an entry that is about nothing any more."""

    entry: Entry
    line: int
    problem: str


@dataclass(frozen=True, kw_only=True)
class Regression:
    """What a report says that the baselines do not, and the other way round."""

    known: tuple[Result, ...] = ()
    new: tuple[Result, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    stale: tuple[Stale, ...] = ()
    baselines: tuple[Baseline, ...] = field(default=(), repr=False)
    entries: Mapping[Key, Entry] = field(default_factory=dict, repr=False)
    """For each answer that is known, the first entry that says so."""

    @property
    def changed(self) -> bool:
        """Whether anything is new, fixed or stale."""
        return bool(self.new or self.fixed or self.stale)


def regression(report: Report, baselines: Sequence[Baseline], cases: Iterable[Case]) -> Regression:
    """Compare a report with baselines.

    An entry says that every answer to its cases, in its dtypes, by its entry points, on its devices, fails by its kind,
    so far as they are answered at all. A fail of which no entry says so is new; an error always is. An answer of which
    an entry says so and that is otherwise is fixed. An entry is stale in a case that the corpus does not have, in an
    entry point by which a case is not answered, and where its versions hold none of those in the report. What a report
    did not ask, by its selection or its implementations, is none of these.

    Parameters
    ----------
    report
        Of a run.
    baselines
        What is known.
    cases
        The whole corpus.
    """
    run = _Run.of(report, cases)
    known: dict[Key, Entry] = {}
    fixed: list[Fixed] = []
    stale: list[Stale] = []
    for entry in (entry for baseline in baselines for entry in baseline.entries):
        who = {(name, version) for place in entry.places for name in place.implementations for version in run.of_(name)}
        current = {(name, version) for name, version in who if entry.applies(version)}
        if who and not current:
            asked = ", ".join(sorted(f"{name} {version}" for name, version in who))
            stale.append(Stale(entry=entry, line=entry.line, problem=f"versions {entry.versions} do not hold {asked}"))
            continue
        for place in entry.places:
            for pattern in place.cases:
                ids = run.matching(pattern)
                if who and not ids:
                    stale.append(Stale(entry=entry, line=place.line, problem=f"no case matches {pattern}"))
                answers = _Answers.of(run, entry, place, ids, current)
                for result in answers.shown:
                    known.setdefault(result.key, entry)
                stale += [Stale(entry=entry, line=place.line, problem=each) for each in answers.idle]
                if otherwise := answers.otherwise or (answers.unsupported if pattern in run.exact else ()):
                    whole = not answers.shown
                    fixed.append(Fixed(entry=entry, place=place, pattern=pattern, results=otherwise, whole=whole))
    discrepant = [result for result in report.results if result.verdict in DISCREPANT]
    return Regression(
        known=tuple(result for result in discrepant if result.key in known),
        new=tuple(result for result in discrepant if result.key not in known),
        fixed=tuple(fixed),
        stale=tuple(stale),
        baselines=tuple(baselines),
        entries=known,
    )


@dataclass(frozen=True)
class _Run:
    """A report and its corpus, as entries look them up."""

    ids: Mapping[str, tuple[str, ...]]
    """Each case of the corpus or of the report with its former ids."""
    exact: Mapping[str, str]
    """Each of these names with its case."""
    corpus: frozenset[str]
    versions: Mapping[str, set[str]]
    results: Mapping[str, list[Result]]

    @classmethod
    def of(cls, report: Report, cases: Iterable[Case]) -> _Run:
        versions: dict[str, set[str]] = defaultdict(set)
        results: dict[str, list[Result]] = defaultdict(list)
        for result in report.results:
            versions[result.implementation].add(result.version)
            results[result.case].append(result)
        ids = {case.id: (case.id, *case.formerly) for case in cases}
        known = {**{name: (name,) for name in results}, **ids}
        exact = {name: case for case, names in known.items() for name in names}
        return cls(known, exact, frozenset(ids), versions, results)

    def of_(self, implementation: str) -> set[str]:
        return self.versions.get(implementation, set())

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The cases that a pattern names, unless the corpus has none of them."""
        if pattern in self.exact:
            return (self.exact[pattern],) if self.exact[pattern] in self.corpus else ()
        found = tuple(name for name, names in self.ids.items() if any(id_matches(each, pattern) for each in names))
        return found if self.corpus.intersection(found) else ()


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """The answers that one pattern of an entry is about."""

    shown: tuple[Result, ...]
    otherwise: tuple[Result, ...]
    unsupported: tuple[Result, ...]
    """Where there is nothing else."""
    idle: tuple[str, ...]

    @classmethod
    def of(cls, run: _Run, entry: Entry, place: Place, ids: Iterable[str], current: set[tuple[str, str]]) -> _Answers:
        about = [
            result
            for name in ids
            for result in run.results.get(name, ())
            if result.implementation in place.implementations
            and (result.implementation, result.version) in current
            and result.dtype in (place.dtypes or (result.dtype,))
            and result.device in (place.devices or (result.device,))
        ]
        answered = [result for result in about if result.verdict in _ANSWERED]
        by = [result for result in answered if result.via in (place.via or (result.via,))]
        shown = tuple(result for result in by if _shows(result, entry))
        return cls(
            shown=shown,
            otherwise=tuple(result for result in by if not _shows(result, entry)),
            unsupported=tuple(about) if all(result.verdict == "unsupported" for result in about) else (),
            idle=() if by else tuple(_idle(place, answered)),
        )


def _idle(place: Place, answered: Iterable[Result]) -> Iterator[str]:
    """Say of each case that it is answered, yet by none of the entry points that the place names."""
    points: dict[str, set[str]] = defaultdict(set)
    for result in answered:
        points[result.case].add(result.via)
    for name, some in points.items():
        if place.via and not some.intersection(place.via):
            yield f"{name} is answered by {', '.join(sorted(some))}, not by {', '.join(place.via)}"


def _shows(result: Result, entry: Entry) -> bool:
    if entry.part and result.part != entry.part:
        return False
    return result.verdict == "fail" and result.kind == entry.kind
