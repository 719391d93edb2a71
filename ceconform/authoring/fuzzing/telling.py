"""Telling a finding: the case that it makes, with its source line and what the implementation answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ceconform import __version__
from ceconform.authoring.fuzzing.draft import draft, heading
from ceconform.authoring.fuzzing.memory import Finding
from ceconform.authoring.fuzzing.search import Searched
from ceconform.corpus import LOSSES

__all__ = ["summary", "tell"]

ABOUT = "What `ceconform fuzz` found: give each case a slug that says the fault, and put it where it belongs."


def tell(findings: Iterable[Finding]) -> Iterator[str]:
    """Write findings as pieces of one case file, which lint accepts, each as soon as it is there."""
    slugs: set[str] = set()
    for finding in findings:
        slug = unique(_slug(finding), slugs)
        slugs.add(slug)
        yield "\n" if len(slugs) > 1 else heading(ABOUT)
        yield _case(finding, slug)


def unique(slug: str, taken: set[str]) -> str:
    """Number a slug that is taken.

    >>> unique("sum", {"sum", "sum-2"})
    'sum-3'
    """
    names = (slug if number == 1 else f"{slug}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _slug(finding: Finding) -> str:
    cause = finding.cause
    part = "gradient" if cause.part == "gradient" and "gradient" not in cause.kind else ""
    kind = cause.kind or cause.convention.replace(" + ", "-")
    return "-".join(filter(None, (kind, part, cause.loss.replace("_", "-"))))


def _case(finding: Finding, slug: str) -> str:
    known, cause, verdict = finding.implementation, finding.cause, finding.verdict
    who = f"{known.name} {known.version}"
    odd = ", ".join(sorted(cause.traits)).replace("-", " ")
    named = " as ".join(filter(None, (verdict.kind, verdict.convention)))
    of = f"{LOSSES[cause.loss].name} in {finding.dtype}"
    case = replace(
        finding.case,
        description=f"A question to {of}{f': {odd}' if odd else ''}.",
        sources={"fuzz": f"ceconform fuzz {__version__}, seed {finding.seed}: {who}"},
    )
    comments = (f"{who}, {finding.dtype}, {verdict.verdict}: {named}", verdict.reason, finding.observation.expression)
    return draft(case, finding.exact, slug, comments=tuple(filter(None, comments)))


def summary(searched: Searched) -> str:
    """Say how far a search has come, in a line or two."""
    known = searched.implementation
    found = f"{searched.found} found in {searched.asked} questions, {searched.answered} of them answered"
    lines = [f"{known.name} {known.version}: {found}, {searched.seconds:.0f} s"]
    return "\n".join([*lines, *(f"  error: {error}" for error in searched.errors)])
