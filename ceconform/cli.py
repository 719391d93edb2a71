"""The verbs: a few lines of glue each.

Exit codes: 0 as expected; 1 a discrepancy; 2 usage; 3 an implementation did not start; 4 a corpus or a report is not
valid.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

try:
    import typer
    from rich.console import Console
    from rich.table import Table
except ImportError as missing:
    raise SystemExit(f"{missing}: `pip install 'ceconform[conformance]'` brings what the commands need") from missing

from ceconform import __version__, adapters, report
from ceconform.corpus import LOSSES, corpus_hash, coverage, load, select
from ceconform.corpus.coverage import table
from ceconform.errors import (
    ArgumentError,
    CeconformError,
    CorpusError,
    MissingDependencyError,
    ReportError,
    StartError,
)
from ceconform.harness import ask, commands

__all__ = ["app", "main"]

DISCREPANCY, USAGE, NOT_STARTED, NOT_VALID = 1, 2, 3, 4
ERRORS = Console(stderr=True)
SHOWN = 8
"""How many failing cases of each kind a terminal is shown."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class What(StrEnum):
    """What can be listed."""

    implementations = "implementations"
    cases = "cases"
    losses = "losses"
    miniatures = "miniatures"


class Form(StrEnum):
    """How a report can be shown."""

    text = "text"
    table = "table"
    markdown = "markdown"
    discrepancies = "discrepancies"
    svg = "svg"
    json = "json"


class SweepForm(StrEnum):
    """How a sweep can be shown."""

    text = "text"
    json = "json"
    markdown = "markdown"
    svg = "svg"


Globs = Annotated[list[str] | None, typer.Option("--case", "-k", help="Only cases whose id matches this glob.")]
Implementations = Annotated[list[str] | None, typer.Argument(help="Names, globs, or package.module:Adapter.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only cases with this tag.")]
Losses = Annotated[list[str] | None, typer.Option("--loss", help="Only cases of this loss.")]
Corpus = Annotated[Path | None, typer.Option("--corpus", help="A folder of cases, in place of ours.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]
Dtypes = Annotated[list[str] | None, typer.Option("--dtype", help="Only in this dtype; may be repeated.")]
Devices = Annotated[list[str] | None, typer.Option("--device", help="cpu (the default) or cuda.")]
Jobs = Annotated[int, typer.Option("-j", min=1, help="How many implementations run side by side.")]
Commands = Annotated[
    list[str] | None,
    typer.Option("--command", help="NAME=COMMAND: an implementation that is a command, in any language."),
]
Limit = Annotated[float, typer.Option(min=0.1, help="Seconds that one evaluation may take.")]


@app.command("list")
def list_(
    what: Annotated[What, typer.Argument(help="What to list.")] = What.implementations,
    globs: Globs = None,
    tags: Tags = None,
    losses: Losses = None,
    corpus: Corpus = None,
    by_family: Annotated[
        bool, typer.Option("--coverage", help="Count the cases by loss, family and parameter; 0 is a gap.")
    ] = False,
) -> None:
    """List the implementations with what is installed of them, the cases, the losses, or the miniatures."""
    if by_family:
        _table(*table(coverage(select(load(corpus), globs or (), tags=tags or (), losses=losses or ()))))
        return
    match what:
        case What.implementations:
            rows = [(name, adapters.installed(name) or "not installed") for name in adapters.names()]
            _table(("implementation", "version"), rows)
        case What.cases:
            chosen = select(load(corpus), globs or (), tags=tags or (), losses=losses or ())
            _table(("case", "loss", "tags"), [(c.id, c.loss, " ".join(c.tags)) for c in chosen])
        case What.miniatures:
            from ceconform.authoring.miniatures import miniatures

            rows = [(each.name, each.fault.summary) for each in miniatures()]
            _table(("miniature", "what is wrong with it"), rows)
        case What.losses:
            _table(
                ("loss", "predictions", "labels", "parameters"),
                [(x.name, x.predictions, x.labels or "none", ", ".join(x.parameters)) for x in LOSSES.values()],
            )


@app.command()
def run(
    implementations: Implementations = None,
    stated: Commands = None,
    globs: Globs = None,
    tags: Tags = None,
    losses: Losses = None,
    dtypes: Dtypes = None,
    devices: Devices = None,
    jobs: Jobs = 1,
    limit: Limit = 60.0,
    output: Output = None,
    corpus: Corpus = None,
) -> None:
    """Ask implementations the cases, and judge each answer. In a pipe, the report is JSON Lines."""
    started = commands(stated or ())
    names = _together(adapters.match(implementations or ()), started)
    cases = load(corpus)
    chosen = select(cases, globs or (), tags=tags or (), losses=losses or ())
    header = report.Header.here(ceconform=__version__, corpus=corpus_hash(cases), cases=len(chosen))
    piped = output is None and not sys.stdout.isatty()
    with tempfile.TemporaryDirectory() as folder:
        path = output or Path(folder, "report.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        with report.Writer(sys.stdout if piped else path, header) as writer, report.Watch(ERRORS) as watch:
            recorder = report.Recorder(writer)
            failed = False
            events = ask(
                names,
                chosen,
                dtypes=dtypes or (),
                devices=devices or ("cpu",),
                jobs=jobs,
                limit=limit,
                commands=started,
            )
            for event, results in recorder.follow(events):
                watch.see(event, results)
                failed |= any(result.verdict in {"fail", "error"} for result in results)
        if not piped:
            _show(report.Report.read(path))
    raise typer.Exit(NOT_STARTED if recorder.missing else DISCREPANCY if failed else 0)


@app.command("report")
def report_(
    files: Annotated[list[Path], typer.Argument(help="Reports; several are merged. `-` is standard input.")],
    form: Annotated[Form, typer.Option("--format", help="How to show it.")] = Form.text,
    output: Output = None,
    again: Annotated[bool, typer.Option("--judge", help="Judge the raw answers again, by today's rules.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Name every case that fails, not a few of each kind.")] = False,
    into: Annotated[Path | None, typer.Option(help="Replace what this file has between its results marks.")] = None,
    corpus: Corpus = None,
) -> None:
    """Show a report, or several as one."""
    merged = report.merge(
        report.Report.read(sys.stdin, "<stdin>") if str(file) == "-" else report.Report.read(file) for file in files
    )
    if again:
        merged = report.judge_again(merged, {case.id: case for case in load(corpus)})
    match form:
        case Form.text:
            text = ""
        case Form.markdown:
            text = report.render_markdown(merged)
        case Form.discrepancies:
            text = report.render_discrepancies(merged, {case.id: case for case in load(corpus)})
        case Form.table:
            text = report.render_table(merged)
        case Form.svg:
            text = report.render_svg(merged)
        case Form.json:
            text = "".join(merged.lines())
    if into is not None:
        report.insert(text, into)
    elif output is not None:
        output.write_text(text or report.render_plain(merged, None), encoding="utf-8")
    elif text:
        typer.echo(text, nl=False)
    else:
        _show(merged, limit=None if every else SHOWN)


@app.command()
def explain(
    case: Annotated[str, typer.Argument(help="The id of a case.")],
    implementation: Annotated[str, typer.Argument(help="The name of an implementation, or of a --command.")],
    stated: Commands = None,
    dtypes: Dtypes = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    limit: Annotated[float, typer.Option(min=0.1, help="Seconds that the evaluation may take.")] = 60.0,
    corpus: Corpus = None,
) -> None:
    """Ask one case, and print what was sent, got and wanted, the verdict, and a program that shows it."""
    cases = load(corpus)
    chosen = select(cases, [case])
    header = report.Header.here(ceconform=__version__, corpus=corpus_hash(cases), cases=len(chosen))
    recorder = report.Recorder(report.Writer(io.StringIO(), header))
    with recorder.writer:
        asked = dtypes or ("float32",) if "float32" in chosen[0].dtypes else chosen[0].dtypes[:1]
        started = commands(stated or ())
        events = ask([implementation], chosen, dtypes=asked, devices=[device], limit=limit, commands=started)
        results = [result for _, found in recorder.follow(events) for result in found]
    for reason in recorder.missing.values():
        raise StartError(f"{implementation} did not start: {reason}")
    known = replace(header, implementations=tuple(recorder.implementations.values()))
    by_id = {each.id: each for each in chosen}
    typer.echo("\n".join(report.explain(by_id[result.case], result, known) for result in results), nl=False)


@app.command()
def sweep(
    implementations: Implementations = None,
    losses: Losses = None,
    dtypes: Dtypes = None,
    devices: Devices = None,
    jobs: Jobs = 1,
    limit: Limit = 60.0,
    form: Annotated[SweepForm | None, typer.Option("--format", help="How to show it.")] = None,
    output: Output = None,
    earlier: Annotated[list[Path] | None, typer.Option("--from", help="Add a sweep that was written as json.")] = None,
) -> None:
    """Measure values and gradients against the oracle, in ulps. In a pipe or a file, the result is JSON Lines."""
    from ceconform.authoring.grids import grids  # the oracle takes a while to import
    from ceconform.authoring.sweep import sweep as measure

    found = [report.Accuracy.read(path) for path in earlier or ()]
    names = adapters.match(implementations or ())
    if names or not found:
        cases = grids(losses or (), dtypes or ())
        with report.Watch(ERRORS) as watch:
            found.append(
                measure(
                    names,
                    cases,
                    devices=devices or ("cpu",),
                    jobs=jobs,
                    limit=limit,
                    watch=lambda event: watch.see(event, ()),
                )
            )
    merged = report.Accuracy.merge(found)
    terminal = output is None and sys.stdout.isatty()
    match form or (SweepForm.text if terminal else SweepForm.json):
        case SweepForm.text if terminal:
            Console().print(report.render_accuracy_text(merged))
            text = ""
        case SweepForm.text:
            text = report.render_accuracy_plain(merged)
        case SweepForm.json:
            text = "".join(merged.lines())
        case SweepForm.markdown:
            text = report.render_accuracy(merged, picture="accuracy.svg")
        case SweepForm.svg:
            text = report.render_curves(merged)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    raise typer.Exit(NOT_STARTED if merged.header.missing else 0)


def _seconds(text: str) -> float:
    """Read a time: `90`, `90s`, `5m`, `1h`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if match is None:
        raise typer.BadParameter(f"expected a time such as 60s, 5m or 1h, got {text!r}")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


@app.command("fuzz")
def fuzz_(
    implementations: Annotated[list[str], typer.Argument(help="Names, globs, or package.module:Adapter.")],
    against: Annotated[str, typer.Option(help="Another implementation: find where the verdicts differ.")] = "",
    budget: Annotated[str, typer.Option(metavar="TIME", help="How long each is searched: 60s, 5m, 1h.")] = "60s",
    seed: Annotated[int, typer.Option(help="The same one finds the same again.")] = 0,
    losses: Annotated[list[str] | None, typer.Option("--loss", help="Only this loss; may be repeated.")] = None,
    dtypes: Dtypes = None,
    known: Annotated[
        Path | None, typer.Option(help="A report of what the corpus shows already; without it, cases are asked first.")
    ] = None,
    limit: Limit = 60.0,
    output: Output = None,
    corpus: Corpus = None,
) -> None:
    """Search for discrepancies that the corpus does not show yet, and print each as a case."""
    try:
        from ceconform.authoring import fuzz, telling  # the oracle takes a while to import
    except ImportError as error:
        raise MissingDependencyError(
            f"{error}: `pip install 'ceconform[fuzz]'` brings what the search needs"
        ) from error

    search = partial(
        fuzz.fuzz,
        against=against,
        losses=losses or (),
        dtypes=dtypes or (),
        budget=_seconds(budget),
        seed=seed,
        limit=limit,
        cases=load(corpus),
        report=report.Report.read(known) if known else None,
    )
    missing = []

    def findings() -> Iterator[fuzz.Finding]:
        for name in adapters.match(implementations):
            try:
                for event in search(name):
                    if isinstance(event, fuzz.Searched):
                        ERRORS.print(telling.summary(event), markup=False, highlight=False)
                    else:
                        yield event
            except StartError as error:
                missing.append(name)
                ERRORS.print(f"{name} did not start: {error}", style="red", markup=False)

    found = False
    for text in telling.tell(findings()):
        if output is None:
            typer.echo(text, nl=False)
        else:
            with output.open("a" if found else "w", encoding="utf-8") as file:
                file.write(text)
        found = True
    if not found and not missing:
        typer.echo("Nothing is found.")
    raise typer.Exit(NOT_STARTED if missing else DISCREPANCY if found else 0)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A folder that is new, empty, or an earlier export.")],
    globs: Globs = None,
    tags: Tags = None,
    losses: Losses = None,
    dtypes: Dtypes = None,
    corpus: Corpus = None,
) -> None:
    """Write the corpus as JSON, for any language: a file for each loss and dtype, their schema and definitions."""
    from ceconform.authoring.export import export as write  # the oracle takes a while to import

    cases = load(corpus)
    chosen = select(cases, globs or (), tags=tags or (), losses=losses or (), dtypes=dtypes or ())
    written = write(folder, chosen, corpus=corpus_hash(cases), dtypes=dtypes or ())
    _table(("file", "cases", "bytes"), [(file.path, str(file.cases), str(file.size)) for file in written])


@app.command()
def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Case files; all of ours if none is named.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write expected values and formatting.")] = False,
) -> None:
    """Check case files: schema, sources, formatting, and every expected value against the oracle."""
    from ceconform.authoring.lint import lint as lint_corpus  # the oracle takes a while to import

    problems = lint_corpus(paths or None, fix=fix)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(NOT_VALID)
    typer.echo("Nothing is wrong.")


def _together(names: list[str], started: Iterable[str]) -> list[str]:
    """Names of adapters and of commands: one of them, and none twice."""
    together = [*names, *started]
    if not together:
        raise ArgumentError("expected an implementation, or one more by --command NAME=COMMAND, got none")
    for name in names:
        if name in together[len(names) :]:
            raise ArgumentError(f"expected the command to have a name of its own, got {name!r}, which is asked too")
    return together


def _show(shown: report.Report, limit: int | None = SHOWN) -> None:
    """A report on a terminal, coloured and as wide as that is; as plain text in a pipe."""
    if sys.stdout.isatty():
        Console().print(report.render_text(shown, limit))
    else:
        typer.echo(report.render_plain(shown, limit), nl=False)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
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
