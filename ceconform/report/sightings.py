"""Sightings: the wrong answers of which upstream threads tell, and what has become of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ceconform.corpus import Case, Seen
from ceconform.report.header import Header
from ceconform.report.markdown import table
from ceconform.report.report import Report
from ceconform.report.result import Result
from ceconform.report.summary import Who, names, versions
from ceconform.verdict import NOW, now

__all__ = ["Sighting", "of_result", "render_sightings", "sightings", "told"]

UNASKED = NOW[-1]


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A wrong answer to a case, and what the implementations that gave it answer now."""

    case: str
    seen: Seen
    now: Mapping[str, Mapping[Who, tuple[str, ...]]]
    """One of `NOW` to the implementations, and the dtypes in which it is so; empty if none was asked."""

    @property
    def worst(self) -> str:
        """What has become of it, where that is worst."""
        return min(self.now, key=NOW.index, default=UNASKED)


def sightings(report: Report, cases: Mapping[str, Case]) -> tuple[Sighting, ...]:
    """Look at each wrong answer that a case tells of, beside the results for it; those that are worst come first."""
    by_case: dict[str, list[Result]] = defaultdict(list)
    for result in report.results:
        by_case[result.case].append(result)
    found = [
        _sighting(case, seen, by_case[case.id], report.header)
        for _, case in sorted(cases.items())
        for seen in case.seen
    ]
    return tuple(sorted(found, key=lambda each: NOW.index(each.worst)))


def _sighting(case: Case, seen: Seen, results: Iterable[Result], header: Header) -> Sighting:
    found: dict[str, dict[Who, set[str]]] = defaultdict(lambda: defaultdict(set))
    for result in results:
        become = of_result(case, seen, result, header)
        if become and become != UNASKED:
            found[become][result.implementation, result.version].add(result.dtype)
    ordered = {
        become: {who: tuple(sorted(dtypes)) for who, dtypes in sorted(found[become].items())}
        for become in sorted(found, key=NOW.index)
    }
    return Sighting(case=case.id, seen=seen, now=ordered)


def of_result(case: Case, seen: Seen, result: Result, header: Header) -> str:
    """Say what has become of a wrong answer in a result: one of `NOW`, empty if the result is of somebody else.

    An answer of another dtype or device than the thread names does not show whether the wrong one still comes.
    """
    if seen.implementation not in {result.implementation, result.implementation.partition("[")[0]}:
        return ""
    elsewhere = seen.device and seen.device != result.device.partition(":")[0]
    if elsewhere or (seen.dtype and seen.dtype != result.dtype):
        return UNASKED
    known = header.implementation(result.implementation, result.version)
    return now(
        case,
        seen,
        result.observation,
        result.dtype,
        acceptable=result.verdict == "acceptable",
        flushes_subnormals=known is not None and bool(known.switches.get("flushes_subnormals")),
    )


def told(seen: Seen) -> str:
    """Write what was seen, by whom: `nan by torch 1.10 in float32 on mps`; `·` stands for a number that is not told."""
    figures = [] if seen.figures is None else ["·" if each is None else each for each in seen.figures.ravel().tolist()]
    numbers = "   ".join(figures)
    what = seen.raised or (f"gradient {numbers}" if seen.part == "gradient" else numbers)
    where = "".join(f" {word} {name}" for word, name in (("in", seen.dtype), ("on", seen.device)) if name)
    return f"{what}, by {' '.join(filter(None, (seen.implementation, seen.version)))}{where}"


def render_sightings(report: Report, cases: Mapping[str, Case]) -> Iterator[str]:
    """Write a section in Markdown; nothing if no case tells of a wrong answer."""
    found = sightings(report, cases)
    if not found:
        return
    yield "## What upstream threads saw"
    yield ""
    counts = Counter(each.worst for each in found)
    amounts = ", ".join(f"{become}: {counts[become]}" for become in NOW if counts[become])
    yield f"{len(found)} wrong answers of which a thread tells, and whether they still come. {amounts}."
    yield "Not asked are other libraries, and the devices and dtypes that were not at hand."
    yield ""
    known = versions(report)
    rows = ((_link(each.seen.thread), f"`{each.case}`", told(each.seen), _become(each, known)) for each in found)
    yield from table(("thread", "case", "seen", "now"), rows)


def _link(thread: str) -> str:
    repository, _, number = thread.partition("#")
    return f"[{thread}](https://github.com/{repository}/issues/{number})"


def _become(sighting: Sighting, known: Mapping[str, frozenset[str]]) -> str:
    """What has become of it, for whom, and in which dtypes where that differs."""
    changing = Counter(who for whose in sighting.now.values() for who in whose)
    said = []
    for become, whose in sighting.now.items():
        alike: dict[tuple[str, ...], list[Who]] = defaultdict(list)
        for who, dtypes in whose.items():
            alike[dtypes if changing[who] > 1 else ()].append(who)
        some = (" in ".join(filter(None, (names(who, known), ", ".join(dtypes)))) for dtypes, who in alike.items())
        said.append(f"{become}: {'; '.join(some)}")
    return ". ".join(said) or UNASKED
