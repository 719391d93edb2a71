"""Published: the files that are written from the code for readers in other languages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from ceconform.authoring.formatting import entry
from ceconform.conventions import CONVENTIONS, Convention
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence
from ceconform.corpus.schema import schema
from ceconform.libraries import LIBRARIES

__all__ = ["conventions_data", "conventions_text", "schema_text"]

_HEAD = """\
# Written by `ceconform lint --fix`. What each key means stands in README.md#conventions.
# `followed_by` names the libraries that document a convention, and for which losses; `libraries` names the
# conventions of each, in the order in which they apply.
"""


def schema_text() -> str:
    """Write `cases/schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def conventions_text() -> str:
    """Write `cases/conventions.yaml`."""
    rules = "\n\n".join("\n".join(entry(name, _rule(rule), 2)) for name, rule in CONVENTIONS.items())
    libraries = "\n".join(line for name in LIBRARIES for line in _library(name))
    return f"{_HEAD}conventions:\n{rules}\n\nlibraries:\n{libraries}\n"


def conventions_data() -> dict[str, Any]:
    """Give what `cases/conventions.yaml` says as JSON data."""
    rules = {
        name: {
            field.name: getattr(rule, field.name)
            for field in fields(rule)
            if field.name != "name" and getattr(rule, field.name) != field.default
        }
        for name, rule in CONVENTIONS.items()
    }
    return {"conventions": rules, "libraries": {name: dict(losses) for name, losses in LIBRARIES.items()}}


def _rule(rule: Convention) -> Mapping:
    items = {
        field.name: _node(getattr(rule, field.name))
        for field in fields(rule)
        if field.name != "name" and getattr(rule, field.name) != field.default
    }
    followers: dict[str, Node] = {
        library: _list(loss for loss, names in losses.items() if rule.name in names)
        for library, losses in LIBRARIES.items()
        if any(rule.name in names for names in losses.values())
    }
    if followers:
        items["followed_by"] = Mapping(followers, {})
    return Mapping(items, {})


def _library(name: str) -> list[str]:
    head = "'{}'" if "[" in name else "{}"
    lines = [line for loss, names in LIBRARIES[name].items() for line in entry(loss, _list(names), 4)]
    return [f"  {head.format(name)}:", *lines]


def _node(value: object) -> Node:
    if isinstance(value, tuple):
        return _list(value)
    return Scalar("true" if value is True else str(value))


def _list(words: Iterable[object]) -> Sequence:
    return Sequence(tuple(Scalar(str(word)) for word in words))
