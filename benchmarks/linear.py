"""Time and peak memory of linear cross entropy, value and gradients, beside what one would use in its place.

python -m benchmarks.linear [--rows 4096] [--classes 128256] [--features 64] [--dtype float32] [--repeat 3] [NAME …]

Each subject runs in a process of its own, because a peak belongs to a process: how far what it has allocated rises
above what it held before, gradients included, as a part of what all logits would take in float32.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from benchmarks.machine import resident
from ceconform.report.markdown import table

__all__ = ["SUBJECTS", "Size", "Subject", "measure", "section"]

MOST = 0.1
"""Of the logits' size: the target."""
EVERY = 0.002
"""Seconds between two looks at what a process holds."""
ALLOCATED = "RssAnon"
"""What no file backs: pages of a library's code come and go as the machine likes."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """The layer that is asked, and how often."""

    rows: int = 4096
    classes: int = 128_256
    features: int = 64
    dtype: str = "float32"
    repeat: int = 3


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What came of one of them."""

    name: str
    value: float = 0.0
    seconds: float = 0.0
    """The fastest call's."""
    memory: float = 0.0
    """In units of all logits in float32."""
    failure: str = ""


def made(size: Size) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The inputs: hidden, weight, bias and labels."""
    rng = np.random.default_rng(2026)
    n, c, d = size.rows, size.classes, size.features
    hidden = rng.normal(size=(n, d)).astype(np.float32)
    weight = (rng.normal(size=(c, d)) / np.sqrt(d)).astype(np.float32)
    return hidden, weight, rng.normal(size=c).astype(np.float32), rng.integers(0, c, n)


def in_torch(size: Size, name: str) -> Callable[..., Any]:
    """PyTorch's forward and backward."""
    import torch
    from torch.nn import functional

    import ceconform

    def plain(h: Any, w: Any, b: Any, y: Any) -> Any:
        return functional.cross_entropy(functional.linear(h, w, b), y)

    def chunked(h: Any, w: Any, b: Any, y: Any) -> Any:
        how = torch.nn.LinearCrossEntropyOptions()
        return functional.linear_cross_entropy(h, w, y, linear_bias=b, options=how)

    def exact(h: Any, w: Any, b: Any, y: Any) -> Any:
        return ceconform.sparse_cross_entropy_with_logits(functional.linear(h, w, b), y)

    def ours(h: Any, w: Any, b: Any, y: Any) -> Any:
        return ceconform.linear_cross_entropy(h, w, y, bias=b)

    loss: Callable[..., Any] = {
        "torch plain": plain,
        "torch F.linear_cross_entropy": chunked,
        "ceconform[torch] plain": exact,
        "ceconform[torch]": ours,
    }[name]

    def run(hidden: Any, weight: Any, bias: Any, labels: Any) -> float:
        inputs = [torch.asarray(x).to(getattr(torch, size.dtype)).requires_grad_() for x in (hidden, weight, bias)]
        value = loss(*inputs, torch.asarray(labels))
        value.backward()
        return float(value.detach())

    return run


def in_jax(size: Size, name: str) -> Callable[..., Any]:
    """JAX's value and gradients, compiled beforehand: compiling takes memory of its own."""
    import jax
    import jax.numpy as jnp

    import ceconform

    def plain(h: Any, w: Any, b: Any, y: Any) -> Any:
        z = h @ w.T + b
        return (jax.nn.logsumexp(z, axis=-1) - jnp.take_along_axis(z, y[:, None], axis=-1)[:, 0]).mean()

    def ours(h: Any, w: Any, b: Any, y: Any) -> Any:
        return ceconform.linear_cross_entropy(h, w, y, bias=b)

    n, c, d = size.rows, size.classes, size.features
    shapes = [jax.ShapeDtypeStruct(shape, size.dtype) for shape in ((n, d), (c, d), (c,))]
    loss = jax.jit(jax.value_and_grad(ours if name == "ceconform[jax]" else plain, argnums=(0, 1, 2)))
    both = loss.lower(*shapes, jax.ShapeDtypeStruct((n,), "int32")).compile()

    def run(*arrays: Any) -> float:
        inputs = [jnp.asarray(x, dtype=size.dtype) for x in arrays[:3]]
        value, gradients = both(*inputs, jnp.asarray(arrays[3], dtype="int32"))
        jax.block_until_ready(gradients)
        return float(value)

    return run


def in_numpy(size: Size, name: str) -> Callable[..., Any]:
    """NumPy's value, with the gradient by hidden alone, which is what `value_and_grad` gives."""
    import ceconform

    def plain(h: Any, w: Any, b: Any, y: Any) -> float:
        z = h @ w.T + b
        z -= z.max(axis=-1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=-1)
        value = (np.log(total) - z[np.arange(len(y)), y]).mean()
        e /= total[:, None]
        e[np.arange(len(y)), y] -= 1
        e /= len(y)
        e @ w
        return float(value)

    def ours(h: Any, w: Any, b: Any, y: Any) -> float:
        value, _ = ceconform.value_and_grad(ceconform.linear_cross_entropy)(h, w, y, bias=b)
        return float(value)

    loss: Callable[..., Any] = ours if name == "ceconform[numpy]" else plain
    return lambda *arrays: loss(*(x.astype(size.dtype) for x in arrays[:3]), arrays[3])


SUBJECTS: dict[str, Callable[[Size, str], Callable[..., float]]] = {
    "torch plain": in_torch,
    "torch F.linear_cross_entropy": in_torch,
    "ceconform[torch] plain": in_torch,
    "ceconform[torch]": in_torch,
    "jax plain": in_jax,
    "ceconform[jax]": in_jax,
    "numpy plain": in_numpy,
    "ceconform[numpy]": in_numpy,
}


class Watch:
    """Looks again and again at how much is allocated, in a thread, until it is left."""

    def __enter__(self) -> Self:
        self.before = self.highest = resident(ALLOCATED)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self.highest = max(self.highest, resident(ALLOCATED))


def here(size: Size, name: str) -> Subject:
    """Measure one in this process."""
    small = Size(rows=8, classes=16, features=size.features, dtype=size.dtype)
    SUBJECTS[name](small, name)(*made(small))  # what is done once
    run = SUBJECTS[name](size, name)
    arrays, seconds = made(size), []
    with Watch() as watch:
        for _ in range(size.repeat):
            start = time.perf_counter()
            value = run(*arrays)
            seconds.append(time.perf_counter() - start)
    logits = 4 * size.rows * size.classes
    return Subject(name=name, value=value, seconds=min(seconds), memory=(watch.highest - watch.before) / logits)


def measure(size: Size, names: Sequence[str]) -> Iterator[Subject]:
    """Measure these, each in a process of its own."""
    options = [f"--{name}={value}" for name, value in asdict(size).items()]
    for name in names:
        done = subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-m", "benchmarks.linear", *options, "--here", name],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            yield Subject(name=name, failure=(done.stderr.strip().splitlines() or ["killed"])[-1])
        else:
            yield Subject(**json.loads(done.stdout))


def section(size: Size, found: Sequence[Subject]) -> Iterator[str]:
    """Write what came of it, for a page."""
    title = f"{size.rows} × {size.classes}, {size.features} features, {size.dtype}"
    yield from (f"## Linear cross entropy: {title}", "")
    yield from (
        "The loss of a layer and its gradients by hidden, weight and bias; with NumPy by hidden alone. *plain* is the",
        f"composition that holds all logits. Each in a process of its own: the fastest of {size.repeat}, and the most",
        f"that it had allocated beyond its inputs, looked at every {EVERY * 1000:g} ms, in units of all logits in",
        f"float32 ({4 * size.rows * size.classes / 1e9:.3g} GB). Ours is to hold at most {MOST:g}.",
        "",
    )
    yield from table(("subject", "value", "time", "÷ plain", "memory", "met"), (_row(each, found) for each in found), 5)


def _row(each: Subject, found: Sequence[Subject]) -> Iterator[str]:
    yield each.name
    if each.failure:
        yield from (f"failed: {each.failure}", "", "", "", "")
        return
    library = each.name.removeprefix("ceconform[").split()[0].rstrip("]")
    plain = next((other.seconds for other in found if other.name == f"{library} plain"), None)
    ours = each.name.startswith("ceconform") and not each.name.endswith("plain")
    yield from (f"{each.value:.9g}", f"{each.seconds:.2f} s", f"{each.seconds / plain:.2f}" if plain else "")
    yield from (f"{each.memory:.3f}", ("yes" if each.memory <= MOST else "**no**") if ours else "")


def main() -> None:
    """Measure each subject and print them as the page shows them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in asdict(Size()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    parser.add_argument("--here", action="store_true", help="measure in this process, and print JSON")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUBJECTS))
    options = vars(parser.parse_args())
    inside, names = options.pop("here"), options.pop("names") or list(SUBJECTS)
    size = Size(**options)
    if inside:
        print(json.dumps(asdict(here(size, names[0]))))
        return
    print(*section(size, list(measure(size, names))), sep="\n")


if __name__ == "__main__":
    main()
