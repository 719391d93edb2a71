"""Interleaved timing: every round calls each contestant, so that a slow moment of the machine meets all of them."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Limits", "Timing", "first_calls", "ratios", "spread", "time_interleaved"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a comparison has been timed enough."""

    seconds: float = 2.0
    """No further round begins after this time, once there are `fewest`."""
    fewest: int = 3
    most: int = 201
    steady: float = 0.005
    """Enough, once the median of every ratio is known this well, relatively."""
    judged: int = 15
    """Whether it is known so well is judged from this round on."""
    sample: float = 0.002
    """Calls shorter than this, in seconds, are timed several at once."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long the calls of one contestant took, in seconds, round by round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median round."""
        return statistics.median(self.rounds)


def first_calls(calls: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, float], dict[str, str]]:
    """Call each once, which compiles it; return the seconds of those that answered, and why the others did not."""
    seconds, failures = {}, {}
    for name, call in calls.items():
        try:
            seconds[name] = _seconds(call, 1)
        except Exception as error:  # noqa: BLE001 - a call that fails is a result too, and the page shows it
            failures[name] = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    return seconds, failures


def time_interleaved(calls: Mapping[str, Callable[[], Any]], limits: Limits) -> dict[str, Timing]:
    """Time calls in turn, the first of them against all others, until the ratios are steady or the time is up.

    Each has been called before, so that nothing is compiled here.
    """
    numbers = {name: _number(call, limits.sample) for name, call in calls.items()}
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    collecting = gc.isenabled()
    gc.disable()
    try:
        begin = time.perf_counter()
        for done in range(limits.most):
            if done >= limits.fewest and time.perf_counter() - begin > limits.seconds:
                break
            if done >= limits.judged and done % 5 == 0 and _steady(rounds, limits.steady):
                break
            for name, call in calls.items():
                rounds[name].append(_seconds(call, numbers[name]))
    finally:
        if collecting:
            gc.enable()
    return {name: Timing(rounds=tuple(each)) for name, each in rounds.items()}


def _seconds(call: Callable[[], Any], number: int) -> float:
    begin = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - begin) / number


def _number(call: Callable[[], Any], sample: float) -> int:
    """How many calls fill a sample; the first calls after compiling are still slow, so short ones are timed twice."""
    number = max(1, math.ceil(sample / _seconds(call, 1)))
    return number if number == 1 else max(1, math.ceil(sample / _seconds(call, number)))


def ratios(ours: Timing, theirs: Timing) -> list[float]:
    """Round by round, ours ÷ theirs.

    >>> ratios(Timing(rounds=(1.0, 3.0)), Timing(rounds=(2.0, 2.0)))
    [0.5, 1.5]
    """
    return [mine / other for mine, other in zip(ours.rounds, theirs.rounds, strict=True)]


def spread(values: list[float]) -> tuple[float, float, float]:
    """The quartiles.

    >>> spread([1.0, 2.0, 3.0, 4.0, 5.0])
    (2.0, 3.0, 4.0)
    """
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _steady(rounds: Mapping[str, list[float]], within: float) -> bool:
    """Whether the standard error of each median ratio, read off the quartiles as of a normal law, is small."""
    ours, *others = rounds.values()
    for theirs in others:
        low, middle, high = spread([mine / other for mine, other in zip(ours, theirs, strict=True)])
        if 1.2533 * (high - low) / 1.349 / math.sqrt(len(ours)) > within * middle:
            return False
    return True
