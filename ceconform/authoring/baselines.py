"""Baselines as files: extended by what is new in a report, and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ceconform.authoring.acceptance import accept, render_accepted, severe
from ceconform.authoring.checks import Problem
from ceconform.authoring.formatting import entry as written
from ceconform.corpus import Case, id_matches, load
from ceconform.corpus.document import Scalar
from ceconform.corpus.document import Sequence as List
from ceconform.errors import ArgumentError, CorpusError
from ceconform.files import replacing
from ceconform.report import Report, Result, regression
from ceconform.verdict import Baseline, Entry, read_baseline

__all__ = ["Extended", "check_baselines", "committed", "extend", "is_baseline"]

_KEYS = re.compile(r"^(implementations|discrepancies):", re.MULTILINE)
_EMPTY = re.compile(r"^discrepancies:[ ]*\[\][ ]*\n?", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Extended:
    """A baseline with what is new."""

    text: str
    accepted: int
    """How many answers."""
    entries: int
    refused: tuple[Result, ...]
    """Fails that are too severe to be accepted by the way."""
    errors: tuple[Result, ...]
    """What could not be judged."""


def extend(
    report: Report,
    known: Sequence[Baseline],
    cases: Sequence[Case],
    *,
    path: Path | None = None,
    names: Sequence[str] = (),
    force: bool = False,
) -> Extended:
    """Write what is new in a report behind what a baseline has, which stays as it stands, or into a new one.

    Parameters
    ----------
    report
        Of a run.
    known
        Baselines; the one that is extended among them, if it is there.
    cases
        The whole corpus.
    path
        The file; None writes none.
    names
        Implementations whose fails are accepted; by default all that the report and the file are about.
    force
        Accept severe fails too.

    Raises
    ------
    ArgumentError
        If an implementation is not in the report or not in the file, or is there in several versions; or if the file's
        list of discrepancies is not what it ends with.
    """
    there = next((baseline for baseline in known if path is not None and baseline.path == path), None)
    implementations = _about(report, names, there)
    asked = replace(
        report, results=tuple(result for result in report.results if result.implementation in implementations)
    )
    new = regression(asked, known, cases).new
    refused = () if force else severe(new)
    fails = [result for result in new if result.verdict == "fail" and result not in refused]
    accepted = accept(fails, report, cases)
    added = render_accepted(accepted, implementations if there is None else there.implementations)
    text = _behind(path.read_text(encoding="utf-8") if there is not None and path else "", added, implementations)
    if path is not None and (accepted or there is None):
        _write(path, text, len(accepted) + (0 if there is None else len(there.entries)))
    return Extended(
        text=text,
        accepted=len(fails),
        entries=len(accepted),
        refused=refused,
        errors=tuple(result for result in new if result.verdict == "error"),
    )


def _about(report: Report, names: Sequence[str], there: Baseline | None) -> tuple[str, ...]:
    """The implementations that are meant: in the report, and in the file if there is one."""
    known = {each.name for each in report.header.implementations} | {each.implementation for each in report.results}
    for name in names:
        if name not in known:
            raise ArgumentError(f"expected one of {', '.join(sorted(known))}, which the report is about, got {name}")
        if there is not None and name not in there.implementations:
            about = ", ".join(there.implementations)
            raise ArgumentError(f"expected one of {about}, which {there.path} is about, got {name}; add it there first")
    chosen = {*names} or known
    if there is not None:
        chosen &= {*there.implementations}
    if not chosen:
        about = ", ".join(there.implementations) if there else "an implementation"
        raise ArgumentError(f"expected a report about {about}, got one about {', '.join(sorted(known)) or 'none'}")
    return tuple(sorted(chosen))


def _behind(text: str, added: str, implementations: tuple[str, ...]) -> str:
    """Put entries behind the last one of a file."""
    if not text:
        head = "\n".join(written("implementations", List(tuple(map(Scalar, implementations))), 0))
        return f"{head}\ndiscrepancies:\n{added}" if added else f"{head}\ndiscrepancies: []\n"
    if not added:
        return text
    opened = _EMPTY.sub("discrepancies:\n", text)
    return opened + ("" if opened.endswith("\n") else "\n") + added


def _write(path: Path, text: str, count: int) -> None:
    """Replace the file, once what is written has been read as so many entries."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text)
        file.flush()
        try:
            read = len(read_baseline(Path(file.name)).entries)
        except CorpusError:
            read = -1
        if read != count:
            raise ArgumentError(f"expected {path} to end with `discrepancies`, an entry a line, got another end")


def committed(root: Path) -> tuple[Path, ...]:
    """The baselines of the checkout that a corpus belongs to."""
    return tuple(sorted((root.parent / "reports" / "baselines").glob("*.yaml")))


def is_baseline(path: Path) -> bool:
    """Whether a file has the keys of a baseline, and not those of a case file."""
    try:
        return bool(_KEYS.search(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False


def check_baselines(paths: Sequence[Path], root: Path | None = None) -> Iterator[Problem]:
    """Check that baselines are valid, that every entry has a reason, and that the corpus has its cases."""
    known: list[str] | None = None
    for path in paths:
        try:
            baseline = read_baseline(path)
        except CorpusError as error:
            yield Problem.of(error)
            continue
        known = _known(root) if known is None else known
        yield from _check(baseline, known)


def _known(root: Path | None) -> list[str]:
    """The ids of the corpus; none of one that is not valid, which is told of the corpus."""
    try:
        return [name for case in load(root) for name in (case.id, *case.formerly)]
    except CorpusError:
        return []


def _check(baseline: Baseline, known: Sequence[str]) -> Iterator[Problem]:
    for number, entry in enumerate(baseline.entries):
        key = f"discrepancies[{number}]"
        if not entry.reason:
            yield Problem(
                baseline.path, entry.line, f"{key}.reason", "expected why it is so, and why it may stay, got nothing"
            )
        for line, pattern in _unmatched(entry, known):
            yield Problem(baseline.path, line, f"{key}.cases", f"no case matches {pattern}")


def _unmatched(entry: Entry, known: Sequence[str]) -> Iterator[tuple[int, str]]:
    if known:
        for place in entry.places:
            for pattern in place.cases:
                if pattern not in known and not any(id_matches(name, pattern) for name in known):
                    yield place.line, pattern
