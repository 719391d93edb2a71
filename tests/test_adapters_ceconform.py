"""Our own adapter says every loss with every parameter, under the names of the corpus."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from types import MappingProxyType

import compiled
import numpy as np
import pytest
from devices import answers

from ceconform.adapters import Question, find
from ceconform.authoring.grids import grids
from ceconform.corpus import LOSSES, Call

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


@cache
def alone(implementation):
    """What a process of its own finds, which imports and compiles once."""
    (found,) = answers("compiled.py", implementation)
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("compiled-alone")
@pytest.mark.parametrize(("implementation", "eager"), COMPILED.items())
def test_what_is_compiled_answers_alike_and_its_program_runs(implementation, eager):
    """Value and gradient are near the eager ones, and the program prints them."""
    pytest.importorskip("torch" if "torch" in eager else "jax", reason="the backend is not installed")
    ours, theirs = alone(implementation), compiled.asked(eager)
    np.testing.assert_allclose(ours["value"], theirs.value.values, rtol=1e-6)
    np.testing.assert_allclose(ours["gradient"], theirs.gradient.values, rtol=1e-6)
    assert ("jax.jit" in ours["program"]) == (implementation == "ceconform[jax-compiled]")
    loss, gradient = map(json.loads, ours["said"].splitlines())
    assert ours["value"] == [loss]
    assert ours["gradient"] == np.ravel(gradient).tolist()


@pytest.mark.xdist_group("compiled-alone")
def test_no_sweep_meets_the_limit_of_pytorchs_graphs():
    """Beyond it PyTorch compiles no more, by default after eight graphs of a function; each grid may have two."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    asked = max(Counter((case.loss, case.dtypes) for case in grids()).values())
    assert 2 * asked <= min(alone("ceconform[torch-compiled]")["limits"])
