"""Judging: what an observation is worth."""

from __future__ import annotations

from ceconform.verdict.baseline import Baseline, Entry, Place, read_baseline, read_baselines
from ceconform.verdict.judgement import judge, missed
from ceconform.verdict.kinds import KINDS, VERDICTS, Verdict, rank

__all__ = [
    "KINDS",
    "VERDICTS",
    "Baseline",
    "Entry",
    "Place",
    "Verdict",
    "judge",
    "missed",
    "rank",
    "read_baseline",
    "read_baselines",
]
