"""Fields: the keys of a message, each read as what it has to be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ceconform.errors import ProtocolError

__all__ = ["among", "brief", "taken", "words"]

_KINDS: Mapping[Any, str] = MappingProxyType({str: "text", list: "a list", dict: "an object"})
_SHOWN = 200
_LONGEST_TEXT = 1 << 16


def taken(data: Mapping[str, Any], key: str, kind: type, default: Any = None) -> Any:
    """The value of a key, of a kind; the default where it is left out."""
    value = data.get(key, default)
    if not isinstance(value, kind):
        raise ProtocolError(f"expected `{key}` as {_KINDS[kind]}, got {brief(data)}")
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        raise ProtocolError(f"expected `{key}` as at most {_LONGEST_TEXT} characters, got {len(value)}")
    return value


def words(data: Mapping[str, Any], key: str, known: tuple[str, ...], default: Any = None) -> list[str]:
    """A list of words, one at least, all of them known where it is said which are."""
    words = taken(data, key, list, default)
    if not words:
        raise ProtocolError(f"expected one word or more as `{key}`, got none")
    for word in words:
        among(word, key, known) if known else taken({key: word}, key, str)
    return list(words)


def among(word: Any, key: str, known: tuple[str, ...]) -> None:
    """Refuse a word that is none of those that are known."""
    if word not in known:
        raise ProtocolError(f"expected in `{key}` one of {', '.join(known)}, got {brief(word)}")


def brief(what: Any) -> str:
    """What came, as far as it is worth showing."""
    text = what if isinstance(what, str) else json.dumps(what, ensure_ascii=False)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
