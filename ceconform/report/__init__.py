"""Telling: reports, and how they are shown."""

from __future__ import annotations

from ceconform.report.accuracy import render_accuracy, render_accuracy_plain, render_accuracy_text
from ceconform.report.curves import render_curves
from ceconform.report.discrepancies import Discrepancy, Usage, discrepancies, shows_anywhere, usages
from ceconform.report.explain import explain
from ceconform.report.findings import render_discrepancies
from ceconform.report.header import Header, Implementation
from ceconform.report.insertion import insert
from ceconform.report.markdown import render_markdown, render_table
from ceconform.report.measurement import Accuracy, Elementary, Input, Measurement, Refusal
from ceconform.report.picture import render_plain, render_svg
from ceconform.report.program import program
from ceconform.report.progress import Watch
from ceconform.report.recording import Recorder, judge_again
from ceconform.report.report import Report, merge
from ceconform.report.result import Digits, Result, record
from ceconform.report.sightings import Sighting, sightings
from ceconform.report.text import render_text
from ceconform.report.writer import Writer

__all__ = [
    "Accuracy",
    "Digits",
    "Discrepancy",
    "Elementary",
    "Header",
    "Implementation",
    "Input",
    "Measurement",
    "Recorder",
    "Refusal",
    "Report",
    "Result",
    "Sighting",
    "Usage",
    "Watch",
    "Writer",
    "discrepancies",
    "explain",
    "insert",
    "judge_again",
    "merge",
    "program",
    "record",
    "render_accuracy",
    "render_accuracy_plain",
    "render_accuracy_text",
    "render_curves",
    "render_discrepancies",
    "render_markdown",
    "render_plain",
    "render_svg",
    "render_table",
    "render_text",
    "shows_anywhere",
    "sightings",
    "usages",
]
