"""Explain: one result in full, with the program that shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import Case, Excerpt, Numbers
from ceconform.corpus.excerpt import listed
from ceconform.formats import FORMATS, digits, rounded
from ceconform.report.header import Header
from ceconform.report.program import program
from ceconform.report.result import Digits, Result
from ceconform.report.sightings import of_result, told
from ceconform.report.text import ulps

__all__ = ["command", "explain", "facts", "got", "summaries", "wanted"]

_SHOWN = 8
"""Numbers of a long array that are shown; the program has them all."""


def explain(case: Case, result: Result, header: Header) -> str:
    """Explain a result: description, sent, got, wanted, verdict, error, what was seen, and a standalone program.

    The program is missing where nothing was sent, or where the header does not know the implementation.
    """
    who = f"{result.implementation} {result.version}"
    lines = [f"{case.id}   {who}   {result.dtype}   {result.device}", case.description, ""]
    told_of = (*facts(case, result), *_seen(case, result, header))
    lines += [f"  {name:<10}{text}".rstrip() for name, text in told_of]
    known = header.implementation(result.implementation, result.version)
    if known is not None and known.dialect and result.expression:
        gradient = result.gradient is not None
        lines += ["", program(known.dialect, result.expression, case, result.dtype, result.device, gradient=gradient)]
    return "\n".join(lines).rstrip() + "\n"


def command(result: Result) -> str:
    """Write the command that explains a result."""
    device = "" if result.device == "cpu" else f" --device {result.device.partition(':')[0]}"
    return f"ceconform explain {result.case} '{result.implementation}' --dtype {result.dtype}{device}"


def facts(case: Case | None, result: Result) -> Iterator[tuple[str, str]]:
    """Say what was sent, got and wanted, and the verdict, in pairs; what was wanted is only known with the case."""
    if result.expression:
        yield "sent", result.expression
    if result.value is not None:
        yield "got", got(result.value)
        if case is not None:
            yield "wanted", wanted(case, result.dtype)
    if result.gradient is not None and case is not None and case.expected.gradient is not None:
        if case.gradient_by != "predictions":
            yield "by", case.gradient_by
        if case.cotangent is not None:
            yield (
                "cotangent",
                _line([digits(c, "float64") for c in case.cotangent.ravel().tolist()], case.cotangent.shape),
            )
        yield "gradient", got(result.gradient)
        yield "wanted", _shown(case.expected.gradient, result.dtype)
    yield "verdict", _verdict(result)
    if result.reason:
        yield "", result.reason
    for summary in summaries(result.convention):
        yield "", summary
    errors = (("value", result.ulps), ("gradient", result.gradient_ulps))
    if measured := [f"{part} {ulps(error)}" for part, error in errors if error is not None]:
        yield "error", ", ".join(measured)


def _seen(case: Case, result: Result, header: Header) -> Iterator[tuple[str, str]]:
    """What threads tell of the case, and whether this result still shows it."""
    for seen in case.seen:
        become = of_result(case, seen, result, header)
        yield "seen", f"{told(seen)} ({seen.thread}){f'; now {become}' if become else ''}"


def _verdict(result: Result) -> str:
    named = " as ".join(filter(None, (result.kind, result.convention)))
    return f"{result.verdict}: {named}" if named else result.verdict


def summaries(convention: str) -> Iterator[str]:
    """Say what the conventions are that a result names."""
    for name in filter(None, convention.split(" + ")):
        yield f"{name}: {CONVENTIONS[name].summary}" if name in CONVENTIONS else name


def got(answer: Digits) -> str:
    """Write what came, in the digits of its dtype, or the error that was raised."""
    if answer.raised:
        return f"raised {answer.raised}"
    return "None" if answer.none else _line(answer.digits, answer.shape)


def wanted(case: Case, dtype: str) -> str:
    """Write what was to come, rounded to the dtype."""
    expected = case.expected
    if expected.error or expected.loss is None:
        return f"an error: {expected.error}"
    text = _shown(expected.loss, dtype)
    return f"{text}, or an error: {expected.invalid}" if expected.invalid else text


def _shown(numbers: Numbers | Excerpt, dtype: str) -> str:
    known = dtype if dtype in FORMATS else "float64"
    some = listed(numbers)[:_SHOWN].tolist()  # an excerpt begins with the first numbers, too
    return _line([digits(rounded(number, known), known) for number in some], numbers.shape)


def _line(texts: Iterable[str], shape: tuple[int, ...]) -> str:
    shown = "   ".join(tuple(texts)[:_SHOWN])
    count = math.prod(shape)
    if not count:
        return f"an empty array of shape {shape}"
    return f"{shown}   … ({count} numbers)" if count > _SHOWN else shown
