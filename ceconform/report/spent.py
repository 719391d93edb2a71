"""Spent: where the time of a run went."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ceconform.harness import Asked, Event, Finished, Observation

__all__ = ["Spent"]


@dataclass
class Spent:
    """Adds up what workers and harness took; the workers' seconds are of the clock, and run side by side."""

    starting: float = 0.0
    """Frameworks, until they are ready."""
    compiling: float = 0.0
    """The first call of each entry point, and whatever a library compiles later."""
    calling: float = 0.0
    """All other calls."""
    answers: int = 0
    began: float = field(default_factory=time.monotonic)
    computed: float = field(default_factory=time.process_time)
    """The processor time of this process, when the run began."""
    known: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def see(self, event: Event) -> None:
        """Add what an event tells."""
        match event:
            case Asked():
                for observation in event.observations:
                    self._add(event.implementation, observation)
            case Finished():
                self.starting += event.starting
            case _:
                pass

    def _add(self, implementation: str, observation: Observation) -> None:
        self.answers += 1
        entry = implementation, observation.via
        first = entry not in self.known
        self.known.add(entry)
        compiling = observation.seconds if first else observation.compiling
        self.compiling += compiling
        self.calling += observation.seconds - compiling

    def __str__(self) -> str:
        """One line, to be read after the run."""
        parts = (
            f"{self.starting:.1f} s until the workers were ready",
            f"{self.compiling:.1f} s first calls and compiling",
            f"{self.calling:.1f} s calls",
            f"{time.process_time() - self.computed:.1f} s asking, judging and writing",
        )
        return f"{self.answers} answers in {time.monotonic() - self.began:.1f} s: {', '.join(parts)}"
