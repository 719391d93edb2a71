"""Annotations: what GitHub's runner reads from a step's output."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_report_difference import FAIL, report, result
from test_report_regression import CASES as CORPUS
from test_report_regression import known
from test_report_views import CASES, REPORT

from ceconform.report import Report, regression, render_annotations

ROOT = Path("/checkout")
COMMAND = re.compile(r"::(?P<level>\w+) (?P<properties>[^:]*)::(?P<message>[^\r\n]*)")
_ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


def read(text):
    """What the runner makes of it: level, properties, message."""
    found = []
    for line in text.split("\n")[:-1]:
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(each.split("=", 1) for each in match["properties"].split(","))
        found.append((match["level"], {k: plain(v) for k, v in properties.items()}, plain(match["message"])))
    return found


def plain(text):
    """Without escapes."""
    return re.sub("|".join(_ESCAPES), lambda match: _ESCAPES[match[0]], text)


def placed(path, line=7):
    """The corpus of two cases in a file."""
    return {name: dataclasses.replace(each, path=path, line=line) for name, each in CASES.items()}


def test_whatever_fails_is_an_error_without_a_baseline():
    """The worst first; one for a case and an implementation, with its file where the checkout has it."""
    found = read(render_annotations(REPORT, placed(ROOT / "cases" / "binary" / "clipping.yaml"), root=ROOT))
    assert {"error"} == {level for level, _, _ in found}
    titles = [properties["title"] for _, properties, _ in found]
    assert "optax did not start" == titles[0]
    assert "nan-for-a-number of the value: binary/clipping/other, keras[jax] (float32)" in titles
    worst = titles.index("nan-for-a-number of the value: binary/clipping/other, keras[jax] (float32)")
    _, properties, message = found[worst]
    assert ("cases/binary/clipping.yaml", "7") == (properties["file"], properties["line"])
    explained = "ceconform explain binary/clipping/other 'keras[jax]' --dtype float32"
    assert f"value at [0]: got nan, wanted inf\n{explained}" == message


@pytest.mark.parametrize("path", ["/elsewhere/a.yaml", "/checkout/.venv/lib/site-packages/ceconform/cases/a.yaml"])
def test_a_file_that_is_not_of_the_checkout_is_not_named(path):
    """The corpus of an installed ceconform."""
    found = read(render_annotations(REPORT, placed(Path(path)), root=ROOT))
    assert {"title"} == {name for _, properties, _ in found for name in properties}


def test_beside_a_baseline_only_changes_are_errors():
    """Fixed and stale at the line of their entry, and nothing where all is known."""
    told = report(FAIL, result(case="binary/clipping/two"))

    def against(*cases):
        return read(render_annotations(told, {}, regression(told, [known(*cases)], CORPUS), root=Path()))

    assert [] == against("binary/clipping/one")
    changes = [(p["title"], p["file"], p["line"]) for _, p, _ in against("binary/clipping/*", "binary/gone")]
    assert [("fixed", "b.yaml", "5"), ("stale", "b.yaml", "5")] == changes
    ((_, properties, _),) = against("binary/logits/three")
    assert "wrong-value of the value: binary/clipping/one, torch (float32)" == properties["title"]


def test_at_most_ten_and_a_count_of_the_rest():
    """GitHub shows no more of one step."""
    many = report(*(dataclasses.replace(FAIL, case=f"a/b/{number:02}") for number in range(14)))
    found = read(render_annotations(many, {}, root=ROOT))
    assert ["error"] * 10 + ["notice"] == [level for level, _, _ in found]
    assert "4 more: 4 failing" == found[-1][2]
    changed = regression(many, [known("binary/gone")], CORPUS)
    assert "5 more: 4 new, 1 stale" == read(render_annotations(many, {}, changed, root=ROOT))[-1][2]


def test_nothing_is_written_where_nothing_is_wrong():
    """Not even an empty line."""
    assert "" == render_annotations(Report(header=report().header), {}, root=ROOT)


@given(st.text(max_size=40))
def test_any_text_is_one_command_a_line_and_comes_back(text):
    """Nothing that a library says can end a command or begin another one."""
    hostile = f"{text}\r\n::error title=mine,a=b::100%25: %\n"
    fail = dataclasses.replace(FAIL, reason=hostile, implementation=hostile)
    ((_, properties, message),) = read(render_annotations(report(fail), {}, root=ROOT))
    assert f"wrong-value of the value: binary/clipping/one, {hostile} (float32)" == properties["title"]
    assert message.startswith(hostile)
