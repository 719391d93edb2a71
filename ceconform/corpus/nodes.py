"""Nodes: what a document consists of, mappings, sequences and text, each of which knows its line."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

__all__ = ["Mapping", "Node", "Scalar", "Sequence", "describe"]

MAX_SHOWN = 60


class Scalar(NamedTuple):
    """A piece of text."""

    text: str
    line: int = 0


class Sequence(NamedTuple):
    """A list of nodes."""

    items: tuple[Any, ...]
    line: int = 0


class Mapping(NamedTuple):
    """Nodes by key; `lines` holds the line of each key."""

    items: dict[str, Any]
    lines: dict[str, int]
    line: int = 0


Node: TypeAlias = Scalar | Sequence | Mapping


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
