"""Figures: the right ones that a source prints, and the wrong ones that a thread tells of, beside the oracle's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ceconform.authoring.answers import digits
from ceconform.corpus import Case, Seen
from ceconform.oracle import Exact
from ceconform.verdict import is_wrong

__all__ = ["disagreeing", "unfounded"]

_BINARY64 = Decimal(2) ** -51
"""What a program in binary64 that prints all its digits may be off by."""


def disagreeing(case: Case, answer: Exact) -> Iterator[tuple[str, str]]:
    """Compare each cited figure with the oracle's, to half a unit in its last place; give key and complaint."""
    for key, right in (("loss", answer.loss), ("grad", answer.gradient)):
        if key not in case.cited:
            continue
        for figure, value in zip(case.cited[key].ravel().tolist(), right.ravel().tolist(), strict=True):
            if figure is not None and not _agrees(figure, value):
                yield f"cited.{key}", f"the oracle says {digits(value)}, cited is {figure}"


def _agrees(figure: str, value: Decimal) -> bool:
    printed = Decimal(figure)
    if not printed.is_finite() or not value.is_finite():
        return (printed.is_nan() and value.is_nan()) or printed == value
    half = Decimal(5).scaleb(int(printed.as_tuple().exponent) - 1)
    return abs(printed - value) <= max(half, _BINARY64 * abs(value))


def unfounded(case: Case, answer: Exact | None) -> Iterator[tuple[str, str]]:
    """Find what `seen` has no source for, and what is not wrong; `answer` is None where an error is expected."""
    for seen in case.seen:
        key = f"seen.{seen.thread}"
        if seen.thread not in case.sources.values():
            yield key, "no source of the case is this thread"
        if seen.dtype and seen.dtype not in case.dtypes:
            yield f"{key}.dtype", f"the case is asked in {', '.join(case.dtypes)}"
        elif not _wrong(case, seen, answer):
            yield key, "what was seen is right, within the tolerance"


def _wrong(case: Case, seen: Seen, answer: Exact | None) -> bool:
    """Whether no right answer was seen, in the dtype that the thread names, else in float32, where most are."""
    if seen.raised:
        return answer is not None and not answer.invalid
    if answer is None:
        return True
    dtype = seen.dtype or ("float32" if "float32" in case.dtypes else case.dtypes[0])
    if seen.part == "value":
        return is_wrong(seen, answer.loss, answer.condition, answer.terms, dtype)
    return is_wrong(seen, answer.gradient, answer.gradient_condition, answer.terms, dtype)
