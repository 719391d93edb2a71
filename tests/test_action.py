"""The GitHub action and the workflow to copy: what they say of themselves, and their steps, run as a runner does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from junit_schema import parse

from ceconform.report import Report

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / "examples" / "workflow.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are written for bash")


@pytest.fixture
def step(tmp_path):
    """Run a step in an empty checkout; its code, output, outputs and summary."""

    def run(name, *, python=f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', **inputs):
        known = {key: each.get("default", "") for key, each in ACTION["inputs"].items()}
        assert inputs.keys() <= known.keys()
        known |= inputs
        files = {key: tmp_path / key for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        shell = tmp_path / "bin"  # an action says `python`
        shell.mkdir()
        (shell / "python").write_text(python)
        (shell / "python").chmod(0o755)
        environment = {
            **os.environ,
            **{key: str(file) for key, file in files.items()},
            **{key: evaluated(value, known) for key, value in STEPS[name]["env"].items()},
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(tmp_path),
            "PATH": os.pathsep.join([str(shell), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        }
        script = tmp_path / "step.sh"
        script.write_text(STEPS[name]["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=tmp_path / evaluated(STEPS[name].get("working-directory", "."), known),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, *(file.read_text() for file in files.values())

    return run


def evaluated(text, inputs):
    """A text with its expressions, each of which is an input."""
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: inputs[match[1]], text)


def test_every_input_is_described_and_used():
    """And no other is."""
    used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
    assert ACTION["inputs"].keys() == used
    for name, each in ACTION["inputs"].items():
        assert each["description"].endswith("."), name
        assert each.get("required") or "default" in each, name
    assert ["implementations"] == [name for name, each in ACTION["inputs"].items() if each.get("required")]
    assert all("${{" not in step.get("run", "") for step in STEPS.values())  # what it holds would be run


def test_the_workflow_uses_the_action_as_it_is():
    """With inputs that it has, the one that it must have, and no rights but to read."""
    (job,) = WORKFLOW["jobs"].values()
    (use,) = [each for each in job["steps"] if "ceconform@" in each.get("uses", "")]
    assert {"implementations", "baseline"} == use["with"].keys()
    assert use["with"].keys() <= ACTION["inputs"].keys()
    assert {"contents": "read"} == WORKFLOW["permissions"]


def test_what_is_known_is_green(step, tmp_path):
    """The four files, the output, the summary, no annotation; lists have globs, quotes and lines of their own."""
    (tmp_path / "base lines").mkdir()
    (tmp_path / "base lines" / "wrong.yaml").write_text(
        "implementations: [wrong]\ndiscrepancies:\n"
        "  - {kind: wrong-value, reason: It answers 7., cases: [margin/hinge/*]}\n"
    )
    code, said, outputs, summary = step(
        "Ask",
        implementations="planted:Wrong\nceconform[numpy]\n",
        baseline='"base lines"',
        cases="margin/hinge/beyond-*  binary/clipping/certain-*",
        arguments="--dtype float64",
        folder="made",
    )
    assert (0, "exit-code=0\n") == (code, outputs), said
    assert {"report.jsonl", "junit.xml", "badge.json", "summary.md"} == {
        each.name for each in (tmp_path / "made").iterdir()
    }
    assert "::" not in said
    assert summary == (tmp_path / "made" / "summary.md").read_text()
    assert "0 new, 0 fixed, 0 stale" in summary
    assert "known" in json.loads((tmp_path / "made" / "badge.json").read_text())["message"]
    root = parse((tmp_path / "made" / "junit.xml").read_text())
    assert "0" == root.get("failures")
    assert "known" in {each.get("type") for each in root.iter("skipped")}
    results = Report.read(tmp_path / "made" / "report.jsonl").results
    assert {"wrong", "ceconform[numpy]"} == {each.implementation for each in results}
    assert {"float64"} == {each.dtype for each in results}


def test_what_is_new_is_red(step, tmp_path):
    """The code of the run, after all has been told."""
    chosen = {"implementations": "planted:Wrong", "cases": "margin/hinge/*", "arguments": "--dtype float64"}
    code, said, outputs, summary = step("Ask", **chosen)
    assert (1, "exit-code=1\n") == (code, outputs)
    assert "\n::error title=wrong-value of the value%3A margin/hinge/" in said
    assert "### Findings" in summary
    assert (tmp_path / "ceconform-report" / "junit.xml").exists()


def test_what_did_not_start_is_told(step):
    """Code 3, with the reason as annotation."""
    code, said, _, summary = step("Ask", implementations="planted:Broken", cases="margin/hinge/*")
    assert 3 == code
    assert "\n::error title=planted%3ABroken did not start::" in said
    assert "no\\_such\\_library" in summary


def test_wrong_usage_leaves_no_report(step, tmp_path):
    """The report of an earlier run does not stand for this one."""
    (tmp_path / "ceconform-report").mkdir()
    (tmp_path / "ceconform-report" / "report.jsonl").write_text("{}")
    code, said, outputs, summary = step("Ask", implementations="trch")
    assert (2, "exit-code=2\n", "") == (code, outputs, summary)
    assert "::error title=ceconform::There is no report: exit code 2" in said
    assert not (tmp_path / "ceconform-report" / "report.jsonl").exists()


@pytest.mark.parametrize(("extras", "wanted"), [("", "[conformance]"), ("keras,jax", "[conformance,keras,jax]")])
def test_it_installs_itself_with_the_extras(step, extras, wanted):
    """Into the job's own Python."""
    code, said, *_ = step("Install ceconform", python='#!/bin/sh\necho "$@"\n', extras=extras)
    assert (0, f"-m pip install {ROOT}{wanted}\n") == (code, said)
