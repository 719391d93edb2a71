"""Every exception of ceconform: what was expected, what came, and what to do about it."""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "ArgumentError",
    "CaseError",
    "CeconformError",
    "CorpusError",
    "DTypeError",
    "DiscrepancyError",
    "MissingDependencyError",
    "ProtocolError",
    "RangeError",
    "ReportError",
    "ShapeError",
    "StartError",
    "StoppedError",
    "UnknownNameError",
]


class CeconformError(Exception):
    """The base of all of them, so that one `except` catches what ceconform says."""


class ArgumentError(CeconformError, ValueError):
    """An argument of a loss has a value that has no meaning there."""


class ShapeError(ArgumentError):
    """An array has another shape than its neighbours ask for."""


class DTypeError(ArgumentError, TypeError):
    """An array has a dtype of the wrong kind."""


class RangeError(ArgumentError):
    """With `check=True`: a value lies outside its range; the message names the first offender."""


class UnknownNameError(CeconformError, LookupError):
    """A loss, case, convention, backend or implementation that nobody knows."""


class DiscrepancyError(CeconformError, AssertionError):
    """A function under test departs from what is right, or no longer does where that was expected."""


class MissingDependencyError(CeconformError, ImportError):
    """A library that this part needs is not installed; the message names the extra that brings it."""


class CorpusError(CeconformError):
    """A case file or a baseline is not valid: the file, the line and the key, what was expected and what came."""

    def __init__(self, path: Path | str, line: int, key: str, expected: str, got: str) -> None:
        super().__init__(path, line, key, expected, got)
        self.path, self.line, self.key, self.expected, self.got = Path(path), line, key, expected, got

    def __str__(self) -> str:
        key, expected, got = map(_brief, (self.key, self.expected, self.got))
        return f"{self.path}:{self.line}: {key}: expected {expected}, got {got}"


def _brief(text: str, limit: int = 500) -> str:
    """As much of a text as a line can show: a file may hold megabytes where a word should stand."""
    return text if len(text) <= limit else f"{text[:limit]}…"


class CaseError(CeconformError):
    """A case asks what the definitions do not answer."""


class ReportError(CeconformError):
    """A report is not valid, ends before its footer, or cannot be written: the file, the line, and what is wrong."""

    def __init__(self, path: Path | str, line: int, problem: str) -> None:
        super().__init__(path, line, problem)
        self.path, self.line, self.problem = Path(path), line, problem

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.problem}"


class ProtocolError(CeconformError):
    """A worker sent what the line protocol does not have."""


class StartError(CeconformError):
    """An implementation did not start: its library is missing, or its import failed."""


class StoppedError(CeconformError):
    """A run was given up while an implementation was asked."""
