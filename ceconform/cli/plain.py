"""Plain functions on the command line: `package.module:function --loss NAME --backend NAME`."""

from __future__ import annotations

from collections.abc import Sequence

from ceconform.adapters import HOSTS
from ceconform.corpus import LOSSES
from ceconform.errors import ArgumentError, UnknownNameError
from ceconform.harness import function_command
from ceconform.libraries import resolve

__all__ = ["plain"]


def plain(
    implementations: Sequence[str],
    losses: Sequence[str],
    *,
    backend: str | None = None,
    reduction: str | None = None,
    conventions: Sequence[str] = (),
) -> dict[str, list[str]]:
    """How the plain functions among the implementations are started.

    >>> list(plain(["torch", "mylib:my_bce"], ["binary_cross_entropy"], backend="torch"))
    ['mylib:my_bce']

    Raises
    ------
    ArgumentError
        If something is missing that a function needs, or stated without one.
    UnknownNameError
        For a backend or a convention that nobody knows.
    """
    functions = [name for name in implementations if ":" in name] if backend is not None else []
    if backend is None:
        if reduction is not None or conventions:
            option = "--convention" if conventions else "--reduction"
            raise ArgumentError(f"expected --backend beside {option}, which is for a plain function, got none")
        return {}
    if backend not in HOSTS:
        raise UnknownNameError(f"expected as --backend one of {', '.join(HOSTS)}; got {backend!r}")
    if not functions:
        raise ArgumentError("expected package.module:function beside --backend, got no name with a colon")
    if len(losses) != 1 or losses[0] not in LOSSES:
        got = ", ".join(losses) or "none"
        raise ArgumentError(f"expected one --loss, the one that {functions[0]} computes, got {got}")
    resolve(tuple(conventions), losses[0])
    return {
        name: function_command(name, loss=losses[0], backend=backend, reduction=reduction, conventions=conventions)
        for name in functions
    }
