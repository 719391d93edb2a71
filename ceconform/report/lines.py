"""Lines of JSON: each an object, and a file of them a report, or the result of a sweep."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import orjson

from ceconform.errors import ReportError

__all__ = ["numbered", "parse", "text"]

_LONGEST = 1 << 28
"""Bytes of a line: four times those of the longest message of a worker, whose numbers may travel packed."""
_DEEPEST = 32
_LONGEST_WHOLE = 20
"""Digits of what 64 bits hold, and a sign."""
_SHOWN = 60
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of half a character, whose other half may be missing."""


def text(line: dict[str, Any], *, finite: bool = False) -> str:
    """Write a line as it stands in a file, its end included; NaN is refused, faster by who knows that all is finite."""
    if not finite:
        return _WRITTEN.encode(line) + "\n"
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE).decode()


def numbered(path: Path, what: str = "a report") -> Iterator[tuple[int, bytes]]:
    """Each line of a file, its end included if it has one, with its number; `what` the file should be.

    Raises
    ------
    ReportError
        If the file cannot be read, or a line is longer than any that we write.
    """
    try:
        with path.open("rb") as file:
            number = 1
            while line := file.readline(_LONGEST + 1):
                if len(line) > _LONGEST:
                    raise ReportError(path, number, f"expected lines of at most {_LONGEST} bytes, got more")
                yield number, line
                number += 1
    except OSError as error:
        raise ReportError(path, 1, f"expected {what}, got {error}") from error


def parse(line: str | bytes, name: str, number: int) -> dict[str, Any]:
    """Read a line as a JSON object, whatever it says; one that could be written again, and means one thing.

    Raises
    ------
    ReportError
        If it is none: no UTF-8, a key twice, NaN, a number beyond all, half a character.
    """
    try:
        words = line.decode() if isinstance(line, bytes) else line
    except UnicodeDecodeError as error:
        raise ReportError(name, number, f"expected UTF-8, got {error}") from None
    shown = f"{words.strip()[:_SHOWN]!r}"
    try:
        data = _READ.decode(words)
        if _SURROGATE.search(words):
            json.dumps(data, ensure_ascii=False).encode()
        if words.count("{") + words.count("[") > _DEEPEST:
            _shallow(data)
    except (ValueError, RecursionError) as error:
        raise ReportError(name, number, f"expected a JSON object, got {shown} ({str(error)[:200]})") from error
    if not isinstance(data, dict):
        raise ReportError(name, number, f"expected a JSON object, got {shown}")
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:_SHOWN]!r} stands twice")
    return found


def _shallow(data: Any) -> None:
    """Refuse what is nested so deeply that nothing can go through it."""
    level = [data]
    for _ in range(_DEEPEST):
        inner = [list(each.values()) if isinstance(each, dict) else each for each in level]
        level = [each for held in inner for each in held if isinstance(each, dict | list)]
        if not level:
            return
    raise ValueError(f"it has more than {_DEEPEST} levels")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:_SHOWN]} is beyond all numbers")
    return number


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_WHOLE or not -(1 << 63) <= int(digits) < 1 << 64:
        raise ValueError(f"{digits[:_SHOWN]} is beyond all numbers")
    return int(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


_WRITTEN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_READ = json.JSONDecoder(object_pairs_hook=_object, parse_int=_whole, parse_float=_finite, parse_constant=_refuse)
