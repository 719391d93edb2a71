"""Judging: what an observation is worth."""

from __future__ import annotations
