"""Where the time of a call goes, for what misses its target."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

__all__ = ["of_operators", "of_python", "shares"]

MOST = 6
"""Parts that are named."""
CALLS = 200
"""Of a short call, so that its parts can be told apart."""


def shares(parts: Iterable[tuple[str, float]]) -> list[str]:
    """Name the largest parts, and their shares.

    >>> shares([("exp", 3.0), ("sum", 1.0)])
    ['75 % exp', '25 % sum']
    """
    ordered = sorted(parts, key=lambda part: -part[1])
    whole = sum(size for _, size in ordered)
    return [f"{size / whole:.0%} {name}".replace("%", " %") for name, size in ordered[:MOST]]


def of_python(call: Callable[[], Any]) -> list[str]:
    """Profile Python's functions; the arithmetic of an array counts for the function that asks for it."""
    call()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(CALLS):
        call()
    profiler.disable()
    entries = pstats.Stats(profiler).stats.items()  # type: ignore[attr-defined] # typeshed leaves it out
    return shares((_named(*place), own) for place, (_, _, own, _, _) in entries)


def _named(file: str, line: int, function: str) -> str:
    """Name a function as a reader finds it.

    >>> _named("/somewhere/ceconform/losses/_blocks.py", 26, "evaluate")
    '`_blocks.evaluate`'
    """
    del line
    return f"`{function}`" if file == "~" else f"`{Path(file).stem}.{function}`"


def of_operators(call: Callable[[], Any]) -> list[str]:
    """Profile PyTorch's operators, or the kernels that it compiled."""
    from torch.profiler import ProfilerActivity, profile

    call()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(3):
            call()
    return shares((f"`{event.key}`", event.self_cpu_time_total) for event in profiled.key_averages())
