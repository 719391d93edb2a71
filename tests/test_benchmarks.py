"""The benchmarks measure what they say; nothing here asserts how fast anything is."""

from __future__ import annotations

import dataclasses
from collections import Counter
from functools import partial

import numpy as np
import pytest

from benchmarks import linear, with_jax, with_numpy, with_torch
from benchmarks.__main__ import run
from benchmarks.comparison import OURS, PASS, Comparison, Question
from benchmarks.page import render
from benchmarks.result import Result, compare
from benchmarks.timing import Limits, Timing, first_calls, time_interleaved

SMALLEST = Question(loss="softmax", shape=(64, 10), dtype="float32", part="forward")
BRIEF = Limits(seconds=0.0, sample=1e-9)


def compared(timings, **keywords):
    """A result of made-up times, against one rival whose target is 1."""
    comparison = Comparison(
        setting="numpy", question=SMALLEST, make=dict, peak=len, profile=list, targets={"rival": 1.0}
    )
    timed = {name: Timing(rounds=rounds) for name, rounds in timings.items()}
    return Result(comparison=comparison, timings=timed, first=dict.fromkeys(timed, 1.0), **keywords)


def test_the_smallest_comparison_becomes_a_page(tmp_path, capsys):
    """One comparison runs through, and the page has the machine, and a row with all columns."""
    page = tmp_path / "page.md"
    run(only=["numpy/softmax/64x10/float32/forward"], output=page, seconds=0.01)
    lines = page.read_text(encoding="utf-8").splitlines()
    heads = next(line for line in lines if line.startswith("| loss"))
    rows = [line for line in lines if line.startswith("| softmax")]
    assert "# Benchmarks" == lines[0]
    assert {"CPU", "cores", "threads", "versions"} <= {line.split(" | ")[0].strip("| ") for line in lines}
    assert [heads.count("|")] == [row.count("|") for row in rows]
    assert "| softmax | 64×10 | float32 | forward | scipy |" in rows[0]
    assert "÷ scipy" in capsys.readouterr().out


def test_a_linear_layer_is_measured_beside_the_plain_composition():
    """In processes of their own, which answer the same."""
    size = linear.Size(rows=32, classes=64, features=4, repeat=1)
    plain, ours = linear.measure(size, ["numpy plain", "ceconform[numpy]"])
    assert ours.value == pytest.approx(plain.value, rel=1e-6)
    rows = [line.split(" | ") for line in linear.section(size, [plain, ours]) if line.startswith("| ")][2:]
    assert [("| numpy plain", "1.00"), ("| ceconform[numpy]", f"{ours.seconds / plain.seconds:.2f}")] == [
        (row[0], row[3]) for row in rows
    ]


def test_only_selects_and_list_times_nothing(capsys):
    """A glob selects by name; without a match nothing is shown."""
    run(only=["jax-jit/binary/1000/*"], names=True, quick=True)
    expected = ["jax-jit/binary/1000/float32/forward", "jax-jit/binary/1000/float32/forward+backward"]
    assert expected == capsys.readouterr().out.split()


def test_calls_are_interleaved():
    """Every round calls each contestant once, in the same order."""
    calls = []
    timings = time_interleaved({name: partial(calls.append, name) for name in "abc"}, Limits(seconds=0.0, sample=0.0))
    assert list("abcabcabc") == calls[-9:]
    assert {"a": 3, "b": 3, "c": 3} == {name: len(timing.rounds) for name, timing in timings.items()}


def test_rounds_end_when_the_ratio_is_steady():
    """Calls that always take the same time need no more than the rounds after which that is judged."""
    unlimited = Limits(seconds=1e9, most=1000, judged=15, steady=1e9)
    assert 15 == len(time_interleaved({"a": int, "b": int}, unlimited)["a"].rounds)


def test_a_call_that_fails_is_told_and_the_others_are_kept():
    """The first line of the error says why."""
    seconds, failures = first_calls({"good": int, "bad": partial(int, "x")})
    assert ["good"] == list(seconds)
    assert {"bad": "ValueError: invalid literal for int() with base 10: 'x'"} == failures


def test_the_median_of_the_ratios_decides():
    """A target is met by the median round, whatever one slow round says."""
    fast = compared({OURS: (1.0, 9.0, 1.0), "rival": (2.0, 2.0, 2.0), PASS: (1.0, 1.0, 1.0)})
    slow = compared({OURS: (3.0, 3.0, 3.0), "rival": (2.0, 2.0, 2.0), PASS: (1.0, 1.0, 1.0)})
    assert [(0.5, True), (1.5, False)] == [(r.quartiles[1], r.met) for each in (fast, slow) for r in each.ratios()]
    assert "Targets met: 1 of 2" in render([fast, slow], [])


def test_a_failure_of_ours_counts_as_a_target_missed():
    """The page counts its target and says what failed."""
    failed = compared({"rival": (2.0, 2.0), PASS: (1.0, 1.0)}, failures={OURS: "ValueError: no"})
    page = render([failed], [])
    assert "Targets met: 0 of 1; calls that failed: 1." in page
    assert "| numpy/softmax/64x10/float32/forward | ours | ValueError: no |" in page


def test_the_page_holds_the_peaks_against_the_target():
    """Ours may hold the gradient and one more array; the others are shown."""
    size = 8192 * 1000 * 4
    timings = {OURS: (1.0, 1.0), "rival": (1.0, 1.0), PASS: (1.0, 1.0)}
    page = render([compared(timings, peaks={OURS: 2 * size, "rival": 3 * size})], [])
    assert "| numpy | ours | 2.00 | yes |" in page
    assert "| numpy | rival | 3.00 |  |" in page


def test_names_are_unique_and_all_sizes_are_there():
    """Each setting asks every size, with and without the gradient."""
    every = [*with_numpy.comparisons(), *with_torch.comparisons(), *with_jax.comparisons()]
    assert {1} == set(Counter(each.name for each in every).values())
    sizes = {"64x10", "8192x1000", "128x128000", "1000", "10000000"}
    for setting in ("numpy", "torch-eager", "torch-compile", "jax-jit"):
        asked = {(each.question.size, each.question.backward) for each in every if each.setting == setting}
        assert {(size, backward) for size in sizes for backward in (False, True)} == asked


@pytest.mark.parametrize(
    "comparisons", [with_numpy.comparisons, with_torch.comparisons, with_jax.comparisons], ids=["numpy", "torch", "jax"]
)
def test_ours_and_theirs_answer_the_same_question(comparisons):
    """At the small sizes, in float32 and uncompiled, the rivals give our value and gradient."""
    for comparison in comparisons():
        question = comparison.question
        if question.elements > 1000 or question.dtype != "float32" or comparison.setting == "torch-compile":
            continue
        calls = comparison.make(question)
        ours = flat(calls[OURS]())
        for rival in comparison.targets:
            np.testing.assert_allclose(ours, flat(calls[rival]()), rtol=1e-4, atol=1e-7, err_msg=comparison.name)


def flat(answer):
    """All numbers of an answer, in a row."""
    parts = answer if isinstance(answer, tuple) else (answer,)
    return np.concatenate([np.asarray(part.detach() if hasattr(part, "detach") else part).ravel() for part in parts])


def test_every_library_counts_its_peak():
    """A call that makes two arrays and keeps one holds both at its peak; a jitted one holds what it returns."""
    import jax
    import torch

    expected = 2 * 4_000_000
    assert expected == pytest.approx(with_numpy.peak(lambda: np.ones(1_000_000, dtype="float32") * 2), rel=0.01)
    assert expected == pytest.approx(with_torch.peak(lambda: torch.ones(1_000_000) * 2), rel=0.01)
    doubled = with_jax.Jitted(jax.jit(lambda x: x * 2), (jax.numpy.ones(1_000_000, dtype="float32"),))
    assert 4_000_000 == pytest.approx(with_jax.peak(doubled), rel=0.01)


def test_peaks_are_counted_of_one_question_alone(monkeypatch):
    """The question of the memory, and none beside it."""
    comparison = next(iter(with_numpy.comparisons()))
    assert {} == compare(comparison, BRIEF).peaks
    monkeypatch.setattr("benchmarks.result.MEMORY", comparison.question)
    counted = dataclasses.replace(comparison, peak=lambda _: 7)
    assert {OURS: 7, "scipy": 7} == compare(counted, BRIEF).peaks
