"""Ask losses of Kornia, MONAI and TorchMetrics every case, and tell what came of it.

`--write` puts it between the marks of README.md beside this file.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from ceconform import __version__
from ceconform.corpus import Case, corpus_hash, load, select
from ceconform.harness import ask, function_command
from ceconform.report import (
    Header,
    Recorder,
    Report,
    Writer,
    discrepancies,
    insert,
    merge,
    render_table,
    usages,
)
from ceconform.report.findings import cause

FOLDER = Path(__file__).parent
KORNIA, MONAI, TORCHMETRICS = (
    "kornia_focal:binary_focal_loss",
    "monai_focal:Monai",
    "torchmetrics_divergence:divergence",
)
LOSSES = {
    KORNIA: ("binary_focal_loss_with_logits",),
    MONAI: ("binary_focal_loss_with_logits", "categorical_focal_loss_with_logits"),
    TORCHMETRICS: ("kl_divergence",),
}
FUNCTIONS = {
    KORNIA: function_command(KORNIA, loss=LOSSES[KORNIA][0], backend="torch"),
    # It documents that it normalises probabilities.
    TORCHMETRICS: function_command(
        TORCHMETRICS, loss=LOSSES[TORCHMETRICS][0], backend="torch", conventions=["renormalise-rows"]
    ),
}


def measure(cases: Iterable[Case], patterns: Sequence[str] = (), dtypes: Sequence[str] = ()) -> Report:
    """Ask the three, each in a process of its own, the cases of its losses."""
    cases = tuple(cases)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
    return merge(_ask(name, cases, patterns, dtypes) for name in LOSSES)


def _ask(name: str, cases: tuple[Case, ...], patterns: Sequence[str], dtypes: Sequence[str]) -> Report:
    chosen = [case for case in select(cases, patterns) if case.loss in LOSSES[name]]
    written = io.StringIO()
    with Writer(written, Header.here(ceconform=__version__, corpus=corpus_hash(cases), cases=len(cases))) as writer:
        for _ in Recorder(writer).follow(ask([name], chosen, dtypes=dtypes, commands=FUNCTIONS)):
            pass
    written.seek(0)
    return Report.read(written, name)


def part(report: Report, cases: Mapping[str, Case]) -> str:
    """Write the versions, the verdicts, and a row for each cause."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("kornia", "monai", "torchmetrics", "torch"))
    return "\n".join([f"With {versions}:", "", render_table(report).strip(), "", *_findings(report, cases)])


def _findings(report: Report, cases: Mapping[str, Case]) -> Iterator[str]:
    yield "| who | verdict | cases | what goes wrong | shown by |"
    yield "| --- | --- | ---: | --- | --- |"
    documented = {loss: {*rules} for each in report.header.implementations for loss, rules in each.conventions.items()}
    for found in discrepancies(report, cases):
        who = ", ".join(name.partition(":")[0].partition("_")[0] for name, _ in found.implementations)
        what = cause(found, cases)
        if documented.get(found.loss, set()) >= {*found.convention.split(" + ")}:
            what = what.replace("by an undocumented convention", "even by the convention that it documents")
        named = f"{found.kind} as {found.convention}" if found.convention else found.kind
        yield f"| {who} | {named} | {len(found.cases)} | {what} | `{found.example.case}` |"
    for used in usages(report, cases):
        for loss in used.followers:
            follows = [
                r for r in report.results if (r.verdict, r.convention, r.loss) == ("acceptable", used.convention, loss)
            ]
            who = ", ".join(sorted({r.implementation.partition("_")[0] for r in follows}))
            count = len({r.case for r in follows})
            yield f"| {who} | acceptable: {used.convention} | {count} | It documents it | `{follows[0].case}` |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into README.md")
    parser.add_argument("--case", action="append", default=[], help="a glob; every case if there is none")
    parser.add_argument("--dtype", action="append", default=[], help="every dtype if there is none")
    options = parser.parse_args(arguments)
    cases = load()
    text = part(measure(cases, options.case, options.dtype), {case.id: case for case in cases})
    if options.write:
        insert(text, FOLDER / "README.md")
    else:
        print(text)


if __name__ == "__main__":
    main()
