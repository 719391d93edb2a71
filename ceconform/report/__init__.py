"""Telling: reports, and how they are shown."""

from __future__ import annotations
