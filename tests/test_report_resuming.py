"""Resuming: which answers of a run that broke off stay."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import numpy as np
import pytest

from ceconform.corpus import Case, Expected, case_hash
from ceconform.errors import ReportError
from ceconform.report import Header, Implementation, Report, Result, resume

HELLO = {
    "name": "torch",
    "version": "2",
    "distribution": "torch",
    "devices": ["cpu"],
    "dtypes": ["float32"],
    "switches": {"tf32": False},
    "conventions": {},
    "dialect": {},
}
HEADER = Header.here(ceconform="0.1.0", corpus="now", cases=3)
BEFORE = dataclasses.replace(
    HEADER, corpus="then", cases=9, implementations=(Implementation.of(HELLO),), missing={"optax": "not there"}
)


def case(slug: str, logit: float = 1.0) -> Case:
    """A case of one logit."""
    return Case(
        id=f"binary/planted/{slug}",
        description="Planted.",
        loss="binary_cross_entropy_with_logits",
        predictions=np.array([logit]),
        labels=np.zeros(1),
        parameters=MappingProxyType({}),
        sources={},
        expected=Expected(),
    )


CASES = (case("one"), case("two", 2.0), case("three", 3.0))


def result(asked: Case, **fields) -> Result:
    """An answer that passes."""
    known = {"implementation": "torch", "version": "2", "dtype": "float32", "device": "cpu", "verdict": "pass"}
    return Result(**{**known, "case": asked.id, "loss": asked.loss, "question": case_hash(asked), **fields})


def left(path, *results: Result, lines: int = -1, corpus: str = "then"):
    """Write a report of which so many lines are left, and read what can be resumed."""
    report = Report(header=dataclasses.replace(BEFORE, corpus=corpus), results=results)
    path.write_text("".join(list(report.lines())[:lines]), encoding="utf-8")
    return resume(path, HEADER, CASES)


@pytest.fixture
def path(tmp_path):
    """A report."""
    return tmp_path / "r.jsonl"


def test_all_but_the_last_call_stays(path):
    """The last call's other entry points may not have been asked, so none of its results stays."""
    first, other, again = result(CASES[0]), result(CASES[1], via="a"), result(CASES[1], via="b")
    assert (first,) == left(path, first, other, again).results


def test_all_of_a_whole_report_stays(path):
    """With its footer nothing can be missing."""
    results = tuple(map(result, CASES))
    assert results == left(path, *results, lines=99).results


@pytest.mark.parametrize("text", [None, "", '{"header": {"for'])
def test_nothing_stays_where_nothing_is(path, text):
    """No file, an empty one, half a header: the run begins."""
    if text is not None:
        path.write_text(text, encoding="utf-8")
    found = resume(path, HEADER, CASES)
    assert ((), HEADER) == (found.results, found.header)
    assert bool(text) == bool(found.torn)


def test_the_answer_to_a_case_that_has_changed_does_not_stay(path):
    """The hash of what it asks decides, not that of the corpus; a case that is gone does not stay either."""
    old = result(case("one", 1.5))
    gone = result(case("gone"))
    found = left(path, old, gone, result(CASES[1]), lines=99)
    assert [CASES[1].id] == [each.case for each in found.results]
    assert ("binary/planted/gone", "binary/planted/one") == found.changed


def test_an_answer_without_a_hash_stays_if_the_corpus_is_the_same(path):
    """As reports of earlier releases have it."""
    old = result(CASES[0], question="")
    assert (old,) == left(path, old, lines=99, corpus="now").results
    assert () == left(path, old, lines=99, corpus="then").results


def test_the_header_is_that_of_the_run_that_goes_on(path):
    """Its corpus and its cases; the implementations that have answered; none is missing yet."""
    header = left(path, result(CASES[0]), lines=99).header
    assert ("now", 3, ("torch",)) == (header.corpus, header.cases, tuple(each.name for each in header.implementations))
    assert {} == dict(header.missing)
    assert () == left(path, result(CASES[0])).header.implementations


def test_only_the_same_version_has_answered(path):
    """Case, dtype and device too."""
    found = left(path, result(CASES[0]), lines=99)
    assert found.answered(HELLO, CASES[0], "float32", "cpu")
    assert not found.answered({**HELLO, "version": "3"}, CASES[0], "float32", "cpu")
    assert not found.answered({**HELLO, "name": "optax"}, CASES[0], "float32", "cpu")
    assert not found.answered(HELLO, CASES[1], "float32", "cpu")
    assert not found.answered(HELLO, CASES[0], "float64", "cpu")
    assert not found.answered(HELLO, CASES[0], "float32", "cuda")


def test_other_switches_are_refused(path):
    """The two halves would not be of one run."""
    found = left(path, result(CASES[0]), lines=99)
    with pytest.raises(ReportError, match=r"expected torch with the switches .*False.*, got .*True.*; run anew"):
        found.answered({**HELLO, "switches": {"tf32": True}}, CASES[0], "float32", "cpu")


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (b'{"case": 1}\n', "r.jsonl:2: expected a result"),
        (b"\xff\n", "r.jsonl:2: expected UTF-8"),
        (b"[]\n", "r.jsonl:2: expected a JSON object"),
        (b"[" * 100_000 + b"\n", "r.jsonl:2: expected a JSON object"),
    ],
)
def test_a_broken_line_is_refused(path, broken, problem):
    """Nothing is thrown away that somebody may want to mend."""
    header, *rest = (line.encode() for line in Report(header=BEFORE, results=(result(CASES[0]),)).lines())
    path.write_bytes(header + broken + b"".join(rest))
    with pytest.raises(ReportError, match=problem):
        resume(path, HEADER, CASES)


def test_a_file_that_is_no_report_is_refused(path):
    """It is somebody's thesis."""
    path.write_text("Chapter 1\nThe end\n", encoding="utf-8")
    with pytest.raises(ReportError, match=r"r\.jsonl:1: expected a JSON object, got 'Chapter 1'"):
        resume(path, HEADER, CASES)


def test_results_stand_between_header_and_footer(path):
    """A report that was put together by hand is refused."""
    header, first, footer = Report(header=BEFORE, results=(result(CASES[0]),)).lines()
    for text, problem in ((first + header, ":1: expected a header"), (header + footer + first, ":3: expected nothing")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ReportError, match=problem):
            resume(path, HEADER, CASES)
