"""Losses of more logits than the process may hold: Dask arrays, value and gradient, under a limit on its memory.

python -m benchmarks.out_of_core [--rows 16384] [--classes 131072] [--limit 1.5] [--write reports/DEVICES.md] [NAME …]

The logits are drawn chunk by chunk, in chunks of rows and of classes; of the gradient the norm is taken, chunk by chunk
again. Each subject runs in a process of its own, because a limit and a peak belong to a process: how far its resident
memory rises above what it held before, as a part of what all logits would take.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import ceconform
from benchmarks.machine import host, resident, versions
from ceconform.files import write
from ceconform.report.markdown import table

__all__ = ["SUBJECTS", "draw", "measured", "parser"]

GIGABYTE = 1e9
METHOD = """\
Logits that are drawn chunk by chunk, value and gradient in one pass, under a limit on the memory that the process may
allocate beyond what it holds before (`RLIMIT_DATA`). *dask* is the textbook composition in Dask's own functions,
*numpy* our loss of the same logits all at once. *norm* is that of the gradient, taken chunk by chunk. *peak* is how far
the resident memory rises above what the process held before."""


def draw(options: argparse.Namespace) -> tuple[Any, Any, Any]:
    """Draw logits, class indices, and labels of 0 and 1, none of which is there before it is computed."""
    import dask.array as da

    generator = da.random.default_rng(2026)
    shape, chunks = (options.rows, options.classes), (options.chunk_rows, options.chunk_classes)
    logits = 4 * generator.standard_normal(shape, dtype=np.float32, chunks=chunks)
    indices = generator.integers(0, options.classes, options.rows, chunks=options.chunk_rows)
    return logits, indices, generator.integers(0, 2, shape, dtype=np.int8, chunks=chunks)


def softmax(z: Any, y: Any, t: Any) -> tuple[Any, Any]:  # noqa: ARG001 - of indices
    """Ours, lazily."""
    return ceconform.value_and_grad(ceconform.sparse_cross_entropy_with_logits)(z, y)


def softmax_in_dask(z: Any, y: Any, t: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """Return log Σ exp(z - max z) + max z - z_y, and softmax less the label."""
    import dask.array as da

    highest = z.max(axis=-1, keepdims=True)
    odds = da.exp(z - highest)
    total = odds.sum(axis=-1, keepdims=True)
    hot = y[:, None] == da.arange(z.shape[1], chunks=(z.chunks[1],))
    own = da.where(hot, z, 0).sum(axis=-1)
    return (da.log(total[:, 0]) + highest[:, 0] - own).mean(), (odds / total - hot) / z.shape[0]


def softmax_in_numpy(z: Any, y: Any, t: Any) -> tuple[Any, Any]:
    """Ours, of all logits at once."""
    return softmax(z.compute(), y.compute(), t)


def binary(z: Any, y: Any, t: Any) -> tuple[Any, Any]:  # noqa: ARG001 - of labels
    """Ours, lazily."""
    return ceconform.value_and_grad(ceconform.binary_cross_entropy_with_logits)(z, t)


def binary_in_dask(z: Any, y: Any, t: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """Return max(z, 0) - z t + log1p(exp(-|z|)), and the sigmoid less the label."""
    import dask.array as da

    t = t.astype(z.dtype)
    loss = da.maximum(z, 0) - z * t + da.log1p(da.exp(-da.absolute(z)))
    return loss.mean(), (1 / (1 + da.exp(-z)) - t) / z.size


SUBJECTS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "softmax ceconform": softmax,
    "softmax dask": softmax_in_dask,
    "softmax numpy": softmax_in_numpy,
    "binary ceconform": binary,
    "binary dask": binary_in_dask,
}


def measured(options: argparse.Namespace, name: str) -> dict[str, float]:
    """One subject's answer, time and memory, in this process."""
    import dask.base

    logits = draw(options)
    small = argparse.Namespace(**{**vars(options), "rows": 4, "classes": 8})
    dask.base.compute(*SUBJECTS[name](*draw(small)), scheduler="threads", num_workers=options.threads)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here
    limit = resident("VmData") + int(options.limit * GIGABYTE)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    start = time.perf_counter()
    value, gradient = SUBJECTS[name](*logits)
    value, squares = dask.base.compute(
        value, (gradient * gradient).sum(), scheduler="threads", num_workers=options.threads
    )
    return {
        "value": float(value),
        "norm": float(squares) ** 0.5,
        "seconds": time.perf_counter() - start,
        "peak": float(resident("VmHWM") - before),
        "logits": 4.0 * options.rows * options.classes,
    }


def parser() -> argparse.ArgumentParser:
    """What may be said on the command line."""
    ours = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ours.add_argument("--rows", type=int, default=16_384)
    ours.add_argument("--classes", type=int, default=131_072)
    ours.add_argument("--chunk-rows", type=int, default=128)
    ours.add_argument("--chunk-classes", type=int, default=16_384)
    ours.add_argument("--limit", type=float, default=1.5, help="gigabytes that may be allocated")
    ours.add_argument("--threads", type=int, default=2)
    ours.add_argument("--write", type=Path, help="where the page goes")
    ours.add_argument("--here", action="store_true", help="measure in this process, and print JSON")
    ours.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUBJECTS))
    return ours


def page(options: argparse.Namespace, machine: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> str:
    """Write the page."""

    def lines() -> Iterator[str]:
        size = 4 * options.rows * options.classes / GIGABYTE
        yield from ("# Beyond one device: out of core", "", "Written by `python -m benchmarks.out_of_core`.", "")
        yield from table(("machine", ""), machine)
        yield f"{options.rows} × {options.classes} logits in float32, {size:.2f} GB, in chunks of"
        yield f"{options.chunk_rows} × {options.chunk_classes}; the limit is {options.limit:g} GB, the threads are"
        yield f"{options.threads}."
        yield from ("", METHOD, "")
        yield from table(("loss", "by", "value", "norm", "seconds", "peak, MB", "peak ÷ logits"), rows, 5)

    return "\n".join(lines())


def row(name: str, done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return one subject's line of the page."""
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["killed"])[-1].partition(":")[0].rpartition(".")[2]
        return [*name.split(), why.lstrip("_"), *[""] * 4]
    found = json.loads(done.stdout)
    peak = found["peak"]
    return [
        *name.split(),
        f"{found['value']:.7g}",
        f"{found['norm']:.5g}",
        f"{found['seconds']:.0f}",
        f"{peak / 1e6:.0f}",
        f"{peak / found['logits']:.3f}",
    ]


def main() -> None:
    """Measure each subject and print a line for it."""
    options = parser().parse_args()
    names = options.names or list(SUBJECTS)
    if options.here:
        print(json.dumps(measured(options, names[0])))
        return
    machine = [*host(), ("versions", versions("numpy", "dask"))]
    rows = []
    for name in names:
        own = [argument for argument in sys.argv[1:] if argument not in options.names]
        command = [sys.executable, "-m", "benchmarks.out_of_core", *own, "--here", name]
        rows.append(row(name, subprocess.run(command, capture_output=True, text=True, check=False)))  # noqa: S603
        print(*(f"{cell:>14}" for cell in rows[-1]), flush=True)
    if options.write is not None:
        write(options.write, page(options, machine, rows))


if __name__ == "__main__":
    main()
