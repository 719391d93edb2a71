"""Regressions: a report beside its baselines."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_report_difference import FAIL, UNSUPPORTED, report, result

from ceconform.report import plain, regression, render_regression
from ceconform.verdict import Baseline, Entry, Place

CASES = [
    SimpleNamespace(id="binary/clipping/one", formerly=("binary/edges/one",)),
    SimpleNamespace(id="binary/clipping/two", formerly=()),
    SimpleNamespace(id="binary/logits/three", formerly=()),
]
TWO = dataclasses.replace(FAIL, case="binary/clipping/two")


def known(*cases: str, kind: str = "wrong-value", part: str = "", versions: str = "", **place) -> Baseline:
    """A baseline of one entry about PyTorch."""
    where = Place(**{"cases": cases, "implementations": ("torch",), "line": 5, **place})
    entry = Entry(kind=kind, part=part, versions=versions, places=(where,), path=Path("b.yaml"), line=4)
    return Baseline(path=Path("b.yaml"), implementations=("torch",), entries=(entry,))


def counts(baseline: Baseline, *results) -> tuple[int, int, int, int]:
    """How many are known, new, fixed and stale."""
    found = regression(report(*results), [baseline], CASES)
    return len(found.known), len(found.new), len(found.fixed), len(found.stale)


@pytest.mark.parametrize(
    "baseline",
    [
        known("binary/clipping/one"),
        known("binary/edges/one"),
        known("binary/clipping/*"),
        known("binary"),
        known("**/one"),
        known("binary/clipping/one", part="value", versions=">=2,<3", dtypes=("float32",), devices=("cpu",)),
        known("binary/clipping/one", via=("F.binary_cross_entropy",)),
    ],
)
def test_a_fail_is_known_by_its_case_kind_part_and_place(baseline):
    """An id, a former id, a glob, a folder; narrowed or not."""
    assert (1, 0, 0, 0) == counts(baseline, FAIL)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        (known("binary/clipping/two"), (0, 1, 0, 0)),
        (known("binary/clipping/one", kind="lost-precision"), (0, 1, 1, 0)),
        (known("binary/clipping/one", part="gradient"), (0, 1, 1, 0)),
        (known("binary/clipping/one", versions="<2"), (0, 1, 0, 1)),
        (known("binary/clipping/one", dtypes=("float16",)), (0, 1, 0, 0)),
        (known("binary/clipping/one", devices=("cuda",)), (0, 1, 0, 0)),
        (known("binary/clipping/one", via=("nn.BCELoss",)), (0, 1, 0, 1)),
        (known("binary/clipping/one", implementations=("optax",)), (0, 1, 0, 0)),
        (known("binary/gone/one"), (0, 1, 0, 1)),
        (known("binary/gone/*", implementations=("optax",)), (0, 1, 0, 0)),
    ],
)
def test_a_fail_of_which_no_entry_says_so_is_new(baseline, expected):
    """An entry is fixed where the answer is another, stale where there is none to find."""
    assert expected == counts(baseline, FAIL)


@pytest.mark.parametrize(
    ("baseline", "answer", "fixed"),
    [
        (known("binary/clipping/one"), result(), 1),
        (known("binary/clipping/one"), result(verdict="acceptable", convention="clip-at-eps"), 1),
        (known("binary/clipping/one"), UNSUPPORTED, 1),
        (known("binary/clipping/*"), UNSUPPORTED, 0),
        (known("binary/clipping/*"), result(), 1),
        (known("binary/clipping/two"), result(), 0),
    ],
)
def test_an_entry_is_fixed_where_its_case_no_longer_fails(baseline, answer, fixed):
    """What was not asked says nothing; what is unsupported says something of a case that is named."""
    assert (0, 0, fixed, 0) == counts(baseline, answer)


def test_each_answer_counts():
    """An entry speaks for every dtype, every case of its glob, and every entry point."""
    right = dataclasses.replace(result(), dtype="float16")
    assert (1, 0, 1, 0) == counts(known("binary/clipping/one"), FAIL, right)
    assert (1, 0, 0, 0) == counts(known("binary/clipping/one", dtypes=("float32",)), FAIL, right)
    assert (1, 0, 1, 0) == counts(known("binary/clipping/*"), FAIL, result(case="binary/clipping/two"))
    assert (2, 0, 0, 0) == counts(known("binary/clipping/*"), FAIL, TWO)
    assert (1, 0, 1, 0) == counts(known("binary/clipping/one"), FAIL, result(via="nn.BCELoss"))


def test_an_error_is_always_new():
    """It is no answer, and none that is fixed."""
    assert (0, 1, 0, 0) == counts(known("binary/clipping/one"), result(verdict="error", reason="in the adapter"))


def test_an_entry_is_stale_only_where_none_of_the_versions_is_its_own():
    """In a report of several versions it speaks for its own."""
    older = dataclasses.replace(FAIL, version="1.9")
    assert (1, 1, 0, 0) == counts(known("binary/clipping/one", versions=">=2"), FAIL, older)
    assert (0, 1, 0, 1) == counts(known("binary/clipping/one", versions=">=2"), older)


def test_nothing_is_changed_where_all_is_known():
    """And anything else is a change."""
    assert not regression(report(FAIL), [known("binary/clipping/one")], CASES).changed
    assert regression(report(FAIL), [], CASES).changed
    assert regression(report(result()), [known("binary/clipping/one")], CASES).changed
    assert regression(report(result()), [known("binary/gone")], CASES).changed


@pytest.mark.parametrize(
    ("baseline", "results", "lines"),
    [
        (
            known("binary/clipping/one"),
            (FAIL, TWO),
            (
                "1 known, 1 new, 0 fixed, 0 stale",
                "wrong-value of the value: binary/clipping/two torch (float32)",
                "see one: ceconform explain binary/clipping/two 'torch'",
                "or accept it: ceconform accept mine.jsonl 'torch' -o b.yaml",
            ),
        ),
        (
            known("binary/clipping/one"),
            (result(),),
            ("b.yaml:5: wrong-value: binary/clipping/one: now pass in float32: remove the entry",),
        ),
        (
            known("binary/clipping/one", "binary/clipping/two"),
            (result(), TWO),
            ("binary/clipping/one: now pass in float32: remove it from the entry",),
        ),
        (
            known("binary/clipping/*"),
            (result(), TWO),
            ("now pass in float32, for binary/clipping/one: narrow the entry to what is left",),
        ),
        (
            known("binary/gone/*"),
            (result(),),
            ("b.yaml:5: wrong-value: no case matches binary/gone/*: remove or renew it",),
        ),
        (known("binary/clipping/one", versions="<2"), (FAIL,), ("versions <2 do not hold torch 2.6.0",)),
        (known("binary/clipping/one", via=("x",)), (FAIL,), ("answered by F.binary_cross_entropy, not by x",)),
        (known("binary/logits"), (result(verdict="error"),), ("error: binary/clipping/one torch (float32)",)),
    ],
)
def test_what_to_do_is_said(baseline, results, lines):
    """The exact entry, or the command."""
    found = regression(report(*results), [baseline], CASES)
    told = " ".join(plain(render_regression(found, "mine.jsonl")).split())
    for line in lines:
        assert line in told


def test_many_are_cut_and_counted():
    """Unless all are asked for."""
    found = regression(report(*(dataclasses.replace(FAIL, case=f"a/b/{n}") for n in range(12))), [], CASES)
    assert "… and 4 more" in plain(render_regression(found))
    assert "more" not in plain(render_regression(found, limit=None))
