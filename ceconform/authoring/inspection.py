"""Inspections: what is wrong with each case file by itself, and what it should say; of many files in many processes."""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ceconform.authoring import witness
from ceconform.authoring.checks import Problem, check_answers, check_schema, proposal
from ceconform.authoring.formatting import format_document, stray_comments
from ceconform.corpus import Case, load_file
from ceconform.corpus.document import read
from ceconform.errors import CorpusError

__all__ = ["Inspected", "home", "inspect", "inspections"]

README = "README.md"
FEW = 4
"""So many files are inspected sooner than processes start."""


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """What was found in one file."""

    path: Path
    problems: tuple[Problem, ...]
    text: str = ""
    proposed: str = ""


@contextmanager
def inspections(paths: Sequence[Path], root: Path) -> Iterator[Iterable[Inspected]]:
    """Inspect files, where they are many in as many processes as there are cores; give them in the order of the files.

    The caller may do something else before it takes them.
    """
    if len(paths) <= FEW:
        yield (inspect(path, root) for path in paths)
        return
    pool = ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=multiprocessing.get_context("spawn"))
    try:
        # What takes longest begins first.
        begun = {path: pool.submit(inspect, path, root) for path in sorted(paths, key=_size, reverse=True)}
        yield (begun[path].result() for path in paths)
    finally:
        pool.shutdown(cancel_futures=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def inspect(path: Path, root: Path) -> Inspected:
    """Check one file by itself."""
    path = path.resolve()
    root = home(path, root)
    try:
        document = read(path)
        cases = load_file(path, root, answered=False)
    except CorpusError as error:
        return Inspected(path=path, problems=(Problem.of(error),))
    text = path.read_text(encoding="utf-8")
    problems = [
        Problem(path, line, "(file)", "a comment here would be lost; put it above a case, or into a description")
        for line in stray_comments(document, text)
    ]
    problems += check_schema(path, document)
    problems += [problem for case in cases for problem in _unresolved(case, root)]
    answers = {case.id.rpartition("/")[2]: check_answers(case) for case in cases}
    for found, _ in answers.values():
        problems += found
    proposed = format_document(proposal(document, {slug: nodes for slug, (_, nodes) in answers.items()}), text)
    if format_document(document, text) != text:
        problems.append(Problem(path, 1, "(file)", "not formatted", fixable=True))
    problems += _contested(cases, proposed, root)
    return Inspected(path=path, problems=tuple(problems), text=text, proposed=proposed)


def home(path: Path, root: Path) -> Path:
    """Where the ids of a file begin: at the corpus, or at the folder of a file of somebody else's."""
    return root if path.is_relative_to(root.resolve()) else path.parent


def _contested(cases: Sequence[Case], proposed: str, root: Path) -> Iterator[Problem]:
    """Ask the second witness about what the file says with the oracle's answers in it."""
    places: Mapping[str, Case] = {case.id: case for case in cases}
    path = cases[0].path
    try:
        answered = load_file(path, root, answered=False, text=proposed)
    except CorpusError as error:
        yield Problem.of(error)
        return
    for case in answered:
        if case.expected.error or case.expected.loss is not None:
            place = places[case.id]
            for key, complaint in witness.objections(case):
                yield Problem(path, place.line, f"{case.id}: {key}", complaint)


def _unresolved(case: Case, root: Path) -> Iterator[Problem]:
    """Check that a source within the definitions names a heading that is there."""
    readme = root / README
    if not readme.is_file():
        return
    anchors = set(re.findall(r'<a id="([^"]+)">', readme.read_text(encoding="utf-8")))
    for name, source in case.sources.items():
        document, _, anchor = source.partition("#")
        if document == f"cases/{README}" and anchor not in anchors:
            yield Problem(case.path, case.line, f"{case.id}: sources.{name}", f"{README} has no #{anchor}")
