"""Loading: the files of a corpus to its cases."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ceconform.corpus.case import Case
from ceconform.corpus.document import parse, read
from ceconform.corpus.excerpt import Excerpt
from ceconform.corpus.field import SLUG
from ceconform.corpus.reading import read_cases
from ceconform.errors import CorpusError

__all__ = ["case_files", "case_hash", "corpus_hash", "default_root", "load", "load_file", "question", "within"]

CONVENTIONS_FILE = "conventions.yaml"


def default_root() -> Path:
    """Find the corpus: inside the installed package, else beside the package in a checkout.

    Raises
    ------
    CorpusError
        If there is neither.
    """
    package = Path(__file__).parents[1]
    for root in (package / "cases", package.parent / "cases"):
        if (root / "schema.json").is_file():
            return root
    raise CorpusError(package / "cases", 1, "(folder)", "the corpus, in the package or beside it", "no such folder")


def case_files(root: Path) -> tuple[Path, ...]:
    """Give the case files below a folder, sorted."""
    return tuple(sorted(path for path in root.rglob("*.yaml") if path != root / CONVENTIONS_FILE))


def load(root: Path | None = None) -> tuple[Case, ...]:
    """Read a whole corpus, in the order of its ids' files.

    Parameters
    ----------
    root
        The folder `cases`; by default the one that belongs to this package.

    Raises
    ------
    CorpusError
        If a file is not valid, an id stands twice, or there is no case at all.
    """
    root = default_root() if root is None else root
    files = case_files(root)
    if not files:
        raise CorpusError(root, 1, "(folder)", "case files, *.yaml", "none")
    home = root.resolve()
    with _no_collection():
        cases = tuple(case for path in files for case in _cases(within(path, home), home))
    known: dict[str, Case] = {}
    for case in cases:
        for name in (case.id, *case.formerly):
            if name in known:
                other = known[name]
                raise CorpusError(case.path, case.line, name, "each id once", f"it in {other.path}:{other.line} too")
            known[name] = case
    return cases


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the collection of garbage: what is made here is kept, and looking through it again and again takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def load_file(
    path: Path, root: Path | None = None, *, answered: bool = True, text: str | None = None
) -> tuple[Case, ...]:
    """Read one file.

    Parameters
    ----------
    path
        A case file.
    root
        The folder that ids are relative to; by default the nearest one above that holds `schema.json`, else
        the file's own.
    answered
        Whether each case must state what is expected; a new case does not do so yet.
    text
        What it is going to say, in place of what it says.

    Raises
    ------
    CorpusError
        For the first thing that is wrong with it.
    """
    if root is None:
        path = path.resolve()
        home = next((folder for folder in path.parents if (folder / "schema.json").is_file()), path.parent)
    else:
        home = root.resolve()
        path = within(path, home)
    return tuple(_cases(path, home, answered=answered, text=text))


def _cases(path: Path, home: Path, *, answered: bool = True, text: str | None = None) -> Iterator[Case]:
    """Read a file of this folder; both paths are resolved."""
    parts = path.relative_to(home).with_suffix("").parts
    for part in parts:
        if not SLUG.fullmatch(part):
            raise CorpusError(path, 1, "(file)", "a path of lower-case words joined by hyphens", f"`{part}`")
    document = read(path) if text is None else parse(text, path)
    return read_cases(document, path, "/".join(parts), answered=answered)


def within(path: Path, folder: Path) -> Path:
    """Where a file of a resolved folder is, which must be in it: a folder of somebody else's may hold links.

    Raises
    ------
    CorpusError
        If it is elsewhere, or nowhere.
    """
    try:
        found = path.resolve()
    except RuntimeError as error:
        raise CorpusError(path, 1, "(file)", "a file", str(error)) from error
    if not found.is_relative_to(folder):
        raise CorpusError(path, 1, "(file)", f"a file within {folder}", f"a link to {found}")
    return found


def corpus_hash(cases: Iterable[Case]) -> str:
    """Hash what is asked and what is right: the same for the same questions, whatever the files look like.

    The order of the cases, their prose, sources and tags do not count.
    """
    digest = hashlib.sha256()
    for line in sorted(f"{case.id} {question(case)} {_answer(case)}" for case in cases):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


@cache
def case_hash(case: Case) -> str:
    """Hash what one case asks and what is right, whatever its id, prose, sources and tags: 16 hexadecimal digits."""
    return hashlib.sha256(f"{question(case)} {_answer(case)}".encode()).hexdigest()[:16]


def question(case: Case) -> str:
    """Write what a case asks as one line: two cases that ask the same have the same."""
    asked = {
        "loss": case.loss,
        "predictions": _plain(case.predictions),
        "labels": _plain(case.labels),
        "parameters": {name: _plain(value) for name, value in case.parameters.items()},
        "question": [case.activation, case.space, case.label_dtype, case.dtypes],
    }
    if case.gradient_by != "predictions" or case.cotangent is not None:
        asked["gradient"] = [case.gradient_by, _plain(case.cotangent)]
    return json.dumps(asked, sort_keys=True)


def _answer(case: Case) -> str:
    expected = case.expected
    arrays = (expected.loss, expected.gradient, expected.condition, expected.gradient_condition)
    return json.dumps([expected.error, expected.invalid, expected.terms, *map(_plain, arrays)])


def _plain(value: Any) -> Any:
    if isinstance(value, Excerpt):
        return [value.shape, value.places, _plain(value.numbers), str(value.sum), str(value.absolute_sum)]
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype == object:
        return [value.shape, [str(each) for each in value.flat]]
    return [value.shape, str(value.dtype), hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
