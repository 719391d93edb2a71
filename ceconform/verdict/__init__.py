"""Judging: what an observation is worth."""

from __future__ import annotations

from ceconform.verdict.judgement import judge, missed
from ceconform.verdict.kinds import KINDS, VERDICTS, Verdict, rank

__all__ = ["KINDS", "VERDICTS", "Verdict", "judge", "missed", "rank"]
