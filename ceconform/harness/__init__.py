"""Asking: one process an implementation, the line protocol, time limits, progress."""

from __future__ import annotations

from ceconform.harness.observation import Answer, Observation

__all__ = ["Answer", "Observation"]
