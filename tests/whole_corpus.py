"""The corpus, read once in a process for all tests that only look at it."""

from __future__ import annotations

from ceconform.corpus import load

CASES = load()
