"""Judging: what an observation is worth."""

from __future__ import annotations

from ceconform.verdict.formats import FORMATS, digits, round_to
from ceconform.verdict.judgement import judge
from ceconform.verdict.kinds import KINDS, VERDICTS, Verdict, rank

__all__ = ["FORMATS", "KINDS", "VERDICTS", "Verdict", "digits", "judge", "rank", "round_to"]
