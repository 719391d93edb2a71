"""Telling: what is found is a case file that loads and lints as it is."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from ceconform.authoring.fuzzing.search import Searched, fuzz
from ceconform.authoring.fuzzing.telling import summary, tell
from ceconform.authoring.lint import lint
from ceconform.corpus import load_file


@pytest.fixture(scope="module")
def findings():
    """Two findings of a planted implementation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        events = fuzz("planted:ClipsAndLoses", losses=["hinge_loss"], seed=3)
        found = list(islice(events, 2))
        events.close()
    return found


def test_the_file_lints_as_it_is(findings, tmp_path):
    """Formatting, schema, and every expected value."""
    path = tmp_path / "found.yaml"
    path.write_text("".join(tell(findings)), encoding="utf-8")
    assert [] == lint([path])
    cases = load_file(path)
    assert [each.case.predictions.tolist() for each in findings] == [case.predictions.tolist() for case in cases]


def test_a_case_says_where_it_comes_from(findings):
    """The implementation, its version and the seed as a source; what it answered above the case."""
    text = "".join(tell(findings))
    for each in findings:
        known = each.implementation
        assert f"seed 3: {known.name} {known.version}" in text
        assert f"  # {each.verdict.reason}\n" in text
    assert "definition: cases/README.md#margin" in text


def test_pieces_come_one_by_one(findings):
    """So that a finding is there before the next is looked for."""
    pieces = tell(iter(findings))
    assert next(pieces).startswith("about: ")
    assert "cases:" not in next(pieces)
    assert [] == list(tell([]))


def test_the_same_slug_is_numbered(findings, tmp_path):
    """Two findings of one kind and loss are two cases."""
    path = tmp_path / "found.yaml"
    path.write_text("".join(tell([findings[0], findings[0]])), encoding="utf-8")
    one, other = load_file(path)
    assert f"{one.id}-2" == other.id


def test_a_summary_tells_how_far_it_came(findings):
    """With what went wrong on the way."""
    end = Searched(
        implementation=findings[0].implementation, asked=9, answered=8, found=2, seconds=1.2, errors=("hinge: no",)
    )
    assert "2 found in 9 questions, 8 of them answered, 1 s\n  error: hinge: no" in summary(end)
