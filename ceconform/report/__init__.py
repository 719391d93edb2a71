"""Telling: reports, and how they are shown."""

from __future__ import annotations

from ceconform.report.accuracy import render_accuracy, render_accuracy_plain, render_accuracy_text
from ceconform.report.annotations import render_annotations
from ceconform.report.badges import render_badge
from ceconform.report.changes import render_changes, render_changes_json, render_changes_markdown, render_conflicts
from ceconform.report.chronicle import render_history
from ceconform.report.curves import render_curves
from ceconform.report.difference import Change, Conflict, Difference, conflicts, difference
from ceconform.report.discrepancies import Discrepancy, Usage, discrepancies, shows_anywhere, usages
from ceconform.report.explain import explain
from ceconform.report.findings import render_discrepancies
from ceconform.report.header import Header, Implementation
from ceconform.report.history import History, Movement, Release, Timeline, histories
from ceconform.report.insertion import insert
from ceconform.report.job_summary import render_job_summary
from ceconform.report.junit import render_junit
from ceconform.report.markdown import render_markdown, render_table
from ceconform.report.measurement import Accuracy, Elementary, Input, Measurement, Refusal
from ceconform.report.picture import plain, render_plain, render_svg
from ceconform.report.program import program
from ceconform.report.progress import Watch
from ceconform.report.recording import Recorder, judge_again, judged, uncollected
from ceconform.report.regression import Fixed, Regression, Stale, regression
from ceconform.report.regressions import render_regression
from ceconform.report.report import Report, merge
from ceconform.report.result import Digits, Result, record
from ceconform.report.resuming import Resumption, resume
from ceconform.report.sightings import Sighting, sightings
from ceconform.report.spent import Spent
from ceconform.report.text import render_text
from ceconform.report.writer import Writer

__all__ = [
    "Accuracy",
    "Change",
    "Conflict",
    "Difference",
    "Digits",
    "Discrepancy",
    "Elementary",
    "Fixed",
    "Header",
    "History",
    "Implementation",
    "Input",
    "Measurement",
    "Movement",
    "Recorder",
    "Refusal",
    "Regression",
    "Release",
    "Report",
    "Result",
    "Resumption",
    "Sighting",
    "Spent",
    "Stale",
    "Timeline",
    "Usage",
    "Watch",
    "Writer",
    "conflicts",
    "difference",
    "discrepancies",
    "explain",
    "histories",
    "insert",
    "judge_again",
    "judged",
    "merge",
    "plain",
    "program",
    "record",
    "regression",
    "render_accuracy",
    "render_accuracy_plain",
    "render_accuracy_text",
    "render_annotations",
    "render_badge",
    "render_changes",
    "render_changes_json",
    "render_changes_markdown",
    "render_conflicts",
    "render_curves",
    "render_discrepancies",
    "render_history",
    "render_job_summary",
    "render_junit",
    "render_markdown",
    "render_plain",
    "render_regression",
    "render_svg",
    "render_table",
    "render_text",
    "resume",
    "shows_anywhere",
    "sightings",
    "uncollected",
    "usages",
]
