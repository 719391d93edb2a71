"""Faults of implementations, in a real run: each is a verdict or a reason, and everything else is answered."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from test_harness_run import case

from ceconform.errors import ArgumentError, StartError
from ceconform.harness import Asked, Memory, ask
from ceconform.harness.process import Worker
from ceconform.report import Report

HERE = Path(__file__).parent
CASES = ("margin/hinge/logits", "margin/hinge/beyond-the-margin", "margin/hinge/zero-logits")
pytestmark = pytest.mark.xdist_group("faults")
"""A run for many tests."""

FAULTS = {
    "Killed": ("crash", "killed by SIGTERM (memory is limited to 2 GiB)"),
    "Nameless": ("crash", "killed by signal 35"),
    "Segfault": ("crash", "killed by SIGSEGV"),
    "Abort": ("crash", "killed by SIGABRT: the last word"),
    "Orphan": ("crash", "killed by SIGSEGV"),
    "Exhausts": ("crash", "out of memory, which is limited to 2 GiB: MemoryError: Unable to allocate 4.00 GiB"),
    "ExhaustsNatively": ("crash", "killed by SIGABRT (memory is limited to 2 GiB)"),
    "HoldsTheLock": ("timeout", "no answer within 3 s"),
    "Floods": ("timeout", "no answer within 3 s"),
    "Prints": ("wrong-value", ""),
    "Sounds": ("wrong-value", ""),
}
STARTS = {
    "Missing": "exit status 1: ModuleNotFoundError: No module named 'no_such_library'",
    "Raises": "exit status 1: OSError: libfoo.so.1: cannot open shared object file",
    "Leaves": "exit status 1: this build needs AVX-512",
    "DiesAtOnce": "killed by SIGSEGV",
}
SPOKEN = {
    "line": "expected lines of at most 67108864 bytes, got more",
    "noise": "expected a JSON object a line, got 'noise'",
    "asking": "expected an observation of 'f', got another route, 'f'",
    "observing": "expected at most 64 observations of a call, got more",
    "routes": "expected at most 64 routes, each once, got 'f64' again or beyond",
    "deep": "expected a JSON object a line, got",
    "nan": "expected a JSON object a line, got",
    "surrogate": "expected a JSON object a line, got",
    "utf-16": "expected a JSON object a line, got",
    "shape": "expected numbers as the value, got",
    "negative": "expected numbers as the value, got",
    "digits": "expected a JSON object a line, got",
    "long": "expected `via` as at most 65536 characters, got 100000",
}


def spoken(mode: str) -> list[str]:
    """The command of a worker that breaks the protocol."""
    return [sys.executable, "-S", "-I", str(HERE / "faulty_worker.py"), mode]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run of all of them; its report, and the exit code."""
    path = tmp_path_factory.mktemp("faults") / "r.jsonl"
    commands = {mode: shlex.join(spoken(mode)) for mode in (*SPOKEN, "ignores-skip", "infinite")}
    done = subprocess.run(
        [sys.executable, "-m", "ceconform", "run", *(f"faults:{name}" for name in (*FAULTS, *STARTS))]
        + [word for mode, command in commands.items() for word in ("--command", f"{mode}={command}")]
        + [word for case in CASES for word in ("-k", case)]
        + ["--dtype", "float64", "--limit", "3", "--memory", "2GiB", "-j", "3", "-o", str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Report.read(path), done.returncode


def answers(report, name):
    """What one answered, by the case's slug and the entry point."""
    return {(each.case.rpartition("/")[2], each.via): each for each in report.results if each.implementation == name}


def test_the_run_ends_as_with_any_implementation_that_does_not_start(run):
    """Whatever else has happened."""
    assert 3 == run[1]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_verdict_and_nothing_else_is_lost(run, name):
    """The faulty route fails; its second route, and the cases before and behind, pass."""
    kind, reason = FAULTS[name]
    found = answers(run[0], name)
    assert ("fail", kind) == (found["logits", "fault"].verdict, found["logits", "fault"].kind)
    assert reason in found["logits", "fault"].reason
    sound = [("beyond-the-margin", "hinge"), ("logits", "hinge"), ("zero-logits", "hinge")]
    assert sorted([*sound, ("logits", "fault")]) == sorted(found)
    assert {"pass"} == {found[each].verdict for each in sound}


@pytest.mark.parametrize("name", STARTS)
def test_a_library_that_breaks_at_its_import_did_not_start(run, name):
    """With the reason; the others run."""
    assert STARTS[name] in run[0].header.missing[f"faults:{name}"]


@pytest.mark.parametrize("mode", SPOKEN)
def test_a_worker_that_breaks_the_protocol_is_told_and_asked_on(run, mode):
    """Also one that never ends; the report can be read, and what comes behind is answered."""
    found = [each for each in run[0].results if each.implementation == mode]
    assert [*CASES] == list(dict.fromkeys(each.case for each in found))
    error, *again = (each for each in found if each.verdict == "error")
    assert SPOKEN[mode] in error.reason
    assert {CASES[0]} == {each.case for each in (error, *again)}
    assert 2 == sum(each.kind == "wrong-shape" for each in found if each.case != CASES[0])


def test_a_worker_that_ignores_what_to_skip_is_not_asked_for_ever(run):
    """It dies of the same route again and again."""
    found = [each for each in run[0].results if each.case == CASES[0] and each.implementation == "ignores-skip"]
    assert [("fail", "crash"), ("error", "")] == [(each.verdict, each.kind) for each in found]
    assert "expected at most 64 routes, each once, got 'f' again" in found[1].reason


def test_what_json_has_no_word_for_is_refused_before_it_is_in_a_report(run):
    """An infinite switch."""
    assert "expected a JSON object a line, got" in run[0].header.missing["infinite"]


@pytest.mark.parametrize("arguments", [spoken("floods-at-once"), None])
def test_a_flood_before_the_hello_is_bounded(arguments, monkeypatch):
    """On standard output by its length, on standard error by the time; neither memory nor disk is filled."""
    monkeypatch.setenv("PYTHONPATH", f"{HERE.parent}{os.pathsep}{HERE}")
    flooding = arguments or [sys.executable, "-m", "ceconform.harness.worker", "faults:FloodsAtOnce"]
    reason = "lines of at most" if arguments else "did not say hello within 3 s"
    with pytest.raises(StartError, match=reason):
        Worker(flooding, limit=1.0, start_limit=60.0 if arguments else 3.0)


def test_the_harness_stays_small_while_a_worker_floods(tmp_path):
    """Neither the memory of the run nor the disk grows with what a worker says: 300 MB and 1 MB are enough."""
    (tmp_path / "scratch").mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}", "TMPDIR": str(tmp_path / "scratch")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # where files are limited, Python cuts it off
    text = """\
from pathlib import Path
import numpy as np
from ceconform.corpus import Call
from ceconform.harness.process import Worker, command
call = Call(loss="hinge_loss", predictions=np.array([-1.0]), labels=np.array([1.0]), dtype="float64")
flooded, sound = Worker(command("faults:Floods"), limit=1.0).ask(call)
assert (flooded.status, sound.status) == ("timeout", "answered")
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])  # ru_maxrss counts who started it too
"""
    watched = f"ulimit -f 1024; exec {shlex.join([sys.executable, '-c', text])}"
    done = subprocess.run(["bash", "-c", watched], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300_000


def test_an_implementation_that_does_not_start_again_is_not_started_for_ever(tmp_path):
    """Three times; what is left is told at once, and what it had answered stays."""
    count = tmp_path / "count"
    worker = tmp_path / "once.py"
    worker.write_text(f"""\
import json, sys
with open({str(count)!r}, "a") as file:
    file.write("start\\n")
if len(open({str(count)!r}).readlines()) > 1:
    sys.exit("no more licences")
print(json.dumps({{"hello": {{"name": "once", "version": "1", "dtypes": ["float64"]}}}}), flush=True)
asking = {{"id": 0, "asking": {{"via": "f", "expression": "f()"}}}}
input()
print(json.dumps(asking), flush=True)
""")
    commands = {"once": [sys.executable, str(worker)]}
    asked = [event for event in ask(["once"], [case("one", 1.0)] * 9, commands=commands) if isinstance(event, Asked)]
    (first, second), *others = (event.observations for event in asked)
    assert ("f", "crash", "exit status 0") == (first.via, first.status, first.reason)
    for observation in (second, *(each for (each,) in others)):
        assert "crash" == observation.status
        assert "and it did not start again: the worker ended before it said hello" in observation.reason
        assert "no more licences" in observation.reason
    assert 4 == len(count.read_text().splitlines())


@pytest.mark.parametrize(("text", "size"), [("4GiB", 1 << 32), ("512 MiB", 1 << 29), ("2GB", 2 * 10**9), ("7", 7)])
def test_a_size_is_read_with_its_unit(text, size):
    """Powers of 1024 and of 1000; bytes without one."""
    assert Memory(size) == Memory.of(text)


@pytest.mark.parametrize("text", ["", "0", "0GiB", "-1GiB", "4Gi", "lots", "1e9", "4GiB "])
def test_what_is_no_size_is_refused(text):
    """With one that is."""
    with pytest.raises(ArgumentError, match=re.escape(f"such as 4GiB, 512MiB or 2GB, got {text!r}")):
        Memory.of(text)


def test_memory_is_limited_in_the_worker_and_what_it_starts():
    """The limit is there before the command is, and never above one that is there already."""
    text = "import json, resource; print(json.dumps(resource.getrlimit(resource.RLIMIT_DATA)))"
    limited = Memory.of("1GiB").limited(Memory.of("3GiB").limited([sys.executable, "-c", text]))
    told = subprocess.run(limited, capture_output=True, text=True, check=True).stdout
    assert [1 << 30, 1 << 30] == json.loads(told)
    gone = subprocess.run(Memory.of("1GiB").limited(["no-such"]), capture_output=True, text=True, check=False)
    assert (1, "no-such: [Errno 2] No such file or directory") == (gone.returncode, gone.stderr.strip())
