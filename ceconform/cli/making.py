"""The verbs that make: sweep, fuzz, export, lint."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ceconform import adapters, report
from ceconform.cli.options import (
    DISCREPANCY,
    NOT_STARTED,
    NOT_VALID,
    Commands,
    Corpus,
    Devices,
    Dtypes,
    Globs,
    Implementations,
    Jobs,
    Limit,
    Losses,
    Output,
    Tags,
    together,
)
from ceconform.cli.terminal import ERRORS, table
from ceconform.corpus import corpus_hash, load, select
from ceconform.errors import MissingDependencyError, StartError
from ceconform.files import write
from ceconform.harness import commands

__all__ = ["export", "fuzz_", "lint", "sweep"]


class SweepForm(StrEnum):
    """How a sweep can be shown."""

    text = "text"
    json = "json"
    markdown = "markdown"
    svg = "svg"


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
        write(output, text)
    raise typer.Exit(NOT_STARTED if merged.header.missing else 0)


def _seconds(text: str) -> float:
    """Read a time: `90`, `90s`, `5m`, `1h`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if match is None:
        raise typer.BadParameter(f"expected a time such as 60s, 5m or 1h, got {text!r}")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def fuzz_(
    implementations: Annotated[
        list[str] | None, typer.Argument(help="Names, globs, or package.module:Adapter.")
    ] = None,
    stated: Commands = None,
    against: Annotated[
        str, typer.Option(help="Another one, perhaps a --command: find where the verdicts differ.")
    ] = "",
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
        from ceconform.authoring import fuzzing  # the oracle takes a while to import
    except ImportError as error:
        raise MissingDependencyError(
            f"{error}: `pip install 'ceconform[fuzz]'` brings what the search needs"
        ) from error

    started = commands(stated or ())
    names = together(adapters.match(implementations or ()), [name for name in started if name != against])
    search = partial(
        fuzzing.fuzz,
        against=against,
        commands=started,
        losses=losses or (),
        dtypes=dtypes or (),
        budget=_seconds(budget),
        seed=seed,
        limit=limit,
        cases=load(corpus),
        report=report.Report.read(known) if known else None,
    )
    missing = []

    def findings() -> Iterator[fuzzing.Finding]:
        for name in names:
            try:
                for event in search(name):
                    if isinstance(event, fuzzing.Searched):
                        ERRORS.print(fuzzing.summary(event), markup=False, highlight=False)
                    else:
                        yield event
            except StartError as error:
                missing.append(name)
                ERRORS.print(f"{name} did not start: {error}", style="red", markup=False)

    found = ""
    for text in fuzzing.tell(findings()):
        found += text
        if output is None:
            typer.echo(text, nl=False)
        else:
            write(output, found)
    if not found and not missing:
        typer.echo("Nothing is found.")
    raise typer.Exit(NOT_STARTED if missing else DISCREPANCY if found else 0)


def export(
    folder: Annotated[Path, typer.Argument(help="A folder that is new, empty, or an earlier export.")],
    globs: Globs = None,
    tags: Tags = None,
    losses: Losses = None,
    dtypes: Dtypes = None,
    corpus: Corpus = None,
) -> None:
    """Write the corpus as JSON, for any language: a file for each loss and dtype, their schema and definitions."""
    from ceconform.authoring.export import export as make  # the oracle takes a while to import

    cases = load(corpus)
    chosen = select(cases, globs or (), tags=tags or (), losses=losses or (), dtypes=dtypes or ())
    written = make(folder, chosen, corpus=corpus_hash(cases), dtypes=dtypes or ())
    table(("file", "cases", "bytes"), [(file.path, str(file.cases), str(file.size)) for file in written])


def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Case files, baselines, folders; by default all of ours.")
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write expected values and formatting.")] = False,
) -> None:
    """Check case files: schema, sources, formatting, every expected value against two oracles; and baselines."""
    from ceconform.authoring.lint import lint as lint_corpus  # the oracle takes a while to import

    problems = lint_corpus(paths or None, fix=fix)
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(NOT_VALID)
    typer.echo("Nothing is wrong.")
