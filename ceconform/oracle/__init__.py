"""What is right: the definitions in exact arithmetic."""

from __future__ import annotations

from ceconform.oracle.effect import effective
from ceconform.oracle.evaluate import evaluate, evaluate_by
from ceconform.oracle.exact import Exact
from ceconform.oracle.rules import Rules, interpret

__all__ = ["Exact", "Rules", "effective", "evaluate", "evaluate_by", "interpret"]
