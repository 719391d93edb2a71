"""A report as a badge: the JSON that shields.io and its kin read from an endpoint."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ceconform.report.regression import Regression
from ceconform.report.report import Report

__all__ = ["render_badge"]

_MOST = 0.9
"""The share of answers that are right or acceptable from which on a badge is yellow rather than orange."""


def render_badge(report: Report, changed: Regression | None = None) -> str:
    """Write a badge as JSON: `label`, `message`, `color`.

    The message counts the answers that are right or acceptable among those that were judged, and with baselines the
    discrepancies that are known, or those that changed. Bright green is for all, green for all but what is known,
    yellow for nine tenths at least, orange for less, red for a change against the baselines, for an answer that could
    not be judged, and for an implementation that did not start. One implementation is named; several count together.

    Examples
    --------
    >>> from ceconform.report import Header, Report
    >>> header = Header.here(ceconform="0.1.0", corpus="", cases=0, missing={"mine": "no module named mine"})
    >>> print(render_badge(Report(header=header)))
    {"schemaVersion": 1, "label": "ceconform: mine", "message": "did not start", "color": "red", "isError": true}
    <BLANKLINE>
    """
    names = {each.name for each in report.header.implementations} | report.header.missing.keys()
    label = f"ceconform: {names.pop()}" if len(names) == 1 else "ceconform"
    message, colour = _said(report, changed)
    badge: dict[str, Any] = {"schemaVersion": 1, "label": label, "message": message, "color": colour}
    if report.header.missing:
        badge["isError"] = True
    return json.dumps(badge, ensure_ascii=True) + "\n"


def _said(report: Report, changed: Regression | None) -> tuple[str, str]:
    counts = Counter(result.verdict for result in report.results)
    right = counts["pass"] + counts["acceptable"]
    judged = right + counts["fail"] + counts["error"]
    if report.header.missing:
        return "did not start", "red"
    if changed is not None and changed.changed:
        changes = (("new", changed.new), ("fixed", changed.fixed), ("stale", changed.stale))
        return ", ".join(f"{len(some)} {what}" for what, some in changes if some), "red"
    if not judged:
        return "nothing was judged", "lightgrey"
    if right == judged:
        return f"{right} of {judged}", "brightgreen"
    if changed is not None:
        return f"{right} of {judged}, {len(changed.known)} known", "green"
    if counts["error"]:
        return f"{right} of {judged}", "red"
    return f"{right} of {judged}", "yellow" if right >= _MOST * judged else "orange"
