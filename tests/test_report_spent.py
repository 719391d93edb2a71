"""A run tells where its time went."""

from __future__ import annotations

import re

from whole_corpus import CASES

from ceconform.adapters import find
from ceconform.corpus import select
from ceconform.harness import Asked, Finished, Observation
from ceconform.harness.worker import observe
from ceconform.report import Spent


def test_first_calls_and_compiling_are_told_apart_from_calls():
    """The first call of an entry point counts as compiling, whatever the library says of itself."""
    (case,) = select(CASES, ["binary/clipping/certain-and-wrong"])
    spent = Spent()
    for seconds, compiling in ((8.0, 0.0), (4.0, 3.0), (2.0, 0.0)):
        seen = Observation(status="answered", via="f", seconds=seconds, compiling=compiling)
        spent.see(Asked(implementation="mine", case=case, dtype="float32", device="cpu", observations=(seen,)))
    spent.see(Finished(implementation="mine", starting=16.0))
    assert (16.0, 11.0, 3.0, 3) == (spent.starting, spent.compiling, spent.calling, spent.answers)
    told = r"3 answers in \S+ s: 16.0 s until .* ready, 11.0 s first calls and compiling, 3.0 s calls, \S+ s asking"
    assert re.match(told, str(spent))


def test_jax_tells_how_long_it_compiles():
    """Most of its first call; and nothing of a call that it has compiled before."""
    adapter = find("ceconform[jax]")()
    names = adapter.namespace()
    (case,) = select(CASES, ["binary/clipping/certain-and-wrong"])
    first, again = (next(observe(adapter, names, case.call("float32"))) for _ in range(2))
    assert first.compiling > again.compiling
    assert first.seconds >= first.compiling > 0
    assert again.compiling < again.seconds
