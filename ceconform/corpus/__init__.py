"""What is asked: cases, calls, and the losses that they are about."""

from __future__ import annotations

from ceconform.corpus.call import Call
from ceconform.corpus.case import Case, Expected
from ceconform.corpus.coverage import FAMILIES, Cell, coverage, families
from ceconform.corpus.excerpt import Excerpt, Numbers
from ceconform.corpus.loading import case_hash, corpus_hash, load, load_file
from ceconform.corpus.questions import LOSSES, REDUCTIONS, Loss
from ceconform.corpus.seen import Seen, gives
from ceconform.corpus.selecting import id_matches, select, shard

__all__ = [
    "FAMILIES",
    "LOSSES",
    "REDUCTIONS",
    "Call",
    "Case",
    "Cell",
    "Excerpt",
    "Expected",
    "Loss",
    "Numbers",
    "Seen",
    "case_hash",
    "corpus_hash",
    "coverage",
    "families",
    "gives",
    "id_matches",
    "load",
    "load_file",
    "select",
    "shard",
]
