"""The verbs that compare: diff."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ceconform import report
from ceconform.cli.options import DISCREPANCY, Output
from ceconform.cli.terminal import SHOWN, show

__all__ = ["diff"]


class DiffForm(StrEnum):
    """How a difference can be shown."""

    text = "text"
    markdown = "markdown"
    json = "json"


def diff(
    old: Annotated[Path, typer.Argument(help="A report.")],
    new: Annotated[Path, typer.Argument(help="A later one, of another version, machine or day.")],
    form: Annotated[DiffForm, typer.Option("--format", help="How to show it.")] = DiffForm.text,
    output: Output = None,
    every: Annotated[bool, typer.Option("--all", help="Name every case, not a few of each kind.")] = False,
) -> None:
    """Say what has changed between two reports, by case and kind; exit with 1 if anything has, with 0 if not."""
    found = report.difference(report.Report.read(old), report.Report.read(new))
    laid_out = report.render_changes(found, None if every else SHOWN)
    match form:
        case DiffForm.text:
            text = "" if output is None else report.plain(laid_out)
        case DiffForm.markdown:
            text = report.render_changes_markdown(found)
        case DiffForm.json:
            text = report.render_changes_json(found)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    elif text:
        typer.echo(text, nl=False)
    else:
        show(laid_out)
    raise typer.Exit(DISCREPANCY if found.changes else 0)
