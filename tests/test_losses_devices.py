"""The losses beyond one device: sharded JAX arrays, DTensors, Dask arrays larger than the memory."""

from __future__ import annotations

import pytest
from devices import answers, questions

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
    return {name: [answer for answer in found if answer["question"] == name] for name in NAMES}


def held_together(answer):
    """Nothing but the sums of rows moved, and what came is what one device answers."""
    assert {"all-reduce": 0, **answer["moved"]}.keys() == {"all-reduce"}, answer
    assert max(answer["moved"].values(), default=0) <= answer["rows"], answer
    assert answer["in place"], answer
    for part in {"value", "gradient", "formula"} & answer.keys():
        assert answer[part] <= ULPS, answer


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
@pytest.mark.xdist_group("sharded-torch")
@pytest.mark.parametrize("name", NAMES)
def test_dtensors_stay_where_they_are(found_by_torch, name):
    """Uneven shards over gloo processes, by autograd and by `value_and_grad`: none gathers what the others have."""
    assert {answer["layout"] for answer in found_by_torch[name]} == {"2x2", "1x4", "4x1"}
    for answer in found_by_torch[name]:
        held_together(answer)
