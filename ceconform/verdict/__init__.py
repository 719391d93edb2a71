"""Judging: what an observation is worth."""

from __future__ import annotations

from ceconform.verdict.judgement import judge, missed
from ceconform.verdict.kinds import KINDS, VERDICTS, Verdict, rank
from ceconform.verdict.seen import NOW, is_wrong, now

__all__ = ["KINDS", "NOW", "VERDICTS", "Verdict", "is_wrong", "judge", "missed", "now", "rank"]
