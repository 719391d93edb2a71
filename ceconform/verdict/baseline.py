"""Baselines: the reviewed list of what implementations are known to answer otherwise, as files say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ceconform.corpus.document import Scalar, read
from ceconform.corpus.field import Field
from ceconform.corpus.loading import within
from ceconform.errors import CorpusError
from ceconform.verdict.kinds import KINDS

__all__ = ["ENTRY", "PARTS", "PLACE", "Baseline", "Entry", "Place", "public", "read_baseline", "read_baselines"]

PLACE = ("implementations", "dtypes", "via", "devices", "cases")
ENTRY = ("kind", "part", "versions", "reason", "link", *PLACE, "where")
PARTS = ("value", "gradient")
_LONGEST_VERSION = 200
_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a discrepancy is known: in each answer to these cases that the rest does not leave out."""

    cases: tuple[str, ...]
    """Ids, former ids, or globs on the segments of ids."""
    implementations: tuple[str, ...]
    dtypes: tuple[str, ...] = ()
    """Empty, as the next two: whichever are asked."""
    via: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One known discrepancy: what goes wrong, where, and why."""

    kind: str
    places: tuple[Place, ...]
    part: str = ""
    """`value` or `gradient`; empty for either."""
    versions: str = ""
    """A version specifier, `>=1.9,<2`; empty for all."""
    reason: str = ""
    """Empty until somebody has written it, which lint asks for."""
    link: str = ""
    path: Path = Path()
    line: int = 0

    @cached_property
    def _specifiers(self) -> SpecifierSet:
        return SpecifierSet(self.versions)

    def applies(self, version: str) -> bool:
        """Whether it is about a version; one that PEP 440 does not know is only within no specifier at all.

        >>> Entry(kind="wrong-value", places=(), versions=">=1.9,<2").applies("1.10.0+cpu")
        True
        """
        if not self.versions:
            return True
        known = public(version)
        return bool(known) and self._specifiers.contains(known, prereleases=True)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What one file says."""

    path: Path
    implementations: tuple[str, ...]
    entries: tuple[Entry, ...] = ()


def public(version: str) -> str:
    """The public part of a version, without what stands behind it; empty if it is none that PEP 440 knows.

    >>> public("2.13.0+cpu"), public("0.1.0 (numpy 2.4.6)"), public("tip of the tree")
    ('2.13.0', '0.1.0', '')
    """
    word = version.partition(" ")[0]
    try:
        return Version(word).public if len(word) <= _LONGEST_VERSION else ""
    except InvalidVersion:
        return ""


def read_baselines(paths: Iterable[Path]) -> tuple[Baseline, ...]:
    """Read files, and all files `*.yaml` in folders.

    Raises
    ------
    CorpusError
        If one is not there, or not valid.
    """
    files: dict[Path, None] = {}
    for path in paths:
        found = sorted(path.rglob("*.yaml")) if path.is_dir() else []
        folder = path.resolve()
        for file in found:
            within(file, folder)
        files |= dict.fromkeys(found if path.is_dir() else [path])
    return tuple(map(read_baseline, files))


def read_baseline(path: Path) -> Baseline:
    """Read one file.

    Raises
    ------
    CorpusError
        If it is not there, or not valid: the file, the line, the key, what was expected and what came.
    """
    try:
        root = read(path)
    except OSError as error:
        raise CorpusError(path, 1, "(file)", "a baseline", str(error)) from error
    file = Field(path, "(file)", root, 1)
    file.only(("implementations", "discrepancies"), ("implementations", "discrepancies"))
    implementations = _words(file["implementations"])
    entries = tuple(_entry(field, path, implementations) for field in file["discrepancies"])
    return Baseline(path=path, implementations=implementations, entries=entries)


def _entry(field: Field, path: Path, implementations: tuple[str, ...]) -> Entry:
    field.only(ENTRY, ("kind", "reason"))
    places = [field]
    if "where" in field:
        places = list(field["where"])
        if not places:
            raise field["where"].error("one place or more")
        for key in PLACE:
            if key in field:
                raise field[key].error("it within `where`", "it beside `where`")
    versions = field["versions"].raw() if "versions" in field else ""
    try:
        SpecifierSet(versions if len(versions) <= _LONGEST_VERSION else "one that is too long")
    except InvalidSpecifier:
        raise field["versions"].error("a version specifier such as '>=1.9,<2'") from None
    link = field["link"].raw() if "link" in field else ""
    if link and not _LINK.fullmatch(link):
        raise field["link"].error("an address, https://…")
    reason = field["reason"]
    return Entry(
        kind=field["kind"].choice(KINDS),
        part=field["part"].choice(PARTS) if "part" in field else "",
        versions=versions,
        reason=" ".join(reason.raw().split()),
        link=link,
        places=tuple(_place(each, implementations, alone="where" in field) for each in places),
        path=path,
        line=field.line,
    )


def _place(field: Field, implementations: tuple[str, ...], *, alone: bool) -> Place:
    if alone:
        field.only(PLACE, ("cases",))
    narrowed = _words(field["implementations"], implementations) if "implementations" in field else implementations
    return Place(
        cases=_words(field["cases"]),
        implementations=narrowed,
        dtypes=_words(field["dtypes"]) if "dtypes" in field else (),
        via=_words(field["via"]) if "via" in field else (),
        devices=_words(field["devices"]) if "devices" in field else (),
        line=field.line,
    )


def _words(field: Field, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A list of words, one at least, none of them twice, all of them known where it is said which are."""
    words: dict[str, None] = {}
    for each in field:
        word = each.choice(known) if known else each.raw()
        if not isinstance(each.node, Scalar) or not word:
            raise each.error("a word")
        if word in words:
            raise each.error("each word once", f"`{word}` again")
        words[word] = None
    if not words:
        raise field.error("one word or more")
    return tuple(words)
