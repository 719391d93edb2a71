"""The schema of a report's lines, and the functions that it is compiled to."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from ceconform.report import Digits, Header, Implementation, Result
from ceconform.report.schema import _quick

SCHEMA = json.loads((Path(__file__).parents[1] / "reports" / "schema.json").read_text(encoding="utf-8"))
IMPLEMENTATION = Implementation(name="torch", version="2", conventions={"entropy": ("clip-at-eps",)})
HEADER = Header.here(
    ceconform="0.1.0", corpus="0", cases=1, implementations=(IMPLEMENTATION,), missing={"optax": "not installed"}
)
RESULT = Result(
    case="a/b/c",
    implementation="torch",
    version="2",
    loss="entropy",
    dtype="float32",
    device="cpu",
    verdict="pass",
    value=Digits(digits=("1.0", "nan"), shape=(2,), dtype="float32", device="cpu"),
)
LINES = {
    "header": json.loads(json.dumps({"header": HEADER.line()})),
    "result": json.loads(json.dumps(RESULT.line())),
    "footer": {"footer": {"results": 1, "seconds": 0.5, "complete": True}},
}
values = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text(max_size=3)
values |= st.lists(values, max_size=2) | st.dictionaries(st.sampled_from(["digits", "shape", "x"]), values, max_size=2)


def places(data, path=()):
    """Every place within JSON data."""
    yield path
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, each in inside:
        yield from places(each, (*path, step))


@st.composite
def lines(draw):
    """A valid line with one place replaced, removed, or given something more."""
    what = draw(st.sampled_from(sorted(LINES)))
    data = json.loads(json.dumps(LINES[what]))
    *path, last = draw(st.sampled_from([path for path in places(data) if path]))
    inner = data
    for step in path:
        inner = inner[step]
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            inner[last] = draw(values)
        case "remove":
            del inner[last]
        case _ if isinstance(inner, dict):
            inner[draw(st.text(max_size=3))] = draw(values)
        case _:
            inner.append(draw(values))
    return what, data


@given(lines())
def test_the_compiled_schema_accepts_nothing_that_the_schema_refuses(line):
    """The quick test is never more lenient than jsonschema."""
    what, data = line
    schema = {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{what}"}
    assert jsonschema.Draft202012Validator(schema).is_valid(data) or not _quick(what)(data)


def test_the_compiled_schema_accepts_valid_lines():
    """What we write needs no second look."""
    assert dict.fromkeys(LINES, True) == {what: _quick(what)(line) for what, line in LINES.items()}


def test_the_schema_is_a_schema_and_tells_lines_apart():
    """It satisfies its own meta-schema, and each line is of exactly one sort."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert all(validator.is_valid(line) for line in LINES.values())
