"""The findings page: every discrepancy once, with its cause and a program that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import Case
from ceconform.report.discrepancies import Discrepancy, Usage, discrepancies, usages
from ceconform.report.explain import got, summaries, wanted
from ceconform.report.header import Header
from ceconform.report.markdown import table
from ceconform.report.program import program
from ceconform.report.report import Report
from ceconform.report.result import Result
from ceconform.report.sightings import render_sightings
from ceconform.report.summary import names, summarise, versions
from ceconform.report.text import ulps
from ceconform.verdict import KINDS, VERDICTS

__all__ = ["cause", "heading", "render_discrepancies"]

_CAUSES: Mapping[str, str] = {
    "crash": "The process dies, or runs out of memory",
    "timeout": "There is no answer in time",
    "accepted-invalid-input": "An invalid input gives a number",
    "nan-for-a-number": "NaN comes where there is an answer",
    "infinite-for-a-number": "An infinity comes where the answer is finite",
    "wrong-value": "The loss is another number",
    "wrong-reduction": "The losses are put together in another way",
    "vanished-gradient": "The gradient is 0 where it is not",
    "wrong-gradient": "The gradient is another number",
    "rejected-valid-input": "A valid input is refused",
    "wrong-shape": "The result has another shape",
    "wrong-dtype": "The result has another dtype",
    "wrong-device": "The result lies on another device",
    "lost-precision": "The result is right to fewer digits than its dtype has",
    "accumulated-rounding": "The rounding errors of a long sum add up",
}


def cause(discrepancy: Discrepancy, cases: Mapping[str, Case]) -> str:
    """Say in one sentence what goes wrong, from the kind, the convention and the case that shows it."""
    part = "in the gradient, " if discrepancy.part == "gradient" and "gradient" not in discrepancy.kind else ""
    if discrepancy.convention:
        rules = " ".join(summaries(discrepancy.convention))
        return f"{_CAUSES[discrepancy.kind]}, {part}by an undocumented convention. {rules}"
    case = cases.get(discrepancy.example.case)
    shown = "" if case is None else f": {case.description}"
    return f"{_CAUSES[discrepancy.kind]}{', ' if part else ''}{part.removesuffix(', ')}{shown}"


def render_discrepancies(report: Report, cases: Mapping[str, Case]) -> str:
    """Write the findings of a report in Markdown, worst first; the same report gives the same text.

    Parameters
    ----------
    cases
        The corpus by id; a discrepancy whose case is not there has no program.
    """
    found = discrepancies(report, cases)
    followed = usages(report, cases)
    header = report.header
    lines = [
        "# Discrepancies",
        "",
        f"Where implementations part from the exact answers of the corpus `{header.corpus[:8]}`, {header.cases} cases;",
        f"seen on {', '.join(header.platform)} with Python {', '.join(header.python)}.",
        "The conformance run writes this page.",
        "",
    ]
    counts = (
        (each.implementation, each.version, *(str(each.counts.get(v, 0) or "·") for v in VERDICTS), ulps(each.worst))
        for each in summarise(report).tallies
    )
    lines += table(("implementation", "version", *VERDICTS, "worst pass"), counts, 6)
    lines += [f"{len(found)} causes, worst first. Each has a program that shows it.", ""]
    kinds = [(kind, [each for each in found if each.kind == kind]) for kind in KINDS]
    for kind, alike in kinds:
        if alike:
            lines += [f"**{_CAUSES[kind]}** (`{kind}`)", ""]
            lines += table(("cause", "cases", "implementations"), (_row(each, report) for each in alike))
    for kind, alike in kinds:
        if alike:
            lines += [f"## {_CAUSES[kind]}", ""]
        for discrepancy in alike:
            lines += _section(discrepancy, report, cases)
    lines += render_sightings(report, cases)
    if followed:
        lines += ["## Conventions", "", "Departures from the definition that the library documents.", ""]
    for usage in followed:
        lines += _usage(usage, report, cases)
    return "\n".join(lines).rstrip() + "\n"


def heading(discrepancy: Discrepancy) -> str:
    """The loss, and where it goes wrong: `binary cross entropy with logits, extreme`."""
    topic = discrepancy.topic.rpartition("/")[2].replace("-", " ")
    where = discrepancy.convention or topic
    part = "gradient" if discrepancy.part == "gradient" and "gradient" not in discrepancy.kind else ""
    return ", ".join(filter(None, (discrepancy.loss.replace("_", " "), part, where)))


def _row(discrepancy: Discrepancy, report: Report) -> tuple[str, ...]:
    who = names(discrepancy.implementations, versions(report))
    return f"[{heading(discrepancy)}](#{discrepancy.slug})", str(len(discrepancy.cases)), who


def _section(discrepancy: Discrepancy, report: Report, cases: Mapping[str, Case]) -> Iterator[str]:
    yield f'### <a id="{discrepancy.slug}"></a>{heading(discrepancy)}'
    yield ""
    yield cause(discrepancy, cases)
    yield ""
    who = ", ".join(f"{name} {version}" for name, version in discrepancy.implementations)
    yield f"- Implementations: {who}; in {', '.join(discrepancy.dtypes)}"
    yield f"- Cases: {', '.join(f'`{case}`' for case in discrepancy.cases)}"
    yield from _shown(discrepancy.example, report.header, cases.get(discrepancy.example.case))


def _shown(example: Result, header: Header, case: Case | None) -> Iterator[str]:
    """One result, and the program that gives it."""
    known = header.implementation(example.implementation, example.version)
    where = f"{example.implementation} {example.version}, {example.dtype}"
    yield f"- Shown by `{example.case}` in {where}: {example.reason}"
    if case is not None and example.value is not None:
        yield f"- Got: `{got(example.value)}`; wanted: `{wanted(case, example.dtype)}`"
    yield ""
    if known is None or not known.dialect or case is None or not example.expression:
        return
    gradient = example.gradient is not None
    yield f"```{known.dialect.get('language', 'python')}"
    yield program(known.dialect, example.expression, case, example.dtype, example.device, gradient=gradient).rstrip()
    yield "```"
    yield ""


def _usage(usage: Usage, report: Report, cases: Mapping[str, Case]) -> Iterator[str]:
    yield f"### {usage.convention}"
    yield ""
    for name in usage.convention.split(" + "):
        rule = CONVENTIONS.get(name)
        if rule is not None:
            yield f"{rule.summary} `{rule.formula}`"
            yield ""
    known = versions(report)
    for loss, who in usage.followers.items():
        yield f"- `{loss}`: {names(who, known)}"
    case = cases.get(usage.example.case)
    shown = f"- Shown by `{usage.example.case}` in {usage.example.implementation}, {usage.example.dtype}"
    if case is not None and usage.example.value is not None:
        shown += f": got `{got(usage.example.value)}`, by the definition `{wanted(case, usage.example.dtype)}`"
    yield shown
    yield ""
