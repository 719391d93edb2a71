"""Writing a report while the run goes on."""

from __future__ import annotations

import io

import pytest

from ceconform.errors import ReportError
from ceconform.report import Header, Implementation, Report, Result, Writer

HEADER = Header.here(ceconform="0.1.0", corpus="0123456789abcdef", cases=2)


def result(case):
    """A result that passes."""
    return Result(
        case=case,
        implementation="torch",
        version="2.6.0",
        loss="entropy",
        dtype="float32",
        device="cpu",
        verdict="pass",
        seconds=0.25,
    )


def test_what_is_written_as_it_comes_is_a_report(tmp_path):
    """Header, results and footer, in the order in which they came."""
    with Writer(tmp_path / "r.jsonl", HEADER) as writer:
        writer.add(result("a/b/c"))
        writer.add(result("a/b/d"))
    report = Report.read(tmp_path / "r.jsonl")
    assert [each.case for each in report.results] == ["a/b/c", "a/b/d"]
    assert report.header == HEADER
    assert report.seconds == 0.5


def test_each_result_is_there_at_once(tmp_path):
    """Another process sees a line as soon as it is added."""
    with Writer(tmp_path / "r.jsonl", HEADER) as writer:
        for count in (1, 2, 3):
            writer.add(result(f"a/b/{count}"))
            assert len((tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()) == 1 + count


def test_a_run_that_breaks_off_leaves_no_whole_report(tmp_path):
    """Without its footer nobody takes the file for a report."""

    def run():
        with Writer(tmp_path / "r.jsonl", HEADER) as writer:
            writer.add(result("a/b/c"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    with pytest.raises(ReportError, match="footer"):
        Report.read(tmp_path / "r.jsonl")


def test_a_stream_stays_open():
    """Standard output is not ours to close."""
    stream = io.StringIO()
    with Writer(stream, HEADER) as writer:
        writer.add(result("a/b/c"))
    assert len(Report.read(stream.getvalue().splitlines()).results) == 1


def test_implementations_that_start_later_are_in_the_header():
    """And so are those that do not start."""
    stream = io.StringIO()
    with Writer(stream, HEADER) as writer:
        writer.introduce(Implementation(name="torch", version="2.6.0"))
        writer.add(result("a/b/c"))
        writer.miss("optax", "not installed")
    header = Report.read(stream.getvalue().splitlines()).header
    assert [each.name for each in header.implementations] == ["torch"]
    assert header.missing == {"optax": "not installed"}
