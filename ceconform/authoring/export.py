"""Export: a folder of vectors that stands alone, with the definitions, the conventions and the schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ceconform.authoring.published import conventions_data
from ceconform.authoring.vectors import FORMAT, vectors
from ceconform.corpus import LOSSES, Case
from ceconform.corpus.loading import default_root
from ceconform.errors import ArgumentError
from ceconform.files import write
from ceconform.formats import FORMATS

__all__ = ["File", "export"]

INDEX = "index.json"
_VECTORS = frozenset(f"{loss}/{dtype}.json" for loss in LOSSES for dtype in FORMATS)
PAGES = ("README.md", "VECTORS.md", "vectors.schema.json")


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of vectors, as the index names it."""

    path: str
    loss: str
    dtype: str
    cases: int
    size: int


def export(folder: Path, cases: Iterable[Case], *, corpus: str, dtypes: Sequence[str] = ()) -> list[File]:
    """Write `<loss>/<dtype>.json` for every loss and dtype that a case is asked in, and what is needed to read them.

    Parameters
    ----------
    folder
        A folder that is new, empty, or an earlier export, whose files are replaced.
    cases
        The questions.
    corpus
        The hash of the whole corpus.
    dtypes
        Names or globs; all dtypes where none is given.

    Raises
    ------
    ArgumentError
        If the folder holds something else.
    """
    before = _begin(folder)
    chosen = tuple(cases)
    written = []
    for loss in sorted({case.loss for case in chosen}, key=[*LOSSES].index):
        for dtype in FORMATS:
            asked = not dtypes or any(fnmatchcase(dtype, word) for word in dtypes)
            if asked and any(case.loss == loss and dtype in case.dtypes for case in chosen):
                written.append(_write(folder, chosen, loss, dtype, corpus))
    index = {"format": FORMAT, "corpus": corpus, "files": [asdict(file) for file in written]}
    _dump(folder / INDEX, index)  # from now on it is known as an export
    for page in PAGES:
        write(folder / page, (default_root() / page).read_text(encoding="utf-8"))
    _dump(folder / "conventions.json", conventions_data())
    for name in before - {file.path for file in written}:
        folder.joinpath(name).unlink(missing_ok=True)
    return written


def _write(folder: Path, cases: tuple[Case, ...], loss: str, dtype: str, corpus: str) -> File:
    """A case a line, so that two exports can be compared line by line."""
    data = vectors(cases, loss, dtype, corpus=corpus)
    questions = data.pop("cases")
    head = json.dumps(data, ensure_ascii=False, indent=1).removesuffix("\n}")
    lines = ",\n".join(json.dumps(question, ensure_ascii=False) for question in questions)
    path = folder / loss / f"{dtype}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, f'{head},\n "cases": [\n{lines}\n]\n}}\n')
    return File(path=f"{loss}/{dtype}.json", loss=loss, dtype=dtype, cases=len(questions), size=path.stat().st_size)


def _begin(folder: Path) -> set[str]:
    """Begin a folder, or find the vectors that an earlier export wrote, perhaps one that broke off before its index."""
    if not folder.exists():
        folder.mkdir(parents=True)
        return set()
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if folder.is_dir() and there <= _VECTORS:
        return there
    try:
        files = {str(file["path"]) for file in json.loads((folder / INDEX).read_text(encoding="utf-8"))["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        raise ArgumentError(f"expected a folder that is new, empty or an earlier export, got {folder}") from None
    return files & _VECTORS


def _dump(path: Path, data: object) -> None:
    write(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")
