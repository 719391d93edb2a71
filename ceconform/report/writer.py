"""Writing a report while the run goes on: each result is on disk as soon as it is there."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from ceconform.report.header import Header, Implementation
from ceconform.report.report import footer, text
from ceconform.report.result import Result

__all__ = ["Writer"]


class Writer:
    """A report that grows: the header first, results as they come, the footer at the end.

    If the run breaks off, by an exception, there is no footer, and nobody takes the file for a whole report.

    Parameters
    ----------
    target
        A file's path, or a stream that stays open, such as standard output.
    """

    def __init__(self, target: Path | str | TextIO, header: Header) -> None:
        self._target, self._header = target, header
        self._owned = isinstance(target, Path | str)
        self._stream: TextIO
        self._results = 0
        self._started = 0.0

    def __enter__(self) -> Self:
        self._stream = (
            Path(self._target).open("w", encoding="utf-8") if isinstance(self._target, Path | str) else self._target
        )
        self._started = time.monotonic()
        self._say(text({"header": self._header.line()}))
        return self

    def introduce(self, implementation: Implementation) -> None:
        """Write that an implementation has started."""
        self._say(text({"header": replace(self._header, implementations=(implementation,)).line()}))

    def miss(self, name: str, reason: str) -> None:
        """Write that an implementation did not start."""
        self._say(text({"header": replace(self._header, missing={name: reason}).line()}))

    def add(self, result: Result) -> None:
        """Write one result, at once."""
        self._say(text(result.line()))
        self._results += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._say(text(footer(self._results, time.monotonic() - self._started)))
        finally:
            if self._owned:
                self._stream.close()

    def _say(self, line: str) -> None:
        self._stream.write(line)
        self._stream.flush()
