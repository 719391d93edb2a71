"""Our own adapter says every loss with every parameter, under the names of the corpus."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from types import MappingProxyType

import numpy as np
import pytest

from ceconform.adapters import Question, find
from ceconform.authoring.grids import grids
from ceconform.corpus import LOSSES, Call, Case, Expected
from ceconform.harness.process import Worker, command
from ceconform.report import program

OURS = [f"ceconform[{backend}]" for backend in ("array_api_strict", "cupy", "jax", "numpy", "torch")]
COMPILED = {"ceconform[jax-compiled]": "ceconform[jax]", "ceconform[torch-compiled]": "ceconform[torch]"}


def call(loss: str) -> Call:
    """A call that states every parameter that the loss has."""
    values = {
        "axis": -1,
        "reduction": "weighted_mean",
        "label_smoothing": 0.25,
        "gamma": 2.0,
        "ignore_index": 1,
        "base": 2.0,
    }
    arrays = {"weight", "bias", "class_weight", "sample_weight", "pos_weight", "alpha"}
    parameters = {name: np.ones(2) if name in arrays else values[name] for name in LOSSES[loss].parameters}
    labels = None if LOSSES[loss].labels is None else np.zeros(2)
    return Call(loss=loss, predictions=np.full((2, 2), 0.5), labels=labels, parameters=MappingProxyType(parameters))


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("implementation", OURS)
def test_every_parameter_of_every_loss_is_said(implementation, loss):
    """One route, a call of the public function of that name, with each parameter as a keyword."""
    asked = call(loss)
    (source,) = find(implementation)().routes(Question(asked, {}))
    assert source.startswith(f"ceconform.{loss}({LOSSES[loss].predictions}")
    layer = ["weight"] if LOSSES[loss].layer else []
    for name in asked.parameters.keys() - {*layer}:
        assert f"{name}=" in source
    for name in layer:
        assert f"({LOSSES[loss].predictions}, {name}, labels" in source


def test_the_reduction_is_said_even_where_the_case_is_silent():
    """The corpus means `none`, our functions mean `mean`."""
    silent = Call(loss="entropy", predictions=np.array([0.5, 0.5]), labels=None)
    (source,) = find("ceconform[numpy]")().routes(Question(silent, {}))
    assert source == "ceconform.entropy(probabilities, reduction='none')"


@pytest.mark.parametrize("implementation", COMPILED)
def test_what_is_compiled_says_the_same(implementation):
    """Each loss with each parameter, arrays as arguments of the compiled function, under the loss's own name."""
    for loss, spec in LOSSES.items():
        asked = call(loss)
        (source,) = find(implementation)().routes(Question(asked, {}))
        assert source.via == f"ceconform.{loss}"
        head, _, arguments = source.rpartition(")(")
        assert head.startswith(("jax.jit(partial(ceconform.", "torch.compile(ceconform."))
        assert arguments.startswith(spec.predictions)
        for name, value in asked.parameters.items():
            given = arguments if isinstance(value, np.ndarray) or "torch" in implementation else head
            assert (f"{name}={name}" if isinstance(value, np.ndarray) else f"{name}={value!r}") in given or (
                spec.layer and name == "weight"
            )


@pytest.fixture
def case() -> Case:
    """A loss with an array, a number and a word among its parameters."""
    return Case(
        id="any/planted/one",
        description="A case that a test plants.",
        loss="binary_cross_entropy_with_logits",
        predictions=np.array([1.0, -2.25, 0.5]),
        labels=np.array([1.0, 0.0, 0.0]),
        parameters=MappingProxyType(
            {"sample_weight": np.array([0.5, 2.0, 1.0]), "label_smoothing": 0.125, "reduction": "sum"}
        ),
        sources={},
        expected=Expected(),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("implementation", "eager"), COMPILED.items())
def test_what_is_compiled_answers_alike_and_its_program_runs(case, implementation, eager):
    """Value and gradient are near the eager ones, and the program prints them."""
    answers = {}
    for name in (implementation, eager):
        worker = Worker(command(name), limit=120.0)
        try:
            (answers[name],) = worker.ask(case.call("float32"))
            dialect = worker.hello["dialect"]
        finally:
            worker.close()
        if name == implementation:
            text = program(dialect, answers[name].expression, case, "float32", "cpu")
    ours, theirs = answers[implementation], answers[eager]
    np.testing.assert_allclose(ours.value.values, theirs.value.values, rtol=1e-6)
    np.testing.assert_allclose(ours.gradient.values, theirs.gradient.values, rtol=1e-6)
    assert ("jax.jit" in text) == (implementation == "ceconform[jax-compiled]")
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", text], capture_output=True, text=True, check=True)
    loss, gradient = map(json.loads, ran.stdout.splitlines())
    assert ours.value.values == (loss,)
    assert ours.gradient.values == tuple(np.ravel(gradient))


def test_no_sweep_meets_the_limit_of_pytorchs_graphs():
    """Beyond it PyTorch compiles no more, by default after eight graphs of a function; each grid may have two."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    imports = find("ceconform[torch-compiled]").dialect.imports  # in a process of its own: they change settings
    text = f"{imports}\nprint(torch._dynamo.config.recompile_limit, torch._dynamo.config.accumulated_recompile_limit)"
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", text], capture_output=True, text=True, check=True)
    asked = max(Counter((case.loss, case.dtypes) for case in grids()).values())
    assert 2 * asked <= min(map(int, ran.stdout.split()))
