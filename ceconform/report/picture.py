"""What a terminal shows: as plain text, and a report as a picture."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

from ceconform.report.report import Report
from ceconform.report.text import render_text

__all__ = ["plain", "render_plain", "render_svg"]

_WIDTH = 140


def render_plain(report: Report, limit: int | None = 8) -> str:
    """The text of a report without colour."""
    return plain(render_text(report, limit))


def plain(laid_out: RenderableType) -> str:
    """What is laid out for a terminal as text without colour."""
    console = Console(file=io.StringIO(), width=_WIDTH, force_terminal=False)
    with console.capture() as captured:
        console.print(laid_out)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def render_svg(report: Report) -> str:
    """The coloured text of a report as a picture, with few cases of each kind."""
    console = Console(file=io.StringIO(), width=_WIDTH, record=True, force_terminal=True, color_system="truecolor")
    console.print(render_text(report, limit=3))
    return console.export_svg(title="ceconform report", unique_id="ceconform")
