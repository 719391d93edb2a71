"""How scikit-learn is asked: the words alone; what it answers is the contract's."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ceconform.adapters import Question, Unsupported
from ceconform.adapters.sklearn import Sklearn
from ceconform.corpus import LOSSES, Call


def asked(loss: str, shape: tuple[int, ...] = (4, 3), *, labels: Any = None, **parameters: Any) -> list[str]:
    """The sources of a call about zeros; each row's label is its first class."""
    if labels is None:
        kind = LOSSES[loss].labels
        binary = kind in {"binary", "sign"} or parameters.get("axis", -1) is None
        labels = np.zeros(shape[:-1], dtype=np.int64) if kind == "index" else np.zeros(shape)
        if not binary and kind != "index":
            labels = np.moveaxis(np.zeros(shape), parameters.get("axis", -1), 0)
            labels[0] = 1
            labels = np.moveaxis(labels, 0, parameters.get("axis", -1))
    call = Call(loss=loss, predictions=np.zeros(shape), labels=labels, parameters=MappingProxyType(parameters))
    return [str(source) for source in Sklearn().routes(Question(call, Sklearn.activations))]


def test_it_is_told_every_class():
    """A batch need not hold each of them."""
    assert asked("sparse_cross_entropy", reduction="sum") == [
        "metrics.log_loss(labels, probabilities, normalize=False, labels=range(3))"
    ]


def test_it_takes_an_indicator_matrix_or_classes():
    """`log_loss` documents the matrix, `brier_score_loss` the classes; the sum over classes is asked for."""
    assert asked("categorical_cross_entropy", (3, 4), axis=0, reduction="mean") == [
        "metrics.log_loss(labels.T, probabilities.T)"
    ]
    assert asked("brier_loss", reduction="mean") == [
        "metrics.brier_score_loss(labels.argmax(axis=1), probabilities, labels=range(3), scale_by_half=False)"
    ]


def test_it_gets_a_label_out_of_range():
    """A soft label is another loss, an impossible one is the library's to refuse."""
    assert asked("binary_cross_entropy", (2,), labels=np.array([0.0, 1.5]), reduction="mean")
    with pytest.raises(Unsupported, match="y_true holds classes"):
        asked("binary_cross_entropy", (2,), labels=np.array([0.0, 0.5]), reduction="mean")


SOFT = np.full((4, 3), 1 / 3)
WEIGHT = np.ones(4)


@pytest.mark.parametrize(
    ("loss", "parameters", "reason"),
    [
        ("sparse_cross_entropy", {}, "reduces to one number"),
        ("sparse_cross_entropy", {"reduction": "average"}, "no names of reductions"),
        ("sparse_cross_entropy", {"reduction": "mean", "sample_weight": WEIGHT}, "sum of the weights"),
        ("sparse_cross_entropy", {"reduction": "mean", "shape": (2, 4, 3)}, "two dimensions"),
        ("binary_cross_entropy", {"reduction": "mean"}, "one dimension"),
        ("sparse_cross_entropy", {"reduction": "mean", "shape": (4, 1)}, "two classes or more"),
        ("categorical_cross_entropy", {"reduction": "mean", "labels": SOFT}, "not distributions"),
        ("categorical_hinge_loss", {"reduction": "sum"}, "the mean, not the sum"),
        ("categorical_hinge_loss", {"reduction": "mean", "shape": (4, 2)}, "two classes"),
    ],
)
def test_what_cannot_be_said_is_refused(loss, parameters, reason):
    """With the reason."""
    with pytest.raises(Unsupported, match=reason):
        asked(loss, **parameters)
