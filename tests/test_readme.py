"""The README says the truth, command by command."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
NOX = [command for command in COMMANDS if "nox" in command]
WRITTEN = re.compile("reports/(?!baselines)")
OURS = [command for command in COMMANDS if command.startswith("ceconform ")]
LINT = "ceconform lint"
"""Of the whole corpus, a minute on both cores: the session `lint` runs it."""


def test_every_command_is_one_that_is_run():
    """Those of nox, and lint, by continuous integration, the others of ours below."""
    assert COMMANDS == [command for command in COMMANDS if command in NOX or command in OURS]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert NOX == [command for command in NOX if command in script]
    assert "python -m nox -s lint" in script
    assert 'session.run("ceconform", "lint")' in (ROOT / "noxfile.py").read_text(encoding="utf-8")


def test_our_commands_run(tmp_path):
    """In their order, because each builds on what the one before wrote."""
    assert len(OURS) >= 6
    for command in (command for command in OURS if command != LINT):
        words = [str(tmp_path / word) if WRITTEN.match(word) else word for word in shlex.split(command)[1:]]
        done = subprocess.run(
            [sys.executable, "-m", "ceconform", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert done.stdout


def test_the_examples_run():
    """The Python of the README, as doctests."""
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried >= 5
    assert failed == 0


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_lead_somewhere(link):
    """Each relative link names a file of the repository."""
    assert link.startswith("https://") or (ROOT / link).exists()
