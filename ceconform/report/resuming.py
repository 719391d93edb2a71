"""Resuming: what a run that broke off has left, so that only the rest is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ceconform.corpus import Case, case_hash
from ceconform.errors import ReportError
from ceconform.report.header import Header, Implementation
from ceconform.report.lines import numbered, parse
from ceconform.report.result import Result, read_result
from ceconform.report.schema import check

__all__ = ["Resumption", "resume"]

_Call = tuple[str, str, str, str, str]
"""Implementation, version, case, dtype, device: what is asked at once, by whatever entry points there are."""


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """The part of a report that stays."""

    header: Header
    """Of the run that goes on, with the implementations that have answered."""
    results: tuple[Result, ...] = ()
    torn: int = 0
    """The number of the last line if it breaks off, else 0."""
    changed: tuple[str, ...] = ()
    """Cases that have been changed or removed since; their answers do not stay."""

    @cached_property
    def _calls(self) -> frozenset[_Call]:
        return frozenset(map(_call, self.results))

    def answered(self, hello: Mapping[str, Any], case: Case, dtype: str, device: str) -> bool:
        """Whether a worker, known by its hello, has answered this call already.

        Raises
        ------
        ReportError
            If it had other numeric switches then: the two halves would not be of one run.
        """
        now = Implementation.of(hello)
        then = self.header.implementation(now.name, now.version)
        if then is not None and dict(then.switches) != dict(now.switches):
            problem = f"expected {now.name} with the switches {dict(then.switches)}, got {dict(now.switches)}"
            raise ReportError("<resume>", 1, f"{problem}; run anew, without --resume")
        return (now.name, now.version, case.id, dtype, device) in self._calls


def resume(path: Path, header: Header, cases: Iterable[Case]) -> Resumption:
    """Read what a run has left in its report: whole, broken off anywhere, empty, or not begun.

    An answer stays if its case still asks the same and the same is right. The last call of a report without a footer
    does not stay, because other entry points of it may not have been asked. A last line that breaks off is left out.

    Parameters
    ----------
    path
        The report.
    header
        Of the run that goes on.
    cases
        The whole corpus as it is now.

    Raises
    ------
    ReportError
        If any other line is not valid.
    """
    before: Header | None = None
    results: list[Result] = []
    torn, whole = 0, False
    for number, line in numbered(path) if path.exists() else ():
        try:
            data = parse(line, str(path), number)
        except ReportError:
            if line.endswith(b"\n"):
                raise
            torn = number
            break
        what = next((key for key in ("header", "footer") if key in data), "result")
        if what != "result":
            check(data, what, str(path), number)
        if what == "header":
            found = Header.of(data["header"])
            before = found if before is None else before.merge(found)
        elif before is None or whole:
            raise ReportError(path, number, f"expected {'nothing after the footer' if whole else 'a header'}")
        elif what == "footer":
            whole = True
        else:
            results.append(read_result(data, str(path), number))
    if before is None:
        return Resumption(header=header, torn=torn)
    if not whole and results:
        results = [result for result in results if _call(result) != _call(results[-1])]
    return _still_right(before, results, header, {case.id: case for case in cases}, torn)


def _still_right(
    before: Header, results: list[Result], header: Header, cases: Mapping[str, Case], torn: int
) -> Resumption:
    """Keep the answers to cases that are as they were."""

    def stays(result: Result) -> bool:
        if result.case not in cases:
            return False
        known = result.question == case_hash(cases[result.case])
        return known or (not result.question and before.corpus == header.corpus)

    kept = tuple(filter(stays, results))
    who = {(result.implementation, result.version) for result in kept}
    known = tuple(each for each in before.implementations if (each.name, each.version) in who)
    past = replace(before, cases=header.cases, implementations=known, missing={})
    return Resumption(
        header=header.merge(past),
        results=kept,
        torn=torn,
        changed=tuple(sorted({result.case for result in results} - {result.case for result in kept})),
    )


def _call(result: Result) -> _Call:
    return result.implementation, result.version, result.case, result.dtype, result.device
