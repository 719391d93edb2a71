"""JUnit XML: what a server for continuous integration reads."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junit_schema import parse
from test_report_difference import FAIL, UNSUPPORTED, report, result
from test_report_regression import CASES as CORPUS
from test_report_regression import known
from test_report_views import CASES, REPORT

from ceconform.report import regression, render_junit

ERROR = result(case="binary/logits/three", verdict="error", value=None, reason="the worker broke the line protocol")


def suite(text, name):
    """One suite of a document: its tests by name."""
    (found,) = [each for each in parse(text) if each.get("name") == name]
    return {each.get("name"): each for each in found}


def test_each_answer_is_a_test_of_its_implementation():
    """A suite an implementation, a test a case, dtype and entry point, and the counts of both."""
    root = parse(render_junit(REPORT, CASES))
    assert len(REPORT.results) + len(REPORT.header.missing) == int(root.get("tests"))
    assert {"torch 2.6.0", "ceconform[numpy] 2.4.0", "keras[jax] 3.15", "keras[torch] 3.15"} <= {
        each.get("name") for each in root
    }
    tests = suite(render_junit(REPORT, CASES), "torch 2.6.0")
    test = tests["certain [float32, F.binary_cross_entropy]"]
    assert "torch.binary.clipping" == test.get("classname")
    assert "acceptable: clamp-log-at-100" in test.findtext("system-out")


def test_a_fail_tells_its_kind_and_how_to_see_it():
    """Sent, got, wanted, and the command."""
    tests = suite(render_junit(REPORT, CASES), "keras[jax] 3.15")
    failure = tests["other [float32, F.binary_cross_entropy]"].find("failure")
    assert "nan-for-a-number" == failure.get("type")
    assert "value at [0]: got nan, wanted inf" == failure.get("message")
    for line in (
        "sent      F.binary_cross_entropy(",
        "got       nan",
        "wanted    inf",
        "verdict   fail: nan-for-a-number",
    ):
        assert f"\n{line}" in f"\n{failure.text}"
    assert failure.text.endswith("\nceconform explain binary/clipping/other 'keras[jax]' --dtype float32")


def test_what_is_unsupported_is_skipped_and_what_could_not_be_judged_is_an_error():
    """Each with its reason."""
    tests = suite(render_junit(report(UNSUPPORTED, ERROR), {}), "torch 2.6.0")
    skipped = tests["one [float32]"].find("skipped")
    assert ("unsupported", "no such loss") == (skipped.get("type"), skipped.get("message"))
    error = tests["three [float32, F.binary_cross_entropy]"].find("error")
    assert ("error", ERROR.reason) == (error.get("type"), error.get("message"))


def test_what_a_baseline_knows_is_skipped_and_its_changes_fail():
    """With the entry's reason, its place and its link; fixed and stale are failures of their own suite."""
    entries = known("binary/clipping/one", "binary/clipping/two", "binary/gone/four")
    (entry,) = entries.entries
    entry = dataclasses.replace(entry, reason="It clips.", link="https://example.org/1")
    baseline = dataclasses.replace(entries, entries=(entry,))
    found = report(FAIL, result(case="binary/clipping/two"))
    text = render_junit(found, {}, regression(found, [baseline], CORPUS))
    skipped = suite(text, "torch 2.6.0")["one [float32, F.binary_cross_entropy]"].find("skipped")
    assert ("known", "known wrong-value: It clips.") == (skipped.get("type"), skipped.get("message"))
    assert skipped.text.startswith("b.yaml:4\nhttps://example.org/1\n")
    changes = {
        name: (test.find("failure").get("type"), test.find("failure").get("message"))
        for name, test in suite(text, "baselines").items()
    }
    assert changes == {
        "5: wrong-value: binary/clipping/two": (
            "fixed",
            "wrong-value: binary/clipping/two: now pass in float32: remove it from the entry",
        ),
        "5: wrong-value: no case matches binary/gone/four": (
            "stale",
            "wrong-value: no case matches binary/gone/four: remove or renew it",
        ),
    }
    assert (
        suite(render_junit(found, {}), "torch 2.6.0")["one [float32, F.binary_cross_entropy]"].find("failure")
        is not None
    )


def test_two_versions_are_told_apart():
    """By suite and by class, in which a dot would be a folder."""
    text = render_junit(report(FAIL, dataclasses.replace(FAIL, version="1.9")), {})
    assert {"torch@2_6_0.binary.clipping", "torch@1_9.binary.clipping"} == {
        test.get("classname") for test in parse(text).iter("testcase")
    }


def test_devices_are_told_apart():
    """The usual one is not named."""
    text = render_junit(report(FAIL, dataclasses.replace(FAIL, device="cuda:0")), {})
    assert {"one [float32, F.binary_cross_entropy]", "one [float32, F.binary_cross_entropy, cuda:0]"} == set(
        suite(text, "torch 2.6.0")
    )
    assert "--dtype float32 --device cuda\n" in text.replace("</failure>", "\n")


def test_an_implementation_that_did_not_start_is_an_error():
    """With its reason."""
    tests = suite(render_junit(REPORT, CASES), "optax")
    assert "no module named optax" == tests["start"].find("error").get("message")


@given(st.text(max_size=40))
def test_any_text_gives_a_document_that_can_be_read(text):
    """Control characters, half of a surrogate pair, the end of a section: written as an escape, or as it is."""
    hostile = f"{text}\x00\x1b[31m]]>\ud800\ufffe&<'\"\r\n\N{PILE OF POO}"
    fail = dataclasses.replace(FAIL, reason=hostile, expression=hostile, via=hostile, implementation=hostile)
    written = render_junit(report(fail), {})
    written.encode("ascii")
    (test,) = parse(written).iter("testcase")
    for shown in (test.find("failure").get("message"), test.find("failure").text):
        assert "\\x00\\x1b[31m]]>\\ud800\\ufffe&<'\"" in shown
        assert "\N{PILE OF POO}" in shown


def test_the_check_refuses_what_the_schema_does():
    """So that the other tests can fail."""
    for broken in (
        '<testsuites time="1.0"/>',
        '<testsuites><testcase name="a"/></testsuites>',
        '<testsuites><testsuite name="a" tests="1" failures="0" errors="0"/></testsuites>',
        '<testsuites><testsuite name="a" tests="1" failures="0" errors="0"><testcase/></testsuite></testsuites>',
    ):
        with pytest.raises(AssertionError):
            parse(broken)
