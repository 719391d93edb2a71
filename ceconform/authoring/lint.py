"""Lint: everything that must hold of the corpus and of baselines, and the writing of what no one types by hand.

Each answer is proved twice, by the oracle and by the second witness. With `fix`, the answers of the oracle and the one
format are written. A file that has a problem left which only its author can solve, or about whose answers the two do
not agree, stays as it is, and the proposal goes beside it as `<file>.rej`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from ceconform.authoring.baselines import check_baselines, committed, is_baseline
from ceconform.authoring.checks import Problem
from ceconform.authoring.inspection import Inspected, home, inspections
from ceconform.authoring.miniatures import Bench
from ceconform.authoring.published import conventions_text, schema_text
from ceconform.corpus import Case, load_file
from ceconform.corpus.loading import CONVENTIONS_FILE, case_files, default_root, question
from ceconform.errors import CorpusError
from ceconform.files import write

__all__ = ["Problem", "lint"]


def lint(paths: Iterable[Path] | None = None, *, fix: bool = False, root: Path | None = None) -> list[Problem]:
    """Check case files, what is published beside them, and baselines.

    Parameters
    ----------
    paths
        Case files and baselines, or folders of them; by default all of the corpus, and then `schema.json`,
        `conventions.yaml` and the baselines of this repository too.
    fix
        Write answers, format and published files. The problems that are left are returned.
    root
        The folder of the corpus; by default the one that belongs to this package.

    Returns
    -------
    list of Problem
        Sorted by file and line; empty if all is well.
    """
    root = default_root() if root is None else root
    problems: list[Problem] = []
    if paths is None:
        problems += _published(root, fix=fix)
        paths = [*case_files(root), *committed(root)]
    paths = [file for path in paths for file in (sorted(path.rglob("*.yaml")) if path.is_dir() else [path])]
    baselines = [path for path in paths if is_baseline(path)]
    paths = [path for path in paths if path not in baselines]
    with inspections(paths, root) as files:
        # Meanwhile, where other processes inspect the files.
        problems += check_baselines(baselines, root)
        across = list(_across([case for path in paths for case in _cases(path, root)]))
        inspected = list(files)
    for file in inspected:
        found = [*file.problems, *(problem for problem in across if problem.path == file.path)]
        if fix and file.proposed and file.proposed != file.text:
            found = _settle(file, found, root)
        problems += found
    return sorted(problems, key=lambda problem: (str(problem.path), problem.line, problem.key))


def _cases(path: Path, root: Path) -> tuple[Case, ...]:
    """Read a file, new cases too; none of one that cannot be read, which its inspection tells."""
    path = path.resolve()
    try:
        return load_file(path, home(path, root), answered=False)
    except CorpusError:
        return ()


def _across(cases: Sequence[Case]) -> Iterator[Problem]:
    """Check what holds between cases: unique ids, no question asked twice, and none that proves nothing."""
    bench = Bench(cases)
    named: dict[str, Case] = {}
    asked: dict[str, Case] = {}
    for case in cases:
        for name in (case.id, *case.formerly):
            if name in named:
                yield Problem(case.path, case.line, name, f"the id is taken by {_place(named[name])}")
            named.setdefault(name, case)
        other = asked.setdefault(question(case) + case.expected.error, case)
        if other is not case:
            yield Problem(case.path, case.line, case.id, f"asks the same as {other.id}, {_place(other)}")
        if bench.is_answered(case) and bench.catch(case) is None:
            yield Problem(case.path, case.line, case.id, "catches no miniature: no wrong implementation fails it")


def _place(case: Case) -> str:
    return f"{case.path.name}:{case.line}"


def _settle(file: Inspected, problems: list[Problem], root: Path) -> list[Problem]:
    """Write what is proposed, over the file if nothing else is wrong with it, else beside it."""
    left = [problem for problem in problems if not problem.fixable]
    if not left:
        try:
            _prove(file, root)
        except CorpusError as error:
            left = [Problem.of(error)]
    if not left:
        write(file.path, file.proposed)
        return []
    rejected = file.path.with_name(file.path.name + ".rej")
    write(rejected, file.proposed)
    return [*left, Problem(file.path, 1, "(file)", f"left as it is; the proposal is in {rejected.name}")]


def _prove(file: Inspected, root: Path) -> None:
    """Read the proposal as the corpus would be read, so that nothing broken replaces a file."""
    load_file(file.path, home(file.path, root), text=file.proposed)


def _published(root: Path, *, fix: bool) -> Iterator[Problem]:
    """Check that what is written from the code is in step with it."""
    written: dict[str, Callable[[], str]] = {"schema.json": schema_text, CONVENTIONS_FILE: conventions_text}
    for name, make in written.items():
        path, text = root / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if fix:
            write(path, text)
        else:
            yield Problem(path, 1, "(file)", "out of step with the code", fixable=True)
