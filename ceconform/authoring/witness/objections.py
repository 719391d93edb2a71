"""Objections: what a case expects, refuses or cites, and the second witness does not say."""

from __future__ import annotations

from collections.abc import Iterator

from ceconform.authoring.witness.answer import Answer, answer, refusal
from ceconform.authoring.witness.comparison import differences, is_printed
from ceconform.corpus import Case

__all__ = ["objections"]


def objections(case: Case) -> Iterator[tuple[str, str]]:
    """Hold everything that a case states against the second witness; give key and complaint.

    Parameters
    ----------
    case
        One that states what is expected.

    Yields
    ------
    tuple of str and str
        The key in the case file, as `expected.loss[3]`, and what the witness says in its place. Of many numbers that
        differ in an array there is the first, and how many others do.
    """
    call = case.call("float64")
    refused = refusal(call)
    if refused != case.expected.error:
        meant, stated = (f"the error {name}" if name else "no error" for name in (refused, case.expected.error))
        yield "expected.error", f"the second witness says {meant}, not {stated}"
    if refused or case.expected.error:
        return
    found = answer(call)
    for key, complaint in differences(case.expected, found):
        yield f"expected.{key}", complaint
    yield from _misprinted(case, found)


def _misprinted(case: Case, found: Answer) -> Iterator[tuple[str, str]]:
    """Compare each figure that a source prints."""
    for key, right in (("loss", found.loss), ("grad", found.gradient)):
        if key not in case.cited:
            continue
        for figure, number in zip(case.cited[key].ravel().tolist(), right.ravel().tolist(), strict=True):
            if figure is not None and not is_printed(figure, number):
                yield f"cited.{key}", f"the second witness says {number}, cited is {figure}"
