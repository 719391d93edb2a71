"""Seen: the wrong answers of which threads tell, beside the exact ones and beside what comes today."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from ceconform.corpus import Case, Excerpt, Numbers, Seen, gives
from ceconform.harness import Answer, Observation
from ceconform.verdict.comparison import compare, wanted

__all__ = ["NOW", "is_wrong", "now"]

NOW = ("still so", "another wrong answer", "by a documented convention", "mended", "not asked")
"""What has become of a wrong answer, worst first."""


def is_wrong(seen: Seen, loss: Numbers, condition: Numbers, terms: int, dtype: str) -> bool:
    """Whether numbers that a thread tells of are none that pass in a dtype; they were rounded where they were printed.

    Parameters
    ----------
    loss, condition
        The exact numbers and their condition, of the part that was seen: the value or the gradient.
    terms, dtype
        As for the tolerance.
    """
    figures = [Decimal("nan") if figure is None else Decimal(figure) for figure in _figures(seen)]
    half = max(float(Decimal(5).scaleb(_exponent(each) - 1)) if each.is_finite() and each else 0.0 for each in figures)
    return not _passes(seen, [float(each) for each in figures], loss, condition, terms, dtype, slack=half)


def now(
    case: Case,
    seen: Seen,
    observation: Observation,
    dtype: str,
    *,
    acceptable: bool,
    flushes_subnormals: bool = False,
) -> str:
    """Say what has become of a wrong answer: one of `NOW`.

    Parameters
    ----------
    case, seen
        The question, and the wrong answer to it.
    observation
        What was answered today.
    dtype
        The dtype in which it was asked; whether the answer has it is another question.
    acceptable
        Whether a documented convention explains that.
    flushes_subnormals
        As for the tolerance.
    """
    still, another, convention, mended, unasked = NOW
    expected, value = case.expected, observation.value
    raised = observation.status == "crash" or (value is not None and bool(value.raised))
    if raised:
        if seen.raised:
            return still
        return mended if expected.error or expected.invalid else another
    answer = value if seen.part == "value" else observation.gradient
    if answer is None:
        return another if observation.status == "timeout" else unasked
    if _is_told(seen, answer):
        return still
    parts = {"value": (expected.loss, expected.condition), "gradient": (expected.gradient, expected.gradient_condition)}
    exact, condition = parts[seen.part]
    if exact is None or condition is None or isinstance(exact, Excerpt) or isinstance(condition, Excerpt):
        return another  # no thread tells so many numbers
    if answer.shape != exact.shape:
        return another
    if _passes(seen, answer.values, exact, condition, expected.terms, dtype, flushes_subnormals=flushes_subnormals):
        return mended
    return convention if acceptable else another


def _is_told(seen: Seen, answer: Answer) -> bool:
    """Whether these are the numbers that were seen, to the digits that are told."""
    if seen.figures is None or seen.figures.shape != answer.shape:
        return False
    both = zip(_figures(seen), answer.values, strict=True)
    return all(figure is None or gives(figure, Decimal(number)) for figure, number in both)


def _figures(seen: Seen) -> list[str | None]:
    figures = seen.figures
    return [] if figures is None else figures.ravel().tolist()


def _exponent(figure: Decimal) -> int:
    return int(figure.as_tuple().exponent)


def _passes(
    seen: Seen,
    numbers: Sequence[float],
    exact: Numbers,
    condition: Numbers,
    terms: int,
    dtype: str,
    *,
    slack: float = 0.0,
    flushes_subnormals: bool = False,
) -> bool:
    """Judge the elements of which the thread tells, all of them where it tells of an error."""
    at = np.flatnonzero([figure is not None for figure in _figures(seen)] or np.ones(exact.size))
    compared = compare(
        np.asarray(numbers, dtype=np.float64)[at],
        wanted(exact.ravel()[at], condition.ravel()[at], terms, dtype),
        dtype,
        part=seen.part,
        flushes_subnormals=flushes_subnormals,
        slack=slack,
    )
    return not compared.kind
