"""Memory: how much of it a worker may have, and whether it ran out of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ceconform.errors import ArgumentError
from ceconform.harness.observation import Answer, Observation

__all__ = ["Memory"]

_SIZE = re.compile(r"(\d{1,12})\s*(|[KMGT]i?B)", re.ASCII)
_UNITS = {
    "": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("KMGT", 1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", 1)},
}
# RLIMIT_DATA is what a process may write to. RLIMIT_AS would count what CUDA, V8 and JAX only reserve, too.
_LIMITED = """\
import os, resource, sys
most, arguments = int(sys.argv[1]), sys.argv[2:]
hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
most = most if hard == resource.RLIM_INFINITY else min(most, hard)
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
try:
    os.execvp(arguments[0], arguments)
except OSError as error:
    sys.exit(f"{arguments[0]}: {error}")
"""
_EXHAUSTED = re.compile(
    r"MemoryError|OutOfMemory|bad_alloc|RESOURCE_EXHAUSTED|ResourceExhausted|ENOMEM"
    r"|\b(?:can't|cannot|failed to|unable to) allocate|out of memory|not enough memory",
    re.IGNORECASE,
)
"""How Python, C++, Node, and the libraries say it."""


@dataclass(frozen=True)
class Memory:
    """How many bytes a worker may have; None for as many as there are."""

    most: int | None = None

    @classmethod
    def of(cls, text: str) -> Memory:
        """Read a size.

        >>> Memory.of("4GiB"), str(Memory.of("512MB"))
        (Memory(most=4294967296), '512 MB')

        Raises
        ------
        ArgumentError
            If it is none.
        """
        match = _SIZE.fullmatch(text)
        if match is None or not int(match[1]):
            raise ArgumentError(f"expected a size such as 4GiB, 512MiB or 2GB, got {text!r}")
        return cls(int(match[1]) * _UNITS[match[2]])

    def __str__(self) -> str:
        """In the largest unit that gives a whole number."""
        if self.most is None:
            return "what there is"
        unit = max((unit for unit, size in _UNITS.items() if self.most % size == 0), key=_UNITS.__getitem__)
        return f"{self.most // _UNITS[unit]} {unit or 'B'}"

    def limited(self, arguments: Sequence[str]) -> list[str]:
        """A command that has no more than this, as has whatever it starts: each process by itself."""
        if self.most is None:
            return [*arguments]
        return [sys.executable, "-I", "-S", "-c", _LIMITED, str(self.most), *arguments]

    def seen(self, observation: Observation) -> Observation:
        """An answer that says that there is no memory is none: it is the crash that other libraries make of it."""
        if observation.status == "crash":
            limit = "" if self.most is None else f" (memory is limited to {self})"
            return replace(observation, reason=f"{observation.reason}{limit}")
        told = next(filter(None, map(_exhausted, (observation.value, observation.gradient))), "")
        if not told:
            return observation
        limit = "" if self.most is None else f", which is limited to {self}"
        return Observation(
            status="crash",
            via=observation.via,
            expression=observation.expression,
            reason=f"out of memory{limit}: {told}",
            seconds=observation.seconds,
        )


def _exhausted(answer: Answer | None) -> str:
    """The error that says so."""
    return answer.raised if answer is not None and _EXHAUSTED.search(answer.raised) else ""
