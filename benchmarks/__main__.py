"""Time our losses beside each framework's own.

python -m benchmarks --only 'torch-eager/softmax/*'
"""

from __future__ import annotations

from fnmatch import fnmatch
from itertools import chain
from typing import Annotated

import typer

from benchmarks import with_jax, with_numpy, with_torch
from benchmarks.comparison import OURS, PASS, Comparison
from benchmarks.timing import Limits, Timing, ratios, spread, time_interleaved


def run(
    only: Annotated[list[str] | None, typer.Option(help="Names to time, as a glob: 'numpy/*'.")] = None,
    seconds: Annotated[float, typer.Option(help="The most time for one comparison.")] = 3.0,
    quick: Annotated[bool, typer.Option(help="A first look: float32 alone, half a second each.")] = False,
    names: Annotated[bool, typer.Option("--list", help="Show the names, time nothing.")] = False,
) -> None:
    """Time our losses beside each framework's own, and show ratios ours ÷ theirs."""
    limits = Limits(seconds=0.5 if quick else seconds)
    globs = only or ["*"]
    for comparison in chain(with_numpy.comparisons(), with_torch.comparisons(), with_jax.comparisons()):
        wanted = any(fnmatch(comparison.name, glob) for glob in globs)
        if not wanted or (quick and comparison.question.dtype != "float32"):
            continue
        if names:
            print(comparison.name)
            continue
        print(_line(comparison, time_interleaved(comparison.make(comparison.question), limits)), flush=True)


def _line(comparison: Comparison, timings: dict[str, Timing]) -> str:
    ours = timings[OURS]
    parts = [f"{comparison.name:55} {ours.median * 1e3:10.4f} ms"]
    for name, timing in timings.items():
        if name != OURS:
            low, middle, high = spread(ratios(ours, timing))
            best = min(ours.rounds) / min(timing.rounds)
            target = f" target {comparison.targets[name]}" if name != PASS else ""
            parts.append(f"÷ {name} {middle:.2f} ({low:.2f} to {high:.2f}; of the fastest {best:.2f}){target}")
    return "  ".join([*parts, f"[{len(ours.rounds)} rounds, first call {ours.first:.2f} s]"])


if __name__ == "__main__":
    typer.run(run)
