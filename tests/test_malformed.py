"""Corpora, baselines, reports and sweeps are data: whatever a file holds, it is read, or refused by its line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import malformed
import pytest
from malformed_files import baseline, case_file, report, sweep
from malformed_sound import BASELINE, SOUND

from ceconform.corpus import load
from ceconform.errors import CorpusError
from ceconform.verdict import read_baselines

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
MEMORY, SECONDS = 500_000_000, 2.0
pytestmark = pytest.mark.xdist_group("malformed")
"""A process for many tests."""


@pytest.fixture(scope="module")
def came(tmp_path_factory):
    """What came of each file, all read in one process with little memory; the last line tells of the watch itself."""
    command = [sys.executable, malformed.__file__, str(tmp_path_factory.mktemp("malformed")), str(MEMORY)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300)
    assert 0 == done.returncode, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_malformed_file_is_refused_by_its_line(came):
    """More than two hundred of them, bombs among them: the file, the line, and what is wrong, in one short line."""
    made = [each for each in came if each.get("refused")]
    assert len(made) > 200
    assert [] == [each for each in made if "said" not in each]
    for each in came:
        if "said" in each:
            assert each["line"] >= 1
            assert f":{each['line']}: " in each["said"]
            assert len(each["said"]) < 1700


def test_no_mutant_is_met_with_anything_but_words(came):
    """What a seeded mutator makes is refused, or can be used, compared and written; memory suffices for all of it."""
    assert [] == [each for each in came if "fault" in each]
    assert 4 * 60 == sum(each.get("refused") is False for each in came)


def test_no_malformed_file_takes_long(came):
    """Whatever is nested, repeated, or long in it."""
    assert {} == {each["name"]: each["seconds"] for each in came if each.get("seconds", 0) > SECONDS}


def test_no_malformed_file_runs_code_or_reads_another_one(came):
    """Nothing is opened, imported, compiled or started; the watch itself sees it when it is."""
    *files, watch = came
    assert [] == [each for each in files if each["caught"]]
    assert {"compile", "exec", "open"} <= {event.split()[0] for event in watch["caught"]}


@pytest.mark.parametrize("to", ["/etc/passwd", "../outside.yaml", "x.yaml", "/dev/zero"])
def test_a_link_in_a_corpus_or_in_baselines_leads_nowhere_else(tmp_path, to):
    """Nor round in a circle: a folder of somebody else's shows nothing of what lies outside."""
    (tmp_path / "outside.yaml").write_text(BASELINE)
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "x.yaml").symlink_to(to)
    for read in (load, lambda path: read_baselines([path])):
        with pytest.raises(CorpusError, match=r"x\.yaml:1: \(file\): expected a file") as caught:
            read(folder)
        assert "root:" not in str(caught.value)


def test_a_baseline_that_is_named_may_be_a_link(tmp_path):
    """Whoever names it knows what it is."""
    (tmp_path / "b.yaml").write_text(BASELINE)
    (tmp_path / "link.yaml").symlink_to("b.yaml")
    assert 2 == len(read_baselines([tmp_path / "link.yaml"])[0].entries)


def test_whatever_is_not_valid_ends_a_command_with_4(tmp_path):
    """Each command that reads a file; its words give no orders to a terminal."""
    (tmp_path / "x.yaml").write_bytes(case_file("hinge_loss", '"\\e[31mred\\n"'))
    (tmp_path / "b.yaml").write_bytes(baseline("wrong-value", '"\\e[31mred\\n"'))
    (tmp_path / "r.jsonl").write_bytes(report(verdict="\x1b[31mred"))
    (tmp_path / "s.jsonl").write_bytes(sweep(count="\x1b[31mred"))
    sound = tmp_path / "sound.jsonl"
    sound.write_text(SOUND["report"])
    commands = [
        ["list", "cases", "--corpus", "."],
        ["run", "ceconform[numpy]", "--baseline", "b.yaml"],
        ["run", "ceconform[numpy]", "--corpus", "."],
        ["report", "r.jsonl"],
        ["report", "sound.jsonl", "--baseline", "b.yaml"],
        ["diff", "sound.jsonl", "r.jsonl"],
        ["accept", "r.jsonl"],
        ["sweep", "--from", "s.jsonl"],
        ["lint", "x.yaml", "b.yaml"],
    ]
    text = "import json, sys, writing\nprint(json.dumps([writing.code(each) for each in json.loads(sys.argv[1])]))"
    done = subprocess.run(
        [sys.executable, "-c", text, json.dumps(commands)],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert [4] * len(commands) == json.loads(done.stdout.splitlines()[-1]), done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
