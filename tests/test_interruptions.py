"""A run that is broken off, by Ctrl-C, by a kill, by a full disk: what is finished is kept, and `--resume` goes on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from commands import Command

from ceconform.report import Report

HERE = Path(__file__).parent
RUN = (sys.executable, "-m", "ceconform", "run")
pytestmark = pytest.mark.xdist_group("planted")


@pytest.fixture(scope="module")
def starting():
    """Start a run of some implementation in some folder; none is left at the end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # where files are limited, Python cuts it off
    running: list[Command | subprocess.Popen] = []

    def start(
        folder: Path, *arguments: str, name: str = "planted:Slow", most: int | None = None, report: str = "r.jsonl"
    ):
        asked = (name, "--loss", "hinge_loss", "--dtype", "float64", "-o", report, *arguments)
        if most is None:
            running.append(Command(folder, "run", *asked))
        else:
            limited = ("bash", "-c", f'ulimit -f {most}; exec "$@"', "bash")  # in KiB
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            running.append(subprocess.Popen([*limited, *RUN, *asked], cwd=folder, env=environment, **pipes))
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def started(starting, tmp_path):
    """Start a run in an empty folder."""
    return partial(starting, tmp_path)


@pytest.fixture(scope="module")
def lines(starting, tmp_path_factory):
    """The report of a run that nobody breaks off, line by line."""
    folder = tmp_path_factory.mktemp("whole")
    finish(starting(folder))
    return (folder / "r.jsonl").read_bytes().splitlines(keepends=True)


@pytest.fixture
def whole(lines, tmp_path):
    """What it says."""
    (tmp_path / "whole.jsonl").write_bytes(b"".join(lines))
    return answers(tmp_path / "whole.jsonl")


def results(path: Path) -> list[dict]:
    """The result lines that are whole."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n") and line.startswith('{"case"')]


def wait_for_results(path: Path, count: int) -> None:
    """Until so many are there."""
    end = time.monotonic() + 60
    while len(results(path)) < count:
        assert time.monotonic() < end
        time.sleep(0.02)


def answers(path: Path) -> dict:
    """What a whole report says, whatever its order and its times."""
    return {each.key: (each.verdict, each.value, each.reason) for each in Report.read(path).results}


def finish(process, code: int = 1) -> str:
    """Wait for its end; what it said, in one line. The planted implementation has one fail."""
    said, complained = process.communicate(timeout=120)
    assert code == process.returncode, complained[-2000:]
    assert "Traceback" not in complained
    return " ".join((said + complained).split())


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_what_is_finished_is_kept_and_only_the_rest_is_asked(started, whole, tmp_path, how, code):
    """Ctrl-C says how to go on, a kill says nothing; neither loses an answer, and together they are the whole run."""
    path = tmp_path / "r.jsonl"
    process = started()
    wait_for_results(path, 4)
    process.send_signal(how)
    said = finish(process, code)
    assert ("--resume goes on" in said) == (how == signal.SIGINT)
    before = results(path)
    assert 4 <= len(before) < len(whole)
    told = finish(started("--resume"))
    kept = int(re.search(r"(\d+) results are there already", told)[1])
    assert kept == len(before) - 1  # the last call may have had other entry points
    assert f": {len(whole) - kept} calls" in told
    assert [each["value"] for each in before] == [each["value"] for each in results(path)[: len(before)]]
    assert whole == answers(path)


def test_ctrl_c_does_not_wait_for_a_worker_that_hangs(started, tmp_path):
    """The time limit is a minute; the run ends at once, and so does the worker."""
    process = started("--limit", "60", name="planted:HangsAtOnce")
    wait_for = time.monotonic() + 60
    while "header" not in (tmp_path / "r.jsonl").read_text() if (tmp_path / "r.jsonl").exists() else True:
        assert time.monotonic() < wait_for
        time.sleep(0.02)
    time.sleep(1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    finish(process, 130)
    assert time.monotonic() - begun < 10
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "ceconform.harness.worker planted:HangsAtOnce" not in left


@pytest.mark.parametrize("options", [(), ("--resume",)])
def test_two_runs_do_not_write_one_report(started, whole, lines, tmp_path, options):
    """The second one is refused, whether it would begin anew or go on; the first one does not notice."""
    path = tmp_path / "r.jsonl"
    if options:
        path.write_bytes(b"".join(lines[:4]))
    first = started(*options)
    wait_for_results(path, 4)
    first.send_signal(signal.SIGSTOP)
    told = finish(started(*options), 4)
    assert re.search(r"another process writes it: wait for its end, or give another file: '.*r\.jsonl'", told)
    first.send_signal(signal.SIGCONT)
    finish(first)
    assert whole == answers(path)


def test_a_line_that_breaks_off_is_left_out_with_a_warning(started, whole, lines, tmp_path):
    """Whatever byte it breaks off at: the line is named, and its call is asked again."""
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"".join(lines[:6]) + lines[6][:100])
    told = finish(started("--resume"))
    assert "r.jsonl:7: the line breaks off; left out" in told
    assert whole == answers(path)


def test_a_line_that_is_broken_elsewhere_is_refused(started, lines, tmp_path):
    """With the file and the line; the report stays as it is."""
    path = tmp_path / "r.jsonl"
    broken = b"".join([*lines[:4], lines[4][:50] + b"\n", *lines[5:]])
    path.write_bytes(broken)
    assert "r.jsonl:5: expected a JSON object" in finish(started("--resume"), 4)
    assert broken == path.read_bytes()


def test_a_full_disk_keeps_what_is_there(started, whole, tmp_path):
    """A file may not grow beyond 16 KiB: exit code 4, and with more room the run goes on."""
    path = tmp_path / "r.jsonl"
    told = finish(started(most=16), 4)
    assert re.search(r"r\.jsonl:\d+: expected to write a line, got .*File too large.*; \d+ results are there", told)
    assert 0 < len(results(path)) < len(whole)
    finish(started("--resume"))
    assert whole == answers(path)


def test_a_disk_that_is_full_at_once_is_told(started):
    """Nothing can be written at all."""
    told = finish(started(report="/dev/full"), 4)
    assert "/dev/full:1: expected to write a line, got [Errno 28] No space left on device" in told


def test_resuming_without_room_leaves_the_report_as_it_was(started, lines, tmp_path):
    """The part that stays is written beside the report first."""
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"".join(lines[:-1]))
    finish(started("--resume", most=4), 4)
    assert b"".join(lines[:-1]) == path.read_bytes()
    assert [] == list(tmp_path.glob(".r.jsonl.*"))


def test_a_whole_report_is_resumed_with_nothing_to_ask(started, whole, tmp_path):
    """Every answer is there already; in another dtype none is."""
    path = tmp_path / "whole.jsonl"
    assert ": 0 calls" in finish(started("--resume", report="whole.jsonl"))
    assert whole == answers(path)
    finish(started("--resume", "--dtype", "float32", report="whole.jsonl"))
    assert {"float32", "float64"} == {each.dtype for each in Report.read(path).results}


def test_a_run_can_only_be_resumed_in_a_file(tmp_path):
    """A pipe has no past."""
    process = Command(tmp_path, "run", "ceconform[numpy]", "--resume")
    said, complained = process.communicate()
    assert (2, "") == (process.returncode, said)
    assert "expected the report to go on with, -o FILE" in " ".join(complained.split())
