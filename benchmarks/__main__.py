"""Time our losses beside each framework's own: `python -m benchmarks --only 'torch-eager/softmax/*'`."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import linear, with_jax, with_numpy, with_torch
from benchmarks.comparison import Comparison
from benchmarks.harness import IMPLEMENTATIONS, measure, section
from benchmarks.machine import describe
from benchmarks.page import line, render
from benchmarks.result import Result, compare
from benchmarks.timing import Limits
from ceconform.files import write


def run(
    only: Annotated[list[str] | None, typer.Option(help="Names to time, as a glob: 'numpy/*'. Repeatable.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the page goes.")] = None,
    seconds: Annotated[float, typer.Option(help="The most time for the rounds of one comparison.")] = 2.0,
    quick: Annotated[bool, typer.Option("--quick", help="A first look: float32 alone, half a second each.")] = False,
    names: Annotated[bool, typer.Option("--list", help="Show the names, time nothing.")] = False,
    device: Annotated[str, typer.Option(help="Of PyTorch; JAX computes on its default device.")] = "cpu",
) -> None:
    """Time our losses beside each framework's own, and show ratios ours ÷ theirs."""
    limits = Limits(seconds=0.5 if quick else seconds)
    globs = only or ["*"]
    selected = list(_select(globs, quick=quick, device=device))
    asked = [name for name in IMPLEMENTATIONS if any(fnmatch(f"harness/{name}", glob) for glob in globs)]
    layers = [name for name in linear.SUBJECTS if any(fnmatch(f"linear/{name}", glob) for glob in globs)]
    if names:
        others = [*(f"linear/{name}" for name in layers), *(f"harness/{name}" for name in asked)]
        print(*(comparison.name for comparison in selected), *others, sep="\n")
        return
    machine = list(describe(device))
    results: list[Result] = []
    for comparison in selected:
        results.append(compare(comparison, limits))
        print(line(results[-1]), flush=True)
    size, parts = linear.Size(), list[str]()
    if layers:
        parts += linear.section(size, list(linear.measure(size, layers)))
    if asked:
        parts += section(measure(asked))
    print(*parts, sep="\n")
    if output is not None:
        write(output, render(results, machine, parts))


def _select(globs: list[str], *, quick: bool, device: str) -> Iterator[Comparison]:
    every = chain(with_numpy.comparisons(), with_torch.comparisons(device), with_jax.comparisons())
    for comparison in every:
        if quick and comparison.question.dtype != "float32":
            continue
        if any(fnmatch(comparison.name, glob) for glob in globs):
            yield comparison


if __name__ == "__main__":
    typer.run(run)
