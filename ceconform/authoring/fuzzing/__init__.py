"""Fuzzing: a search for discrepancies that the corpus does not show yet."""

from __future__ import annotations

from ceconform.authoring.fuzzing.memory import Finding
from ceconform.authoring.fuzzing.search import Searched, fuzz
from ceconform.authoring.fuzzing.telling import summary, tell

__all__ = ["Finding", "Searched", "fuzz", "summary", "tell"]
