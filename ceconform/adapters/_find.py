"""Which implementations there are: the files of this folder, entry points, and `package.module:Adapter`."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ceconform.adapters._adapter import Adapter
from ceconform.errors import ArgumentError, UnknownNameError

__all__ = ["GROUP", "find", "match", "names", "ours"]

GROUP = "ceconform.adapters"
"""The entry point group of third parties: name of the implementation = `package.module:Adapter`."""


def ours() -> dict[str, type[Adapter]]:
    """Each public module of this folder lists its adapters; none of them imports its framework."""
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            adapters = importlib.import_module(f"ceconform.adapters.{module.name}").ADAPTERS
            found.update({adapter.name: adapter for adapter in adapters})
    return found


def names() -> list[str]:
    """The implementations that can be asked for by name, ours first."""
    return [*sorted(ours()), *sorted(point.name for point in entry_points(group=GROUP))]


def find(name: str) -> type[Adapter]:
    """The adapter of an implementation.

    Raises
    ------
    UnknownNameError
        If nobody has that name, or `package.module:Adapter` leads nowhere.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        return _adapter(name, lambda: getattr(importlib.import_module(module), attribute))
    if adapter := ours().get(name):
        return adapter
    for point in entry_points(group=GROUP, name=name):
        return _adapter(point.value, point.load)
    raise _unknown(name)


def _unknown(name: str) -> UnknownNameError:
    close = difflib.get_close_matches(name, names(), n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names())}"
    return UnknownNameError(f"expected the name of an implementation, got {name!r}; {hint}")


def _adapter(target: str, load: Callable[[], Any]) -> type[Adapter]:
    """What a third party's path leads to, which must be an adapter."""
    try:
        adapter = load()
    except (Exception, SystemExit) as error:  # some libraries leave when they miss something
        told = str(error) if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise UnknownNameError(f"expected {target!r} to be package.module:Adapter, got {told}") from error
    if isinstance(adapter, type) and issubclass(adapter, Adapter):
        return adapter
    if callable(adapter) and not isinstance(adapter, type):
        raise ArgumentError(
            f"expected {target!r} to be an adapter, got a function: say which loss it computes and what arrays it "
            "takes, with --loss NAME --backend NAME"
        )
    raise ArgumentError(f"expected {target!r} to be an adapter, a subclass of ceconform.adapters.Adapter")


def match(patterns: Sequence[str]) -> list[str]:
    """The implementations that names or globs choose; square brackets stand for themselves.

    Nothing of a third party's is imported: it may end the process, and is to end that of its worker.
    """
    chosen: list[str] = []
    for pattern in patterns:
        glob = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        if "*" in pattern:
            found = [name for name in names() if glob.fullmatch(name)]
        else:
            found = [pattern]
            if ":" not in pattern and pattern not in names():
                raise _unknown(pattern)
        if not found:
            raise UnknownNameError(f"expected a glob that matches one of {', '.join(names())}, got {pattern!r}")
        chosen += [name for name in found if name not in chosen]
    return chosen
