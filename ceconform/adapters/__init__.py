"""How each implementation is asked: one file a library."""

from __future__ import annotations

from ceconform.adapters._adapter import LANGUAGES, Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.adapters._find import find, match, names, ours
from ceconform.adapters._function import adapt, find_function
from ceconform.adapters._hosts import HOSTS

__all__ = [
    "HOSTS",
    "LANGUAGES",
    "Adapter",
    "Dialect",
    "Question",
    "Source",
    "Unsupported",
    "adapt",
    "find",
    "find_function",
    "match",
    "names",
    "ours",
    "spell",
]
