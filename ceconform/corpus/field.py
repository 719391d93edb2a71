"""A field: a node of a case file together with where it stands, and its reading as text, choice or number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from ceconform.corpus.document import Mapping, Node, Scalar, Sequence, describe
from ceconform.corpus.numbers import number
from ceconform.errors import CorpusError

__all__ = ["SLUG", "Field"]

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
MAX_CHOICES = 12
MAX_DIGITS = 16
_set = lru_cache(maxsize=64)(frozenset[str])


@dataclass(slots=True)  # a frozen one takes thrice as long to make
class Field:
    """A node and its place: the file, the dotted key, the line."""

    path: Path | str
    key: str
    node: Node
    line: int

    def error(self, expected: str, got: str | None = None) -> CorpusError:
        """Make the error that refuses this field."""
        return CorpusError(self.path, self.line, self.key, expected, describe(self.node) if got is None else got)

    def keys(self) -> tuple[str, ...]:
        """The keys of a mapping."""
        return tuple(self.mapping().items)

    def mapping(self) -> Mapping:
        """The node, which must be a mapping."""
        if not isinstance(self.node, Mapping):
            raise self.error("a mapping")
        return self.node

    def __contains__(self, key: str) -> bool:
        return isinstance(self.node, Mapping) and key in self.node.items

    def __getitem__(self, key: str) -> Field:
        node: Any = self.node
        try:
            items, lines, _ = node
            inner, line = items[key], lines[key]
        except (KeyError, ValueError):  # no such key; no mapping
            raise self.error(f"the key {key}", "a mapping without it") from None
        return Field(self.path, key if self.key == "(file)" else f"{self.key}.{key}", inner, line)

    def __iter__(self) -> Iterator[Field]:
        if not isinstance(self.node, Sequence):
            raise self.error("a list")
        for index, item in enumerate(self.node.items):
            yield Field(self.path, f"{self.key}[{index}]", item, item.line)

    def only(self, allowed: Collection[str], required: Collection[str] = ()) -> None:
        """Refuse any other key than the allowed ones, and the lack of a required one."""
        items = self.mapping().items
        if not items.keys() <= _set(tuple(allowed)):
            key = next(key for key in items if key not in allowed)
            close = get_close_matches(key, allowed, 1)
            wanted = f"{close[0]}, or another known key" if close else _listed(allowed)
            raise self[key].error(wanted, f"the unknown key {key}")
        for key in required:
            if key not in items:
                raise self.error(f"the key {key}", "a mapping without it")

    def raw(self) -> str:
        """A scalar as it stands."""
        if not isinstance(self.node, Scalar):
            raise self.error("text")
        return self.node.text

    def text(self) -> str:
        """Prose: not empty, with single spaces."""
        text = " ".join(self.raw().split())
        if not text:
            raise self.error("some words")
        return text

    def choice(self, options: Collection[str]) -> str:
        """One word of several."""
        word = self.raw()
        if word not in options:
            close = get_close_matches(word, options, 1) if len(options) > MAX_CHOICES else []
            raise self.error(f"{close[0]}, or another known name" if close else _listed(options))
        return word

    def slug(self) -> str:
        """Lower-case words joined by hyphens."""
        word = self.raw()
        if not SLUG.fullmatch(word):
            raise self.error("lower-case words joined by hyphens")
        return word

    def exact(self) -> Fraction:
        """A finite number, exactly."""
        try:
            value = number(self.raw())
        except ValueError:
            raise self.error("a number") from None
        if not isinstance(value, float):
            return value
        if value != 0:
            raise self.error("a finite number")
        return Fraction(0)

    def integer(self) -> int:
        """A whole number."""
        text = self.raw()
        if len(text) < MAX_DIGITS and text.isascii() and text.isdigit():
            return int(text)  # as most are: no fraction needs to be made
        value = self.exact()
        if value.denominator != 1:
            raise self.error("a whole number")
        return int(value)


def _listed(words: Collection[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
