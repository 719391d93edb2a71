"""Installation: what is installed of an implementation; a third party's adapter is imported in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from ceconform.adapters import find, ours
from ceconform.harness.ending import told
from ceconform.harness.process import environment

__all__ = ["installed"]

_LOOK = """\
import sys
from importlib.metadata import version
from ceconform.adapters import find
print(version(find(sys.argv[1]).distribution), flush=True)
"""
_LIMIT = 60.0
"""Seconds that an adapter may take to be imported."""


def installed(name: str) -> str:
    """The installed version of an implementation's distribution; else why there is none, in words."""
    if name in ours():
        try:
            return version(find(name).distribution)
        except PackageNotFoundError:
            return "not installed"
    command = [sys.executable, "-W", "ignore", "-c", _LOOK, name]
    try:
        looked = subprocess.run(  # noqa: S603 - our own
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment(), check=False, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        return f"not imported within {_LIMIT:g} s"
    if looked.returncode < 0:
        return f"not imported: {told(looked.returncode)}"
    lines = looked.stdout.decode(errors="replace").split()  # a library may print while it is imported
    return "not installed" if looked.returncode or not lines else lines[-1]
