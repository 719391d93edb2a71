"""`value_and_grad`, and what comes back from a loss."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import ceconform as cc
from ceconform.errors import ArgumentError


def test_value_and_grad_takes_what_the_loss_takes(place):
    """Predictions and labels by position or by name; entropy has no labels."""
    backend, device = place
    p = backend.asarray(np.asarray([[0.25, 0.75]]), "float64", device)
    value, gradient = cc.value_and_grad(cc.entropy)(probabilities=p, reduction="sum")
    assert float(value) == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))
    np.testing.assert_allclose(backend.asnumpy(gradient), -np.log([[0.25, 0.75]]) - 1)
    assert float(cc.entropy(probabilities=p, reduction="sum")) == float(value)


def test_value_and_grad_takes_our_losses_only():
    """There is no analytic gradient of somebody else's function."""
    with pytest.raises(ArgumentError, match="`loss` must be one of the losses of ceconform"):
        cc.value_and_grad(math.sqrt)


def test_answers_stay_on_the_device_and_in_the_dtype(place):
    """Of the predictions, whatever the dtype of labels and weights."""
    backend, device = place
    for dtype in backend.dtypes:
        x, wide = (backend.asarray(np.asarray([0.5, -1.0]), name, device) for name in (dtype, "float64"))
        value, gradient = cc.value_and_grad(cc.binary_cross_entropy_with_logits)(x, abs(wide), sample_weight=abs(wide))
        assert value.dtype == gradient.dtype == x.dtype
        assert getattr(value, "device", device) == getattr(x, "device", device)


def test_signatures_are_those_of_the_descriptions():
    """The first parameter names the space; everything but predictions and labels goes by keyword."""
    for name in cc.losses.__all__:
        parameters = list(inspect.signature(getattr(cc, name)).parameters.values())
        layer = name == "linear_cross_entropy"
        assert parameters[0].name in ({"hidden"} if layer else {"logits", "probabilities", "log_probabilities"})
        free = [p.name for p in parameters[1:] if p.kind is not p.KEYWORD_ONLY]
        assert free == {"entropy": [], "linear_cross_entropy": ["weight", "labels"]}.get(name, ["labels"])


def test_a_namespace_may_be_given(place):
    """`xp` is the compatible namespace or the library's own."""
    backend, device = place
    x = backend.asarray(np.asarray([0.5, -1.0]), "float32", device)
    expected = float(cc.hinge_loss(x, abs(x) / abs(x)))
    assert expected == float(cc.hinge_loss(x, abs(x) / abs(x), xp=backend.namespace()))
