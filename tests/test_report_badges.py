"""Badges: JSON for an endpoint."""

from __future__ import annotations

import dataclasses
import json

import pytest
from test_report_difference import FAIL, UNSUPPORTED, report, result
from test_report_regression import CASES, known
from test_report_views import REPORT

from ceconform.report import regression, render_badge

RIGHT = [result(case=f"a/b/{number}") for number in range(9)]


def badge(found, *baselines):
    """Message and colour; the rest is the same for all."""
    read = json.loads(render_badge(found, regression(found, baselines, CASES) if baselines else None))
    assert (1, "ceconform: torch") == (read.pop("schemaVersion"), read.pop("label"))
    return read["message"], read["color"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (report(*RIGHT), ("9 of 9", "brightgreen")),
        (report(*RIGHT, UNSUPPORTED), ("9 of 9", "brightgreen")),
        (report(*RIGHT, result(verdict="acceptable", convention="clip-at-eps")), ("10 of 10", "brightgreen")),
        (report(*RIGHT, FAIL), ("9 of 10", "yellow")),
        (report(*RIGHT[1:], FAIL), ("8 of 9", "orange")),
        (report(*RIGHT, result(verdict="error")), ("9 of 10", "red")),
        (report(UNSUPPORTED), ("nothing was judged", "lightgrey")),
    ],
)
def test_a_badge_counts_what_is_right_among_what_was_judged(found, expected):
    """And its colour says how much that is."""
    assert expected == badge(found)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        (known("binary/clipping/one"), ("9 of 10, 1 known", "green")),
        (known("binary/logits/three"), ("1 new", "red")),
        (known("binary/clipping/one", "binary/gone"), ("1 stale", "red")),
        (known("binary/clipping/one", kind="lost-precision"), ("1 new, 1 fixed", "red")),
    ],
)
def test_beside_a_baseline_a_badge_tells_changes(baseline, expected):
    """Red for any, green for none."""
    assert expected == badge(report(*RIGHT, FAIL), baseline)


def test_several_implementations_have_one_badge_and_each_its_own():
    """The label names one; what did not start is an error."""
    both = report(*RIGHT, dataclasses.replace(FAIL, implementation="optax"))
    assert ("ceconform", "9 of 10") == tuple(json.loads(render_badge(both))[key] for key in ("label", "message"))
    assert ("9 of 9", "brightgreen") == badge(both.about("torch"))
    missing = json.loads(render_badge(REPORT.about("optax")))
    assert ("ceconform: optax", "did not start", True) == (missing["label"], missing["message"], missing["isError"])
