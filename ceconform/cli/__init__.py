"""The verbs: a few lines of glue each.

Exit codes: 0 as expected; 1 a discrepancy, beside a baseline one that is new, fixed or stale; 2 usage; 3 an
implementation or a function did not start; 4 a corpus, a baseline, a report or another file is not valid, or cannot
be read or written; 130 interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

try:
    import typer

    from ceconform import __version__
    from ceconform.cli import asking, comparing, making, telling
except ImportError as missing:
    raise SystemExit(f"{missing}: `pip install 'ceconform[conformance]'` brings what the commands need") from missing

from ceconform.cli.options import NOT_STARTED, NOT_VALID, USAGE
from ceconform.errors import CeconformError, CorpusError, ReportError, StartError

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("list")(asking.list_)
app.command("run")(asking.run)
app.command("report")(telling.report_)
app.command("explain")(asking.explain)
app.command("diff")(comparing.diff)
app.command("accept")(comparing.accept)
app.command("sweep")(making.sweep)
app.command("fuzz")(making.fuzz_)
app.command("export")(making.export)
app.command("lint")(making.lint)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ceconform {__version__}")
        raise typer.Exit


@app.callback(help=__doc__)
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version, and exit.")
    ] = False,
) -> None:
    """What stands before a verb."""


def main() -> None:
    """Run the command line; what ceconform has to say against its input is said without a traceback."""
    sys.path.insert(0, str(Path.cwd()))  # as for `python -m`: an adapter of one's own lies where one is
    try:
        app()
    except (CorpusError, ReportError) as error:
        sys.exit(_say(error, NOT_VALID))
    except StartError as error:
        sys.exit(_say(error, NOT_STARTED))
    except CeconformError as error:
        sys.exit(_say(error, USAGE))
    except OSError as error:
        sys.exit(_say(f"expected a file that can be read or written, got {error}", NOT_VALID))


def _say(error: CeconformError | str, code: int) -> int:
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(error))
    typer.echo(f"ceconform: {shown}", err=True)  # a file's words give no orders to a terminal
    return code
