"""What explained an answer is remembered for the next run: the same as if it were found anew, or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from ceconform.corpus import load, select
from ceconform.harness import Answer
from ceconform.report import Report
from ceconform.verdict import Attributions, attribute, remembering

CASES = select(load(), ["binary/clipping/*", "categorical/extreme/*"])
ANSWERS = {
    "clipped": (16.11809565095832, None),
    "infinite": (float("inf"), None),
    "none": (float("nan"), 0.25),
}


def asked():
    """Answers of several kinds to some cases: explained, unexplained, with and without a gradient."""
    for case in CASES:
        shape = case.expected.loss.shape
        for number, slope in ANSWERS.values():
            value = Answer(values=(number,) * case.expected.loss.size, shape=shape, dtype="float64")
            count = case.predictions.size
            gradient = slope and Answer(values=(slope,) * count, shape=case.predictions.shape, dtype="float64")
            yield case, value, gradient


def everything(known):
    """What comes of all of them."""
    how = {"documented": ("clip-at-1e-7",), "flushes_subnormals": False}
    return [known(case, "float64", value, gradient, **how) for case, value, gradient in asked()]


@pytest.fixture
def path(tmp_path):
    """A file that remembers all of them."""
    path = tmp_path / "deep" / "attributions.json"
    known = Attributions(path)
    everything(known.attribute)
    known.save()
    return path


def test_what_is_remembered_is_what_would_be_found(path, monkeypatch):
    """With every number, infinities and NaN too; nothing is evaluated again."""
    anew = everything(attribute)
    assert any(found is None for found in anew)
    assert any(found is not None for found in anew)
    monkeypatch.setattr(remembering, "attribute", None)
    assert repr(anew) == repr(everything(Attributions(path).attribute))


def test_another_answer_is_another_question(path, monkeypatch):
    """The last bit of a number, its sign, the dtype, what the library documents."""
    case, value, gradient = next(asked())
    how = {"documented": ("clip-at-1e-7",), "flushes_subnormals": False}
    looked = []
    monkeypatch.setattr(remembering, "attribute", lambda *stated, **_: looked.append(stated))
    known = Attributions(path)
    known.attribute(case, "float64", value, gradient, **how)
    assert not looked
    nearly = replace(value, values=(*value.values[:-1], value.values[-1] + 2e-15))
    for question in (
        ((case, "float64", nearly, gradient), how),
        ((case, "float64", replace(value, values=(0.0,) * len(value.values)), gradient), how),
        ((case, "float64", replace(value, values=(-0.0,) * len(value.values)), gradient), how),
        ((case, "float32", value, gradient), how),
        ((case, "float64", value, value), how),
        ((CASES[-1], "float64", nearly, gradient), how),
        ((case, "float64", value, gradient), {**how, "documented": ()}),
        ((case, "float64", value, gradient), {**how, "flushes_subnormals": True}),
    ):
        looked.clear()
        known.attribute(*question[0], **question[1])
        assert looked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"code": "CODE"}',
        '{"code": "CODE", "attributions": []}',
        '{"code": "of another release", "attributions": {}}',
        "[" * 100_000,
        "\ufeff{}",
    ],
)
def test_a_file_that_is_none_remembers_nothing(path, text):
    """It is written anew."""
    path.write_text(text.replace("CODE", json.loads(path.read_text())["code"]))
    known = Attributions(path)
    assert repr(everything(attribute)) == repr(everything(known.attribute))
    known.save()
    assert {"code", "attributions"} == json.loads(path.read_text()).keys()


@pytest.mark.parametrize("entry", [7, "clip", [], [["no-such"], True, {}, None], [[], True, {"kind": 1}, None]])
def test_an_entry_that_is_none_is_found_anew(path, entry):
    """The others stay."""
    data = json.loads(path.read_text())
    data["attributions"] = dict.fromkeys(data["attributions"], entry)
    path.write_text(json.dumps(data))
    assert repr(everything(attribute)) == repr(everything(Attributions(path).attribute))


def test_what_was_used_last_stays(path, monkeypatch):
    """The file does not grow for ever."""
    monkeypatch.setattr(remembering, "_MOST", 2)
    known = Attributions(path)
    case, value, gradient = next(asked())
    how = {"documented": ("clip-at-1e-7",), "flushes_subnormals": False}
    known.attribute(case, "float64", value, gradient, **how)
    known.attribute(case, "float32", value, gradient, **how)
    known.save()
    assert 2 == len(json.loads(path.read_text())["attributions"])
    monkeypatch.setattr(remembering, "attribute", None)
    Attributions(path).attribute(case, "float32", value, gradient, **how)


def test_a_run_that_remembers_reports_the_same(tmp_path):
    """By the command, three times: anew, after another, and where nothing can be kept."""
    reports = []
    nowhere = tmp_path / "a file"
    nowhere.write_text("")
    for name, cache in (("anew", tmp_path), ("again", tmp_path), ("nowhere", nowhere)):
        path = tmp_path / f"{name}.jsonl"
        command = [sys.executable, "-m", "ceconform", "run", "sklearn", "-k", "sparse/clipping/**", "-o", str(path)]
        done = subprocess.run(
            command, env={**os.environ, "XDG_CACHE_HOME": str(cache)}, capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stderr
        reports.append([replace(result, seconds=0.0) for result in Report.read(path).results])
    assert (tmp_path / "ceconform" / "attributions.json").is_file()
    assert any(result.convention for result in reports[0])
    assert reports[0] == reports[1] == reports[2]
