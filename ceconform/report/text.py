"""A report in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ceconform.report.report import Report
from ceconform.report.summary import Row, Summary, Tally, summarise
from ceconform.verdict import VERDICTS

__all__ = ["COLOURS", "render_text", "title", "ulps"]

COLOURS = {"pass": "green", "acceptable": "yellow", "fail": "red", "unsupported": "dim", "error": "magenta"}


_LARGE = 1e4


def ulps(error: float | None) -> str:
    """Write an error in units of the last place, a dot for none.

    >>> ulps(0.5), ulps(123456.0), ulps(None)
    ('0.5 ulp', '1.2e+05 ulp', '·')
    """
    if error is None:
        return "·"
    return f"{error:.1f} ulp" if error < _LARGE else f"{error:.1e} ulp"


def title(report: Report) -> str:
    """Say in one line what a report is about: versions, corpus, dtypes, devices, platform."""
    header = report.header
    dtypes = sorted({result.dtype for result in report.results})
    devices = sorted({result.device for result in report.results})
    parts = (
        f"ceconform {', '.join(header.ceconform)}",
        f"corpus {header.corpus[:8]}, {header.cases} cases",
        ", ".join(dtypes),
        ", ".join(devices),
        f"python {', '.join(header.python)}, {', '.join(header.platform)}",
    )
    return "   ".join(part for part in parts if part)


def render_text(report: Report, limit: int | None = 8) -> RenderableType:
    """Lay a report out for a rich console: the table, acceptable by convention, fails by kind, errors.

    Of each kind at most `limit` cases are named, from as many topics as may be; None names them all. The console
    decides about colour and width, so a pipe, `NO_COLOR` and a narrow terminal need no care here.
    """
    summary = summarise(report)
    return Group(*_parts(report, summary, limit))


def _spread(rows: tuple[Row, ...], limit: int | None) -> list[Row]:
    """At most so many rows, the first of each topic before the second of any, in their order."""
    seen: dict[str, int] = {}
    turns = []
    for at, row in enumerate(rows):
        topic = row.case.rpartition("/")[0]
        turns.append((seen.setdefault(topic, 0), at))
        seen[topic] += 1
    return [rows[at] for at in sorted(at for _, at in sorted(turns)[:limit])]


def _parts(report: Report, summary: Summary, limit: int | None) -> Iterator[RenderableType]:
    yield Text(title(report))
    yield Text()
    yield _table(summary.tallies)
    if summary.acceptable:
        yield Text("\nacceptable, by convention", style="bold")
        yield _indented(
            [Text(name, style=COLOURS["acceptable"]), Text(who)] for name, who in summary.acceptable.items()
        )
    if summary.fails:
        yield Text("\nfail, by kind", style="bold")
        for kind, rows in summary.fails.items():
            yield Text(f"  {kind}", style=COLOURS["fail"])
            chosen = _spread(rows, limit)
            yield _indented((_cells(row, "as ") for row in chosen), 4)
            if len(chosen) < len(rows):
                yield Text(f"    … and {len(rows) - len(chosen)} more", style="dim")
    if summary.errors:
        yield Text("\nerror", style="bold")
        yield _indented(_cells(row, "") for row in summary.errors)
    if summary.missing:
        yield Text("\ndid not start", style="bold")
        yield _indented([Text(name, style=COLOURS["error"]), Text(reason)] for name, reason in summary.missing.items())
    yield Text("\nexplain one:  ceconform explain CASE IMPLEMENTATION", style="dim")


def _table(tallies: Iterable[Tally]) -> Table:
    """One row for each implementation; a dot for none."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("implementation", overflow="fold")
    table.add_column("version", overflow="fold")
    for verdict in VERDICTS:
        table.add_column(verdict, justify="right", style=COLOURS[verdict], overflow="fold")
    table.add_column("worst pass", justify="right", overflow="fold")
    for tally in tallies:
        counts = (str(tally.counts.get(verdict, 0) or "·") for verdict in VERDICTS)
        # Not strings, in which `keras[jax]` would be markup.
        table.add_row(*map(Text, (tally.implementation, tally.version, *counts, ulps(tally.worst))))
    return table


def _cells(row: Row, relation: str) -> list[Text]:
    who = Text(row.implementations)
    if row.dtypes:
        who.append(f"  ({row.dtypes})", style="dim")
    if row.note:
        who.append(f"  {relation}{row.note}", style=COLOURS["acceptable"])
    return [Text(row.case), who]


def _indented(rows: Iterable[list[Text]], by: int = 2) -> Padding:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return Padding(table, (0, 0, 0, by))
