"""Telling: reports, and how they are shown."""

from __future__ import annotations

from ceconform.report.header import Header, Implementation
from ceconform.report.report import Report, merge
from ceconform.report.result import Digits, Result, record
from ceconform.report.writer import Writer

__all__ = ["Digits", "Header", "Implementation", "Report", "Result", "Writer", "merge", "record"]
