"""The schema of a report's lines.

A report has tens of thousands of lines, and jsonschema takes most of a millisecond for each. So the schema is also
compiled to plain functions, which say yes or no; where they say no, jsonschema decides, and says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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
    """Make a function of a schema; its keywords are those of our own schema, and each accepts no more than JSON Schema."""
    tests = [
        _keyword(word, value, schema)
        for word, value in schema.items()
        if word not in {*_REMARKS, "additionalProperties"}
    ]
    if "additionalProperties" in schema:
        tests.append(_others(schema["additionalProperties"], frozenset(schema.get("properties", ()))))
    return lambda x: all(test(x) for test in tests)


def _keyword(word: str, value: Any, schema: Mapping[str, Any]) -> Test:
    match word:
        case "$ref":
            return _compile(_schema()["$defs"][value.rpartition("/")[2]])
        case "type":
            types = [_TYPES[name] for name in ([value] if isinstance(value, str) else value)]
            return lambda x: any(test(x) for test in types)
        case "required":
            return lambda x: all(name in x for name in value)
        case "properties":
            tests = {name: _compile(each) for name, each in value.items()}
            return lambda x: all(tests[name](each) for name, each in x.items() if name in tests)
        case "items":
            item = _compile(value)
            return lambda x: all(item(each) for each in x)
        case "anyOf":
            choices = [_compile(each) for each in value]
            return lambda x: any(test(x) for test in choices)
        case "enum":
            return lambda x: isinstance(x, str) and x in value
        case "const":
            return lambda x: type(x) is type(value) and x == value
        case "pattern":
            found = re.compile(value).search
            return lambda x: found(x) is not None
        case "minLength":
            return lambda x: len(x) >= value
        case "minimum":
            return lambda x: x is None or x >= value
    raise NotImplementedError(f"the keyword {word} of {schema}")


def _others(rule: Any, known: frozenset[str]) -> Test:
    if rule is False:
        return lambda x: known.issuperset(x)
    test = _compile(rule)
    return lambda x: all(test(each) for name, each in x.items() if name not in known)


def check(data: dict[str, Any], what: str, name: str, number: int) -> None:
    """Check a line against the schema of a `header`, a `result` or a `footer`.

    Raises
    ------
    ReportError
        With the file, the line, the field, and what is wrong there.
    """
    if _quick(what)(data):
        return
    error = jsonschema.exceptions.best_match(_validator(what).iter_errors(data))
    if error is not None:
        field = "".join(f"[{step!r}]" for step in error.absolute_path) or "the line"
        raise ReportError(name, number, f"expected a {what}: {field}: {error.message[:300]}")
