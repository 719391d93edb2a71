"""The second witness: every answer from closed forms in mpmath, which share nothing with the oracle.

The oracle encloses what the definitions say, step by step and with derivatives that it carries along. Here a row's loss
and both of its derivatives are formulas, differentiated by hand, in 400 digits. A number is right where the two agree.
"""

from __future__ import annotations

from ceconform.authoring.witness.answer import Answer, answer, refusal
from ceconform.authoring.witness.comparison import DIGITS, differences, is_printed
from ceconform.authoring.witness.objections import objections

__all__ = ["DIGITS", "Answer", "answer", "differences", "is_printed", "objections", "refusal"]
