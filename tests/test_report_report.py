"""Reports: reading, writing, merging."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceconform.errors import ReportError, UnknownNameError
from ceconform.report import Digits, Header, Implementation, Report, Result, merge
from ceconform.verdict import KINDS, VERDICTS

words = st.text(max_size=4)
names = st.sampled_from(["torch", "keras[jax]", "ceconform[numpy]"])
versions = st.sampled_from(["1.0", "2.0"])
digits = st.lists(st.sampled_from(["0.1", "-1e-07", "inf", "-inf", "nan", "16777216.0"]), max_size=3).map(tuple)
arrays = st.builds(
    lambda digits, rows, dtype: Digits(digits=digits, shape=(*rows, len(digits)), dtype=dtype, device="cpu"),
    digits=digits,
    rows=st.sampled_from([(), (1,), (1, 1)]),
    dtype=st.sampled_from(["float32", "float64", "int64"]),
) | st.builds(Digits, raised=words.filter(bool))
errors = st.none() | st.floats(0, 1e30)
results = st.builds(
    Result,
    case=st.sampled_from(["binary/clipping/one", "sparse/logits/two"]),
    implementation=names,
    version=versions,
    loss=st.just("binary_cross_entropy"),
    dtype=st.sampled_from(["float32", "float64"]),
    device=st.just("cpu"),
    verdict=st.sampled_from(VERDICTS),
    via=words,
    expression=words,
    kind=st.sampled_from(["", *KINDS]),
    convention=words,
    reason=words,
    part=st.sampled_from(["", "value", "gradient"]),
    value=st.none() | arrays,
    gradient=st.none() | arrays,
    no_gradient=words,
    ulps=errors,
    gradient_ulps=errors,
    seconds=st.floats(0, 100),
)
implementations = st.builds(
    Implementation,
    name=names,
    version=versions,
    distribution=words,
    dtypes=st.just(("float64", "float32")),
    switches=st.dictionaries(st.sampled_from(["tf32", "threads"]), st.booleans() | st.integers(1, 8)),
    conventions=st.just({"binary_cross_entropy": ("clip-at-1e-7",)}),
    dialect=st.just({"imports": "import torch", "array": "torch.tensor({values})"}),
)
headers = st.builds(
    Header,
    corpus=st.just("0123456789abcdef"),
    cases=st.integers(0, 500),
    ceconform=st.just(("0.1.0",)),
    started=st.sampled_from(["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"]),
    python=st.sampled_from([("3.11.7",), ("3.12.0",)]),
    platform=st.just(("Linux x86_64",)),
    implementations=st.lists(implementations, max_size=2).map(tuple),
    missing=st.dictionaries(names, words, max_size=2),
)
reports = st.builds(Report, header=headers, results=st.lists(results, max_size=4).map(tuple))


def one(**fields):
    """A report of one result."""
    header = Header.here(ceconform="0.1.0", corpus="0123456789abcdef", cases=1)
    result = Result(
        case="binary/clipping/one",
        implementation="torch",
        version="2.6.0",
        loss="binary_cross_entropy",
        dtype="float32",
        device="cpu",
        verdict="pass",
        value=Digits(digits=("0.1",), shape=(1,), dtype="float32", device="cpu"),
    )
    return Report(header=header, results=(dataclasses.replace(result, **fields),))


@given(reports)
def test_writing_and_reading_is_the_identity(report):
    """Whatever a report holds comes back."""
    assert Report.read(report.lines()) == report


@settings(max_examples=50)
@given(reports, reports, reports)
def test_merging_is_associative(a, b, c):
    """In whatever groups shards are merged, the whole is the same."""
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert merge((a, b, c)) == a.merge(b).merge(c)


@given(reports, reports)
def test_merging_loses_nothing(a, b):
    """Every key of both is there once, every implementation too; of one key the later result stays."""
    both = a.merge(b)
    keys = [result.key for result in both.results]
    assert len(keys) == len(set(keys))
    assert set(keys) == {result.key for result in (*a.results, *b.results)}
    last = {result.key: result for result in b.results}
    assert all(last.get(result.key, result) == result for result in both.results)
    assert all(each in both.header.implementations for each in (*a.header.implementations, *b.header.implementations))
    assert both.header.missing.keys() == a.header.missing.keys() | b.header.missing.keys()


@given(reports)
def test_a_merged_report_can_be_written_and_read(report):
    """The file of a merged report is a report."""
    merged = report.merge(report)
    assert Report.read(merged.lines()) == merged


def test_reports_of_different_corpora_do_not_merge():
    """They answer different questions."""
    other = one()
    other = Report(header=dataclasses.replace(other.header, corpus="fedcba9876543210"))
    with pytest.raises(ReportError, match="corpus"):
        one().merge(other)


def test_a_file_is_written_whole(tmp_path):
    """Writing replaces the file at once and leaves nothing beside it."""
    path = tmp_path / "report.jsonl"
    path.write_text("old", encoding="utf-8")
    one().write(path)
    assert Report.read(path) == Report.read(str(path))
    assert [path] == list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    """What cannot be written, as an error of NaN ulps, does not take the old report away."""
    path = tmp_path / "report.jsonl"
    one().write(path)
    before = path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="JSON"):
        one(ulps=float("nan")).write(path)
    assert path.read_text(encoding="utf-8") == before
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_report_without_its_footer_is_refused(kept):
    """Wherever the file breaks off, the error says that the report is not complete, and where."""
    lines = list(one().lines())[:kept]
    with pytest.raises(ReportError, match="ends before its footer") as caught:
        Report.read(lines, "broken.jsonl")
    assert (str(caught.value.path), caught.value.line) == ("broken.jsonl", max(kept, 1))


def test_a_line_that_is_cut_off_is_refused():
    """Half a line is no JSON."""
    lines = list(one().lines())
    with pytest.raises(ReportError, match=r"x\.jsonl:2: expected a JSON object"):
        Report.read([lines[0], lines[1][:40]], "x.jsonl")


def test_lost_lines_are_noticed():
    """The footer counts the results."""
    lines = list(one().lines())
    with pytest.raises(ReportError, match=r":2: the footer counts 1 results, there are 0"):
        Report.read([lines[0], lines[2]])


def test_nothing_may_follow_the_footer():
    """Files that were put together by hand are not one report."""
    lines = list(one().lines())
    with pytest.raises(ReportError, match=r":4: expected nothing after the footer"):
        Report.read([*lines, *lines])


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("verdict", "fine", r"\['verdict'\].*'fine'"),
        ("kind", "bad", r"\['kind'\]"),
        ("ulps", -1, r"\['ulps'\]"),
        ("case", 3, r"\['case'\]"),
        ("extra", 1, "extra"),
        ("value", {"digits": [0.1], "shape": [], "dtype": "", "device": "", "raised": ""}, r"\['value'\]"),
        ("value", {"digits": ["1,5"], "shape": [], "dtype": "", "device": "", "raised": ""}, r"\['value'\]"),
    ],
)
def test_a_line_that_is_not_by_the_schema_is_refused(field, value, problem):
    """The error names the file, the line and the field."""
    first, second, last = one().lines()
    changed = json.dumps({**json.loads(second), field: value})
    with pytest.raises(ReportError, match=f"^x:2: expected a result: .*{problem}"):
        Report.read([first, changed, last], "x")


def test_a_missing_field_is_refused():
    """A result line has all of its fields."""
    first, second, last = one().lines()
    line = json.loads(second)
    del line["convention"]
    with pytest.raises(ReportError, match="convention"):
        Report.read([first, json.dumps(line), last])


def test_a_format_of_the_future_is_refused():
    """The version of the format is part of the header's schema."""
    first, *rest = one().lines()
    header = json.loads(first)
    header["header"]["format"] = 2
    with pytest.raises(ReportError, match="format"):
        Report.read([json.dumps(header), *rest])


def test_headers_of_later_starts_are_merged():
    """A run writes a header again for each implementation that starts."""
    report = one()
    implementation = Implementation(name="torch", version="2.6.0")
    late = dataclasses.replace(report.header, implementations=(implementation,))
    first, *rest = report.lines()
    again = next(Report(header=late).lines())
    assert Report.read([first, again, *rest]).header.implementation("torch", "2.6.0") == implementation


def test_a_file_that_is_not_there_is_a_report_error(tmp_path):
    """The command can print it as it is."""
    with pytest.raises(ReportError, match=r"none\.jsonl"):
        Report.read(tmp_path / "none.jsonl")


def test_a_report_can_be_about_some_of_its_implementations():
    """By name or glob, in which square brackets stand for themselves; also those that did not start."""
    header = Header.here(ceconform="0.1.0", corpus="", cases=0, missing={"keras[jax]": "no jax", "optax": "no optax"})
    known = tuple(Implementation(name=name, version="1") for name in ("keras[numpy]", "torch"))
    found = Report(header=dataclasses.replace(header, implementations=known)).about("keras[*]")
    assert ["keras[numpy]"] == [each.name for each in found.header.implementations]
    assert {"keras[jax]": "no jax"} == found.header.missing
    with pytest.raises(UnknownNameError, match="expected one of keras"):
        found.about("torch")
