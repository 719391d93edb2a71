"""The outcome of one comparison, and what it says about the targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.comparison import BOTH, OURS, PASS, SOFTMAX, Comparison, Question
from benchmarks.timing import Limits, Timing, first_calls, ratios, spread, time_interleaved

__all__ = ["MEMORY", "Ratio", "Result", "compare"]

MEMORY = Question(loss=SOFTMAX, shape=(8192, 1000), dtype="float32", part=BOTH)
"""The question at which the peak of the memory is measured too."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Ours ÷ theirs."""

    rival: str
    quartiles: tuple[float, float, float]
    target: float

    @property
    def met(self) -> bool:
        """Whether the median of the ratios is within the target."""
        return self.quartiles[1] <= self.target


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was measured of one comparison."""

    comparison: Comparison
    timings: Mapping[str, Timing]
    """Of all that answered."""
    first: Mapping[str, float]
    """Seconds of the first call, with all compiling; it is not among the timings."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why others did not answer."""
    peaks: Mapping[str, int] = field(default_factory=dict)
    """Bytes held at most beyond the inputs, where they were counted."""
    profiles: Mapping[str, list[str]] = field(default_factory=dict)
    """Where the time goes of ours, and of the rivals beside which it misses its target."""

    def ratios(self) -> Iterator[Ratio]:
        """Ours ÷ each rival that answered."""
        for rival, target in self.comparison.targets.items():
            if OURS in self.timings and rival in self.timings:
                quartiles = spread(ratios(self.timings[OURS], self.timings[rival]))
                yield Ratio(rival=rival, quartiles=quartiles, target=target)

    def passes(self, name: str) -> float:
        """The median time of a call, in passes over the memory."""
        return self.timings[name].median / self.timings[PASS].median


def compare(comparison: Comparison, limits: Limits) -> Result:
    """Prepare, warm up, and time one comparison."""
    calls = comparison.make(comparison.question)
    first, failures = first_calls(calls)
    working = {name: calls[name] for name in first}
    timings = time_interleaved(working, limits)
    counted = [name for name in working if name != PASS] if comparison.question == MEMORY else []
    peaks = {name: comparison.peak(calls[name]) for name in counted}
    result = Result(comparison=comparison, timings=timings, first=first, failures=failures, peaks=peaks)
    missed = [ratio.rival for ratio in result.ratios() if not ratio.met]
    profiles = {name: comparison.profile(calls[name]) for name in ([OURS, *missed] if missed else [])}
    return replace(result, profiles=profiles)
