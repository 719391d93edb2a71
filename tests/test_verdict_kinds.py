"""The order of the kinds of fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ceconform.errors import UnknownNameError
from ceconform.verdict import KINDS, VERDICTS, rank


def test_kinds_are_ranked_worst_first():
    """A crash is worst, rounding that adds up is mildest, and no kind at all is milder still."""
    assert rank("crash") < rank("nan-for-a-number") < rank("accumulated-rounding") < rank("")


def test_an_unknown_kind_has_no_rank():
    """A misspelt kind is an error, not the mildest."""
    with pytest.raises(UnknownNameError, match="no-such-kind"):
        rank("no-such-kind")


def test_the_schema_of_a_report_knows_the_same_words():
    """Readers in other languages find every verdict and kind in the schema."""
    schema = json.loads((Path(__file__).parents[1] / "reports" / "schema.json").read_text(encoding="utf-8"))
    result = schema["$defs"]["result"]["properties"]
    assert ["", *KINDS] == result["kind"]["enum"]
    assert list(VERDICTS) == result["verdict"]["enum"]
