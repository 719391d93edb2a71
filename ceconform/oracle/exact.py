"""The oracle's answer."""

from __future__ import annotations

from dataclasses import dataclass

from ceconform.corpus import Numbers

__all__ = ["Exact"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exact:
    """The exact loss, gradient and conditions of a call, each number enclosed and rounded to 40 digits.

    For reduction `none` the gradient is that of the sum.
    """

    loss: Numbers
    gradient: Numbers
    condition: Numbers
    gradient_condition: Numbers
    terms: int
    invalid: str = ""
    """What is wrong with the input, if anything is; then the touched losses are NaN."""
