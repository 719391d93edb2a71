"""Asking: one process an implementation, the line protocol, time limits, progress."""

from __future__ import annotations

from ceconform.harness.installation import installed
from ceconform.harness.memory import Memory
from ceconform.harness.observation import Answer, Observation
from ceconform.harness.process import commands, function_command
from ceconform.harness.run import Answered, Asked, Event, Finished, Missing, Started, ask

__all__ = [
    "Answer",
    "Answered",
    "Asked",
    "Event",
    "Finished",
    "Memory",
    "Missing",
    "Observation",
    "Started",
    "ask",
    "commands",
    "function_command",
    "installed",
]
