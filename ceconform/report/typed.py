"""Data classes from JSON data: the annotations of their fields are the schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

__all__ = ["typed"]

Class = TypeVar("Class")


def typed(kind: type[Class], data: Any, where: str = "") -> Class:
    """Make a data class of JSON data.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Point:
    ...     at: tuple[float, ...]
    ...     name: str = ""
    >>> typed(Point, {"at": [1.0, 2.0]})
    Point(at=(1.0, 2.0), name='')

    Raises
    ------
    TypeError
        If a key is missing or unknown, or has another type than the field is annotated with.
    """
    if not isinstance(data, dict):
        raise TypeError(f"expected {where or 'it'} to be an object")
    named: Any = kind
    hints = _hints(named)
    if unknown := data.keys() - hints.keys():
        raise TypeError(f"expected {', '.join(hints)}, got the key {min(unknown)[:60]!r}")
    return kind(**{name: _read(hints[name], each, name) for name, each in data.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _read(hint: Any, data: Any, where: str) -> Any:
    """Read what an annotation says."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        wanted = [each for each in arguments if each is not NoneType]
        return None if data is None and NoneType in arguments else _read(wanted[0], data, where)
    if origin is tuple and Ellipsis not in arguments:
        if isinstance(data, list) and len(data) == len(arguments):
            return tuple(_read(each, value, where) for each, value in zip(arguments, data, strict=True))
    elif origin in {tuple, Sequence}:
        if isinstance(data, list):
            return tuple(_read(arguments[0], value, where) for value in data)
    elif origin is Mapping:
        if isinstance(data, dict):
            return {name: _read(arguments[1], value, where) for name, value in data.items()}
    elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return typed(hint, data, where)
    elif type(data) is hint or (hint is float and type(data) is int):
        return data
    raise TypeError(f"expected `{where}` to be {hint}")
