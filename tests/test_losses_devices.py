"""The losses beyond one device: sharded JAX arrays, DTensors, Dask arrays larger than the memory."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from devices import answers, apart, questions

import ceconform as cc
from benchmarks import out_of_core

NAMES = tuple(questions(16, 64))
ULPS = 8
"""Sums in another order differ by a few units of the last place of the largest number."""


@pytest.fixture(scope="module")
def found_by_jax():
    """The answers on meshes of eight virtual devices, by question."""
    pytest.importorskip("jax", reason="jax is not installed")
    devices = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    return by_question(answers("devices_jax.py", **devices))


@pytest.fixture(scope="module")
def found_by_torch():
    """The answers on meshes of four processes, by question."""
    pytest.importorskip("torch", reason="torch is not installed")
    return by_question(answers("devices_torch.py"))


def by_question(found):
    """Gather the answers to each question."""
    return {name: list(group) for name, group in groupby(found, key=lambda answer: answer["question"])}


def held_together(answer, ulps=ULPS):
    """Nothing but the sums of rows moved, and what came is what one device answers."""
    assert {"all-reduce": 0, **answer["moved"]}.keys() == {"all-reduce"}, answer
    assert max(answer["moved"].values(), default=0) <= answer["rows"], answer
    assert answer["in place"], answer
    for part in {"value", "gradient", "formula"} & answer.keys():
        assert answer[part] <= ulps, answer


@pytest.mark.slow
@pytest.mark.xdist_group("sharded-jax")
@pytest.mark.parametrize("name", NAMES)
def test_sharded_jax_arrays_stay_where_they_are(found_by_jax, name):
    """Over batch and classes, automatically and explicitly: the compiled program moves sums of rows alone."""
    layouts = {answer["layout"] for answer in found_by_jax[name]}
    assert layouts >= {"2x4, auto", "1x8, explicit"}
    for answer in found_by_jax[name]:
        held_together(answer)


@pytest.mark.slow
@pytest.mark.xdist_group("sharded-jax")
def test_a_sharded_layer_stays_where_it_is(found_by_jax):
    """Rows of hidden and of the weights; of the blocks of logits nothing moves, nor of hidden but its gradient's sums.

    Explicit axes go through JAX's `auto_axes`: a product over a sharded axis, of several meanings, is an error there.
    """
    assert {"2x4, auto", "2x4, explicit"} == {answer["layout"] for answer in found_by_jax["linear"]}
    for answer in found_by_jax["linear"]:
        held_together(answer, ulps=4 * ULPS)  # sums of a thousand products


@pytest.mark.slow
@pytest.mark.xdist_group("sharded-torch")
@pytest.mark.parametrize("name", NAMES)
def test_dtensors_stay_where_they_are(found_by_torch, name):
    """Uneven shards over gloo processes, by autograd and by `value_and_grad`: none gathers what the others have."""
    assert {answer["layout"] for answer in found_by_torch[name]} == {"2x2", "1x4", "4x1"}
    for answer in found_by_torch[name]:
        held_together(answer)


@pytest.mark.slow
@pytest.mark.xdist_group("sharded-torch")
def test_a_layer_of_dtensors_gathers_no_logits(found_by_torch):
    """The blocks of rows cross the shards of hidden, whose 64 numbers move; the 1024 logits do not."""
    (answer,) = found_by_torch["linear"]
    assert answer["largest"] <= 64, answer
    assert max(answer["value"], answer["gradient"]) <= ULPS, answer


@pytest.mark.slow
@pytest.mark.xdist_group("sharded-torch")
def test_dtensors_are_checked(found_by_torch):
    """A plain tensor beside them is refused, and a number out of its range is named."""
    (answer,) = found_by_torch["refused"]
    assert answer["messages"] == [
        "`labels` must be an array of the same library as the predictions, torch.DTensor: got torch.Tensor",
        "`probabilities` must lie in [0, 1]: got 1.5 at index (1, 1)",
    ]


@pytest.fixture(scope="module")
def dask():
    """Dask's arrays."""
    return pytest.importorskip("dask.array", reason="dask is not installed")


@pytest.mark.parametrize("name", NAMES)
def test_dask_stays_lazy(dask, name):
    """Chunks of rows and of classes go through, labels and weights too; nothing is computed before it is asked for."""
    from dask import base, config

    question = questions(16, 64)[name]

    def chunked(array):
        return dask.from_array(array, chunks=[(8, 32)[axis] for axis in question.axes(array)])

    def compute(graph, keys, **keywords):  # noqa: ARG001 - a scheduler's signature
        raise AssertionError("a loss computed what it was to leave")

    arrays = {key: chunked(array) for key, array in question.arrays.items()}
    with config.set(scheduler=compute):
        value, gradient = question.both(chunked(question.x), chunked(question.labels), arrays)
        alone = question.ask(chunked(question.x), chunked(question.labels), arrays)
    assert gradient.chunks == ((8, 8), (32, 32))
    assert gradient.dtype == value.dtype == alone.dtype == question.x.dtype
    with np.errstate(all="ignore"):
        found = base.compute(value, alone, gradient, scheduler="synchronous")
    expected = question.both(question.x, question.labels, question.arrays)
    assert max(map(apart, (expected[0], *expected), found)) <= ULPS


@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_a_layer_in_chunks(dask, epsilon):
    """Of rows and of classes, which must not need what Dask lacks."""
    rng = np.random.default_rng(2029)
    hidden, weight, bias = (rng.normal(size=shape) for shape in ((12, 5), (8, 5), 8))
    labels = rng.integers(0, 8, 12)
    both = cc.value_and_grad(cc.linear_cross_entropy)
    expected = both(hidden, weight, labels, bias=bias, label_smoothing=epsilon)
    hidden, weight, bias, labels = map(dask.from_array, (hidden, weight, bias, labels), ((4, 5), (2, 5), 2, 4))
    for ours, theirs in zip(both(hidden, weight, labels, bias=bias, label_smoothing=epsilon), expected, strict=True):
        np.testing.assert_allclose(ours.compute(), theirs, rtol=1e-12, atol=1e-15)


SMALL = ["--rows", "256", "--chunk-rows", "16", "--limit", "0.1"]
"""Logits of 134 MB, and leave to allocate 100 MB."""


def out_of_memory(name):
    """Run a subject of the benchmark, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.out_of_core", *SMALL, "--here", name]
    root = Path(__file__).parents[1]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits and counts a process's memory as needed here")
def test_logits_larger_than_memory(dask):
    """Value and gradient of logits that the process could not hold: those of one band of rows after another."""
    del dask
    done = out_of_memory("softmax ceconform")
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    logits, labels, _ = out_of_core.draw(out_of_core.parser().parse_args(SMALL))
    losses, squares = 0.0, 0.0
    for band in range(logits.numblocks[0]):
        z, y = logits.blocks[band].compute(), labels.blocks[band].compute()
        loss, gradient = cc.value_and_grad(cc.sparse_cross_entropy_with_logits)(z, y, reduction="none")
        losses += float(loss.sum(dtype=np.float64))
        squares += float(np.square(gradient).sum(dtype=np.float64))
    assert found["value"] == pytest.approx(losses / logits.shape[0], rel=1e-6)
    assert found["norm"] == pytest.approx(squares**0.5 / logits.shape[0], rel=1e-5)
    assert found["peak"] < found["logits"] / 2
    assert "MemoryError" in out_of_memory("softmax numpy").stderr
