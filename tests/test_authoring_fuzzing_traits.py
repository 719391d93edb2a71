"""Traits: what is odd about a question has a name, and a plain one has none."""

from __future__ import annotations

import numpy as np
import pytest
from whole_corpus import CASES

from ceconform.authoring.fuzzing.traits import traits
from ceconform.corpus import Case, Expected


def question(loss, predictions, labels, label_dtype=None, activation=None, **parameters):
    """A question to a loss."""
    return Case(
        id="drawn/question",
        description="",
        loss=loss,
        predictions=np.array(predictions, dtype=np.float64),
        labels=None if labels is None else np.array(labels),
        label_dtype=label_dtype,
        activation=activation,
        parameters={name: np.array(x) if isinstance(x, list) else x for name, x in parameters.items()},
        sources={},
        expected=Expected(),
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (question("hinge_loss", [0.5], [1.0]), set()),
        (question("sparse_cross_entropy_with_logits", [[0.0, 1.0]], [1]), set()),
        (question("hinge_loss", 0.5, 1.0), {"scalar"}),
        (question("hinge_loss", [], []), {"empty"}),
        (question("hinge_loss", [np.inf, np.nan, -0.0], [1.0, 1.0, 1.0]), {"plus-infinity", "nan", "minus-zero"}),
        (question("hinge_loss", [1e-40, 1e30], [1, 1]), {"subnormal", "next-to-zero", "beyond-exp", "huge"}),
        (question("hinge_loss", [0.5], [True], "bool"), {"bool-labels"}),
        (question("hinge_loss", [0.5], [1], "int8"), {"labels-of-another-dtype"}),
        (
            question("binary_cross_entropy", [0.0, 1.0], [0.5, 1.0]),
            {"probability-of-zero", "probability-of-one", "soft-labels"},
        ),
        (question("entropy", [[0.5, 1 - 2**-24]], None), {"next-to-one"}),
        (question("sparse_cross_entropy_with_logits", [0.0, 1.0], 1), {"single-row"}),
        (question("sparse_cross_entropy_with_logits", [[0.0], [1.0]], [1], axis=0), {"classes-not-last"}),
        (question("sparse_cross_entropy_with_logits", [[1.0, 1.0]], [1]), {"tie"}),
        (
            question("sparse_cross_entropy_with_logits", [[-np.inf, -np.inf]], [1]),
            {"tie", "minus-infinity", "row-of-minus-infinity"},
        ),
        (
            question("sparse_cross_entropy_with_logits", [[0.0, 1.0]], [1], ignore_index=1, reduction="weighted_mean"),
            {"ignore-index", "ignored-row", "weighted-mean"},
        ),
        (
            question("categorical_cross_entropy_with_logits", [[0.0, 1.0], [2.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]]),
            {"row-without-label", "labels-that-do-not-sum-to-one"},
        ),
        (
            question("nll_loss", [[-1.0, -2.0]], [1], class_weight=[0.0, 1e-45]),
            {"class-weight", "class-weight-of-zero", "subnormal-class-weight"},
        ),
        (
            question("nll_loss", [[-1.0]], [0], sample_weight=[np.inf]),
            {"one-class", "sample-weight", "infinite-sample-weight"},
        ),
        (question("binary_focal_loss", [0.5], [1.0], gamma=0.5), {"gamma", "gamma-below-one"}),
        (question("brier_loss", [0.5], [1.0], axis=None), {"elementwise"}),
        (question("nll_loss", [[1.0, 1.0]], [0], activation="log_softmax"), {"after-log-softmax", "tie"}),
    ],
)
def test_each_oddity_has_its_name(case, expected):
    """And there is no other."""
    assert expected == traits(case, "float32")


def test_every_case_of_the_corpus_has_traits():
    """Those that expect an error have no others."""
    for case in CASES:
        found = traits(case, case.dtypes[0])
        assert bool(case.expected.error) == ("error" in found)
        assert not case.expected.error or len(found) == 1


def test_what_is_odd_depends_on_the_dtype():
    """1e-40 is subnormal in float32 and not in float64."""
    case = question("hinge_loss", [1e-40], [1.0])
    assert {"subnormal", "next-to-zero"} == traits(case, "float32")
    assert {"next-to-zero"} == traits(case, "float64")
