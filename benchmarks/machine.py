"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import ceconform

__all__ = ["describe", "host", "resident", "versions"]

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib", "optax")
BUSY = 0.5


def describe(device: str = "cpu") -> Iterator[tuple[str, str]]:
    """Name the machine, the threads and the versions, in the order in which a page shows them."""
    import torch

    yield from host()
    if device != "cpu":
        yield "device of PyTorch", torch.cuda.get_device_name(device)
    yield "threads", f"as by default: PyTorch {torch.get_num_threads()}, XLA one for each core, NumPy's ufuncs 1"
    yield "versions", versions(*LIBRARIES)


def host() -> Iterator[tuple[str, str]]:
    """Name the machine alone."""
    yield "date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield "CPU", _cpu()
    yield "cores", str(os.cpu_count() or 1)
    yield "load average at the start", _load(os.getloadavg()[0])
    yield "system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"


def resident(field: str) -> int:
    """Bytes of this process: VmRSS now, VmHWM at the most, RssAnon what no file backs, VmData what it may write."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def versions(*libraries: str) -> str:
    """Name ours and those of these libraries."""
    return ", ".join([f"ceconform {ceconform.__version__}", *(f"{name} {version(name)}" for name in libraries)])


def _load(average: float) -> str:
    """Other work makes OpenMP's threads wait for each other: a small native call then takes 100 times as long.

    >>> _load(0.2)
    '0.2'
    """
    busy = average > BUSY
    return f"{average:.1f}" + ("; other work shares the cores: no ratio here is to be relied on" if busy else "")


def _cpu() -> str:
    """Linux names the model here; elsewhere Python knows as much as there is."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
