"""The end of a process: bringing it about, and telling of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

__all__ = ["end", "told"]


def end(process: subprocess.Popen[bytes]) -> int:
    """End a process, and whatever it started; how it ended."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # it led a session of its own
    return process.wait()


def told(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # one without a name
        return f"killed by signal {-code}"
