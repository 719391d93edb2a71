"""A worker as the harness holds it: a process that is started, asked, timed, and started again when it dies."""

from __future__ import annotations

import itertools
import os
import shlex
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ceconform.corpus import Call
from ceconform.errors import ArgumentError, ProtocolError, StartError, StoppedError
from ceconform.files import cache
from ceconform.harness.ending import end, told
from ceconform.harness.hello import decode_hello
from ceconform.harness.memory import Memory
from ceconform.harness.observation import Observation
from ceconform.harness.pipes import DiedError, Pipes, SilentError
from ceconform.harness.wire import Asking, asked, decode_answer, parse

__all__ = ["Worker", "command", "commands", "environment", "function_command"]

_SMALL = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUTF8": "1"}
"""Calls are small: one thread is fastest, and sums do not depend on how many cores there are."""
_MOST_ROUTES = 64
_STARTS = 3
"""A worker that does not start again so often is not started any more."""
_AHEAD = 64
"""Calls that are written before they are answered."""


def environment() -> dict[str, str]:
    """What a worker sees; what the user has set stands. JAX keeps what it compiles: that is most of its time."""
    compiled = {
        "JAX_COMPILATION_CACHE_DIR": str(cache() / "jax"),
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
        self._pipes: Pipes | None = None
        self._waiting: deque[tuple[int, Call]] = deque()
        """Calls that have no answer yet; all of them are written to the process, if there is one."""
        self.hello: Mapping[str, Any] = {}
        self.starting = 0.0
        """Seconds until it had said hello, every time that it was started."""
        try:
            self._start()
        except (StartError, StoppedError):
            self.close()
            raise

    def _start(self) -> Pipes:
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
            self._pipes = Pipes(self._process, self._stopped)
            self.hello = decode_hello(parse(self._pipes.line(self._start_limit)))
            self.starting += time.monotonic() - started
        except OSError as error:
            raise StartError(f"{' '.join(self._arguments)}: {error}") from error
        except DiedError:
            raise StartError(f"the worker ended before it said hello: {self._obituary()}") from None
        except SilentError:
            self.stop()
            raise StartError(f"the worker did not say hello within {self._start_limit:g} s") from None
        except ProtocolError as error:
            self.stop()
            raise StartError(f"the worker did not say hello first: {error}") from None
        return self._pipes

    def ask(self, call: Call) -> tuple[Observation, ...]:
        """What comes of one call."""
        (observations,) = self.answers([call])
        return observations

    def answers(self, calls: Iterable[Call]) -> Iterator[tuple[Observation, ...]]:
        """What comes of each call, in their order, to be read to the end: one observation for each route.

        A crash or a timeout is one too, and the routes after it are still asked. Some calls are written ahead, so that
        the worker never waits for us.
        """
        numbered = enumerate(calls)
        failed: list[str] = []
        while self._fill(numbered):
            observations: list[Observation] = []
            if len(failed) < _STARTS:
                try:
                    observations.extend(self._observe(*self._waiting[0]))
                    failed.clear()
                except StartError as error:
                    failed.append(f"and it did not start again: {error}")
            if failed:
                observations.append(Observation(status="crash", reason=failed[-1]))
            self._waiting.popleft()
            yield tuple(observations)

    def _fill(self, numbered: Iterator[tuple[int, Call]]) -> bool:
        """Write as many calls as shall wait, when half of them are answered; whether there is one."""
        if len(self._waiting) <= _AHEAD // 2:
            more = list(itertools.islice(numbered, _AHEAD - len(self._waiting)))
            self._waiting += more
            if self._pipes is not None and more:
                self._pipes.write(b"".join(asked(call, number, 0) for number, call in more))
        return bool(self._waiting)

    def _observe(self, number: int, call: Call) -> Iterator[Observation]:
        """One observation for each route of the call that waits longest."""
        taken: set[Asking] = set()
        skip = 0
        while True:
            route: Asking | None = None
            pipes = self._pipes
            if pipes is None:
                pipes = self._start()
                _, *later = self._waiting
                pipes.write(asked(call, number, skip) + b"".join(asked(each, at, 0) for at, each in later))
            try:
                while True:
                    text = pipes.line(self._limit, patient=len(self._waiting) > 1)
                    match decode_answer(parse(text), number, first=not skip):
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
            except SilentError:
                self.stop()
                ended = Observation(status="timeout", reason=f"no answer within {self._limit:g} s")
            except DiedError:
                ended = Observation(status="crash", reason=self._obituary())
            if route is None:
                yield self._memory.seen(ended)
                return
            yield self._memory.seen(replace(ended, via=route.via, expression=route.expression))
            skip += 1

    def _obituary(self) -> str:
        """How the process ended, and the last that it said on standard error."""
        assert self._process is not None and self._pipes is not None  # noqa: S101, PT018 - for the type checker
        process, pipes, self._process, self._pipes = self._process, self._pipes, None, None
        code, words = end(process), pipes.last_words()
        return f"{told(code)}: {words[:300]}" if words else told(code)

    def stop(self) -> None:
        """End the process, and whatever it started."""
        process, pipes, self._process, self._pipes = self._process, self._pipes, None, None
        if process is not None:
            end(process)
        if pipes is not None:
            pipes.close()

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
