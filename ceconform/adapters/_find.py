"""Which implementations there are: the files of this folder, entry points, and `package.module:Adapter`."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from ceconform.adapters._adapter import Adapter
from ceconform.errors import UnknownNameError

__all__ = ["GROUP", "find", "installed", "match", "names"]

GROUP = "ceconform.adapters"
"""The entry point group of third parties: name of the implementation = `package.module:Adapter`."""


def _ours() -> dict[str, type[Adapter]]:
    """Each public module of this folder lists its adapters; none of them imports its framework."""
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            adapters = importlib.import_module(f"ceconform.adapters.{module.name}").ADAPTERS
            found.update({adapter.name: adapter for adapter in adapters})
    return found


def names() -> list[str]:
    """The implementations that can be asked for by name, ours first."""
    return [*sorted(_ours()), *sorted(point.name for point in entry_points(group=GROUP))]


def find(name: str) -> type[Adapter]:
    """The adapter of an implementation.

    Raises
    ------
    UnknownNameError
        If nobody has that name, or `package.module:Adapter` leads nowhere.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            adapter: type[Adapter] = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise UnknownNameError(f"expected {name!r} to be package.module:Adapter, got {error}") from error
        return adapter
    ours = _ours()
    if name in ours:
        return ours[name]
    for point in entry_points(group=GROUP, name=name):
        return point.load()  # type: ignore[no-any-return]
    close = difflib.get_close_matches(name, names(), n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names())}"
    raise UnknownNameError(f"expected the name of an implementation, got {name!r}; {hint}")


def match(patterns: Sequence[str]) -> list[str]:
    """The implementations that names or globs choose; square brackets stand for themselves."""
    chosen: list[str] = []
    for pattern in patterns:
        glob = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        if "*" in pattern:
            found = [name for name in names() if glob.fullmatch(name)]
        else:
            find(pattern)
            found = [pattern]
        if not found:
            raise UnknownNameError(f"expected a glob that matches one of {', '.join(names())}, got {pattern!r}")
        chosen += [name for name in found if name not in chosen]
    return chosen


def installed(name: str) -> str:
    """The installed version of an implementation's distribution, or the empty string."""
    try:
        return version(find(name).distribution)
    except PackageNotFoundError:
        return ""
