"""Wrong implementations, each of one loss with one fault, which the corpus must catch."""

from __future__ import annotations

from ceconform.authoring.miniatures.fault import Fault
from ceconform.authoring.miniatures.miniature import FAULTS, Bench, Miniature, miniatures

__all__ = ["FAULTS", "Bench", "Fault", "Miniature", "miniatures"]
