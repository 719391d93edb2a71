"""Judging: what an observation is worth."""

from __future__ import annotations

from ceconform.verdict.attribution import attribute
from ceconform.verdict.baseline import Baseline, Entry, Place, read_baseline, read_baselines
from ceconform.verdict.judgement import Attribute, judge, missed
from ceconform.verdict.kinds import KINDS, VERDICTS, Verdict, rank
from ceconform.verdict.remembering import Attributions
from ceconform.verdict.seen import NOW, is_wrong, now

__all__ = [
    "KINDS",
    "NOW",
    "VERDICTS",
    "Attribute",
    "Attributions",
    "Baseline",
    "Entry",
    "Place",
    "Verdict",
    "attribute",
    "is_wrong",
    "judge",
    "missed",
    "now",
    "rank",
    "read_baseline",
    "read_baselines",
]
