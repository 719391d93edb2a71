"""A report as annotations: commands to GitHub's runner, which shows them beside the changed lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ceconform.corpus import Case
from ceconform.report.difference import DISCREPANT
from ceconform.report.explain import command
from ceconform.report.regression import Regression
from ceconform.report.regressions import alike, fixed, stale
from ceconform.report.report import Report

__all__ = ["ERRORS", "render_annotations"]

ERRORS = 10
"""As many of one level does GitHub show of one step."""


@dataclass(frozen=True, kw_only=True)
class _Annotation:
    what: str
    title: str
    message: str
    path: Path | None = None
    line: int = 0


def render_annotations(
    report: Report, cases: Mapping[str, Case], changed: Regression | None = None, *, root: Path
) -> str:
    r"""Write what is wrong as workflow commands of GitHub: ten errors, worst first, and a notice that counts the rest.

    Beside baselines that is what is new, fixed or stale, else whatever fails. An error is about the file of its case,
    or of the baseline's entry, where that lies below `root`. Nothing is written where nothing is wrong.

    Parameters
    ----------
    report
        Of a run.
    cases
        The corpus by id, for the files of the cases.
    changed
        The report beside its baselines.
    root
        The folder that the paths are relative to: that of the checkout.

    Examples
    --------
    >>> from ceconform.report import Header, Report
    >>> header = Header.here(ceconform="0.1.0", corpus="", cases=0, missing={"mine": "two\nlines"})
    >>> print(render_annotations(Report(header=header), {}, root=Path()))
    ::error title=mine did not start::two%0Alines
    <BLANKLINE>
    """
    found = [
        _Annotation(what="not started", title=f"{name} did not start", message=reason)
        for name, reason in report.header.missing.items()
    ]
    found += _discrepant(report, cases, changed)
    if changed is not None:
        found += [
            _Annotation(what="fixed", title="fixed", message=fixed(each), path=each.entry.path, line=each.place.line)
            for each in changed.fixed
        ]
        found += [
            _Annotation(what="stale", title="stale", message=stale(each), path=each.entry.path, line=each.line)
            for each in changed.stale
        ]
    lines = [_command(each, root) for each in found[:ERRORS]]
    if left := Counter(each.what for each in found[ERRORS:]):
        counts = ", ".join(f"{count} {what}" for what, count in left.items())
        lines.append(f"::notice title=ceconform::{left.total()} more: {counts}")
    return "".join(f"{line}\n" for line in lines)


def _discrepant(report: Report, cases: Mapping[str, Case], changed: Regression | None) -> Iterator[_Annotation]:
    """One for each case and implementation and what is wrong."""
    every = [result for result in report.results if result.verdict in DISCREPANT]
    for said, results in alike(every if changed is None else changed.new):
        first = results[0]
        case = cases.get(first.case)
        dtypes = ", ".join(sorted({result.dtype for result in results}))
        yield _Annotation(
            what="failing" if changed is None else "new",
            title=f"{said}: {first.case}, {first.implementation} ({dtypes})",
            message="\n".join(filter(None, (first.reason, command(first)))),
            path=case.path if case is not None else None,
            line=case.line if case is not None else 0,
        )


def _command(annotation: _Annotation, root: Path) -> str:
    path = _below(annotation.path, root)
    properties = {"title": annotation.title}
    properties |= {"file": path, "line": str(annotation.line)} if path else {}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::error {said}::{_data(annotation.message)}"


def _below(path: Path | None, root: Path) -> str:
    """The path within the checkout; none for an installed corpus, of which the checkout knows nothing."""
    if path is None:
        return ""
    whole, top = path.resolve(), root.resolve()
    if "site-packages" in whole.parts or not whole.is_relative_to(top):
        return ""
    return whole.relative_to(top).as_posix()


def _data(text: str) -> str:
    """As the runner reads it back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
