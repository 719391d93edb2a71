"""Verdicts, and the kinds of fail, worst first."""

from __future__ import annotations

from dataclasses import dataclass

from ceconform.errors import UnknownNameError

__all__ = ["KINDS", "VERDICTS", "Verdict", "rank"]

VERDICTS = ("pass", "acceptable", "fail", "unsupported", "error")

KINDS = (
    "crash",
    "timeout",
    "accepted-invalid-input",
    "nan-for-a-number",
    "infinite-for-a-number",
    "wrong-value",
    "wrong-reduction",
    "vanished-gradient",
    "wrong-gradient",
    "rejected-valid-input",
    "wrong-shape",
    "wrong-dtype",
    "wrong-device",
    "lost-precision",
    "accumulated-rounding",
)
"""Worst first."""
_RANKS = {kind: place for place, kind in enumerate((*KINDS, ""))}


def rank(kind: str) -> int:
    """The place of a kind among `KINDS`, 0 being the worst; no kind at all comes after the mildest.

    >>> rank("crash"), rank("") == len(KINDS)
    (0, True)
    """
    if kind not in _RANKS:
        raise UnknownNameError(f"a kind of fail is one of {', '.join(KINDS)}; got {kind!r}")
    return _RANKS[kind]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an observation is worth."""

    verdict: str
    """`pass`, `acceptable`, `fail`, `unsupported` or `error`."""
    kind: str = ""
    """Of a fail."""
    convention: str = ""
    """The conventions that explain the answer, in their order, joined by ` + `."""
    reason: str = ""
    """A sentence: for which part, at which index, what was got and what was wanted."""
    part: str = ""
    """`value` or `gradient`: which of the two decided."""
    ulps: float | None = None
    """The largest error of the value in units of the last place; None where it has no measure (NaN for a number)."""
    gradient_ulps: float | None = None
