"""What is shown: coloured and wide on a terminal, plain in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import typer
from rich.console import Console, RenderableType
from rich.table import Table

from ceconform import report

__all__ = ["ERRORS", "SHOWN", "show", "table"]

ERRORS = Console(stderr=True, emoji=False)  # `planted:Sound:` is a name
SHOWN = 8
"""How many failing cases of each kind a terminal is shown."""


def show(laid_out: RenderableType) -> None:
    """Something on a terminal, coloured and as wide as that is; as plain text in a pipe."""
    if sys.stdout.isatty():
        Console().print(laid_out)
    else:
        typer.echo(report.plain(laid_out), nl=False)


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A table on a terminal, tab-separated lines in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    laid_out = Table(*columns, box=None, header_style="bold")
    for row in rows:
        laid_out.add_row(*row)
    Console().print(laid_out)
