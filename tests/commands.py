"""Commands as a user types them, each a process of its own: forked from one that has imported the package once.

Importing, and reading the corpus, takes most of the time of a short command: `forked.py` does that beforehand.
`test_readme.py` types `python -m ceconform` itself.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from unittest.mock import patch

TESTS = Path(__file__).parent
STREAMS = ("stdin", "stdout", "stderr")
PATHS = os.pathsep.join([str(TESTS.parent), str(TESTS)])


@cache
def _forks():
    """Where commands are forked from; it must find `forked.py`, or each would import everything for itself."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["forked"])
    with patch.dict(os.environ, {"PYTHONPATH": PATHS}):
        forkserver.ensure_running()
    return context


class Command:
    """A command that runs in some folder, with the planted implementations at hand; as `subprocess.Popen`."""

    def __init__(self, folder, *arguments, stdin="", **environment):
        self._streams = Path(tempfile.mkdtemp())
        self._paths = [self._streams / name for name in STREAMS]
        self._paths[0].write_text(stdin, encoding="utf-8")
        environment = {"PYTHONPATH": PATHS, **environment}
        self._process = _forks().Process(target=_main, args=(folder, arguments, os.environ | environment, self._paths))
        self._process.start()

    @property
    def returncode(self):
        """As a shell's, or the signal, negative; None while it runs."""
        return self._process.exitcode

    def poll(self):
        """See whether it has ended."""
        return self.returncode

    def send_signal(self, number):
        """Send a signal, as a terminal does for Ctrl-C."""
        os.kill(self._process.pid, number)

    def kill(self):
        """End it, if it has not ended."""
        self._process.kill()

    def communicate(self, timeout=600):
        """Wait for its end; what it said and what it complained of."""
        self._process.join(timeout)
        late = self.returncode is None
        self.kill()
        self._process.join()
        assert not late, f"no end within {timeout} s"
        said = tuple(path.read_text(encoding="utf-8") for path in self._paths[1:])
        shutil.rmtree(self._streams)
        return said


def _main(folder, arguments, environment, paths):
    """Stand where a shell would have put the command, and run it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(paths):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | (os.O_APPEND if number else 0)), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - multiprocessing has put nothing there
    assert "forked" in sys.modules  # what a server of forks cannot import, it passes over
    sys.argv = ["ceconform", *arguments]
    from ceconform.cli import main

    main()
