"""The pipes of a worker: what is written to it, what it says line by line, and its last words."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
from collections import deque

from ceconform.errors import ProtocolError, StoppedError

__all__ = ["DiedError", "Pipes", "SilentError"]

_LONGEST_LINE = 1 << 26
"""Bytes: five hundred times those of the longest answer to a case of ours."""
_LAST_WORDS = 2000
"""Bytes of standard error that are kept, the last ones: it may be endless."""
_CHUNK = 1 << 16
_PAUSE = 0.004
"""Seconds in which answers gather, where the worker has more to do: to be woken for each costs more than to read it."""
_GLANCE = 0.1
"""Seconds between two looks at whether the run has been given up, or the worker has died."""


class DiedError(Exception):
    """The worker closed its output."""


class SilentError(Exception):
    """The worker said nothing in time."""


class Pipes:
    """Text to a process and lines from it; none of the two ever waits until the other has read.

    When `stopped` is set, whoever waits for a line gets a StoppedError.
    """

    def __init__(self, process: subprocess.Popen[bytes], stopped: threading.Event) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - for the type checker
        self._process, self._stopped = process, stopped
        self._input, self._output, self._errors = process.stdin, process.stdout, process.stderr
        self._unwritten, self._unended = bytearray(), bytearray()
        self._lines: deque[bytes] = deque()
        self._last_words = b""
        self._poll = select.poll()
        for pipe in (self._output, self._errors):
            self._poll.register(pipe, select.POLLIN)
        for pipe in (self._input, self._errors):
            os.set_blocking(pipe.fileno(), False)

    def write(self, text: bytes) -> None:
        """Hand text over; what does not fit into the pipe goes as the worker reads, while its lines are waited for."""
        self._unwritten += text
        self._push()

    def _push(self) -> None:
        try:
            written = os.write(self._input.fileno(), self._unwritten)
        except BlockingIOError:
            written = 0
        except BrokenPipeError:  # it reads no more; what it has said before is heard all the same
            written = len(self._unwritten)
        del self._unwritten[:written]
        if self._unwritten:
            self._poll.register(self._input, select.POLLOUT)
        else:
            with contextlib.suppress(KeyError):  # it was not registered
                self._poll.unregister(self._input)

    def line(self, limit: float, *, patient: bool = False) -> bytes:
        """The next line, without its end; `limit` in seconds. Who is patient lets several lines gather.

        Raises
        ------
        SilentError
            If the time is over.
        DiedError
            If the worker has died, and everything is heard. A process that it has started may hold its pipes open.
        ProtocolError
            If a line is longer than any answer.
        StoppedError
            If the run is given up.
        """
        deadline = 0.0
        while not self._lines:
            deadline = deadline or time.monotonic() + limit
            if patient and not self._unended:
                time.sleep(_PAUSE)
            self._wait(deadline)
            chunk = os.read(self._output.fileno(), _CHUNK)
            if not chunk:
                raise DiedError
            self._unended += chunk
            if b"\n" in chunk:
                *lines, unended = bytes(self._unended).split(b"\n")
                self._lines.extend(lines)
                self._unended = bytearray(unended)
            elif len(self._unended) > _LONGEST_LINE:
                raise ProtocolError(f"expected lines of at most {_LONGEST_LINE} bytes, got more")
        return self._lines.popleft()

    def _wait(self, deadline: float) -> None:
        """Wait until there is something to read, writing and listening meanwhile."""
        dead = False
        while True:
            if self._stopped.is_set():
                raise StoppedError
            left = deadline - time.monotonic()
            if left <= 0:
                raise SilentError
            ready = {descriptor for descriptor, _ in self._poll.poll(0 if dead else 1000 * min(_GLANCE, left))}
            if self._input.fileno() in ready:
                self._push()
            if self._output.fileno() in ready:
                return
            if ready and not self._errors.closed and self._errors.fileno() in ready and not self._listen():
                self._poll.unregister(self._errors)
                self._errors.close()
            if dead and not ready:
                raise DiedError
            dead = dead or (not ready and self._process.poll() is not None)

    def _listen(self) -> bool:
        """Hear what is on standard error; whether more may come."""
        try:
            words = os.read(self._errors.fileno(), _CHUNK)
        except BlockingIOError:
            return True
        self._last_words = (self._last_words + words)[-_LAST_WORDS:]
        return bool(words)

    def last_words(self) -> str:
        """The last line on standard error, when the process has ended."""
        if not self._errors.closed:
            with self._errors:  # as much as a pipe holds: what the worker has started may still be talking
                for _ in range(16):
                    self._listen()
        words = self._last_words.decode(errors="replace").strip().splitlines()
        return words[-1].strip() if words else ""

    def close(self) -> None:
        """Listen no more."""
        self._errors.close()
