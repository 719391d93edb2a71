"""The verbs that ask: list, run, explain."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ceconform import __version__, adapters, harness, report
from ceconform.cli.options import (
    DISCREPANCY,
    INTERRUPTED,
    NOT_STARTED,
    Backend,
    Baselines,
    Commands,
    Corpus,
    Devices,
    Documented,
    Dtypes,
    Globs,
    Implementations,
    Jobs,
    Limit,
    Losses,
    Memory,
    Output,
    Returned,
    Shard,
    Tags,
    share,
    together,
)
from ceconform.cli.plain import plain
from ceconform.cli.terminal import ERRORS, SHOWN, show, table
from ceconform.corpus import LOSSES, Case, corpus_hash, coverage, load, select, shard
from ceconform.corpus.coverage import table as laid_out
from ceconform.errors import ArgumentError, StartError
from ceconform.files import alone, cache
from ceconform.harness import ask, commands
from ceconform.verdict import Attributions, read_baselines

__all__ = ["explain", "list_", "run"]


_DISCREPANT = frozenset({"fail", "error"})


class What(StrEnum):
    """What can be listed."""

    implementations = "implementations"
    cases = "cases"
    losses = "losses"
    miniatures = "miniatures"


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
        table(*laid_out(coverage(select(load(corpus), globs or (), tags=tags or (), losses=losses or ()))))
        return
    match what:
        case What.implementations:
            rows = [(name, harness.installed(name)) for name in adapters.names()]
            table(("implementation", "version"), rows)
        case What.cases:
            chosen = select(load(corpus), globs or (), tags=tags or (), losses=losses or ())
            table(("case", "loss", "tags"), [(c.id, c.loss, " ".join(c.tags)) for c in chosen])
        case What.miniatures:
            from ceconform.authoring.miniatures import miniatures

            rows = [(each.name, each.fault.summary) for each in miniatures()]
            table(("miniature", "what is wrong with it"), rows)
        case What.losses:
            table(
                ("loss", "predictions", "labels", "parameters"),
                [(x.name, x.predictions, x.labels or "none", ", ".join(x.parameters)) for x in LOSSES.values()],
            )


def run(
    implementations: Implementations = None,
    stated: Commands = None,
    backend: Backend = None,
    returned: Returned = None,
    documented: Documented = None,
    globs: Globs = None,
    tags: Tags = None,
    losses: Losses = None,
    dtypes: Dtypes = None,
    devices: Devices = None,
    jobs: Jobs = 1,
    limit: Limit = 60.0,
    memory: Memory = None,
    part: Shard = None,
    output: Output = None,
    again: Annotated[
        bool, typer.Option("--resume", help="Go on with the report: ask what it has no answer to.")
    ] = False,
    baselines: Baselines = None,
    corpus: Corpus = None,
) -> None:
    """Ask implementations the cases, and judge each answer. In a pipe, the report is JSON Lines."""
    expected = read_baselines(baselines) if baselines else ()
    most = None if memory is None else harness.Memory.of(memory)
    functions = plain(
        implementations or (), losses or (), backend=backend, reduction=returned, conventions=documented or ()
    )
    started = {**functions, **commands(stated or ())}
    names = together(adapters.match([name for name in implementations or () if name not in functions]), started)
    cases = load(corpus)
    selected = select(cases, globs or (), tags=tags or (), losses=losses or ())
    chosen = shard(selected, *share(part))
    header = report.Header.here(ceconform=__version__, corpus=corpus_hash(cases), cases=len(selected))
    piped = output is None and not sys.stdout.isatty()
    if again and output is None:
        raise ArgumentError("expected the report to go on with, -o FILE, beside --resume, got none")
    with contextlib.ExitStack() as stack:
        path = output or Path(stack.enter_context(tempfile.TemporaryDirectory()), "report.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        stack.enter_context(alone(path))
        kept = _resumed(path, header, cases) if again else report.Resumption(header=header)
        events = ask(
            names,
            chosen,
            dtypes=dtypes or (),
            devices=devices or ("cpu",),
            jobs=jobs,
            limit=limit,
            memory=most,
            commands=started,
            answered=kept.answered,
        )
        writer = report.Writer(sys.stdout if piped else path, kept.header, kept.results)
        known = Attributions(cache() / "attributions.json")
        stack.callback(known.save)
        recorder = report.Recorder(writer, known.attribute)
        spent = report.Spent()
        try:
            with report.uncollected(), writer, report.Watch(ERRORS) as watch, contextlib.closing(events):
                for event, results in recorder.follow(events):
                    watch.see(event, results)
                    spent.see(event)
        except KeyboardInterrupt:
            left = f": what is answered is in {path}; the same command with --resume goes on" if output else ""
            ERRORS.print(f"interrupted{left}", style="red", markup=False)
            raise typer.Exit(INTERRUPTED) from None
        ERRORS.print(str(spent), markup=False, highlight=False, soft_wrap=True)
        whole = recorder.report()
        if not piped:
            show(report.render_text(whole))
        failed = any(result.verdict in _DISCREPANT for result in whole.results)
        if baselines:
            changed = report.regression(whole, expected, cases)
            laid_out = report.render_regression(changed, str(output or "REPORT"))
            ERRORS.print(laid_out) if piped else show(laid_out)
            failed = changed.changed
    raise typer.Exit(NOT_STARTED if recorder.missing else DISCREPANCY if failed else 0)


def _resumed(path: Path, header: report.Header, cases: Sequence[Case]) -> report.Resumption:
    """What a report has already, and a word about what is asked again."""
    kept = report.resume(path, header, cases)
    if kept.torn:
        ERRORS.print(f"{path}:{kept.torn}: the line breaks off; left out", style="yellow", markup=False)
    if kept.changed:
        some = ", ".join(kept.changed[:SHOWN])
        more = ", …" if len(kept.changed) > SHOWN else ""
        ERRORS.print(f"changed since, and not kept: {some}{more}", style="yellow", markup=False)
    ERRORS.print(f"{len(kept.results)} results are there already", markup=False, highlight=False)
    return kept


def explain(
    case: Annotated[str, typer.Argument(help="The id of a case.")],
    implementation: Annotated[str, typer.Argument(help="The name of an implementation, or of a --command.")],
    stated: Commands = None,
    backend: Backend = None,
    returned: Returned = None,
    documented: Documented = None,
    dtypes: Dtypes = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    limit: Annotated[float, typer.Option(min=0.1, help="Seconds that the evaluation may take.")] = 60.0,
    memory: Memory = None,
    corpus: Corpus = None,
) -> None:
    """Ask one case, and print what was sent, got and wanted, the verdict, and a program that shows it."""
    cases = load(corpus)
    chosen = select(cases, [case])
    header = report.Header.here(ceconform=__version__, corpus=corpus_hash(cases), cases=len(chosen))
    recorder = report.Recorder(report.Writer(io.StringIO(), header))
    with recorder.writer:
        asked = dtypes or ("float32",) if "float32" in chosen[0].dtypes else chosen[0].dtypes[:1]
        functions = plain(
            [implementation], [chosen[0].loss], backend=backend, reduction=returned, conventions=documented or ()
        )
        started = {**functions, **commands(stated or ())}
        most = None if memory is None else harness.Memory.of(memory)
        events = ask(
            [implementation], chosen, dtypes=asked, devices=[device], limit=limit, memory=most, commands=started
        )
        results = [result for _, found in recorder.follow(events) for result in found]
    for reason in recorder.missing.values():
        raise StartError(f"{implementation} did not start: {reason}")
    known = replace(header, implementations=tuple(recorder.implementations.values()))
    by_id = {each.id: each for each in chosen}
    typer.echo("\n".join(report.explain(by_id[result.case], result, known) for result in results), nl=False)
