"""Histories: what each release changed since the one before, and the page of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_report_difference import FAIL, RIGHT, UNSUPPORTED, report, result

from ceconform.errors import ReportError
from ceconform.report import Digits, Report, Result, histories, render_history
from ceconform.report.history import EFFECTS

ACCEPTABLE = result(verdict="acceptable", convention="clip-at-eps")
OTHER = result(value=replace(RIGHT, digits=("0.2",)))
RAISED = replace(FAIL, kind="rejected-valid-input", value=Digits(raised="ValueError: no"))


def release(version: str, *results: Result, **switches: str) -> Report:
    """A report of one release."""
    made = report(*(replace(each, version=version) for each in results))
    known = tuple(replace(each, switches=switches) for each in made.header.implementations)
    return replace(made, header=replace(made.header, implementations=known))


def effects(*reports: Report) -> dict[str, list[str]]:
    """Version to effects."""
    (timeline,) = histories(dict(enumerate(reports))).timelines
    return {each.version: [movement.effect for movement in each.movements] for each in timeline.releases}


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        (result(), FAIL, "broke"),
        (ACCEPTABLE, result(verdict="error"), "broke"),
        (FAIL, ACCEPTABLE, "fixed"),
        (FAIL, replace(FAIL, kind="lost-precision"), "wrong in another way"),
        (ACCEPTABLE, result(), "right by another rule"),
        (FAIL, UNSUPPORTED, "no longer answered"),
        (result(), None, "no longer answered"),
        (UNSUPPORTED, FAIL, "newly answered"),
        (None, result(), "newly answered"),
        (result(), OTHER, "other digits"),
        (result(), result(), None),
        (UNSUPPORTED, None, None),
    ],
)
def test_each_effect_has_its_name(old, new, effect):
    """By what an answer was worth, and is."""
    steady = result(case="binary/clipping/steady")
    old, new = (release(version, *filter(None, [steady, each])) for version, each in (("1", old), ("2", new)))
    assert {"1": [], "2": [effect] if effect else []} == effects(old, new)


def test_each_release_is_compared_with_the_one_before_it():
    """As versions go, not letters, in whatever order the reports come."""
    reports = [release("1.10", FAIL), release("1.9", result()), release("1.11rc1", result())]
    assert {"1.9": [], "1.10": ["broke"], "1.11rc1": ["fixed"]} == effects(*reports)
    assert ["1.9", "1.10", "1.11rc1"] == list(effects(*reports))


def test_alike_changes_are_one_movement_shown_by_the_shortest():
    """By loss and by the kinds before and after; the worst comes first, an error last among its like."""
    long = result(case="a/long/one", value=replace(RIGHT, digits=("1", "2"), shape=(2,)))
    double = result(case="a/short/double", dtype="float64")
    mild = result(case="a/mild/one")
    silent = result(case="a/short/refused")
    before = release("1", result(), long, double, mild, silent)
    wrong = [replace(each, verdict="fail", kind="wrong-value", part="value") for each in (result(), long, double)]
    wrong += [replace(silent, verdict="fail", kind="wrong-value", part="value", value=RAISED.value)]
    history = histories({"a": before, "b": release("2", replace(mild, verdict="fail", kind="lost-precision"), *wrong)})
    worst, other = history.timelines[0].releases[1].movements
    assert ("wrong-value", 4, 4) == (worst.example.kind, worst.cases, len(worst.changes))
    assert (FAIL.case, silent.case) == (worst.example.result.case, worst.changes[-1].result.case)
    assert "lost-precision" == other.example.kind
    assert 5 == history.timelines[0].releases[1].answers("broke")


def test_what_is_one_cause_wherever_it_shows_is_one_movement():
    """Of all losses; another kind is one of each loss."""
    right = [result(), result(loss="nll_loss", case="nll/plain/one")]
    for kind, movements in (("wrong-dtype", [(*sorted({each.loss for each in right}),)]), ("wrong-value", 2)):
        wrong = [replace(each, verdict="fail", kind=kind, part="value") for each in right]
        (timeline,) = histories({"a": release("1", *right), "b": release("2", *wrong)}).timelines
        found = [movement.losses for movement in timeline.releases[1].movements]
        assert movements in (found, len(found))


def test_what_is_newly_answered_is_one_movement_of_a_loss():
    """Whatever the answers are worth."""
    wrong = replace(FAIL, case="binary/clipping/two")
    silent = [UNSUPPORTED, replace(UNSUPPORTED, case=wrong.case)]
    text = render_history(histories({"a": release("1", *silent), "b": release("2", result(), wrong)}))
    assert "| **newly answered** | `binary_cross_entropy` | 2 | 2 | 1 pass, 1 wrong-value |" in text


def test_the_page_tells_verdicts_a_number_and_what_else_moved():
    """One table of the releases, one of each that changed anything."""
    reports = {
        "old": release("1.2", RAISED, numpy="1.26.4", x64="on"),
        "new": release("1.3", result(), numpy="2.1.0", x64="on"),
        "newest": release("1.4", result(), numpy="2.1.0", x64="on"),
    }
    text = render_history(histories(reports))
    for line in (
        "| 1.2 | numpy 1.26.4 | · | · | 1 | · | · | · | · |",
        "| 1.3 | numpy 2.1.0 | 1 | · | · | · | · | · | 1 |",
        "No answer changed in 1.4.",
        "### torch 1.3, after 1.2",
        "Beside it: numpy 1.26.4 → 2.1.0.",
    ):
        assert f"{line}\n" in text
    row = "| **fixed** | `binary_cross_entropy` | 1 | 1 | rejected-valid-input → pass |"
    assert f"{row} `binary/clipping/one` (float32): value `raised ValueError` → `0.1` |\n" in text
    assert "torch 1.4, after" not in text
    assert all(f"| **{effect}** |" in text for effect in EFFECTS)


def test_a_release_that_did_not_start_stands_on_the_page():
    """By the name of its report, with the reason."""
    gone = replace(release("1").header, missing={"torch": "exit status 1: no such version"})
    history = histories({"torch-1.0": Report(header=gone), "torch-1.1": release("1.1", result())})
    assert {"torch-1.0": "exit status 1: no such version"} == history.missing
    assert "| torch-1.0 | exit status 1: no such version |" in render_history(history)
    assert not history.changed


def test_a_reason_on_the_page_has_no_folders_of_a_machine():
    """A file's name, a release and a reference stay as they are."""
    for told, shown in (
        ("no 'x' from 'y' (/home/me/lib/python3.11/y.py)", "no 'x' from 'y' (y.py)"),
        ("see jax-ml/jax#1 and https://jax.dev/a/b", "see jax-ml/jax#1 and https://jax.dev/a/b"),
        ("1 / 0", "1 / 0"),
    ):
        history = histories({"torch-1.0": Report(header=replace(release("1").header, missing={"torch": told}))})
        assert f"| torch-1.0 | {shown} |" in render_history(history)


def test_another_corpus_is_refused():
    """Its cases may not ask the same."""
    other = release("2", result())
    with pytest.raises(ReportError, match="expected the corpus"):
        histories({"a": release("1", result()), "b": replace(other, header=replace(other.header, corpus="f" * 16))})
