"""The verbs: a few lines of glue each.

Exit codes: 0 as expected; 1 a discrepancy; 2 usage; 3 an implementation did not start; 4 a corpus or a report is not
valid.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

try:
    import typer
    from rich.console import Console
    from rich.table import Table
except ImportError as missing:
    raise SystemExit(f"{missing}: `pip install 'ceconform[conformance]'` brings what the commands need") from missing

from ceconform import adapters, report
from ceconform.authoring import lint as lint_corpus
from ceconform.corpus import LOSSES, Case, load, select
from ceconform.errors import CeconformError, CorpusError, ReportError, StartError

__all__ = ["app", "main"]

USAGE, NOT_STARTED, NOT_VALID = 2, 3, 4

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class What(StrEnum):
    """What can be listed."""

    implementations = "implementations"
    cases = "cases"
    losses = "losses"


class Form(StrEnum):
    """How a report can be shown."""

    text = "text"
    markdown = "markdown"
    discrepancies = "discrepancies"
    json = "json"


Globs = Annotated[list[str] | None, typer.Option("--case", "-k", help="Only cases whose id matches this glob.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only cases with this tag.")]
Losses = Annotated[list[str] | None, typer.Option("--loss", help="Only cases of this loss.")]
Corpus = Annotated[Path | None, typer.Option("--corpus", help="A folder of cases, in place of the one that we ship.")]


def _chosen(corpus: Path | None, globs: list[str] | None, tags: list[str] | None, losses: list[str] | None) -> list[Case]:
    return list(select(load(corpus), globs or (), tags=tags or (), losses=losses or ()))


@app.command("list")
def list_(
    what: Annotated[What, typer.Argument(help="What to list.")] = What.implementations,
    case: Globs = None,
    tag: Tags = None,
    loss: Losses = None,
    corpus: Corpus = None,
) -> None:
    """List the implementations and what is installed of them, the cases, or the losses."""
    match what:
        case What.implementations:
            rows = [(name, *adapters.installed(name)) for name in adapters.names()]
            _table(("implementation", "version", "losses"), rows)
        case What.cases:
            chosen = _chosen(corpus, case, tag, loss)
            _table(("case", "loss", "tags"), [(c.id, c.loss, " ".join(c.tags)) for c in chosen])
        case What.losses:
            rows = [(x.name, f"{x.predictions}, {x.labels or 'no'} labels", ", ".join(x.parameters)) for x in LOSSES.values()]
            _table(("loss", "takes", "parameters"), rows)


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table on a terminal, tab-separated lines in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def main() -> None:
    """Run the command line; what ceconform has to say against its input is said without a traceback."""
    try:
        app()
    except (CorpusError, ReportError) as error:
        sys.exit(_say(error, NOT_VALID))
    except StartError as error:
        sys.exit(_say(error, NOT_STARTED))
    except CeconformError as error:
        sys.exit(_say(error, USAGE))


def _say(error: CeconformError, code: int) -> int:
    typer.echo(f"ceconform: {error}", err=True)
    return code
