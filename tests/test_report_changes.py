"""A difference as text, Markdown and JSON."""

from __future__ import annotations

import dataclasses
import json

import pytest
from test_report_difference import FAIL, RIGHT, report, result

from ceconform.report import (
    conflicts,
    difference,
    plain,
    render_changes,
    render_changes_json,
    render_changes_markdown,
    render_conflicts,
)


@pytest.fixture
def found():
    """Another version: one discrepancy appeared, one disappeared, digits changed."""
    gone = dataclasses.replace(FAIL, case="binary/clipping/gone")
    moved = result(case="binary/clipping/moved", value=dataclasses.replace(RIGHT, digits=("0.25",)))
    old = report(result(), gone, dataclasses.replace(moved, value=RIGHT))
    new = report(FAIL, dataclasses.replace(gone, verdict="pass", kind="", part=""), moved)
    other = dataclasses.replace(new.header.implementations[0], version="2.7.0")
    return difference(old, dataclasses.replace(new, header=dataclasses.replace(new.header, implementations=(other,))))


def test_text_names_versions_cases_and_what_was(found):
    """A heading for each change, its kinds, a line for each case."""
    told = " ".join(plain(render_changes(found)).split())
    for part in (
        "torch 2.6.0 → 2.7.0",
        "appeared: 1 wrong-value binary/clipping/one torch (float32) was pass",
        "disappeared: 1 wrong-value binary/clipping/gone torch (float32) now pass",
        "changed digits: 1 pass binary/clipping/moved torch (float32) pass: value 0.1 → 0.25 (float32)",
    ):
        assert part in told


def test_markdown_is_a_table_for_each_change(found):
    """For a job's summary."""
    text = render_changes_markdown(found)
    assert "### Appeared: 1\n" in text
    assert "| `wrong-value` | `binary/clipping/one` | torch | float32 | was pass |" in text


def test_json_has_both_results(found):
    """One object; the counts name every change."""
    data = json.loads(render_changes_json(found))
    assert {"appeared": 1, "disappeared": 1, "changed digits": 1} == {k: v for k, v in data["counts"].items() if v}
    assert [FAIL.case, "binary/clipping/gone", "binary/clipping/moved"] == [x["new"]["case"] for x in data["changes"]]


def test_what_does_not_differ_is_said_in_a_sentence():
    """In each form that people read."""
    same = difference(report(result()), report(result()))
    assert "Nothing has changed.\n" == plain(render_changes(same))
    assert "Nothing has changed.\n" == render_changes_markdown(same)


def test_many_cases_of_a_kind_are_cut_and_counted():
    """None of them where all are asked for."""
    new = report(*(dataclasses.replace(FAIL, case=f"a/b/{n}") for n in range(12)))
    found = difference(report(), new)
    assert "… and 4 more" in plain(render_changes(found))
    assert "more" not in plain(render_changes(found, None))


def test_another_corpus_is_said():
    """Some cases may ask something else."""
    old = report(result())
    other = dataclasses.replace(old, header=dataclasses.replace(old.header, corpus="fedcba9876543210"))
    assert "corpus 01234567 → fedcba98" in plain(render_changes(difference(old, other)))


def test_conflicts_are_told_with_both_answers():
    """Verdicts before digits."""
    moved = result(case="a/b/c", value=dataclasses.replace(RIGHT, digits=("0.25",)))
    both = report(result(case="a/b/c"), result()), report(moved, FAIL)
    told = render_conflicts(list(conflicts(both))).splitlines()
    assert "2 answers differ between the reports, 1 in their verdict; the later stand" == told[0]
    assert "  binary/clipping/one torch 2.6.0 (float32, cpu): pass → wrong-value of the value" == told[1]
    assert "  a/b/c torch 2.6.0 (float32, cpu): pass: value 0.1 → 0.25 (float32)" == told[2]
