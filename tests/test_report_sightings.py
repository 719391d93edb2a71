"""Sightings: the page's section, and what an explanation says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_report_views import CASES, REPORT, array, result

from ceconform.corpus import Seen
from ceconform.report import explain, render_discrepancies, sightings
from ceconform.report.sightings import of_result, told

THREAD = "a/b#12"


def seen(*figures, who="torch", **more):
    """What a thread tells of the first case."""
    figures = {"loss": np.array(figures, dtype=object)} if figures else {}
    return Seen(thread=THREAD, implementation=who, **figures, **more)


def corpus(*all_seen):
    """The cases, of which the first has been seen wrong."""
    first = "binary/clipping/certain"
    return CASES | {first: replace(CASES[first], seen=all_seen)}


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (seen("nan", None), "nan   ·, by torch"),
        (seen("0.50", "1", version="1.10", dtype="float16", device="mps"), "0.50   1, by torch 1.10 in float16 on mps"),
        (seen(raised="out of bounds", who="paddle"), "out of bounds, by paddle"),
        (Seen(thread=THREAD, implementation="optax", grad=np.array(["nan"], dtype=object)), "gradient nan, by optax"),
    ],
)
def test_what_was_seen_is_told_in_a_line(one, text):
    """Numbers or the error, by whom, in what."""
    assert text == told(one)


def test_each_is_looked_for_in_the_results_of_who_gave_it():
    """A library is each of its backends; those that are worst come first."""
    found = sightings(
        REPORT, corpus(seen("0.3", None, who="nobody"), seen("nan", None, who="keras"), seen("100", None))
    )
    assert ["torch", "keras", "nobody"] == [each.seen.implementation for each in found]
    assert {"still so": {("torch", "2.6.0"): ("float32",)}} == found[0].now
    assert {("keras[jax]", "3.15"), ("keras[torch]", "3.15")} == {*found[1].now["by a documented convention"]}
    assert "not asked" == found[2].worst


@pytest.mark.parametrize(
    ("one", "become"),
    [
        (seen("100", None), "still so"),
        (seen("100", None, dtype="float64"), "not asked"),
        (seen("100", None, device="mps"), "not asked"),
        (seen("100", None, device="cpu", dtype="float32"), "still so"),
        (seen("100", None, who="torch[compiled]"), ""),
        (seen("100", None, who="optax"), ""),
    ],
)
def test_another_dtype_or_device_shows_nothing(one, become):
    """What a thread tells of one device is not mended on another."""
    case = CASES["binary/clipping/certain"]
    assert become == of_result(case, one, REPORT.results[0], REPORT.header)


def test_the_page_has_a_section():
    """Thread, case, what was seen, and what has become of it, before the conventions."""
    page = render_discrepancies(REPORT, corpus(seen("100", None), seen("0.1", None, who="candle")))
    assert "2 wrong answers of which a thread tells, and whether they still come. still so: 1, not asked: 1." in page
    row = "| [a/b#12](https://github.com/a/b/issues/12) | `binary/clipping/certain` | "
    assert f"{row}100 ·, by torch | still so: torch |" in page
    assert f"{row}0.1 ·, by candle | not asked |" in page
    assert page.index("## What upstream threads saw") < page.index("## Conventions")
    assert "What upstream threads saw" not in render_discrepancies(REPORT, CASES)


def test_dtypes_are_named_where_they_differ():
    """One dtype has the wrong number, another a right one."""
    more = result(
        "binary/clipping/certain",
        "torch",
        "2.6.0",
        "pass",
        dtype="float64",
        value=replace(array("inf", "0.6931471805599453"), dtype="float64"),
    )
    report = replace(REPORT, results=(*REPORT.results, more))
    page = render_discrepancies(report, corpus(seen("100", None)))
    assert "| still so: torch in float32. mended: torch in float64 |" in page


def test_an_explanation_says_whether_it_is_still_so():
    """Of somebody else's wrong answer it says only what was seen."""
    case = corpus(seen("100", None), seen("nan", None, who="candle"))["binary/clipping/certain"]
    lines = explain(case, REPORT.results[0], REPORT.header).splitlines()
    assert "  seen      100   ·, by torch (a/b#12); now still so" in lines
    assert "  seen      nan   ·, by candle (a/b#12)" in lines
