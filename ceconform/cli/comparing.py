"""The verbs that compare: diff, accept."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ceconform import report
from ceconform.cli.options import DISCREPANCY, Baselines, Corpus, Implementations, Output
from ceconform.cli.terminal import ERRORS, SHOWN, show
from ceconform.corpus import load
from ceconform.errors import ArgumentError
from ceconform.files import write
from ceconform.verdict import read_baselines

__all__ = ["accept", "diff"]


class DiffForm(StrEnum):
    """How a difference can be shown."""

    text = "text"
    markdown = "markdown"
    json = "json"
    history = "history"


_TWO = 2


def diff(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="OLD NEW", help="A report and a later one; for a history, those of any releases."),
    ],
    form: Annotated[DiffForm, typer.Option("--format", help="How to show it.")] = DiffForm.text,
    output: Output = None,
    every: Annotated[bool, typer.Option("--all", help="Name every case, not a few of each kind.")] = False,
) -> None:
    """Say what has changed between two reports, by case and kind; exit with 1 if anything has, with 0 if not.

    As a history, what each release of an implementation changed since the one before.
    """
    if len(files) < _TWO or (len(files) > _TWO and form is not DiffForm.history):
        raise ArgumentError(f"expected two reports, or more and --format history, got {len(files)}")
    if form is DiffForm.history:
        found = report.histories({file.stem: report.Report.read(file) for file in files})
        _tell(report.render_history(found), output)
        raise typer.Exit(DISCREPANCY if found.changed else 0)
    old, new = (report.Report.read(file) for file in files)
    changes = report.difference(old, new)
    laid_out = report.render_changes(changes, None if every else SHOWN)
    match form:
        case DiffForm.markdown:
            _tell(report.render_changes_markdown(changes), output)
        case DiffForm.json:
            _tell(report.render_changes_json(changes), output)
        case _ if output is not None:
            _tell(report.plain(laid_out), output)
        case _:
            show(laid_out)
    raise typer.Exit(DISCREPANCY if changes.changes else 0)


def _tell(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
    else:
        write(output, text)


def accept(
    file: Annotated[Path, typer.Argument(metavar="REPORT", help="A report of the whole corpus.")],
    implementations: Implementations = None,
    output: Output = None,
    baselines: Baselines = None,
    force: Annotated[bool, typer.Option(help="Accept wrong values, and what is worse, too.")] = False,
    corpus: Corpus = None,
) -> None:
    """Add what is new in a report to a baseline, with the reasons left to write; exit with 1 if something is left."""
    from ceconform.authoring.acceptance import CAP  # the oracle takes a while to import
    from ceconform.authoring.baselines import extend

    known = read_baselines([*(baselines or ()), *([output] if output is not None and output.exists() else [])])
    extended = extend(
        report.Report.read(file), known, load(corpus), path=output, names=implementations or (), force=force
    )
    if output is None:
        typer.echo(extended.text, nl=False)
    told = f"{extended.accepted} answers are accepted, in {extended.entries} entries"
    todo = f": write their reasons, then `ceconform lint {output or 'FILE'}`" if extended.entries else ""
    ERRORS.print(f"{told}{todo}", markup=False, highlight=False)
    for each in extended.errors[:SHOWN]:
        ERRORS.print(f"an error is no answer: {each.case} {each.implementation}: {each.reason}", markup=False)
    for each in extended.refused[:SHOWN]:
        ERRORS.print(f"not accepted: {each.kind}: {each.case} {each.implementation} ({each.dtype})", markup=False)
    if extended.refused:
        left = f"{len(extended.refused)} answers are as bad as {CAP}, or worse: --force accepts them"
        ERRORS.print(left, style="red", markup=False, highlight=False)
    raise typer.Exit(DISCREPANCY if extended.refused or extended.errors else 0)
