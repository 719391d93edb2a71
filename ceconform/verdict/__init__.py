"""Judging: what an observation is worth."""

from __future__ import annotations

from ceconform.verdict.baseline import Baseline, Entry, Place, read_baseline, read_baselines
from ceconform.verdict.judgement import judge, missed
from ceconform.verdict.kinds import KINDS, VERDICTS, Verdict, rank
from ceconform.verdict.seen import NOW, is_wrong, now

__all__ = [
    "KINDS",
    "NOW",
    "VERDICTS",
    "Baseline",
    "Entry",
    "Place",
    "Verdict",
    "is_wrong",
    "judge",
    "missed",
    "now",
    "rank",
    "read_baseline",
    "read_baselines",
]
