"""Our own adapter says every loss with every parameter, under the names of the corpus."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from ceconform.adapters import Question, find
from ceconform.corpus import LOSSES, Call

OURS = [f"ceconform[{backend}]" for backend in ("array_api_strict", "cupy", "jax", "numpy", "torch")]


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
