"""The summary of a job."""

from __future__ import annotations

import dataclasses

from test_report_difference import FAIL, report, result
from test_report_regression import CASES as CORPUS
from test_report_regression import known
from test_report_views import CASES, REPORT

from ceconform.report import regression, render_job_summary, render_table
from ceconform.report.job_summary import LIMIT


def test_the_table_stands_first_and_the_findings_after_it():
    """The worst first, each with its cause and a command; what did not start, and what could not be judged."""
    text = render_job_summary(REPORT, CASES)
    assert render_table(REPORT).strip() in text
    assert "### Findings, the worst first: 3\n" in text
    assert (
        "| `nan-for-a-number` | **binary cross entropy, clipping.** NaN comes where there is an answer: The same again."
        in text
    )
    assert "`ceconform explain binary/clipping/other 'keras[jax]' --dtype float32` |" in text
    order = [text.index(part) for part in ("| pass |", "### Did not start", "### Not judged", "nan-for", "lost-pre")]
    assert sorted(order) == order
    assert "Against the baselines" not in text


def test_beside_a_baseline_it_tells_what_has_changed():
    """New with commands, fixed and stale with what to do."""
    found = report(FAIL, result(case="binary/clipping/two"), dataclasses.replace(FAIL, case="binary/logits/three"))
    changed = regression(found, [known("binary/clipping/*", "binary/gone")], CORPUS)
    text = render_job_summary(found, {}, changed, name="mine.jsonl")
    assert "### Against the baselines: 1 known, 1 new, 1 fixed, 1 stale\n" in text
    assert "| `wrong-value of the value` | `binary/logits/three` | `torch` | float32 |" in text
    assert "$ ceconform explain binary/logits/three 'torch'\n$ ceconform accept mine.jsonl 'torch' -o b.yaml\n" in text
    assert "| `b.yaml:5` | wrong-value: binary/clipping/\\*: now pass in float32, for binary/clipping/two" in text
    assert "| `b.yaml:5` | wrong-value: no case matches binary/gone: remove or renew it |" in text


def test_where_nothing_has_changed_it_says_so():
    """And where nothing fails."""
    found = report(result())
    text = render_job_summary(found, {}, regression(found, [known("binary/logits/three")], CORPUS))
    assert "Nothing has changed.\n" in text
    assert text.endswith("Nothing fails.\n")


def test_what_a_library_says_is_neither_markdown_nor_html():
    """Escaped, on one line, cut where it is long."""
    hostile = "<img src=x> | `a` **b** [c](d)\n# e " + 1000 * "f"
    text = render_job_summary(report(result(verdict="error", reason=hostile)), {})
    assert r"&lt;img src=x&gt; \| \`a\` \*\*b\*\* \[c\](d) # e fff" in text
    assert 500 * "f" not in text
    assert "f… |" in text


def test_it_never_exceeds_the_limit_of_github():
    """Rows are counted beyond fifty; of what is still too much, whole lines are left out."""
    many = report(*(dataclasses.replace(FAIL, case=f"a/b/{number}") for number in range(60)))
    changed = regression(many, [known("binary/logits/three")], CORPUS)
    assert "\n… and 10 more\n" in render_job_summary(many, {}, changed)
    wide = report(*(result(implementation=f"mine{number}", version="ä" * 100) for number in range(6000)))
    text = render_job_summary(wide, {})
    assert LIMIT - 400 < len(text.encode()) <= LIMIT
    assert text.endswith("|\n… cut here: the report has all of it.\n")
