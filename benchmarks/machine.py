"""What the figures were measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ceconform

__all__ = ["describe"]

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib", "optax")


def describe(device: str = "cpu") -> Iterator[tuple[str, str]]:
    """Name the machine, the threads and the versions, in the order in which a page shows them."""
    import torch

    yield "date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield "CPU", _cpu()
    cores = os.cpu_count() or 1
    yield "cores", str(cores)
    if device != "cpu":
        yield "device of PyTorch", torch.cuda.get_device_name(device)
    yield "load average at the start", f"{os.getloadavg()[0]:.1f}"
    yield "system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    yield "threads", f"as by default: PyTorch {torch.get_num_threads()}, XLA one for each core, NumPy's ufuncs 1"
    versions = (f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    yield "versions", ", ".join([f"ceconform {ceconform.__version__}", *versions])


def _cpu() -> str:
    """Linux names the model here; elsewhere Python knows as much as there is."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
