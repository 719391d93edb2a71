"""What is right: the definitions in exact arithmetic."""

from __future__ import annotations

from ceconform.oracle.evaluate import evaluate
from ceconform.oracle.exact import Exact

__all__ = ["Exact", "evaluate"]
