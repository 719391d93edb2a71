"""Putting a table into a document that people write, between two marks."""

from __future__ import annotations

from pathlib import Path

from ceconform.errors import ReportError
from ceconform.files import write

__all__ = ["BEGIN", "END", "insert"]

BEGIN, END = "<!-- results -->", "<!-- /results -->"


def insert(text: str, path: Path) -> None:
    """Replace what stands between the marks `<!-- results -->` and `<!-- /results -->`.

    Raises
    ------
    ReportError
        If the file has not both marks, once each and in this order.
    """
    document = path.read_text(encoding="utf-8")
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest:
        raise ReportError(path, 1, f"expected the marks {BEGIN} and {END}, once each")
    write(path, f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}")
