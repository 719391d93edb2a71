"""How PyTorch is asked: the words alone; what it answers is the contract's."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ceconform.adapters import Question, Unsupported
from ceconform.adapters.torch import Torch
from ceconform.corpus import LOSSES, Call


def asked(loss: str, shape: tuple[int, ...] = (4, 3), **parameters: Any) -> list[str]:
    """The sources of a call about zeros."""
    indices = LOSSES[loss].labels == "index"
    labels = np.zeros(shape[:-1], dtype=np.int64) if indices else np.zeros(shape)
    call = Call(loss=loss, predictions=np.zeros(shape), labels=labels, parameters=MappingProxyType(parameters))
    return [str(source) for source in Torch().routes(Question(call, Torch.activations))]


def test_classes_are_moved_to_axis_1():
    """Cross entropy has them there; class indices have no such axis."""
    assert asked("sparse_cross_entropy_with_logits", (2, 4, 3))[0] == (
        "F.cross_entropy(logits.movedim(-1, 1), labels, reduction='none')"
    )
    assert asked("categorical_cross_entropy_with_logits", (4, 3), axis=0)[0] == (
        "F.cross_entropy(logits.movedim(0, 1), labels.movedim(0, 1), reduction='none')"
    )


@pytest.mark.parametrize("shape", [(3,), (4, 3)])
def test_classes_stay_where_they_are_right(shape):
    """On axis 1, and on the only one."""
    assert asked("nll_loss", shape)[0] == "F.nll_loss(log_probabilities, labels, reduction='none')"


def test_the_mean_of_class_indices_divides_by_weights():
    """So the plain mean of weighted losses cannot be asked for, and the weighted mean has the name mean."""
    with pytest.raises(Unsupported, match="divides by the sum of the weights"):
        asked("sparse_cross_entropy_with_logits", class_weight=np.ones(3), reduction="mean")
    assert (
        "reduction='mean'"
        in asked("sparse_cross_entropy_with_logits", class_weight=np.ones(3), reduction="weighted_mean")[0]
    )


def test_the_mean_of_distributions_divides_by_their_number():
    """So it is the other way round."""
    with pytest.raises(Unsupported, match="divides by the number of losses"):
        asked("categorical_cross_entropy_with_logits", class_weight=np.ones(3), reduction="weighted_mean")
    assert (
        "reduction='mean'"
        in asked("categorical_cross_entropy_with_logits", class_weight=np.ones(3), reduction="mean")[0]
    )


def test_the_two_means_are_one_without_weights():
    """Whichever the case names, `mean` is asked for."""
    assert asked("soft_margin_loss", (4,), reduction="weighted_mean") == asked(
        "soft_margin_loss", (4,), reduction="mean"
    )


def test_the_multilabel_form_is_a_plain_mean_alone():
    """It has neither the element's weight nor the other reductions."""
    loss = "binary_cross_entropy_with_logits"
    assert any("multilabel" in source for source in asked(loss, reduction="mean"))
    assert not any("multilabel" in source for source in asked(loss, reduction="sum"))
    assert not any("multilabel" in source for source in asked(loss, reduction="mean", pos_weight=np.ones(3)))


def test_a_mean_of_divergences_is_over_rows_where_there_are_rows():
    """`batchmean` divides by the first axis; elsewhere only the mean over elements is left."""
    assert [s.count("batchmean") for s in asked("kl_divergence", reduction="mean")] == [1, 1, 1, 0]
    assert not any("batchmean" in s for s in asked("kl_divergence", (2, 4, 3), reduction="mean"))


def test_a_weighted_squared_error_has_a_function_alone():
    """`nn.MSELoss` has no weights."""
    weights = {"axis": None, "sample_weight": np.ones(4)}
    assert asked("brier_loss", (4,), **weights, reduction="sum") == [
        "F.mse_loss(probabilities, labels, reduction='sum', weight=sample_weight)"
    ]
    with pytest.raises(Unsupported, match="divides by the sum of the weights"):
        asked("brier_loss", (4,), **weights, reduction="mean")


@pytest.mark.parametrize(
    ("loss", "parameters", "reason"),
    [
        ("brier_loss", {}, "no class axis"),
        ("entropy", {"reduction": "sum"}, "reduces over classes alone"),
        ("entropy", {"axis": 0}, "last axis"),
        ("kl_divergence", {"axis": 0}, "a value for each class"),
        ("binary_cross_entropy", {"label_smoothing": 0.1}, "no parameter label_smoothing"),
        ("categorical_cross_entropy", {}, "no categorical_cross_entropy"),
    ],
)
def test_what_cannot_be_said_is_refused(loss, parameters, reason):
    """With the reason."""
    with pytest.raises(Unsupported, match=reason):
        asked(loss, **parameters)
