"""An answer and its verdict depend on the case alone: not on its neighbours, the order, the shard, or the jobs."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from whole_corpus import CASES

from ceconform.corpus import Case, select, shard
from ceconform.harness import ask, function_command
from ceconform.report import Header, Recorder, Result, Writer

TEXTBOOK = [sys.executable, "-S", "-I", str(Path(__file__).parents[1] / "examples" / "plain_worker.py")]
CLIPPING = function_command(
    "functions:clips", loss="binary_cross_entropy", backend="numpy", conventions=["clip-at-1e-7"]
)
IMPLEMENTATIONS = ("ceconform[numpy]", "textbook", "clipping")
GLOBS = ("binary/clipping/*", "binary/imperfect/*", "categorical/clipping/*", "margin/hinge/*")


def forget() -> None:
    """As a process that has judged nothing yet."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("ceconform.verdict", "ceconform.oracle", "ceconform.corpus.case", "ceconform.formats")):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def results(names: Sequence[str], cases: Sequence[Case], jobs: int) -> list[Result]:
    """A run's results, by their keys; how long each took is another every time."""
    forget()
    header = Header.here(ceconform="0", corpus="0", cases=len(cases))
    with Writer(io.StringIO(), header) as writer:
        events = ask(names, cases, jobs=jobs, commands={"textbook": TEXTBOOK, "clipping": CLIPPING})
        found = [result for _, some in Recorder(writer).follow(events) for result in some]
    return sorted((replace(result, seconds=0.0) for result in found), key=lambda result: result.key)


@pytest.fixture(autouse=True, scope="module")
def _functions_on_path():
    """The worker finds `functions:clips`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Some that one implementation or the other passes, misses, refuses, and answers by a convention."""
    return list(select(CASES, GLOBS))


@pytest.fixture(scope="module")
def plain(cases) -> list[Result]:
    """One implementation after the other, in the order of the corpus."""
    return results(IMPLEMENTATIONS, cases, 1)


def test_the_cases_are_worth_asking(plain):
    """Every verdict that a healthy implementation can have."""
    assert {"pass", "acceptable", "fail", "unsupported"} == {result.verdict for result in plain}


def test_the_order_and_the_jobs_change_no_answer(plain, cases):
    """All at once, the last first, the cases as they fall."""
    mixed = [cases[at] for at in np.random.default_rng(3).permutation(len(cases))]
    assert plain == results(IMPLEMENTATIONS[::-1], mixed, len(IMPLEMENTATIONS))


def test_the_shards_together_are_the_whole(plain, cases):
    """Each in processes of its own, which have seen nothing else."""
    parts = [results(IMPLEMENTATIONS, shard(cases, part, 2), 2) for part in (1, 2)]
    assert all(parts)
    assert plain == sorted((result for part in parts for result in part), key=lambda result: result.key)
