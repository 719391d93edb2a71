"""A worker as the harness holds it: a process that is started, asked, timed, and started again when it dies."""

from __future__ import annotations

import os
import select
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from ceconform.corpus import Call
from ceconform.errors import ArgumentError, ProtocolError, StartError, StoppedError
from ceconform.harness.ending import end, told
from ceconform.harness.hello import decode_hello
from ceconform.harness.memory import Memory
from ceconform.harness.observation import Observation
from ceconform.harness.wire import Asking, asked, decode_answer, parse

__all__ = ["Worker", "command", "commands", "environment", "function_command"]

_SMALL = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUTF8": "1"}
"""Calls are small: one thread is fastest, and sums do not depend on how many cores there are."""
_LONGEST_LINE = 1 << 26
"""Bytes: five hundred times those of the longest answer to a case of ours."""
_MOST_ROUTES = 64
_LAST_WORDS = 2000
"""Bytes of standard error that are kept, the last ones: it may be endless."""
_GLANCE = 0.1
"""Seconds between two looks at whether the run has been given up, or the worker has died."""


def environment() -> dict[str, str]:
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
        memory: Memory | None = None,
        stopped: threading.Event | None = None,
    ) -> None:
        self._stopped = stopped or threading.Event()
        self._memory = memory or Memory()
        self._arguments, self._limit, self._start_limit = list(arguments), limit, start_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._pending = bytearray()
        self._last_words = b""
        self.hello: Mapping[str, Any] = {}
        self.starting = 0.0
        """Seconds until it had said hello, every time that it was started."""
        try:
            self._start()
        except (StartError, StoppedError):
            self.close()
            raise

    def _start(self) -> None:
        self._pending.clear()
        self._last_words = b""
        started = time.monotonic()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user names the command
                self._memory.limited(self._arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
                start_new_session=True,
            )
            self.hello = decode_hello(self._read(started + self._start_limit))
            self.starting += time.monotonic() - started
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
        taken: set[Asking] = set()
        skip = 0
        while True:
            route: Asking | None = None
            if self._process is None:
                self._start()
            try:
                self._write(asked(call, number, skip), time.monotonic() + self._limit)
                while True:
                    said = self._read(time.monotonic() + self._limit)
                    match decode_answer(said, number, first=not skip):
                        case None:
                            return
                        case Asking() as asking:
                            _expect_next(asking, route, taken)
                            taken.add(asking)
                            route = asking
                        case observation:
                            _expect_no_more(skip)
                            skip += 1
                            route = None
                            yield self._memory.seen(observation)
            except ProtocolError as error:
                self.stop()
                ended = Observation(status="error", reason=f"the worker broke the line protocol: {error}")
            except _SilentError:
                self.stop()
                ended = Observation(status="timeout", reason=f"no answer within {self._limit:g} s")
            except (_DiedError, BrokenPipeError):
                ended = Observation(status="crash", reason=self._obituary())
            if route is None:
                yield self._memory.seen(ended)
                return
            yield self._memory.seen(replace(ended, via=route.via, expression=route.expression))
            skip += 1

    def _write(self, message: bytes, deadline: float) -> None:
        """Hand a message over, as fast as the worker reads: a long one does not fit into a pipe."""
        assert self._process is not None  # noqa: S101 - for the type checker
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - same
        os.set_blocking(pipe.fileno(), False)
        left = memoryview(message)
        while left:
            try:
                left = left[os.write(pipe.fileno(), left) :]
            except BlockingIOError:
                self._wait(pipe, select.POLLOUT, deadline)

    def _read(self, deadline: float) -> Mapping[str, Any]:
        """The next message."""
        assert self._process is not None  # noqa: S101 - for the type checker
        output = self._process.stdout
        assert output is not None  # noqa: S101 - same
        looked = 0
        while (end := self._pending.find(b"\n", looked)) < 0:
            looked = len(self._pending)
            if looked > _LONGEST_LINE:
                raise ProtocolError(f"expected lines of at most {_LONGEST_LINE} bytes, got more")
            self._wait(output, select.POLLIN, deadline)
            chunk = os.read(output.fileno(), 1 << 16)
            if not chunk:
                raise _DiedError
            self._pending += chunk
        text = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return parse(text)

    def _wait(self, pipe: IO[bytes], event: int, deadline: float) -> None:
        """Wait until a pipe is ready, the time is over, the run is given up, or the worker has died.

        What it says on standard error is heard meanwhile, so that it never waits for us. A process that it has
        started may hold its pipes open when it is dead.
        """
        assert self._process is not None  # noqa: S101 - for the type checker
        errors = self._process.stderr
        assert errors is not None  # noqa: S101 - same
        poll = select.poll()
        poll.register(pipe, event)
        if not errors.closed:
            poll.register(errors, select.POLLIN)
        dead = False
        while True:
            if self._stopped.is_set():
                raise StoppedError
            left = deadline - time.monotonic()
            if left <= 0:
                raise _SilentError
            ready = [descriptor for descriptor, _ in poll.poll(0 if dead else 1000 * min(_GLANCE, left))]
            if pipe.fileno() in ready:
                return
            if ready and not self._listen(errors):
                poll.unregister(errors)
                errors.close()
            if dead and not ready:
                raise _DiedError
            dead = dead or (not ready and self._process.poll() is not None)

    def _listen(self, errors: IO[bytes]) -> bool:
        """Hear what is on standard error; whether more may come."""
        os.set_blocking(errors.fileno(), False)
        try:
            words = os.read(errors.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        self._last_words = (self._last_words + words)[-_LAST_WORDS:]
        return bool(words)

    def _obituary(self) -> str:
        """How the process ended, and the last that it said on standard error."""
        assert self._process is not None  # noqa: S101 - for the type checker
        process, self._process = self._process, None
        code = end(process)
        errors = process.stderr
        assert errors is not None  # noqa: S101 - for the type checker
        if not errors.closed:
            with errors:  # as much as a pipe holds: what the worker has started may still be talking
                for _ in range(16):
                    self._listen(errors)
        words = self._last_words.decode(errors="replace").strip().splitlines()
        return f"{told(code)}: {words[-1].strip()[:300]}" if words else told(code)

    def stop(self) -> None:
        """End the process, and whatever it started."""
        if self._process is not None:
            process, self._process = self._process, None
            end(process)
            if process.stderr is not None:
                process.stderr.close()

    def close(self) -> None:
        """End the process for good."""
        self.stop()


def _expect_no_more(observations: int) -> None:
    """Refuse an observation beyond those that a call can have: a worker may never be done."""
    if observations == _MOST_ROUTES:
        raise ProtocolError(f"expected at most {_MOST_ROUTES} observations of a call, got more")


def _expect_next(asking: Asking, open_route: Asking | None, taken: set[Asking]) -> None:
    """Refuse a route that is not the next one: a worker may ignore `skip`, or never come to an answer."""
    if open_route is not None:
        raise ProtocolError(f"expected an observation of {open_route.via!r}, got another route, {asking.via!r}")
    if asking in taken or len(taken) == _MOST_ROUTES:
        raise ProtocolError(f"expected at most {_MOST_ROUTES} routes, each once, got {asking.via!r} again or beyond")
