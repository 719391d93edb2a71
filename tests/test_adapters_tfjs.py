"""TensorFlow.js, by way of its worker in Node: the one implementation here that is in another language."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from whole_corpus import CASES

from ceconform.corpus import select
from ceconform.harness import Asked, Started, ask
from ceconform.harness.process import Worker
from ceconform.libraries import LIBRARIES
from ceconform.report.program import program
from ceconform.verdict import judge

FOLDER = Path(__file__).parents[1] / "ceconform" / "adapters" / "tfjs"
COMMAND = ["node", str(FOLDER / "worker.mjs")]
MODERATE = ("*/imperfect", "*/reductions/mean-of-probabilities", "*/sample-weights/nonzero-weights", "margin/hinge")

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules").is_dir(), reason="TensorFlow.js is not installed: nox -s tfjs does that"
    ),
    pytest.mark.xdist_group("tfjs"),
]


def asked(*patterns: str) -> list[Asked | Started]:
    """What the worker says to these cases."""
    events = ask(["tfjs"], select(CASES, patterns), commands={"tfjs": COMMAND})
    return [event for event in events if isinstance(event, Asked | Started)]


@pytest.fixture(scope="module")
def moderate() -> list[Asked | Started]:
    """Answers to questions without edges."""
    return asked(*MODERATE)


def test_the_worker_says_who_it_is(moderate):
    """The version that package.json pins, float32, and what the library documents."""
    hello = moderate[0].hello
    pinned = json.loads((FOLDER / "package.json").read_text())["dependencies"]["@tensorflow/tfjs"]
    assert ("tfjs", pinned, ["float32"]) == (hello["name"], hello["version"], hello["dtypes"])
    assert hello["switches"]["flushes_subnormals"] is False
    for library in ("tfjs", "tfjs[layers]"):
        for loss, rules in LIBRARIES[library].items():
            assert set(rules) <= set(hello["conventions"][loss])


def test_what_has_no_edges_is_answered_right(moderate):
    """Every entry point gives the definition, or what the library documents, with a gradient."""
    seen = set()
    for event in moderate[1:]:
        for observation in event.observations:
            if observation.status == "unsupported" or event.case.expected.invalid or event.case.expected.error:
                continue
            verdict = judge(
                event.case,
                event.dtype,
                observation,
                documented=moderate[0].hello["conventions"].get(event.case.loss, ()),
                flushes_subnormals=False,
                device="cpu",
            )
            # What misses here loses digits next to an edge, and is named so; nothing is wrong.
            wrong = {"wrong-value", "wrong-reduction", "wrong-shape", "wrong-dtype", "rejected-valid-input", "error"}
            assert verdict.kind not in wrong, (event.case.id, observation.via, verdict.reason)
            assert observation.gradient is not None
            seen.add(observation.via)
    assert {
        "tf.losses.logLoss",
        "tf.losses.sigmoidCrossEntropy",
        "tf.losses.softmaxCrossEntropy",
        "tf.losses.hingeLoss",
        "tf.metrics.binaryCrossentropy",
        "tf.metrics.categoricalCrossentropy",
        "compile({loss: 'hinge'})",
        "compile({loss: 'sparseCategoricalCrossentropy'})",
    } <= seen


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("focal/reductions-and-weights", "the library has no"),
        ("binary/positive-weights", "no parameter pos_weight"),
        ("sparse/ignore-index/void-label", "no parameter ignore_index"),
        ("sparse/invalid/label-beyond-32-bits", "the library has no int64"),
        ("binary/weights/mean-divides-by-the-count", "does not count a loss whose weight is 0"),
    ],
)
def test_what_the_library_cannot_say_is_unsupported_with_the_reason(case, reason):
    """None of it is sent, and none of it is repaired."""
    _, *events = asked(case)
    seen = [observation for event in events for observation in event.observations]
    refused = [observation for observation in seen if reason in observation.reason]
    assert refused
    assert {("unsupported", "", None)} == {(each.status, each.expression, each.value) for each in refused}


def test_an_unknown_reduction_is_the_library_s_to_refuse():
    """It raises; that is the answer."""
    _, event = asked("binary/errors/unknown-reduction")
    assert "Unknown reduction" in event.observations[0].value.raised


@pytest.mark.parametrize(
    "case", ["categorical/imperfect", "sparse/reductions/mean-of-no-probabilities", "margin/hinge"]
)
def test_a_program_prints_what_was_seen(case, tmp_path):
    """Each runs alone, with the library and nothing else."""
    first, *events = asked(case)
    event = events[0]
    for observation in event.observations:
        text = program(first.hello["dialect"], observation.expression, event.case, "float32", "cpu")
        assert "ceconform" not in text
        assert ("function lossFunction" in text) == ("lossFunction" in observation.expression)
        (FOLDER / "node_modules" / ".programs").mkdir(exist_ok=True)  # where an import finds the library
        path = FOLDER / "node_modules" / ".programs" / f"{tmp_path.name}.mjs"
        path.write_text(text)
        try:
            done = subprocess.run(["node", str(path)], capture_output=True, text=True, check=True)
        finally:
            path.unlink()
        lines = [line for line in done.stdout.splitlines() if re.match(r"[\[\d\"-]", line)]
        for line, seen in zip(lines[-2:], (observation.value, observation.gradient), strict=True):
            numbers = np.asarray(json.loads(line), dtype=np.float64).ravel()
            np.testing.assert_array_equal(numbers, np.asarray(seen.values))


def test_a_name_that_the_library_has_not_is_the_worker_s_fault(tmp_path):
    """An expression with a mistake is an error, not an answer of the library's."""
    broken = tmp_path / "tfjs"
    broken.mkdir()
    for path in FOLDER.glob("*.mjs"):
        broken.joinpath(path.name).write_text(path.read_text().replace("tf.losses.hingeLoss", "tf.losses.hingeLos"))
    broken.joinpath("node_modules").symlink_to(FOLDER / "node_modules")
    worker = Worker(["node", str(broken / "worker.mjs")], limit=60.0)
    try:
        (case,) = select(CASES, ["margin/hinge/label-of-two"])
        first, second = worker.ask(case.call("float32"))
    finally:
        worker.close()
    assert (first.status, second.status) == ("error", "answered")
    assert "is not a function" in first.reason
