"""Differences: what has changed between two reports."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from test_report_report import reports

from ceconform.report import Digits, Header, Implementation, Report, Result, conflicts, difference, merge
from ceconform.report.difference import CHANGES, DISCREPANT

HEADER = Header.here(ceconform="0.1.0", corpus="0123456789abcdef", cases=1)
RIGHT = Digits(digits=("0.1",), shape=(1,), dtype="float32", device="cpu")


def result(**fields) -> Result:
    """An answer that passes."""
    known = {
        "case": "binary/clipping/one",
        "implementation": "torch",
        "version": "2.6.0",
        "via": "F.binary_cross_entropy",
        "loss": "binary_cross_entropy",
        "dtype": "float32",
        "device": "cpu",
        "verdict": "pass",
        "value": RIGHT,
    }
    return Result(**{**known, **fields})


def report(*results: Result) -> Report:
    """A report of them, whose header knows their implementations."""
    known = {(each.implementation, each.version) for each in results}
    implementations = tuple(Implementation(name=name, version=version) for name, version in sorted(known))
    return Report(header=dataclasses.replace(HEADER, implementations=implementations), results=results)


FAIL = result(verdict="fail", kind="wrong-value", part="value")
UNSUPPORTED = result(verdict="unsupported", via="", value=None, reason="no such loss")


@pytest.mark.parametrize(
    ("old", "new", "what", "kind"),
    [
        (result(), FAIL, "appeared", "wrong-value"),
        (None, FAIL, "appeared", "wrong-value"),
        (UNSUPPORTED, FAIL, "appeared", "wrong-value"),
        (result(), result(verdict="error"), "appeared", "error"),
        (FAIL, result(), "disappeared", "wrong-value"),
        (FAIL, None, "disappeared", "wrong-value"),
        (FAIL, UNSUPPORTED, "disappeared", "wrong-value"),
        (FAIL, dataclasses.replace(FAIL, kind="lost-precision"), "changed verdict", "lost-precision"),
        (FAIL, dataclasses.replace(FAIL, convention="clip-at-eps"), "changed verdict", "wrong-value"),
        (result(), result(verdict="acceptable", convention="clip-at-eps"), "changed verdict", "acceptable"),
        (UNSUPPORTED, result(), "changed verdict", "pass"),
        (result(), UNSUPPORTED, "changed verdict", "unsupported"),
        (result(), result(value=dataclasses.replace(RIGHT, digits=("0.2",))), "changed digits", "pass"),
        (result(), result(gradient=RIGHT), "changed digits", "pass"),
        (FAIL, dataclasses.replace(FAIL, value=Digits(raised="ValueError: x")), "changed digits", "wrong-value"),
        (None, result(), "only in the new", "pass"),
        (result(), None, "only in the old", "pass"),
    ],
)
def test_each_change_has_its_name(old, new, what, kind):
    """By what each of the two says."""
    (change,) = difference(report(*filter(None, [old])), report(*filter(None, [new]))).changes
    assert (what, kind) == (change.what, change.kind)
    assert (old, new) == (change.old, change.new)


@pytest.mark.parametrize(
    "fields",
    [
        {"version": "2.7.0"},
        {"seconds": 3.0},
        {"reason": "other words"},
        {"expression": "other words"},
        {"ulps": 0.25},
        {"question": "0123"},
    ],
)
def test_what_is_no_change(fields):
    """Another version alone, times, words."""
    assert () == difference(report(result()), report(result(**fields))).changes


def test_the_words_of_an_error_do_not_count_its_type_does():
    """They name addresses and files."""
    old, new = (result(value=Digits(raised=f"ValueError: at {place}")) for place in ("0x1", "0x2"))
    assert () == difference(report(old), report(new)).changes
    other = result(value=Digits(raised="TypeError: at 0x1"))
    assert ["changed digits"] == [each.what for each in difference(report(old), report(other)).changes]


def test_versions_that_stand_side_by_side_are_kept_apart():
    """Each is compared with itself."""
    old = report(result(), result(version="2.7.0"))
    new = report(result(), dataclasses.replace(FAIL, version="2.7.0"))
    (change,) = difference(old, new).changes
    assert ("appeared", "2.7.0", "2.7.0") == (change.what, change.old.version, change.new.version)


def test_the_worst_comes_first():
    """Appeared before disappeared, and within these by kind."""
    kinds = ("lost-precision", "crash", "wrong-value")
    some = [dataclasses.replace(FAIL, case=f"a/b/{kind}", kind=kind) for kind in kinds]
    old = report(dataclasses.replace(FAIL, case="a/b/gone"))
    found = difference(old, report(*some))
    assert ["crash", "wrong-value", "lost-precision", "wrong-value"] == [each.kind for each in found.changes]
    assert ["appeared"] * 3 + ["disappeared"] == [each.what for each in found.changes]


@settings(max_examples=50)
@given(reports)
def test_a_report_does_not_differ_from_itself(a):
    """Whatever it holds."""
    assert () == difference(a, a).changes


@settings(max_examples=50)
@given(reports, reports)
def test_a_difference_is_its_mirror_backwards(a, b):
    """What appears one way disappears the other way."""
    mirrored = {"appeared": "disappeared", "only in the new": "only in the old"}
    mirrored |= {there: here for here, there in mirrored.items()}
    there = [(mirrored.get(each.what, each.what), each.new, each.old) for each in difference(a, b).changes]
    back = [(each.what, each.old, each.new) for each in difference(b, a).changes]
    assert sorted(map(repr, there)) == sorted(map(repr, back))
    assert {what for what, *_ in back} <= set(CHANGES)


@settings(max_examples=50)
@given(reports, reports)
def test_what_reports_do_not_agree_in_is_what_merging_replaces(a, b):
    """Each conflict has the answer of the later report, which is the one that is merged."""
    merged = {each.key: each for each in merge((a, b)).results}
    found = list(conflicts((a, b)))
    assert all(merged[each.later.key] == each.later for each in found)
    assert not [each for each in found if each.first.key != each.later.key]
    assert [] == list(conflicts((a, Report(header=a.header, results=()))))


def test_a_conflict_says_whether_verdicts_differ():
    """Or only the digits; the words do not count."""
    other = result(value=dataclasses.replace(RIGHT, digits=("0.2",)))
    assert [False, True] == [each.verdict for each in conflicts((report(result()), report(other), report(FAIL)))]
    assert [] == list(conflicts((report(result()), report(result(reason="other words")))))
    assert {"fail", "error"} == DISCREPANT
