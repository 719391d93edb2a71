"""A worker as the harness holds it: a process that is started, asked, timed, and started again when it dies."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ceconform.corpus import Call
from ceconform.errors import ArgumentError, ProtocolError, StartError, StoppedError
from ceconform.harness.observation import Observation
from ceconform.harness.wire import Asking, decode_answer, decode_hello, encode_call, line, parse

__all__ = ["Worker", "command", "commands", "function_command"]

_SMALL = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUTF8": "1"}
"""Calls are small: one thread is fastest, and sums do not depend on how many cores there are."""
_LONGEST_LINE = 1 << 28
_GLANCE = 0.1
"""Seconds between two looks at whether the run has been given up."""


def _environment() -> dict[str, str]:
    """What a worker sees; what the user has set stands. JAX keeps what it compiles: that is most of its time."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ceconform", "jax")
    compiled = {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return {**_SMALL, **compiled, **os.environ}


def command(implementation: str) -> list[str]:
    """How a worker of one of our adapters is started."""
    return [sys.executable, "-m", "ceconform.harness.worker", implementation]


def function_command(
    target: str, *, loss: str, backend: str, reduction: str | None = None, conventions: Sequence[str] = ()
) -> list[str]:
    """How a worker of a plain function is started, `package.module:function`."""
    options = [f"--loss={loss}", f"--backend={backend}", *(f"--convention={name}" for name in conventions)]
    return [*command(target), *options, *([f"--reduction={reduction}"] if reduction else [])]


def commands(stated: Sequence[str]) -> dict[str, list[str]]:
    """Read `NAME=COMMAND`, the words of the command split as a shell does.

    >>> commands(["tfjs=node 'my adapters/worker.mjs'"])
    {'tfjs': ['node', 'my adapters/worker.mjs']}

    Raises
    ------
    ArgumentError
        If one is written otherwise, or a name stands twice.
    """
    found: dict[str, list[str]] = {}
    for text in stated:
        name, _, words = text.partition("=")
        try:
            arguments = shlex.split(words)
        except ValueError as error:
            raise ArgumentError(f"expected a command as NAME=COMMAND, got {text!r}: {error}") from None
        if not name or not arguments:
            raise ArgumentError(f"expected a command as NAME=COMMAND, such as 'tfjs=node worker.mjs', got {text!r}")
        if name in found:
            raise ArgumentError(f"expected each command to have a name of its own, got {name!r} twice")
        found[name] = arguments
    return found


class _DiedError(Exception):
    """The worker closed its output."""


class _SilentError(Exception):
    """The worker said nothing in time."""


class Worker:
    """One implementation in a process of its own; when `stopped` is set, whoever waits for it gets a StoppedError."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        limit: float,
        start_limit: float = 300.0,
        stopped: threading.Event | None = None,
    ) -> None:
        self._stopped = stopped or threading.Event()
        self._arguments, self._limit, self._start_limit = list(arguments), limit, start_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._pending = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        self.hello: Mapping[str, Any] = {}
        try:
            self._start()
        except (StartError, StoppedError):
            self.close()
            raise

    def _start(self) -> None:
        self._pending = b""
        self._errors.seek(0)
        self._errors.truncate()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user names the command
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(),
                start_new_session=True,
            )
            self.hello = decode_hello(self._read(time.monotonic() + self._start_limit))
        except OSError as error:
            raise StartError(f"{' '.join(self._arguments)}: {error}") from error
        except _DiedError:
            raise StartError(f"the worker ended before it said hello: {self._obituary()}") from None
        except _SilentError:
            self.stop()
            raise StartError(f"the worker did not say hello within {self._start_limit:g} s") from None
        except ProtocolError as error:
            self.stop()
            raise StartError(f"the worker did not say hello first: {error}") from None

    def ask(self, number: int, call: Call) -> Iterator[Observation]:
        """One observation for each route; a crash or a timeout is one too, and the routes after it are still asked."""
        skip = 0
        while True:
            via = expression = ""
            if self._process is None:
                self._start()
            try:
                message = line({"call": encode_call(call), "id": number, "skip": skip})
                self._write(message, time.monotonic() + self._limit)
                while True:
                    said = self._read(time.monotonic() + self._limit)
                    match decode_answer(said, number, first=not skip):
                        case None:
                            return
                        case Asking(via=via, expression=expression):
                            pass
                        case observation:
                            skip += 1
                            via = expression = ""
                            yield observation
            except ProtocolError as error:
                self.stop()
                reason = f"the worker broke the line protocol: {error}"
                yield Observation(status="error", reason=reason, via=via, expression=expression)
            except _SilentError:
                reason = f"no answer within {self._limit:g} s"
                self.stop()
                yield Observation(status="timeout", reason=reason, via=via, expression=expression)
            except (_DiedError, BrokenPipeError):
                yield Observation(status="crash", reason=self._obituary(), via=via, expression=expression)
            if not via:
                return
            skip += 1

    def _write(self, message: bytes, deadline: float) -> None:
        """Hand a message over, as fast as the worker reads: a long one does not fit into a pipe."""
        assert self._process is not None  # noqa: S101 - for the type checker
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - same
        os.set_blocking(pipe.fileno(), False)
        left = memoryview(message)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_WRITE)
            while left:
                self._wait(selector, deadline)
                left = left[os.write(pipe.fileno(), left) :]

    def _read(self, deadline: float) -> Mapping[str, Any]:
        """The next message."""
        assert self._process is not None  # noqa: S101 - for the type checker
        output = self._process.stdout
        assert output is not None  # noqa: S101 - same
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                self._wait(selector, deadline)
                chunk = os.read(output.fileno(), 1 << 16)
                if not chunk or len(self._pending) > _LONGEST_LINE:
                    raise _DiedError
                self._pending += chunk
        text, _, self._pending = self._pending.partition(b"\n")
        return parse(text)

    def _wait(self, selector: selectors.BaseSelector, deadline: float) -> None:
        """Wait until the worker is ready, the time is over, or the run is given up."""
        while not selector.select(min(_GLANCE, max(0.0, deadline - time.monotonic()))):
            if self._stopped.is_set():
                raise StoppedError
            if time.monotonic() >= deadline:
                raise _SilentError

    def _obituary(self) -> str:
        """How the process ended, and the last that it said on standard error."""
        assert self._process is not None  # noqa: S101 - for the type checker
        self._kill()
        code = self._process.wait()
        self._process = None
        ended = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2000))
        words = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"{ended}: {words[-1].strip()[:300]}" if words else ended

    def _kill(self) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the process, and whatever it started."""
        if self._process is not None:
            self._kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the process for good."""
        self.stop()
        self._errors.close()
