"""The schema of a report's lines.

A report has tens of thousands of lines, and jsonschema takes most of a millisecond for each. So the schema is also
compiled to plain functions, which say yes or no; where they say no, jsonschema decides, and says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from ceconform.errors import ReportError

__all__ = ["check"]

Test = Callable[[Any], bool]

_TYPES: Mapping[str, Test] = {
    "array": lambda x: isinstance(x, list),
    "integer": lambda x: isinstance(x, int) and not isinstance(x, bool),
    "null": lambda x: x is None,
    "number": lambda x: isinstance(x, int | float) and not isinstance(x, bool),
    "object": lambda x: isinstance(x, dict),
    "string": lambda x: isinstance(x, str),
}
_MANY = 20_000
_REMARKS = {"description", "title"}


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    """Read the schema: inside the installed package, else beside the package in a checkout."""
    package = Path(__file__).parents[1]
    roots = (package / "reports", package.parent / "reports")
    path = next(root / "schema.json" for root in roots if (root / "schema.json").is_file())
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=3)
def _validator(what: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$defs": _schema()["$defs"], "$ref": f"#/$defs/{what}"})


@lru_cache(maxsize=3)
def _quick(what: str) -> Test:
    return _compile(_schema()["$defs"][what])


def _compile(schema: Mapping[str, Any]) -> Test:
    """Make a function of a schema. It accepts no more than the schema does; an unknown keyword is a KeyError."""
    words = sorted(schema.keys() - _REMARKS, key=lambda word: word != "type")
    return _every([_WORDS[word](schema[word], schema) for word in words])


def _every(tests: Sequence[Test]) -> Test:
    """All of them, without a loop where there are one or two: a report's digits are many."""
    match tests:
        case [only]:
            return only
        case [first, second]:
            return lambda x: first(x) and second(x)
    return lambda x: all(test(x) for test in tests)


def _type(names: Any, _: Mapping[str, Any]) -> Test:
    if isinstance(names, str):
        return _TYPES[names]
    types = [_TYPES[name] for name in names]
    return lambda x: any(test(x) for test in types)


def _properties(properties: Any, _: Mapping[str, Any]) -> Test:
    tests = {name: _compile(each) for name, each in properties.items()}
    return lambda x: all(tests[name](each) for name, each in x.items() if name in tests)


def _others(rule: Any, schema: Mapping[str, Any]) -> Test:
    known = frozenset(schema.get("properties", ()))
    if rule is False:
        return known.issuperset
    test = _compile(rule)
    return lambda x: all(test(each) for name, each in x.items() if name not in known)


def _items(schema: Any, _: Mapping[str, Any]) -> Test:
    test = _compile(schema)
    return lambda x: all(map(test, x))


def _any_of(schemas: Any, _: Mapping[str, Any]) -> Test:
    tests = [_compile(each) for each in schemas]
    return lambda x: any(test(x) for test in tests)


def _pattern(pattern: Any, _: Mapping[str, Any]) -> Test:
    search = re.compile(pattern).search
    return lambda x: search(x) is not None


_WORDS: Mapping[str, Callable[[Any, Mapping[str, Any]], Test]] = {
    "$ref": lambda ref, _: _compile(_schema()["$defs"][ref.rpartition("/")[2]]),
    "additionalProperties": _others,
    "anyOf": _any_of,
    "const": lambda value, _: lambda x: type(x) is type(value) and x == value,
    "enum": lambda values, _: lambda x: isinstance(x, str) and x in values,
    "items": _items,
    "minLength": lambda least, _: lambda x: len(x) >= least,
    "minimum": lambda least, _: lambda x: x is None or x >= least,
    "pattern": _pattern,
    "properties": _properties,
    "required": lambda names, _: lambda x: all(name in x for name in names),
    "type": _type,
}
"""For each keyword of our own schema, a maker of its test."""


def _beyond(data: Any, left: int) -> int:
    """How many of so many values are left over by what JSON data holds; negative if they do not suffice."""
    left -= 1
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        if left < 0:
            break
        left = _beyond(each, left)
    return left


def check(data: dict[str, Any], what: str, name: str, number: int) -> None:
    """Check a line against the schema of a `header`, a `result` or a `footer`.

    Raises
    ------
    ReportError
        With the file, the line, the field, and what is wrong there.
    """
    if _quick(what)(data):
        return
    if _beyond(data, _MANY) < 0:  # jsonschema would look for the reason for minutes
        raise ReportError(name, number, f"expected a {what}: something among more than {_MANY} values")
    error = jsonschema.exceptions.best_match(_validator(what).iter_errors(data))
    if error is not None:
        field = "".join(f"[{step!r}]" for step in error.absolute_path) or "the line"
        raise ReportError(name, number, f"expected a {what}: {field}: {error.message[:300]}")
