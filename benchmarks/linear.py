"""Time and peak memory of linear cross entropy, forward plus backward, beside what one would use in its place.

python benchmarks/linear.py [--rows 4096] [--classes 128256] [--features 64] [--dtype float32] [--repeat 1] [NAME …]

Each subject runs in a process of its own, because a peak belongs to a process: how far its resident memory rises above
what it held before the first call, gradients included, as a part of what all logits would take in float32.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def made(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The inputs: hidden, weight, bias and labels."""
    rng = np.random.default_rng(2026)
    n, c, d = options.rows, options.classes, options.features
    hidden = rng.normal(size=(n, d)).astype(np.float32)
    weight = (rng.normal(size=(c, d)) / np.sqrt(d)).astype(np.float32)
    return hidden, weight, rng.normal(size=c).astype(np.float32), rng.integers(0, c, n)


def in_torch(options: argparse.Namespace, name: str) -> Callable[..., Any]:
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
        inputs = [torch.asarray(x).to(getattr(torch, options.dtype)).requires_grad_() for x in (hidden, weight, bias)]
        value = loss(*inputs, torch.asarray(labels))
        value.backward()
        return float(value)

    return run


def in_jax(options: argparse.Namespace, name: str) -> Callable[..., Any]:
    """JAX's value and gradient, compiled."""
    import jax
    import jax.numpy as jnp

    import ceconform

    def plain(h: Any, w: Any, b: Any, y: Any) -> Any:
        z = h @ w.T + b
        return (jax.nn.logsumexp(z, axis=-1) - jnp.take_along_axis(z, y[:, None], axis=-1)[:, 0]).mean()

    def ours(h: Any, w: Any, b: Any, y: Any) -> Any:
        return ceconform.linear_cross_entropy(h, w, y, bias=b)

    both = jax.jit(jax.value_and_grad(ours if name == "ceconform[jax]" else plain, argnums=(0, 1, 2)))

    def run(*arrays: Any) -> float:
        inputs = [jnp.asarray(x, dtype=options.dtype) for x in arrays[:3]]
        value, gradients = both(*inputs, jnp.asarray(arrays[3]))
        jax.block_until_ready(gradients)
        return float(value)

    return run


def in_numpy(options: argparse.Namespace, name: str) -> Callable[..., Any]:
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
    return lambda *arrays: loss(*(x.astype(options.dtype) for x in arrays[:3]), arrays[3])


SUBJECTS = {
    "torch plain": in_torch,
    "torch F.linear_cross_entropy": in_torch,
    "ceconform[torch] plain": in_torch,
    "ceconform[torch]": in_torch,
    "jax plain": in_jax,
    "ceconform[jax]": in_jax,
    "numpy plain": in_numpy,
    "ceconform[numpy]": in_numpy,
}


def resident(field: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at the most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def measured(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """One subject's time and memory, in this process."""
    run = SUBJECTS[name](options, name)
    small = argparse.Namespace(**{**vars(options), "rows": 8, "classes": 16})
    run(*made(small))
    arrays = made(options)
    seconds = []
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here
    for _ in range(options.repeat):
        start = time.perf_counter()
        value = run(*arrays)
        seconds.append(time.perf_counter() - start)
    logits = 4 * options.rows * options.classes
    return {"value": value, "seconds": min(seconds), "memory": (resident("VmHWM") - before) / logits}


def main() -> None:
    """Measure each subject and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--classes", type=int, default=128_256)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--here", action="store_true", help="measure in this process, and print JSON")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUBJECTS))
    options = parser.parse_args()
    names = options.names or list(SUBJECTS)
    if options.here:
        print(json.dumps(measured(options, names[0])))
        return
    print(
        f"{options.rows} x {options.classes}, D = {options.features}, {options.dtype}; memory 1 = all logits in float32"
    )
    print(f"{'':30} {'value':>14} {'seconds':>8} {'memory':>7}")
    for name in names:
        own = [arg for arg in sys.argv[1:] if arg not in options.names]
        done = subprocess.run(  # noqa: S603 - this very program
            [sys.executable, __file__, *own, "--here", name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{name:30} {(done.stderr.strip().splitlines() or ['killed'])[-1]}")
            continue
        found = json.loads(done.stdout)
        print(f"{name:30} {found['value']:14.9g} {found['seconds']:8.2f} {found['memory']:7.3f}")


if __name__ == "__main__":
    main()
