"""Every command that writes a file, one after the other, in a process that may not write: what each of them came to.

`python writing.py HOW` runs in a folder that `prepare` has filled, and prints a JSON object: command to exit code.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from pathlib import Path

from ceconform.cli import main

COMMANDS = {
    "run": ["run", "planted:Sound", "--corpus", "cases", "--dtype", "float64", "-o", "out/new.jsonl"],
    "resume": ["run", "planted:Sound", "--corpus", "cases", "--dtype", "float64", "-o", "out/begun.jsonl", "--resume"],
    "report": ["report", "r.jsonl", "-o", "out/page.txt"],
    "into": ["report", "r.jsonl", "--format", "table", "--into", "out/document.md"],
    "diff": ["diff", "r.jsonl", "r.jsonl", "-o", "out/diff.txt"],
    "accept": ["accept", "r.jsonl", "--force", "--corpus", "cases", "-o", "out/baseline.yaml"],
    "sweep": ["sweep", "--from", "sweep.jsonl", "-o", "out/sweep.jsonl"],
    "export": ["export", "out/vectors", "--corpus", "cases"],
    "lint": ["lint", "--fix", "out/case.yaml"],
    "fuzz": [
        "fuzz",
        "planted:Loses",
        "--loss",
        "hinge_loss",
        "--budget",
        "1s",
        "--corpus",
        "few",
        "-o",
        "out/few.yaml",
    ],
}
_DAC_OVERRIDE, _DROP = 1, 24


def hinder(how: str) -> None:
    """Take away the room, or the permission, that root has everywhere."""
    if how == "full":
        sys.dont_write_bytecode = True  # Python cuts it off as well, and every process after this one would read it
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
    elif how == "read-only":
        for path in (*Path("out").rglob("*"), Path("out")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        if os.geteuid() == 0:
            assert ctypes.CDLL(None).prctl(_DROP, _DAC_OVERRIDE, 0, 0, 0) == 0
            os.execv(sys.executable, [sys.executable, __file__, "as it is", *sys.argv[2:]])  # noqa: S606 - ourselves


def code(arguments: list[str]) -> int:
    """How a command ends."""
    sys.argv = ["ceconform", *arguments]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    hinder(sys.argv[1])
    codes = {name: code(COMMANDS[name]) for name in sys.argv[2:] or COMMANDS}
    sys.stderr.write(json.dumps(codes) + "\n")
