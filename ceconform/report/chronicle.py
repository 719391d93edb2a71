"""The page of a history: by implementation, what each release broke, fixed and changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ceconform.report.changes import first, said
from ceconform.report.difference import Change
from ceconform.report.history import EFFECTS, History, Movement, Release, Timeline
from ceconform.report.markdown import table, without_folders
from ceconform.report.result import Result
from ceconform.verdict import VERDICTS

__all__ = ["render_history"]

_COUNTED = ("broke", "fixed")
_NAMED = 3
"""Losses, and verdicts, that a row names."""


def render_history(history: History) -> str:
    """Write a history in Markdown, worst first within a release; the same reports give the same text."""
    header = history.header
    lines = [
        "# History",
        "",
        f"What releases changed in the answers to the corpus `{header.corpus[:8]}`, {header.cases} cases: each is",
        "compared with the one before it. An answer is that to one case in one dtype by one entry point. Seen on",
        f"{', '.join(header.platform)} with Python {', '.join(header.python)}. The history session writes this page.",
        "",
    ]
    lines += table(("effect", "what it means of an answer"), ((f"**{name}**", told) for name, told in EFFECTS.items()))
    for timeline in history.timelines:
        lines += _timeline(timeline)
    if history.missing:
        lines += ["## Did not start", ""]
        lines += table(("release", "reason"), ((name, without_folders(why)) for name, why in history.missing.items()))
    return "\n".join(lines).rstrip() + "\n"


def _timeline(timeline: Timeline) -> Iterator[str]:
    yield f"## {timeline.implementation}"
    yield ""
    counted = (*VERDICTS, *_COUNTED)
    yield from table(("release", "with", *counted), map(_counts, timeline.releases), len(counted))
    first_, *later = timeline.releases
    still = [release.version for release in later if not release.movements]
    if still:
        yield f"No answer changed in {', '.join(still)}."
        yield ""
    before = first_
    for release in later:
        if release.movements:
            yield f"### {timeline.implementation} {release.version}, after {before.version}"
            yield ""
            yield from _moved(release)
            columns = ("effect", "losses", "cases", "answers", "before → after", "example")
            yield from table(columns, map(_row, release.movements))
        before = release


def _counts(release: Release) -> Iterator[str]:
    yield release.version
    yield ", ".join(f"{name} {value}" for name, value in release.switches.items() if _is_version(value))
    for verdict in VERDICTS:
        yield str(release.tally.counts.get(verdict, 0) or "·")
    for effect in _COUNTED:
        yield str(release.answers(effect) or "·")


def _is_version(value: object) -> bool:
    return isinstance(value, str) and value[:1].isdigit()


def _moved(release: Release) -> Iterator[str]:
    """What it computed with has changed too, and may be the cause."""
    if release.moved:
        told = (f"{name} {old} → {new}" for name, (old, new) in sorted(release.moved.items()))
        yield f"Beside it: {', '.join(told)}."
        yield ""


def _row(movement: Movement) -> Iterator[str]:
    yield f"**{movement.effect}**"
    yield ", ".join(f"`{loss}`" for loss in movement.losses) if len(movement.losses) <= _NAMED else "many"
    yield str(movement.cases)
    yield str(len(movement.changes))
    was, is_ = (_tallied(side) for side in zip(*((each.old, each.new) for each in movement.changes), strict=True))
    yield is_ if was in {"unsupported", is_} else f"{was} → {is_}"
    yield _shown(movement.example)


def _tallied(results: Iterable[Result | None]) -> str:
    """The verdicts of some results, the commonest first; how many there are of each, if there are several."""
    counts = Counter("unsupported" if each is None else said(each).replace(" of the value", "") for each in results)
    if len(counts) == 1:
        return next(iter(counts))
    named = [f"{count} {words}" for words, count in counts.most_common(_NAMED)]
    others = counts.total() - sum(count for _, count in counts.most_common(_NAMED))
    return ", ".join([*named, *([f"{others} others"] if others else [])])


def _shown(change: Change) -> str:
    """The case, and a number before and after."""
    old, new = change.old, change.new
    where = f"`{change.result.case}` ({change.result.dtype})"
    for part in dict.fromkeys((*(each.part for each in (new, old) if each is not None), "value", "gradient")):
        was, is_ = (getattr(each, part) if each is not None and part else None for each in (old, new))
        if was != is_:
            numbers = [f"`{first(one, other)}`" for one, other in ((was, is_), (is_, was)) if one is not None]
            return f"{where}: {part} {' → '.join(numbers)}"
    return where
