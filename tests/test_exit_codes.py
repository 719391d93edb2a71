"""Exit codes: every command ends as the README's table says, shown by a real process, here or in a test named here."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import pytest
import test_cli
import test_interruptions
from commands import Command

from ceconform.cli import app

HERE = Path(__file__).parent
ROWS = re.findall(r"(?m)^\| (\d+) \| .* \| ([^|]*) \|$", (HERE.parent / "README.md").read_text(encoding="utf-8"))
COMMANDS = {command.name for command in app.registered_commands}
CASE = "binary/clipping/certain-and-wrong"

ELSEWHERE = {
    ("list", 0): test_cli.test_list_names_implementations_cases_and_losses,
    ("list", 4): test_cli.test_what_is_not_valid_exits_with_4,
    ("run", 0): test_cli.test_run_writes_a_report_that_report_shows,
    ("run", 1): test_cli.test_a_discrepancy_exits_with_1,
    ("run", 2): test_cli.test_wrong_usage_exits_with_2,
    ("run", 3): test_cli.test_an_implementation_that_does_not_start_exits_with_3,
    ("run", 4): test_cli.test_a_baseline_makes_only_changes_fail,
    ("run", 130): test_interruptions.test_what_is_finished_is_kept_and_only_the_rest_is_asked,
    ("report", 0): test_cli.test_run_writes_a_report_that_report_shows,
    ("report", 4): test_cli.test_what_is_not_valid_exits_with_4,
    ("explain", 0): test_cli.test_explain_tells_the_whole_story,
    ("explain", 3): test_cli.test_an_implementation_that_does_not_start_exits_with_3,
    ("diff", 0): test_cli.test_diff_says_what_has_changed,
    ("diff", 1): test_cli.test_diff_says_what_has_changed,
    ("diff", 4): test_cli.test_diff_says_what_has_changed,
    ("accept", 0): test_cli.test_a_baseline_makes_only_changes_fail,
    ("accept", 1): test_cli.test_a_baseline_makes_only_changes_fail,
    ("sweep", 0): test_cli.test_sweep_measures_and_shows_what_it_found,
    ("sweep", 2): test_cli.test_sweep_measures_and_shows_what_it_found,
    ("sweep", 3): test_cli.test_sweep_measures_and_shows_what_it_found,
    ("fuzz", 0): test_cli.test_fuzz_of_a_sound_implementation_exits_with_0,
    ("fuzz", 1): test_cli.test_fuzz_prints_what_it_finds_as_cases,
    ("fuzz", 2): test_cli.test_what_fuzz_cannot_do_it_says,
    ("fuzz", 3): test_cli.test_what_fuzz_cannot_do_it_says,
    ("fuzz", 4): test_cli.test_what_fuzz_cannot_do_it_says,
    ("export", 0): test_cli.test_export_writes_the_corpus_as_json,
    ("export", 2): test_cli.test_export_writes_the_corpus_as_json,
    ("lint", 0): test_cli.test_lint_finds_nothing_in_a_sound_file,
    ("lint", 4): test_cli.test_what_is_not_valid_exits_with_4,
}
HERE_TOO = {
    ("list", 2): ["list", "cases", "-k", "binary/cliping"],
    ("report", 2): ["report", "sound.jsonl", "--only", "trch"],
    ("explain", 2): ["explain", "binary/cliping/certain", "ceconform[numpy]"],
    ("explain", 4): ["explain", CASE, "ceconform[numpy]", "--corpus", "nowhere"],
    ("diff", 2): ["diff", "sound.jsonl"],
    ("accept", 2): ["accept", "sound.jsonl", "trch"],
    ("accept", 4): ["accept", "none.jsonl"],
    ("sweep", 4): ["sweep", "--from", "none.jsonl"],
    ("export", 4): ["export", "sound.jsonl/vectors", "--loss", "entropy"],
    ("lint", 2): ["lint", "--no-such-option"],
}
WAITING = {
    ("list", 130): ["list", "cases", "--corpus", "."],
    ("report", 130): ["report", "pipe.yaml"],
    ("explain", 130): ["explain", CASE, "ceconform[numpy]", "--corpus", "."],
    ("diff", 130): ["diff", "sound.jsonl", "pipe.yaml"],
    ("accept", 130): ["accept", "pipe.yaml"],
    ("sweep", 130): ["sweep", "--from", "pipe.yaml"],
    ("fuzz", 130): ["fuzz", "ceconform[numpy]", "--known", "pipe.yaml"],
    ("export", 130): ["export", "vectors", "--corpus", "."],
    ("lint", 130): ["lint", "pipe.yaml"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a sound report."""
    folder = tmp_path_factory.mktemp("codes")
    finish(start(folder, "run", "ceconform[numpy]", "-k", CASE, "--dtype", "float32", "-o", "sound.jsonl"), 0)
    return folder


def start(folder, *arguments):
    """A real process."""
    return Command(folder, *arguments, COLUMNS="400")


def finish(process, code):
    """Its end; what it said."""
    said, complained = process.communicate(timeout=120)
    assert code == process.returncode, f"{said[-1500:]}\n{complained[-1500:]}"
    assert "Traceback" not in complained
    return said + complained


def test_every_cell_of_the_table_has_a_test():
    """Every command with every code that it may end with, and no other."""
    assert ["0", "1", "2", "3", "4", "130"] == [code for code, _ in ROWS]
    cells = {
        (command, int(code))
        for code, of in ROWS
        for command in (COMMANDS if of == "all" else re.findall(r"`(\w+)`", of))
    }
    assert cells == ELSEWHERE.keys() | HERE_TOO.keys() | WAITING.keys()
    assert len(cells) == len(ELSEWHERE) + len(HERE_TOO) + len(WAITING)


@pytest.mark.parametrize("cell", HERE_TOO, ids=str)
def test_a_command_ends_with_its_code(folder, cell):
    """And says something."""
    assert finish(start(folder, *HERE_TOO[cell]), cell[1])


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "sound.jsonl", "-o", "nowhere/page"],
        ["report", "sound.jsonl", "--format", "table", "--into", "none.md"],
        ["diff", "sound.jsonl", "sound.jsonl", "-o", "nowhere/page"],
        ["run", "ceconform[numpy]", "-k", CASE, "-o", "sound.jsonl/report"],
        ["sweep", "planted:Off", "--loss", "hinge_loss", "-o", "sound.jsonl/sweep"],
        ["lint", "none.yaml"],
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_read_or_written_is_named(folder, arguments):
    """It is no discrepancy, whose code is 1."""
    told = finish(start(folder, *arguments), 4)
    assert re.search(r"(nowhere/page|none\.md|sound\.jsonl|none\.yaml)", told)


@pytest.mark.parametrize("cell", WAITING, ids=str)
def test_ctrl_c_ends_any_command_with_130(folder, tmp_path, cell):
    """While it waits for what a pipe will never say; without a traceback."""
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    (tmp_path / "sound.jsonl").write_bytes((folder / "sound.jsonl").read_bytes())
    process = start(tmp_path, *WAITING[cell])
    try:
        writer = opened(pipe, process)
        time.sleep(0.1)  # from its opening to its reading
        process.send_signal(signal.SIGINT)
        finish(process, 130)
        os.close(writer)
    finally:
        process.kill()


def opened(pipe, process):
    """The writing end, as soon as somebody reads."""
    end = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):  # nobody reads yet
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
