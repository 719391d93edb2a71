"""Lines: the form that lint writes, read line by line, several times as fast as YAML's events are.

Only what is beyond doubt is read here: `key: text`, `key: [word, word]`, `key: {word: word}`, rows `- [word, word]`,
text that goes on on the next lines, and mappings of these. The lines of any other entry are composed as the YAML that
they are, and `OtherFormError` leaves the whole text to YAML. So a text has one meaning, and no text is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ceconform.corpus.nodes import Mapping, Node, Scalar, Sequence, Words, sequence

__all__ = ["OtherFormError", "read_lines"]

MAX_DEPTH = 8
MAX_BRACKETS = 6
"""Of a value in flow style that is more than nested lists."""
MAX_KEY = 100
_BLANK = 1_000_000
"""The indent of a blank line: it ends nothing."""
_ENTRY = re.compile(r" *('?)([A-Za-z_][\w./#+\[\]-]{0,99})\1:(?: (.+))?", re.ASCII)
_PLAIN = re.compile(r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|-(?=[\w.]))[^:#]*(?:(?::(?=\S)|(?<=\S)#)[^:#]*)*(?<![:\s])")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_WORD = r"[-+]?\.?[0-9A-Za-z_~][-+.0-9A-Za-z_]*"
_WORDS = rf"\[{_WORD}(?:, {_WORD})*\]"
_ROWS = rf"\[{_WORDS}(?:, {_WORDS})*\]"
_LISTS = tuple(re.compile(nested) for nested in (_WORDS, _ROWS, rf"\[{_ROWS}(?:, {_ROWS})*\]"))

_TOKEN = re.compile(rf"[\[\]{{}}]|, |{_WORD}(?:: )?")
Compose = Callable[[str, int, int], Mapping]


class OtherFormError(Exception):
    """The text is not in the form that lint writes."""


def read_lines(text: str, compose: Compose) -> Mapping:
    """Read a document; `compose` reads the YAML of one entry, given its first line, from 0, and its depth.

    Raises
    ------
    OtherFormError
        If the text may be YAML, but is of another form.
    """
    if not text.replace("\n", " ").isprintable():  # a tab, another line break or space, or what YAML refuses
        raise OtherFormError
    lines = text.split("\n")
    indents = [len(line) - len(rest) if (rest := line.lstrip(" ")) else _BLANK for line in lines]
    reader = _Lines(lines, [*indents, -1], compose)
    root, end = reader.mapping(0, 0, 0)
    if end < len(lines) or not root.items:
        raise OtherFormError
    return root


class _Lines:
    """A text being read; `indents` has one more, which ends everything."""

    def __init__(self, lines: list[str], indents: list[int], compose: Compose) -> None:
        self.lines = lines
        self.indents = indents
        self.compose = compose

    def mapping(self, start: int, indent: int, depth: int) -> tuple[Mapping, int]:
        """Read the entries from a line on, as far as they are indented like this; give the line after them too."""
        if depth > MAX_DEPTH:
            raise OtherFormError
        items: dict[str, Node] = {}
        numbers: dict[str, int] = {}
        at = start
        while (found := self.indents[at]) >= indent:
            line = self.lines[at]
            if found == _BLANK or line[found] == "#":
                at += 1
                continue
            entry = _ENTRY.fullmatch(line)
            if found != indent or entry is None or entry[2] in items:
                raise OtherFormError
            _, key, first = entry.groups()
            numbers[key] = at + 1
            items[key], at = self.value(key, first, at, indent, depth)
        return Mapping(items, numbers, min(numbers.values(), default=0)), at

    def value(self, key: str, first: str | None, at: int, indent: int, depth: int) -> tuple[Node, int]:
        """Read the value of the entry that begins at a line, and give the line after it."""
        end = at + 1
        if first is None:
            inner = self.indents[end]
            if indent < inner < _BLANK and _ENTRY.fullmatch(self.lines[end]):
                return self.mapping(end, inner, depth + 1)
        elif self.indents[end] <= indent:
            read = _list if first[0] == "[" else _flow if first[0] == "{" else _text
            return read(first, at + 1) or self.composed(key, at, end, depth), end
        while self.indents[end] > indent:
            end += 1
        rest = [line.strip(" ") for line in self.lines[at + 1 : end]]
        while rest and not rest[-1]:
            rest.pop()
        node: Node | None = None
        if first is not None:
            node = _lists([first, *rest], at + 1) if first[0] == "[" else _texts([first, *rest], at + 1)
        elif rest and rest[0].startswith("- ["):
            node = self.rows(rest, at + 1)
        elif rest and rest[0].startswith("["):
            node = _lists(rest, at + 2)
        return node or self.composed(key, at, end, depth), end

    def composed(self, key: str, at: int, end: int, depth: int) -> Node:
        """Read the lines of an entry as YAML."""
        node: Node = self.compose("\n".join(self.lines[at:end]), at, depth).items[key]
        return node

    def rows(self, rest: list[str], at: int) -> Sequence | None:
        """Read a list with a row, and the lines on which it goes on, after each hyphen."""
        starts = [number for number in range(len(rest)) if self.indents[at + number] == self.indents[at]]
        rows: list[Sequence] = []
        for start, end in zip(starts, [*starts[1:], len(rest)], strict=True):
            row = None
            if rest[start].startswith("- ") and min(self.indents[at + start : at + end]) == self.indents[at]:
                row = _lists([rest[start][2:], *rest[start + 1 : end]], at + start + 1)
            if row is None:
                return None
            rows.append(row)
        return Sequence(tuple(rows), at + 1)


def _list(text: str, line: int) -> Sequence | None:
    """Read a list in flow style on one line."""
    if text == "[]":
        return Sequence((), line)
    depth = len(text) - len(text.lstrip("["))
    if depth > len(_LISTS) or not _LISTS[depth - 1].fullmatch(text):
        return None
    return _nested(text[depth:-depth], line, depth)


def _nested(text: str, line: int, depth: int) -> Sequence:
    if depth == 1:
        return Words(tuple(text.split(", ")), line)
    between = f"{']' * (depth - 1)}, {'[' * (depth - 1)}"
    return Sequence(tuple([_nested(part, line, depth - 1) for part in text.split(between)]), line)


def _flow(text: str, line: int) -> Node | None:
    """Read a mapping in flow style on one line, and what is nested in it."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text or text.count("{") + text.count("[") > MAX_BRACKETS:
        return None
    tokens.reverse()
    try:
        node = _next(tokens, line)
    except (IndexError, ValueError):
        return None
    return None if tokens else node


def _next(tokens: list[str], line: int) -> Node:
    """Take a node from the end of these tokens."""
    first = tokens.pop()
    if first == "{":
        pairs = _several(tokens, "}", lambda: (_key(tokens), _next(tokens, line)))
        items = dict(pairs)
        if len(items) < len(pairs):
            raise ValueError(pairs)
        return Mapping(items, dict.fromkeys(items, line), line)
    if first == "[":
        return sequence(_several(tokens, "]", lambda: _next(tokens, line)), line)
    if first[-1] in "]} ":
        raise ValueError(first)
    return Scalar(first, line)


def _several(tokens: list[str], end: str, take: Callable[[], Any]) -> list[Any]:
    """Take what commas separate, as far as a bracket."""
    found = [take()]
    while (token := tokens.pop()) == ", ":
        found.append(take())
    if token != end:
        raise ValueError(token)
    return found


def _key(tokens: list[str]) -> str:
    key, colon, rest = tokens.pop().partition(": ")
    if not colon or rest or len(key) > MAX_KEY:
        raise ValueError(key)
    return key


def _lists(parts: list[str], line: int) -> Sequence | None:
    """Read a list in flow style that may go on on other lines."""
    if len(parts) == 1:
        return _list(parts[0], line)
    if not _LISTS[0].fullmatch(" ".join(parts)):
        return None
    rows = (row.strip("[], ").split(", ") for row in parts)
    return Sequence(tuple([Scalar(word, number) for number, row in enumerate(rows, line) for word in row]), line)


def _text(text: str, line: int) -> Scalar | None:
    """Read plain or quoted text."""
    if text[0] != "'":
        return Scalar(text, line) if _PLAIN.fullmatch(text) else None
    quoted = _QUOTED.fullmatch(text)
    return Scalar(quoted[1].replace("''", "'"), line) if quoted else None


def _texts(parts: list[str], line: int) -> Scalar | None:
    """Read text that goes on on other lines, where it is folded."""
    whole = parts[0][0] == "'" or all(map(_PLAIN.fullmatch, parts))
    return _text(" ".join(parts), line) if whole and all(parts) else None
