"""The schema: in step with the losses, closed, and of one mind with the reader."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import LOSSES
from ceconform.corpus.loading import default_root
from ceconform.corpus.schema import schema

VALIDATOR = jsonschema.Draft202012Validator(schema())
CASE = {"description": "x", "sources": {"a": "b"}}


def accepts(**keys):
    """Say whether a file of one case is valid."""
    return VALIDATOR.is_valid({"about": "x", "cases": {"plain": CASE | keys}})


def test_it_is_a_schema():
    """The dialect's own schema accepts it."""
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_published_schema_is_in_step():
    """`cases/schema.json` is what the code makes."""
    assert schema() == json.loads((default_root() / "schema.json").read_text(encoding="utf-8"))


def test_every_object_is_closed():
    """An unknown key is refused everywhere; objects of free keys say what their values are."""

    def objects(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for value in node.values():
                yield from objects(value)
        elif isinstance(node, list):
            for value in node:
                yield from objects(value)

    found = list(objects(schema()))
    assert found
    assert all("additionalProperties" in node and node["additionalProperties"] is not True for node in found)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_each_loss_has_its_parameters_and_no_other(loss):
    """A parameter of another loss, another space, and labels that it does not take are refused."""
    everything = {name for each in LOSSES.values() for name in each.parameters}
    assert accepts(loss=loss.name, **dict.fromkeys(loss.parameters, "1"))
    assert not any(accepts(loss=loss.name, **{name: "1"}) for name in everything - {*loss.parameters})
    others = {"probabilities", "log_probabilities"} - {loss.predictions}
    assert not any(accepts(loss=loss.name, **{space: ["1"]}) for space in others)
    assert (loss.labels is not None) == accepts(loss=loss.name, labels=["1"])


def test_every_convention_can_be_acceptable():
    """Conventions and libraries are known, other names are not."""
    assert accepts(acceptable={name: {"loss": ["1", "inf"]} for name in (*CONVENTIONS, "keras")})
    assert not accepts(acceptable={"mine": {"loss": "1"}})


@pytest.mark.parametrize("number", ["0.1", "1e-8", "-.5", "0x1.8p-3", "inf", "-inf", "nan", 0.1, 3])
def test_a_number_is_text_or_a_number(number):
    """Editors see numbers, our reader sees text: both are valid."""
    assert accepts(loss="binary_cross_entropy", probabilities=[number])


@pytest.mark.parametrize(
    "array",
    [
        "one",
        "1_0",
        True,
        {"range": [1, 2]},
        {"linspace": ["0", "1"]},
        {"repeat": ["1", "2"], "concat": []},
        [None],
    ],
)
def test_what_is_no_array_is_refused(array):
    """Booleans, words, unknown generators and two generators at once are no arrays."""
    assert not accepts(loss="binary_cross_entropy", probabilities=array)


def test_the_cases_of_this_package_are_valid_for_an_editor_too():
    """A YAML library that turns numbers into floats finds the shipped files valid."""
    for path in default_root().glob("*/**/*.yaml"):
        VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
