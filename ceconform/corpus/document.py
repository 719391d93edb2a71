"""A document: the text of a case file as plain nodes, each of which knows its line.

YAML is read here as the little that a corpus needs: mappings, sequences and text. No scalar is interpreted,
so `0.1`, `no` and `1e-8` are the text that stands in the file. Anchors, aliases, tags, merge keys and
repeated keys are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ceconform.corpus.lines import OtherFormError, read_lines
from ceconform.corpus.nodes import Mapping, Node, Scalar, Sequence, Words, describe, sequence
from ceconform.errors import CorpusError

__all__ = ["Mapping", "Node", "Scalar", "Sequence", "Words", "compose", "describe", "parse", "read"]

MAX_BYTES = 2**20
MAX_DEPTH = 16
_LOADER = getattr(yaml, "CLoader", yaml.Loader)  # libyaml where it is there, for speed; both give the same events


def read(path: Path) -> Mapping:
    """Read a file into nodes.

    Raises
    ------
    CorpusError
        If it is too big, no UTF-8, no YAML, or YAML beyond mappings, sequences and text.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise CorpusError(path, 1, "(file)", f"at most {MAX_BYTES} bytes", "more")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(path, line, "(file)", "UTF-8", f"the byte 0x{data[error.start]:02x}") from None
    return parse(text, path)


def parse(text: str, path: Path | str = "<text>") -> Mapping:
    """Read text into nodes; `path` is named in errors.

    >>> parse("a: [1, 0.10]").items["a"].items[1].text
    '0.10'
    """
    try:
        return read_lines(text, lambda entry, above, depth: compose(entry, path, above=above, depth=depth))
    except (CorpusError, OtherFormError):
        return compose(text, path)  # which knows what is wrong, if anything is


def compose(text: str, path: Path | str = "<text>", *, above: int = 0, depth: int = 0) -> Mapping:
    """Read text of any form, by YAML's events; `above` and `depth` say where it stands in a longer one.

    >>> compose("{a: [1, 0.10]}").items["a"].items[1].text
    '0.10'
    """
    if text.startswith("\ufeff"):
        raise CorpusError(path, 1, "(file)", "UTF-8 without a byte order mark", "a byte order mark")
    try:
        return _Composer(path, text, above).document(depth)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else min(mark.line, text.count("\n")) + 1
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise CorpusError(path, line, "(file)", "YAML", problem or "something else") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise CorpusError(path, line, "(file)", "printable text", f"the character {error.character!r}") from None


class _Composer:
    """Turns YAML events into nodes, and refuses what a corpus does not need."""

    def __init__(self, path: Path | str, text: str, above: int = 0) -> None:
        self.path = path
        self.event = _LOADER(text).get_event
        self.first = above + 1

    def document(self, depth: int = 0) -> Mapping:
        """Read the one document of the text."""
        self.event()  # the start of the stream
        event = self.event()
        if isinstance(event, yaml.StreamEndEvent):
            raise CorpusError(self.path, 1, "(file)", "a mapping of about, defaults and cases", "an empty file")
        root = self.node(self.event(), "(file)", depth)
        if not isinstance(root, Mapping):
            raise CorpusError(self.path, root.line, "(file)", "a mapping of about, defaults and cases", describe(root))
        self.event()  # the end of the document
        event = self.event()
        if not isinstance(event, yaml.StreamEndEvent):
            line = event.start_mark.line + self.first
            raise CorpusError(self.path, line, "(file)", "one document", "a second one")
        return root

    def node(self, event: Any, key: str, depth: int) -> Node:
        """Read the node that begins with this event."""
        line = event.start_mark.line + self.first
        if event.anchor is not None:
            alias = isinstance(event, yaml.AliasEvent)
            raise CorpusError(
                self.path, line, key, "no aliases" if alias else "no anchors", f"{'*' if alias else '&'}{event.anchor}"
            )
        if event.tag is not None:
            raise CorpusError(self.path, line, key, "no tags", event.tag)
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return Scalar(event.value, line)
        if depth == MAX_DEPTH:
            raise CorpusError(self.path, line, key, f"at most {MAX_DEPTH} levels", "a deeper one")
        return (self.sequence if kind is yaml.SequenceStartEvent else self.mapping)(key, depth, line)

    def sequence(self, key: str, depth: int, line: int) -> Sequence:
        """Read a sequence up to its end."""
        items: list[Node] = []
        next_event, node, end, depth = self.event, self.node, yaml.SequenceEndEvent, depth + 1
        while type(event := next_event()) is not end:
            items.append(node(event, key, depth))
        return sequence(items, line)

    def mapping(self, key: str, depth: int, line: int) -> Mapping:
        """Read a mapping up to its end."""
        items: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while type(event := self.event()) is not yaml.MappingEndEvent:
            name = self.node(event, key, depth + 1)
            if not isinstance(name, Scalar):
                raise CorpusError(self.path, name.line, key, "a word as key", describe(name))
            where = name.text if depth == 0 else f"{key}.{name.text}"
            if name.text == "<<":
                raise CorpusError(self.path, name.line, where, "no merge keys", "`<<`")
            if name.text in items:
                raise CorpusError(
                    self.path,
                    name.line,
                    where,
                    "each key once",
                    f"it again, first on line {lines[name.text]}",
                )
            items[name.text] = self.node(self.event(), where, depth + 1)
            lines[name.text] = name.line
        return Mapping(items, lines, line)
