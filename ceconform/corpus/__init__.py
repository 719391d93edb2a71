"""What is asked: cases, calls, and the losses that they are about."""

from __future__ import annotations

from ceconform.corpus.call import Call
from ceconform.corpus.case import Case, Expected, Numbers
from ceconform.corpus.coverage import FAMILIES, Cell, coverage, families
from ceconform.corpus.loading import corpus_hash, load, load_file
from ceconform.corpus.questions import LOSSES, REDUCTIONS, Loss
from ceconform.corpus.seen import Seen, gives
from ceconform.corpus.selecting import select

__all__ = [
    "FAMILIES",
    "LOSSES",
    "REDUCTIONS",
    "Call",
    "Case",
    "Cell",
    "Expected",
    "Loss",
    "Numbers",
    "Seen",
    "corpus_hash",
    "coverage",
    "families",
    "gives",
    "load",
    "load_file",
    "select",
]
