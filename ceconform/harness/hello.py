"""Hello: what a worker says of itself, once, at the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ceconform.adapters import LANGUAGES, Dialect
from ceconform.conventions import CONVENTIONS
from ceconform.corpus import LOSSES
from ceconform.errors import ProtocolError
from ceconform.formats import FORMATS
from ceconform.harness.fields import among, taken, words
from ceconform.libraries import LIBRARIES

__all__ = ["decode_hello"]


def decode_hello(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a worker says of itself, with what it leaves out.

    >>> decode_hello({"hello": {"name": "mine", "version": "1.0", "dtypes": ["float32"]}})["devices"]
    ['cpu']

    Raises
    ------
    ProtocolError
        If it is something else, or names a dtype, a loss, a library or a convention that nobody knows.
    """
    hello = taken(message, "hello", dict)
    found = {
        "name": taken(hello, "name", str),
        "version": taken(hello, "version", str),
        "distribution": taken(hello, "distribution", str, hello["name"]),
        "dtypes": words(hello, "dtypes", tuple(FORMATS)),
        "devices": words(hello, "devices", (), ["cpu"]),
        "switches": taken(hello, "switches", dict, {}),
        "conventions": _conventions(hello.get("conventions", {})),
        "dialect": taken(hello, "dialect", dict, {}),
    }
    if found["dialect"]:
        try:
            found["dialect"] = vars(Dialect(**found["dialect"]))
        except TypeError as error:
            raise ProtocolError(f"expected `dialect` with its keys: {error}") from None
        among(found["dialect"]["language"], "dialect.language", LANGUAGES)
        for key in found["dialect"]:
            taken(found["dialect"], key, str)
    return found


def _conventions(stated: Any) -> dict[str, list[str]]:
    """By loss; or the names of libraries that `cases/conventions.yaml` has."""
    if isinstance(stated, list):
        libraries = words({"conventions": stated}, "conventions", tuple(LIBRARIES)) if stated else []
        losses = {loss: None for name in libraries for loss in LIBRARIES[name]}
        together = {loss: [rule for name in libraries for rule in LIBRARIES[name].get(loss, ())] for loss in losses}
        return {loss: list(dict.fromkeys(rules)) for loss, rules in together.items()}
    taken({"conventions": stated}, "conventions", dict)
    for loss in stated:
        among(loss, "conventions", tuple(LOSSES))
    return {loss: words(stated, loss, tuple(CONVENTIONS)) for loss in stated if stated[loss] != []}
