"""Acceptance: what is new in a report as entries of a baseline, whose reasons are left to write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ceconform.authoring.formatting import entry as written
from ceconform.corpus import Case, id_matches
from ceconform.corpus.document import Mapping as Node
from ceconform.corpus.document import Scalar
from ceconform.corpus.document import Sequence as List
from ceconform.errors import ArgumentError
from ceconform.report import Report, Result, shows_anywhere
from ceconform.verdict import rank
from ceconform.verdict.baseline import PLACE, Place, public

__all__ = ["CAP", "Accepted", "accept", "render_accepted", "severe"]

CAP = "wrong-value"
"""The mildest kind that nobody accepts by the way."""

_Axes = tuple[str, str, str]
"""Dtype, entry point, device of an answer."""
_AXES = ("dtypes", "via", "devices")
_NARROWINGS = ((), (0,), (1,), (0, 1), (2,), (0, 2), (1, 2), (0, 1, 2))
"""The axes by which answers are told apart, fewest first."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """An entry to be written: one cause, as the page of discrepancies groups them."""

    kind: str
    part: str
    loss: str
    convention: str
    versions: str
    places: tuple[Place, ...]
    example: Result


def severe(results: Iterable[Result]) -> tuple[Result, ...]:
    """The fails that are as bad as a wrong value, or worse."""
    return tuple(result for result in results if result.verdict == "fail" and rank(result.kind) <= rank(CAP))


def accept(new: Iterable[Result], report: Report, cases: Iterable[Case]) -> tuple[Accepted, ...]:
    """Group fails into entries that say of exactly these answers that they fail.

    Parameters
    ----------
    new
        The fails to be accepted; anything else is left out.
    report
        All that was answered, from which it is known what an entry must leave out. A glob, or a place without dtypes,
        is only written where the report has answers to all of it.
    cases
        The whole corpus.

    Raises
    ------
    ArgumentError
        If an implementation is there in several versions.
    """
    asked = _Asked.of(report, cases)
    causes: dict[tuple[str, ...], list[Result]] = defaultdict(list)
    for result in new:
        if result.verdict == "fail":
            topic = "" if shows_anywhere(result.kind, result.convention) else result.case.rpartition("/")[0]
            version = asked.version(result.implementation)
            known = public(version)
            since = f">={known}" if known else ""
            key = result.kind, result.loss, result.part, result.convention, topic, since
            causes[key].append(result)
    return tuple(_accepted(causes[key], asked, key[-1]) for key in sorted(causes, key=lambda key: (rank(key[0]), key)))


def _accepted(results: Sequence[Result], asked: _Asked, versions: str) -> Accepted:
    fails: dict[tuple[str, str], set[_Axes]] = defaultdict(set)
    for result in results:
        fails[result.implementation, result.case].add(_axes(result))
    where: dict[tuple[tuple[str, ...], ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for (name, case), axes in fails.items():
        for narrowing in _narrowed(axes, asked.axes[name, case], whole=asked.whole(name, case)):
            where[narrowing][case].add(name)
    places: dict[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], set[str]] = defaultdict(set)
    for narrowing, concerned in where.items():
        for case, names in concerned.items():
            places[tuple(sorted(names)), narrowing].add(case)
    first = min(results, key=lambda result: (result.dtype != "float32", result.key))
    return Accepted(
        kind=first.kind,
        part=first.part,
        loss=first.loss,
        convention=first.convention,
        versions=versions,
        places=tuple(
            Place(
                implementations=names,
                dtypes=narrowing[0],
                via=narrowing[1],
                devices=narrowing[2],
                cases=tuple(_patterns(places[names, narrowing], names, narrowing, asked)),
            )
            for names, narrowing in sorted(places)
        ),
        example=first,
    )


@dataclass(frozen=True)
class _Asked:
    """What a report asked and what was answered."""

    axes: Mapping[tuple[str, str], set[_Axes]]
    """Of each implementation and case: what was answered."""
    dtypes: Mapping[tuple[str, str], set[str]]
    """Of each implementation and case: what was asked."""
    possible: Mapping[tuple[str, str], set[str]]
    """The dtypes in which an implementation can be asked a case."""
    versions: Mapping[str, set[str]]
    cases: tuple[str, ...]

    @classmethod
    def of(cls, report: Report, cases: Iterable[Case]) -> _Asked:
        cases = tuple(cases)
        axes: dict[tuple[str, str], set[_Axes]] = defaultdict(set)
        dtypes: dict[tuple[str, str], set[str]] = defaultdict(set)
        versions: dict[str, set[str]] = defaultdict(set)
        for result in report.results:
            versions[result.implementation].add(result.version)
            dtypes[result.implementation, result.case].add(result.dtype)
            if result.verdict in {"pass", "acceptable", "fail"}:
                axes[result.implementation, result.case].add(_axes(result))
        possible = {
            (each.name, case.id): {*each.dtypes} & {*case.dtypes}
            for each in report.header.implementations
            for case in cases
        }
        return cls(axes, dtypes, possible, versions, tuple(case.id for case in cases))

    def version(self, implementation: str) -> str:
        """The one version of an implementation."""
        version, *others = sorted(self.versions[implementation])
        if others:
            several = f"{' and '.join([version, *others])}; accept each alone"
            raise ArgumentError(f"expected a report of one version of {implementation}, got {several}")
        return version

    def whole(self, implementation: str, case: str) -> bool:
        """Whether a case was asked in every dtype in which it can be."""
        key = implementation, case
        return key in self.possible and self.possible[key] <= self.dtypes.get(key, set())


def _axes(result: Result) -> _Axes:
    return result.dtype, result.via, result.device


def _narrowed(fails: set[_Axes], answered: set[_Axes], *, whole: bool) -> Iterator[tuple[tuple[str, ...], ...]]:
    """The fewest words that choose the fails, and nothing else, among what was answered; in parts where need be."""
    for chosen in _NARROWINGS:
        if not whole and 0 not in chosen:
            continue
        words = tuple(tuple(sorted({axes[at] for axes in fails})) if at in chosen else () for at in range(len(_AXES)))
        if _chosen(words, answered) == fails:
            yield words
            return
    parts = {axes[0] for axes in fails}
    alike: dict[tuple[tuple[str, ...], ...], set[str]] = defaultdict(set)
    for part in parts if len(parts) > 1 else fails:
        alone = {axes for axes in fails if part in (axes[0], axes)}
        for words in _narrowed(alone, answered, whole=False):
            alike[words[1:]] |= {*words[0]}
    for others, dtypes in sorted(alike.items()):
        yield tuple(sorted(dtypes)), *others


def _chosen(words: tuple[tuple[str, ...], ...], answered: set[_Axes]) -> set[_Axes]:
    return {axes for axes in answered if all(not some or axes[at] in some for at, some in enumerate(words))}


def _patterns(
    cases: set[str], names: tuple[str, ...], narrowing: tuple[tuple[str, ...], ...], asked: _Asked
) -> Iterator[str]:
    """A glob for each family, or file, of which every case that is answered so is among the cases; ids for the rest."""

    def holds(case: str) -> bool:
        """Whether a case may be within a glob: it is accepted, or it was asked and has no such answer."""
        if case in cases:
            return True
        keys = [(name, case) for name in names]
        return all(asked.whole(*key) and not _chosen(narrowing, asked.axes.get(key, set())) for key in keys)

    left = sorted(cases)
    while left:
        folders = _folders(left[0])
        glob = next((glob for glob in folders if _is_worth(glob, left) and _all(glob, asked.cases, holds)), left[0])
        yield glob
        left = [case for case in left if not id_matches(case, glob)]


def _folders(case: str) -> Iterator[str]:
    """Globs of the family and of the file in which a case is, the wider first."""
    *segments, _ = case.split("/")
    for depth in range(1, len(segments) + 1):
        yield "/".join([*segments[:depth], "*" if depth == len(segments) else "**"])


def _is_worth(glob: str, cases: Iterable[str]) -> bool:
    return sum(id_matches(case, glob) for case in cases) > 1


def _all(glob: str, cases: Iterable[str], holds: Callable[[str], bool]) -> bool:
    return all(holds(case) for case in cases if id_matches(case, glob))


def render_accepted(accepted: Iterable[Accepted], implementations: tuple[str, ...]) -> str:
    """Write entries as they stand in a baseline's list, with a comment each that helps to find the reason."""
    return "".join(f"{line}\n" for each in accepted for line in _lines(each, implementations))


def _lines(accepted: Accepted, implementations: tuple[str, ...]) -> Iterator[str]:
    example = accepted.example
    meant = f"{accepted.loss}, as {accepted.convention}" if accepted.convention else accepted.loss
    yield f"  # {meant}: ceconform explain {example.case} '{example.implementation}' --dtype {example.dtype}"
    items = {"kind": Scalar(accepted.kind)}
    items |= {"part": Scalar(accepted.part)} if accepted.part else {}
    items |= {"versions": Scalar(accepted.versions)} if accepted.versions else {}
    lines = [line for key, node in items.items() for line in written(key, node, 4)]
    lines.append("    reason: ''")
    places = [_place(place, implementations) for place in accepted.places]
    if len(places) == 1:
        lines += [line for key, node in places[0].items.items() for line in written(key, node, 4)]
    else:
        lines.append("    where:")
        for place in places:
            inner = [line for key, node in place.items.items() for line in written(key, node, 8)]
            lines += [f"      - {inner[0].strip()}", *inner[1:]]
    yield f"  - {lines[0].strip()}"
    yield from lines[1:]


def _place(place: Place, implementations: tuple[str, ...]) -> Node:
    items = {key: _list(words) for key in PLACE if (words := getattr(place, key))}
    if place.implementations == implementations:
        del items["implementations"]
    return Node(items, {})


def _list(words: Iterable[str]) -> List:
    return List(tuple(map(Scalar, words)))
