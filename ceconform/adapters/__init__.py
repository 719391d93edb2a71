"""How each implementation is asked: one file a library."""

from __future__ import annotations

from ceconform.adapters._adapter import LANGUAGES, Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.adapters._find import find, installed, match, names

__all__ = [
    "LANGUAGES",
    "Adapter",
    "Dialect",
    "Question",
    "Source",
    "Unsupported",
    "find",
    "installed",
    "match",
    "names",
    "spell",
]
