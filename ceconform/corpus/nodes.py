"""Nodes: what a document consists of, mappings, sequences and text, each of which knows its line."""

from __future__ import annotations

from collections.abc import Sequence as Several
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Mapping", "Node", "Scalar", "Sequence", "Words", "describe", "sequence"]

MAX_SHOWN = 60


class Scalar(NamedTuple):
    """A piece of text."""

    text: str
    line: int = 0


class Sequence(NamedTuple):
    """A list of nodes."""

    items: tuple[Any, ...]
    line: int = 0


class Words(Sequence):
    """A list of text on one line: it is kept as it is read, and only who asks for the nodes has them made.

    >>> Words(("0.5", "1"), 7).items
    (Scalar(text='0.5', line=7), Scalar(text='1', line=7))
    """

    __slots__ = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The words."""
        return self[0]

    @property
    def items(self) -> tuple[Scalar, ...]:
        """The nodes."""
        return tuple([Scalar(text, self[1]) for text in self[0]])


class Mapping(NamedTuple):
    """Nodes by key; `lines` holds the line of each key."""

    items: dict[str, Any]
    lines: dict[str, int]
    line: int = 0


Node: TypeAlias = Scalar | Sequence | Mapping


def sequence(items: Several[Node], line: int) -> Sequence:
    """Make a list that begins on a line: words, where all of it is text on this one.

    >>> sequence([Scalar("0.5", 7), Scalar("1", 7)], 7).texts
    ('0.5', '1')
    """
    texts = tuple([item.text for item in items if isinstance(item, Scalar) and item.line == line])
    return Words(texts, line) if 0 < len(items) == len(texts) else Sequence(tuple(items), line)


def describe(node: Node | None) -> str:
    """Say what a node is, for an error."""
    match node:
        case None:
            return "nothing"
        case Scalar(text):
            return f"`{text[:MAX_SHOWN]}{'...' if len(text) > MAX_SHOWN else ''}`" if text else "nothing"
        case Sequence(items):
            return f"a list of {len(items)}" if items else "an empty list"
        case Mapping(items):
            return f"a mapping of {', '.join(map(str, list(items)[:6]))}" if items else "an empty mapping"
