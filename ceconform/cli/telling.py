"""The verb that tells: report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType

from ceconform import report
from ceconform.cli.options import Baselines, Corpus, Output
from ceconform.cli.terminal import ERRORS, SHOWN, show
from ceconform.corpus import Case, load
from ceconform.errors import ArgumentError
from ceconform.files import write
from ceconform.verdict import read_baselines

__all__ = ["report_"]


class Form(StrEnum):
    """How a report can be shown."""

    text = "text"
    table = "table"
    markdown = "markdown"
    discrepancies = "discrepancies"
    svg = "svg"
    json = "json"
    junit = "junit"
    summary = "summary"
    annotations = "annotations"
    badge = "badge"


@dataclass(frozen=True, kw_only=True)
class _Told:
    """A report, and what is known beside it."""

    merged: report.Report
    cases: Mapping[str, Case]
    """The corpus; empty where a form does without."""
    changed: report.Regression | None
    name: str
    """The report's file."""

    def laid_out(self, limit: int | None) -> RenderableType:
        """As text; at most `limit` cases of each kind are named."""
        text = report.render_text(self.merged, limit)
        return text if self.changed is None else Group(text, report.render_regression(self.changed, self.name, limit))


def _annotations(told: _Told) -> str:
    # Paths are relative to the checkout, wherever in it the command runs.
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    return report.render_annotations(told.merged, told.cases, told.changed, root=root)


_FORMS: Mapping[Form, Callable[[_Told], str]] = {
    Form.text: lambda told: report.plain(told.laid_out(None)),
    Form.table: lambda told: report.render_table(told.merged),
    Form.markdown: lambda told: report.render_markdown(told.merged),
    Form.discrepancies: lambda told: report.render_discrepancies(told.merged, told.cases),
    Form.svg: lambda told: report.render_svg(told.merged),
    Form.json: lambda told: "".join(told.merged.lines()),
    Form.junit: lambda told: report.render_junit(told.merged, told.cases, told.changed),
    Form.summary: lambda told: report.render_job_summary(told.merged, told.cases, told.changed, name=told.name),
    Form.annotations: _annotations,
    Form.badge: lambda told: report.render_badge(told.merged, told.changed),
}
_OF_CASES = frozenset({Form.discrepancies, Form.junit, Form.summary, Form.annotations})
"""The forms that say more of a case than its id."""
_COMPARED = (Form.text, Form.junit, Form.summary, Form.annotations, Form.badge)
"""The forms that tell what is known, new, fixed and stale."""
Only = Annotated[
    list[str] | None, typer.Option("--only", help="Only this implementation, a name or a glob; may be repeated.")
]


def report_(
    files: Annotated[list[Path], typer.Argument(help="Reports; several are merged. `-` is standard input.")],
    form: Annotated[Form, typer.Option("--format", help="How to show it.")] = Form.text,
    output: Output = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this implementation; a name or a glob.")
    ] = None,
    baselines: Baselines = None,
    again: Annotated[bool, typer.Option("--judge", help="Judge the raw answers again, by today's rules.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Name every case that fails, not a few of each kind.")] = False,
    into: Annotated[Path | None, typer.Option(help="Replace what this file has between its results marks.")] = None,
    corpus: Corpus = None,
) -> None:
    """Show a report, or several as one; where two do not agree, the later one stands, and it is said."""
    if baselines and form not in _COMPARED:
        raise ArgumentError(f"expected one of {', '.join(_COMPARED)} as --format beside --baseline, got {form}")
    known = read_baselines(baselines) if baselines else None
    read = [_report(file) for file in files]
    merged = report.merge(read)
    if found := list(report.conflicts(read)):
        ERRORS.print(report.render_conflicts(found), style="yellow", markup=False, highlight=False)
    needed = again or known is not None or form in _OF_CASES
    cases = {case.id: case for case in load(corpus)} if needed else {}
    if again:
        merged = report.judge_again(merged, cases)
    if only:
        merged = merged.about(*only)
    changed = None if known is None else report.regression(merged, known, cases.values())
    told = _Told(merged=merged, cases=cases, changed=changed, name=str(files[0]) if len(files) == 1 else "REPORT")
    if into is not None:
        report.insert(_FORMS[form](told), into)
    elif output is not None:
        write(output, _FORMS[form](told))
    elif form is Form.text:
        show(told.laid_out(None if every else SHOWN))
    else:
        typer.echo(_FORMS[form](told), nl=False)


def _report(file: Path) -> report.Report:
    return report.Report.read(sys.stdin.buffer, "<stdin>") if str(file) == "-" else report.Report.read(file)
