"""A report in Markdown, for a job's summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ceconform.report.report import Report
from ceconform.report.summary import Row, Tally, summarise
from ceconform.report.text import title, ulps
from ceconform.verdict import VERDICTS

__all__ = ["cell", "render_markdown", "render_table", "table", "without_folders"]

_FOLDERS = re.compile(r"(?<![\w/])/(?:[^\s/:()]+/)+")


def cell(text: str) -> str:
    r"""Make a text safe within a table's cell.

    >>> print(cell("a|b"))
    a\|b
    """
    return " ".join(text.split()).replace("|", "\\|")


def without_folders(reason: str) -> str:
    """Leave out the folders of absolute paths: they are of one machine, and the file's name says enough.

    >>> without_folders("ImportError: /home/me/cache/main.so: file too short")
    'ImportError: main.so: file too short'
    """
    return _FOLDERS.sub("", reason)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], numbers: int = 0) -> Iterator[str]:
    """Write a table; its last `numbers` columns are flush right."""
    heads = tuple(heads)
    rule = ["---"] * (len(heads) - numbers) + ["---:"] * numbers
    for row in (heads, rule, *rows):
        yield f"| {' | '.join(map(cell, row))} |"
    yield ""


def render_table(report: Report) -> str:
    """Write the table of implementations alone, for a README."""
    return "\n".join(_implementations(summarise(report).tallies))


def _implementations(tallies: Iterable[Tally]) -> Iterator[str]:
    return table(("implementation", "version", *VERDICTS, "worst pass"), map(_counts, tallies), 6)


def render_markdown(report: Report) -> str:
    """Write a report as GitHub-flavoured Markdown: the table, acceptable by convention, fails by kind, errors."""
    summary = summarise(report)
    lines = [f"{title(report)}", ""]
    lines += _implementations(summary.tallies)
    if summary.acceptable:
        lines += ["### Acceptable, by convention", ""]
        lines += table(("convention", "implementations"), ((f"`{k}`", v) for k, v in summary.acceptable.items()))
    if summary.fails:
        lines += ["### Fail, by kind", ""]
    for kind, rows in summary.fails.items():
        lines += ["<details>", f"<summary><code>{kind}</code>: {len(rows)}</summary>", ""]
        lines += table(("case", "implementations", "dtypes", "as"), map(_row, rows))
        lines += ["</details>", ""]
    if summary.errors:
        lines += ["### Error", ""]
        lines += table(("case", "implementations", "dtypes", "reason"), map(_row, summary.errors))
    if summary.missing:
        lines += ["### Did not start", ""]
        lines += table(("implementation", "reason"), summary.missing.items())
    lines += ["Explain one: `ceconform explain CASE IMPLEMENTATION`", ""]
    return "\n".join(lines)


def _counts(tally: Tally) -> Iterator[str]:
    yield tally.implementation
    yield tally.version
    for verdict in VERDICTS:
        yield str(tally.counts.get(verdict, 0) or "·")
    yield ulps(tally.worst)


def _row(row: Row) -> tuple[str, ...]:
    return f"`{row.case}`", row.implementations, row.dtypes, row.note
