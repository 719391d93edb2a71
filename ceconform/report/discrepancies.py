"""Discrepancies: the fails of a report, grouped by what causes them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ceconform.corpus import Case
from ceconform.report.report import Report
from ceconform.report.result import Result
from ceconform.report.summary import Who
from ceconform.verdict import rank

__all__ = ["Discrepancy", "Usage", "discrepancies", "shows_anywhere", "usages"]

_SMALL = 64
"""Predictions that an example may have if a smaller one cannot be had."""

_EVERYWHERE = frozenset(
    {"vanished-gradient", "wrong-shape", "wrong-dtype", "wrong-device", "lost-precision", "accumulated-rounding"}
)
"""Kinds that have one cause in a loss, whatever the topic of the cases in which it shows."""
_DTYPES = ("float32", "float64", "float16", "bfloat16")
"""The dtypes in which an example is looked for, in this order: errors in ulps do not compare across dtypes."""


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """One cause: what goes wrong, in what part of which loss, on which topic of the corpus, and for whom."""

    slug: str
    kind: str
    convention: str
    """What explains it though its library does not document it."""
    loss: str
    part: str
    topic: str
    """The file of the cases: binary/clipping. Empty where the kind or the convention is the cause wherever it shows."""
    dtypes: tuple[str, ...]
    implementations: tuple[Who, ...]
    cases: tuple[str, ...]
    example: Result
    """The worst among those that are short."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """A convention that a library documents and that its answers follow."""

    convention: str
    followers: Mapping[str, tuple[Who, ...]]
    """Loss to implementations."""
    example: Result


def shows_anywhere(kind: str, convention: str) -> bool:
    """Whether a convention or a kind says it all: one cause in a loss, whatever the question in which it shows."""
    return bool(convention) or kind in _EVERYWHERE


def discrepancies(report: Report, cases: Mapping[str, Case]) -> tuple[Discrepancy, ...]:
    """Group the fails by cause, worst kind first.

    One cause has one kind, part, loss and explaining convention. Where neither convention nor kind says it all, it also
    has one topic, the file in which its cases stand.
    """
    groups: dict[tuple[str, str, str, str, str], list[Result]] = defaultdict(list)
    for result in report.results:
        if result.verdict == "fail":
            anywhere = shows_anywhere(result.kind, result.convention)
            topic = "" if anywhere else result.case.rpartition("/")[0]
            groups[result.kind, result.loss, result.part, result.convention, topic].append(result)
    found = [_discrepancy(key, groups[key], cases) for key in sorted(groups, key=lambda key: (rank(key[0]), key))]
    return tuple(found)


def _discrepancy(key: tuple[str, str, str, str, str], results: list[Result], cases: Mapping[str, Case]) -> Discrepancy:
    kind, loss, part, convention, topic = key
    words = (kind, loss, "gradient" if part == "gradient" and "gradient" not in kind else "", convention, topic)
    slug = "-".join(filter(None, words)).lower()
    return Discrepancy(
        slug="".join(letter if letter.isalnum() else "-" for letter in slug.replace(" + ", "-")),
        kind=kind,
        convention=convention,
        loss=loss,
        part=part,
        topic=topic,
        dtypes=tuple(sorted({result.dtype for result in results})),
        implementations=_who(results),
        cases=tuple(sorted({result.case for result in results})),
        example=_example(results, cases),
    )


def _who(results: list[Result]) -> tuple[Who, ...]:
    return tuple(sorted({(result.implementation, result.version) for result in results}))


def _example(results: list[Result], cases: Mapping[str, Case]) -> Result:
    """Take the worst of the short cases, else the shortest; of equals the first by name."""

    def order(result: Result) -> tuple[object, ...]:
        case = cases.get(result.case)
        size = case.predictions.size if case is not None else _SMALL + 1
        error = result.gradient_ulps if result.part == "gradient" else result.ulps
        dtype = _DTYPES.index(result.dtype) if result.dtype in _DTYPES else len(_DTYPES)
        worst = -(math.inf if error is None else error)
        return max(size, _SMALL), not result.expression, dtype, worst, size, result.key

    return min(results, key=order)


def usages(report: Report, cases: Mapping[str, Case]) -> tuple[Usage, ...]:
    """Group the acceptable answers by convention."""
    groups: dict[str, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for result in report.results:
        if result.verdict == "acceptable":
            groups[result.convention][result.loss].append(result)
    return tuple(
        Usage(
            convention=name,
            followers={loss: _who(groups[name][loss]) for loss in sorted(groups[name])},
            example=_example([result for results in groups[name].values() for result in results], cases),
        )
        for name in sorted(groups)
    )
