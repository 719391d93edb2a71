"""The run itself, on the real libraries: ours conform, known discrepancies are named, and the programs show them."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from collections import Counter
from functools import cache

import numpy as np
import pytest
from real import events
from whole_corpus import CASES

from ceconform.corpus import Case
from ceconform.harness import Asked, ask
from ceconform.report import Header, Recorder, Writer, discrepancies, program
from ceconform.report.report import Report

BY_ID = {case.id: case for case in CASES}
BUILT_IN = (
    "keras[jax]",
    "keras[numpy]",
    "keras[tensorflow]",
    "keras[torch]",
    "optax",
    "sklearn",
    "tensorflow",
    "torch",
)
OURS = ("ceconform[array_api_strict]", "ceconform[jax]", "ceconform[numpy]", "ceconform[torch]")
GROUPS = {name: pytest.mark.xdist_group(name) for name in (*BUILT_IN, *OURS)}


def judged(events) -> Report:
    """Judge what came of asking one implementation."""
    stream = io.StringIO()
    with Writer(stream, Header.here(ceconform="test", corpus="test", cases=len(CASES))) as writer:
        recorder = Recorder(writer)
        for _ in recorder.follow(events):
            pass
    assert not recorder.missing
    return Report.read(stream.getvalue().splitlines(keepends=True))


@cache
def told(implementation: str) -> Report:
    """The telling cases."""
    return judged(event for event in events(implementation) if not isinstance(event, Asked) or event.case.id in BY_ID)


def each(names):
    """A parameter for each implementation, its tests in one process."""
    return [pytest.param(name, marks=GROUPS[name]) for name in names]


@pytest.mark.parametrize(
    "implementation", each(["ceconform[array_api_strict]", "ceconform[numpy]", "ceconform[torch]"])
)
def test_ours_conform(implementation):
    """No fail and no error in the whole corpus, in every dtype, but what is known."""
    report = judged(ask([implementation], CASES))
    assert len(report.results) > len(CASES)
    wrong = [(r.case, r.dtype, r.kind) for r in report.results if r.verdict not in {"pass", "unsupported"}]
    assert wrong == []
    unsaid = [BY_ID[r.case] for r in report.results if r.verdict == "unsupported"]
    autodiff = implementation == "ceconform[torch]"
    # Nothing but the pairings, whose activations are not ours, and what takes autodiff.
    assert [] == [c.id for c in unsaid if not c.activation and (autodiff or not _beyond_value_and_grad(c))]


def _beyond_value_and_grad(case: Case) -> bool:
    """Whether the gradient is another than that of the sum, by the predictions."""
    return case.gradient_by != "predictions" or case.cotangent is not None


def compiled_often() -> list[Case]:
    """A fifth of the cases in the commonest shape of their loss, and some others: JAX compiles for each shape."""
    shapes = Counter((case.loss, case.predictions.shape) for case in CASES)
    usual = dict(pair for pair, _ in reversed(shapes.most_common()))  # the commonest is the last
    alike = [case for case in CASES if case.predictions.shape == usual[case.loss]]
    return [*alike[::5], *[case for case in CASES if case.predictions.shape != usual[case.loss]][::40]]


@pytest.mark.slow
@pytest.mark.parametrize("implementation", each(["ceconform[jax]"]))
def test_ours_conform_where_each_operation_is_compiled(implementation):
    """A part of the corpus in float32, because JAX compiles for each shape; subnormal inputs may count as 0."""
    report = judged(ask([implementation], compiled_often(), dtypes=["float32"]))
    wrong = [(r.case, r.kind, r.reason) for r in report.results if r.verdict in {"fail", "error"}]
    assert wrong == []
    assert {r.convention for r in report.results if r.verdict == "acceptable"} <= {"subnormals-are-zero"}


@pytest.mark.parametrize("implementation", each([name for name in BUILT_IN if name.startswith("keras")]))
def test_the_articles_program_is_recognised(implementation):
    """`SparseCategoricalCrossentropy()` on logits takes them for probabilities, and the report says so by name."""
    (result,) = (r for r in told(implementation).results if r.case == "sparse/worked-examples/tensorflow-program")
    assert result.verdict == "fail"
    assert "logits-taken-as-probabilities" in result.convention
    assert "SparseCategoricalCrossentropy(" in result.expression
    assert "from_logits" not in result.expression


def test_the_articles_other_program_is_right():
    """`nn.CrossEntropyLoss()` on the same numbers."""
    (function, module) = (r for r in told("torch").results if r.case == "sparse/worked-examples/tensorflow-program")
    assert ("pass", "pass") == (function.verdict, module.verdict)
    assert module.via == "nn.CrossEntropyLoss"


def numbers(line: str) -> list[float]:
    """A printed nested list, flat."""
    value = eval(line, {"inf": math.inf, "nan": math.nan})  # noqa: S307 - what our own program printed
    return [float(number) for number in np.ravel(value)]


SHOWN = """\
import contextlib, io, json, sys
for text in json.load(sys.stdin):
    said, raised = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(text, "<program>", "exec"), {"__name__": "__main__"})
    except Exception as error:
        raised = type(error).__name__
    print(json.dumps([said.getvalue(), raised, "ceconform" in sys.modules]))
"""
"""Runs programs one after the other, each with names of its own, in a process that knows nothing else."""


def shown(texts):
    """What each program printed, what it raised, and whether ceconform was imported; the library is, once."""
    command = [sys.executable, "-W", "ignore", "-c", SHOWN]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    return list(map(json.loads, done.stdout.splitlines()))


@pytest.mark.parametrize("implementation", each([*BUILT_IN, *OURS]))
def test_a_program_shows_what_was_seen(implementation):
    """Run in a fresh process that knows no ceconform (unless it is what is shown), it prints the very digits."""
    report = told(implementation)
    (known,) = report.header.implementations
    chosen = {each.verdict: each for each in report.results if each.expression and each.value is not None}
    assert chosen
    texts = []
    for each in chosen.values():
        asked = BY_ID[each.case], each.dtype, each.device
        texts.append(program(known.dialect, each.expression, *asked, gradient=each.gradient is not None))
    ours = implementation.startswith("ceconform")
    for result, text, (said, raised, knows) in zip(chosen.values(), texts, shown(texts), strict=True):
        assert knows == ours == ("ceconform" in text)
        assert result.value.raised.partition(":")[0] == raised, text
        if raised:
            continue
        value, *gradient = said.splitlines()
        np.testing.assert_array_equal(numbers(value), result.value.answer().values)
        if result.gradient is not None and not result.gradient.raised:
            np.testing.assert_array_equal(numbers(gradient[0]), result.gradient.answer().values)


def test_causes_are_distinct():
    """One cause, one heading; each has somebody who shows it."""
    found = discrepancies(told("torch"), BY_ID)
    assert len({each.slug for each in found}) == len(found) > 0
    assert all(each.implementations and each.cases for each in found)
