"""Vectors: every number of the corpus is in them, exactly, in a form that the schema describes."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal

import jsonschema
import numpy as np
import pytest
from check_vectors import flat, generated
from whole_corpus import CASES

from ceconform.authoring.vectors import _described, vector, vectors
from ceconform.corpus import LOSSES, select
from ceconform.corpus.excerpt import listed as stated
from ceconform.corpus.keys import ACTIVATIONS, ERRORS, INVALID, LABEL_DTYPES, PARAMETERS, SPACES
from ceconform.corpus.loading import default_root
from ceconform.formats import FORMATS, rounded

SCHEMA = json.loads((default_root() / "vectors.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DESCRIBED = [case for case in CASES if case.described]


def one(pattern: str, dtype: str = "float32"):
    """A question of our own corpus."""
    (case,) = select(CASES, [pattern])
    return case, vector(case, dtype)


def listed(array):
    """The numbers of an array, by whichever way it states them."""
    if "generator" in array:
        return list(flat(generated(array["generator"])))
    return [float.fromhex(text) for text in array["hex"]] if "hex" in array else array["values"]


@pytest.mark.parametrize("loss", LOSSES)
def test_every_file_satisfies_the_schema(loss):
    """In every dtype, and what JSON does not have is in none."""
    for dtype in FORMATS:
        text = json.dumps(vectors(CASES, loss, dtype, corpus="x"), allow_nan=False)
        VALIDATOR.validate(json.loads(text))


def test_the_schema_has_the_words_of_the_corpus():
    """A word that is new there must be new here."""
    case = SCHEMA["$defs"]["case"]["properties"]
    error, answer = (each["properties"] for each in case["expected"]["oneOf"])
    assert {*ERRORS} == {*error["error"]["enum"]}
    assert {*INVALID} == {*answer["invalid"]["enum"]}
    assert {None, *ACTIVATIONS} == {*case["activation"]["enum"]}
    assert {*SPACES} == {*case["space"]["enum"]}
    assert {*PARAMETERS} == {*case["parameters"]["properties"]}
    assert {*FORMATS} == {*SCHEMA["$defs"]["floating"]["enum"]}
    assert {*LABEL_DTYPES} == {*SCHEMA["$defs"]["integer"]["enum"]}


@pytest.mark.parametrize(
    ("where", "what"),
    [("dtype", "float128"), ("eps", 1e-7), ("cases", []), ("format", 2), ("extra", 1)],
)
def test_the_schema_refuses_what_is_no_vector(where, what):
    """A misspelt dtype, a JSON number for a hexadecimal one, no case at all, another format, an unknown key."""
    sound = vectors(CASES, "entropy", "float32", corpus="x")
    assert VALIDATOR.is_valid(sound)
    assert not VALIDATOR.is_valid({**sound, where: what})


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES[::7]])
def test_the_inputs_are_the_numbers_of_the_case(case):
    """Hexadecimal exactly, decimal to the same number in the dtype."""
    dtype = case.dtypes[-1]
    found = vector(case, dtype)
    arrays = {"predictions": case.predictions, "labels": case.labels}
    arrays |= {name: value for name, value in case.parameters.items() if isinstance(value, np.ndarray)}
    for name, values in arrays.items():
        array = {**found["parameters"], **found}[name]
        if values is None:
            assert array is None
            continue
        np.testing.assert_array_equal(np.asarray(listed(array), dtype=np.float64), values.ravel().astype(np.float64))
        assert array["shape"] == [*values.shape]
        for hexadecimal, decimal in zip(array.get("hex", ()), array.get("decimal", ()), strict=True):
            read = rounded(Decimal(decimal), dtype)
            assert float.fromhex(hexadecimal) == read or hexadecimal == "nan" == decimal


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in DESCRIBED])
def test_a_description_gives_the_numbers_of_the_case(case):
    """Whether it is needed for its size or not, by a reader that knows the page alone."""
    for key, node in case.described.items():
        values = {"labels": case.labels, **case.parameters}.get(key, case.predictions)
        whole = key == "labels" and values.dtype != np.float64
        description = json.loads(json.dumps(_described(node, "" if whole else case.rounding)))
        assert list(flat(generated(description))) == values.ravel().tolist()


def test_many_numbers_are_described_and_answers_are_stated_at_some_places():
    """No file grows with the size of its questions; nothing that is left out goes unseen."""
    case, found = one("binary/reductions/long-mean")
    assert set(found["predictions"]) == {"dtype", "shape", "generator"}
    gradient, exact = found["expected"]["gradient"], case.expected.gradient
    assert gradient["at"] == [*exact.places]
    assert len(gradient["hex"]) == len(gradient["at"]) == len(gradient["condition"])
    assert max(len(json.dumps(vector(each, each.dtypes[0]))) for each in CASES) < 2**16
    assert [rounded(number, "float32").hex() for number in exact.numbers] == gradient["hex"]
    assert Decimal(gradient["sum"]["decimal"]) == exact.sum
    assert Decimal(gradient["sum"]["condition"]) == case.expected.gradient_condition.sum
    assert float.fromhex(gradient["sum"]["hex"]) == float(gradient["sum"]["decimal"])
    assert gradient["absolute_sum"]["decimal"] == gradient["sum"]["decimal"].removeprefix("-")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("binary/errors/column-against-vector", {"error": "shape"}),
        ("binary/invalid/label-of-two", {"invalid": "label-range"}),
    ],
)
def test_errors_and_invalid_input_are_questions_too(pattern, expected):
    """With their kind; of invalid input the other losses are stated."""
    found = one(pattern)[1]["expected"]
    assert expected.items() <= found.items()
    assert ("loss" in found) == ("invalid" in expected)


def test_an_exact_zero_can_be_told_from_what_underflows():
    """Both are 0 in hexadecimal; one is in decimal."""
    seen = set()
    for case, dtype in itertools.product(CASES[::5], ("float32",)):
        if dtype in case.dtypes and case.expected.gradient is not None:
            answer = vector(case, dtype)["expected"]["gradient"]
            zeros = [d for h, d in zip(answer["hex"], answer["decimal"], strict=True) if float.fromhex(h) == 0]
            exact = [number for number in stated(case.expected.gradient) if rounded(number, dtype) == 0]
            assert [number == 0 for number in exact] == [decimal == "0" for decimal in zeros]
            seen |= {decimal == "0" for decimal in zeros}
    assert {True, False} == seen


def test_what_is_acceptable_is_named_by_convention_and_by_library():
    """As in the case file."""
    case, found = one("binary/clipping/certain-and-wrong")
    assert {*case.acceptable} == {*found["acceptable"]}
    assert found["acceptable"]["clamp-log-at-100"]["decimal"][0] == "100"


def test_what_was_seen_is_there_as_it_is_told():
    """Numbers with their digits, null where none are; or the error."""
    _, minus = one("binary/extreme/minus-infinity-and-nine-tenths")
    assert [{"thread": "pytorch/pytorch#135359", "implementation": "torch"}] == [
        {key: seen[key] for key in ("thread", "implementation")} for seen in minus["seen"]
    ]
    assert {"shape": [3], "figures": ["nan", None, None]} == minus["seen"][0]["loss"]
    _, refused = one("binary/imperfect/one-class-only")
    assert "ValueError" == refused["seen"][0]["raised"]
    assert "seen" not in one("binary/clipping/certain-and-wrong")[1]
