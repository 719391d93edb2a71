"""Selecting: some cases of a corpus, by id, tag, loss and dtype, or the share of one machine among several."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache

from ceconform.corpus.case import Case
from ceconform.errors import ArgumentError, UnknownNameError

__all__ = ["id_matches", "select", "shard"]


def select(
    cases: Iterable[Case],
    patterns: Sequence[str] = (),
    *,
    tags: Sequence[str] = (),
    losses: Sequence[str] = (),
    dtypes: Sequence[str] = (),
) -> tuple[Case, ...]:
    """Select the cases that match one word of each kind that is given.

    Parameters
    ----------
    cases
        The cases to choose from; their order is kept.
    patterns
        Globs on ids, segment by segment: `*` stays within a segment, `**` spans any number of them, and a
        folder or a file stands for all within (`binary`, `*/clipping`). Former ids match too.
    tags, losses, dtypes
        Names; a glob serves as well.

    Raises
    ------
    UnknownNameError
        For a word that selects nothing, with the nearest names that there are.
    """
    chosen = tuple(cases)
    kinds: tuple[tuple[str, Sequence[str], Callable[[Case], tuple[str, ...]], Callable[[str, str], bool]], ...] = (
        ("case", patterns, lambda case: (case.id, *case.formerly), id_matches),
        ("tag", tags, lambda case: case.tags, fnmatchcase),
        ("loss", losses, lambda case: (case.loss,), fnmatchcase),
        ("dtype", dtypes, lambda case: case.dtypes, fnmatchcase),
    )
    found = chosen
    for kind, words, names, matches in kinds:
        for word in words:
            if not any(matches(name, word) for case in chosen for name in names(case)):
                raise _unknown(kind, word, {name for case in chosen for name in names(case)})
        if words:
            found = tuple(c for c in found if any(matches(name, word) for name in names(c) for word in words))
    return found


def shard(cases: Iterable[Case], number: int, count: int) -> tuple[Case, ...]:
    """Select one of `count` shares of the cases, counted from 1; their order is kept.

    The hash of its id says in which share a case is, so shares are disjoint, complete, and the same on every machine,
    whatever else has been selected.

    Raises
    ------
    ArgumentError
        If there is no such share.
    """
    if not 1 <= number <= count:
        raise ArgumentError(f"expected a shard such as 2/5, counted from 1, got {number}/{count}")
    return tuple(case for case in cases if int(hashlib.sha256(case.id.encode()).hexdigest(), 16) % count == number - 1)


def id_matches(name: str, pattern: str) -> bool:
    """Whether an id matches a glob, segment by segment; a folder or a file stands for all within.

    >>> id_matches("binary/clipping/certain-and-wrong", "*/clipping"), id_matches("binary/clipping/one", "binary/c")
    (True, False)
    """
    return _segments_match(tuple(name.split("/")), tuple(pattern.rstrip("/").split("/")))


@cache
def _segments_match(name: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return True  # what is left of the name lies within the folder or file that matched
    if pattern[0] == "**":
        return any(_segments_match(name[start:], pattern[1:]) for start in range(len(name) + 1))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and _segments_match(name[1:], pattern[1:])


def _unknown(kind: str, word: str, known: set[str]) -> UnknownNameError:
    folders = {name.rsplit("/", depth)[0] for name in known for depth in range(1, name.count("/") + 1)}
    close = get_close_matches(word, sorted(known | folders), 3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    return UnknownNameError(f"no {kind} matches {word!r}{hint}")
