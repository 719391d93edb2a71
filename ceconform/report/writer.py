"""Writing a report while the run goes on: each result is on disk as soon as it is there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TextIO

from ceconform.errors import ReportError
from ceconform.files import lock, replacing
from ceconform.report.header import Header, Implementation
from ceconform.report.lines import text
from ceconform.report.report import footer
from ceconform.report.result import Result

__all__ = ["Writer"]


class Writer:
    """A report that grows: the header first, results as they come, the footer at the end.

    If the run breaks off there is no footer, and nobody takes the file for a whole report; what was added is there,
    and `--resume` goes on from it.

    Parameters
    ----------
    target
        A file's path, or a stream that stays open, such as standard output.
    header
        What the report is about.
    kept
        Results of a run that broke off; with the header they replace the file in one step, before anything is added.

    Raises
    ------
    ReportError
        If the file cannot be written, with the number of results that are in it.
    """

    def __init__(self, target: Path | str | TextIO, header: Header, kept: Iterable[Result] = ()) -> None:
        self._target, self.header, self.kept = target, header, tuple(kept)
        self._stream: TextIO | None = None
        self._file: BinaryIO | None = None
        self._lines = self._results = 0
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        if isinstance(self._target, Path | str):
            self._open(Path(self._target))
        else:
            self._stream = self._target
            self._say(text({"header": self.header.line()}))
        return self

    def _open(self, path: Path) -> None:
        try:
            # No buffer: a line that does not fit on the disk is not tried again when the file is closed.
            if self.kept:
                with replacing(path) as file:
                    lock(file)
                    file.write(text({"header": self.header.line()}))
                    file.writelines(text(result.line(), finite=True) for result in self.kept)
                    self._file = os.fdopen(os.dup(file.fileno()), "wb", buffering=0)  # and its lock
            else:
                self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise ReportError(path, 1, f"expected a file that can be written, got {error}") from error
        self._results = len(self.kept)
        self._lines = self._results + bool(self.kept)
        if not self.kept:
            self._say(text({"header": self.header.line()}))

    def introduce(self, implementation: Implementation) -> None:
        """Write that an implementation has started."""
        self._say(text({"header": replace(self.header, implementations=(implementation,)).line()}))

    def miss(self, name: str, reason: str) -> None:
        """Write that an implementation did not start."""
        self._say(text({"header": replace(self.header, missing={name: reason}).line()}))

    def add(self, *results: Result) -> None:
        """Write results, at once."""
        self._say(*(text(result.line(), finite=True) for result in results))
        self._results += len(results)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._say(text(footer(self._results, time.monotonic() - self._started)))
        finally:
            if self._file is not None:
                self._file.close()

    def _say(self, *lines: str) -> None:
        if self._file is None:
            assert self._stream is not None  # noqa: S101 - for the type checker: it is entered
            self._stream.writelines(lines)
            self._stream.flush()
            return
        data = "".join(lines).encode()
        written = 0
        try:
            while written < len(data):
                written += self._file.write(memoryview(data)[written:])
        except OSError as error:
            whole = data.count(b"\n", 0, written)
            problem = f"expected to write a line, got {error}; {self._results + whole} results are there"
            number = self._lines + whole + 1
            raise ReportError(str(self._target), number, f"{problem}: make room, go on by --resume") from error
        self._lines += len(lines)
