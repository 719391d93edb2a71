"""A report as the summary of a job, in GitHub's Markdown and within its limit."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from ceconform.corpus import Case
from ceconform.report.discrepancies import Discrepancy, discrepancies
from ceconform.report.explain import command
from ceconform.report.findings import cause, heading
from ceconform.report.markdown import render_table, table
from ceconform.report.regression import Regression
from ceconform.report.regressions import alike, commands, counts, fixed, stale
from ceconform.report.report import Report
from ceconform.report.result import Result
from ceconform.report.summary import names, versions
from ceconform.report.text import title

__all__ = ["LIMIT", "render_job_summary"]

LIMIT = 2**20
"""Bytes of a step's summary; GitHub shows nothing at all of one that has more."""
_MOST = 50
"""Rows of a table."""
_WIDE = 400
"""Characters of a cell."""
_CUT = "\n… cut here: the report has all of it.\n"


def render_job_summary(
    report: Report, cases: Mapping[str, Case], changed: Regression | None = None, *, name: str = "REPORT"
) -> str:
    """Write a report for `$GITHUB_STEP_SUMMARY`: the table, what is new, fixed and stale, the worst findings.

    Parameters
    ----------
    report
        Of a run.
    cases
        The corpus by id, for what the findings are about.
    changed
        The report beside its baselines.
    name
        The report's file, for the command that accepts what is new.

    Returns
    -------
    str
        At most `LIMIT` bytes of Markdown.
    """
    lines = ["## ceconform", "", title(report), "", render_table(report)]
    if report.header.missing:
        lines += ["### Did not start", ""]
        lines += _table(
            ("implementation", "reason"), ((_code(who), _prose(why)) for who, why in report.header.missing.items())
        )
    if changed is not None:
        lines += [f"### Against the baselines: {counts(changed)}", ""]
        lines += _changes(changed, name)
    if errors := [result for result in report.results if result.verdict == "error"]:
        lines += ["### Not judged", ""]
        lines += _table(("case", "implementation", "reason", "explain it"), map(_error, errors))
    found = discrepancies(report, cases)
    lines += [f"### Findings, the worst first: {len(found)}", ""] if found else ["Nothing fails.", ""]
    if found:
        heads = ("kind", "finding", "cases", "implementations", "explain one")
        lines += _table(heads, (_finding(each, report, cases) for each in found))
    return _within("\n".join(lines), LIMIT)


def _changes(changed: Regression, name: str) -> Iterator[str]:
    if not changed.changed:
        yield from ("Nothing has changed.", "")
    if changed.new:
        yield from ("#### New", "")
        heads = ("what", "case", "implementation", "dtypes", "reason")
        yield from _table(heads, (_new(*group) for group in alike(changed.new)))
        yield from (
            "```console",
            *(f"$ {line.partition(':')[2].strip()}" for line in commands(changed, name)),
            "```",
            "",
        )
    for what, some in (
        ("Fixed", [(each.entry.path, each.place.line, fixed(each)) for each in changed.fixed]),
        ("Stale", [(each.entry.path, each.line, stale(each)) for each in changed.stale]),
    ):
        if some:
            yield from (f"#### {what}", "")
            yield from _table(
                ("entry", "what to do"), ((_code(f"{path}:{line}"), _prose(said)) for path, line, said in some)
            )


def _new(said: str, results: tuple[Result, ...]) -> Iterator[str]:
    first = results[0]
    yield from (_code(said), _code(first.case), _code(first.implementation))
    yield from (", ".join(sorted({result.dtype for result in results})), _prose(first.reason))


def _error(result: Result) -> Iterator[str]:
    yield from (_code(result.case), _code(result.implementation), _prose(result.reason), _code(command(result)))


def _finding(found: Discrepancy, report: Report, cases: Mapping[str, Case]) -> Iterator[str]:
    yield from (
        _code(found.kind),
        f"**{_prose(heading(found))}.** {_prose(cause(found, cases))}",
        str(len(found.cases)),
    )
    yield from (_prose(names(found.implementations, versions(report))), _code(command(found.example)))


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table of the first rows; the others are counted."""
    every = iter(rows)
    yield from table(heads, islice(every, _MOST))
    if left := sum(1 for _ in every):
        yield from (f"… and {left} more", "")


def _prose(text: str) -> str:
    """Text that is no Markdown and no HTML."""
    short = text if len(text) <= _WIDE else f"{text[:_WIDE]}…"
    return "".join(f"\\{letter}" if letter in r"\`*_[]~" else letter for letter in html.escape(short, quote=False))


def _code(text: str) -> str:
    """Text as code; a backtick would end it."""
    return f"`{text[:_WIDE].replace('`', chr(39))}`"


def _within(text: str, limit: int) -> str:
    """The whole lines that fit into so many bytes."""
    data = text.encode()
    if len(data) <= limit:
        return text
    kept, _, _ = data[: limit - len(_CUT.encode())].rpartition(b"\n")
    return kept.decode() + _CUT
