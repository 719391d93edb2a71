"""Telling: reports, and how they are shown."""

from __future__ import annotations

from ceconform.report.discrepancies import Discrepancy, Usage, discrepancies, usages
from ceconform.report.explain import explain
from ceconform.report.findings import render_discrepancies
from ceconform.report.header import Header, Implementation
from ceconform.report.markdown import render_markdown
from ceconform.report.program import program
from ceconform.report.report import Report, merge
from ceconform.report.result import Digits, Result, record
from ceconform.report.text import render_text
from ceconform.report.writer import Writer

__all__ = [
    "Digits",
    "Discrepancy",
    "Header",
    "Implementation",
    "Report",
    "Result",
    "Usage",
    "Writer",
    "discrepancies",
    "explain",
    "merge",
    "program",
    "record",
    "render_discrepancies",
    "render_markdown",
    "render_text",
    "usages",
]
