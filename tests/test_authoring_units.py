"""Units: how large an error of one unit is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ceconform.authoring.units import ORDINARY, fed_subnormals, gradient_measure, hard, larger_terms, value_measure
from ceconform.corpus import LOSSES, Call

THIRD = 1 / 3


def call(loss, predictions, labels=None, **parameters):
    """A call in float32."""
    labels = None if labels is None else np.asarray(labels)
    return Call(loss=loss, predictions=np.asarray(predictions), labels=labels, parameters=parameters)


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        (call("binary_cross_entropy_with_logits", [0.0, 2.0, -2.0], [0.5, 0.25, 0.25]), [0.5, 0.75, 0.25]),
        (call("binary_cross_entropy_with_logits", [40.0], [1.0]), [math.exp(-40)]),
        (call("sparse_cross_entropy_with_logits", [[0.0, 0.0, 0.0]], [1]), [[THIRD, 2 * THIRD, THIRD]]),
        (call("categorical_cross_entropy_with_logits", [[40.0, 0.0]], [[1.0, 0.0]]), [[math.exp(-40)] * 2]),
        (call("multilabel_softmax_loss", [[0.0, 0.0]], [[1.0, 1.0]]), [[0.25, 0.25]]),
        (call("entropy", [[0.5, 0.125]]), [[1.0, math.log(8)]]),
        (call("binary_cross_entropy", [0.25], [0.5], pos_weight=np.array([3.0])), [6.0]),
        (call("binary_focal_loss_with_logits", [0.0], [1.0], gamma=0.0), [0.5]),
        (call("binary_focal_loss", [0.5], [1.0], gamma=1.0), [1 + math.log(2)]),
        (call("brier_loss", [[0.25, 0.75]], [[1.0, 0.0]], label_smoothing=0.5), [[1.5, 1.5]]),
        (call("hinge_loss", [0.5], [1.0]), [0.0]),
    ],
)
def test_the_larger_term_is_the_size_of_what_may_cancel(asked, terms):
    """By hand; 0 where the gradient's own size counts."""
    np.testing.assert_allclose(larger_terms(asked), terms, rtol=1e-12)


def test_a_focal_gradient_without_focus_is_measured_as_the_plain_one():
    """At γ = 0."""
    logits, labels = [[3.0, -1.0, 0.5]], [[0.2, 0.5, 0.3]]
    plain = call("categorical_cross_entropy_with_logits", logits, labels)
    focal = call("categorical_focal_loss_with_logits", logits, labels, gamma=0.0)
    np.testing.assert_allclose(larger_terms(focal), larger_terms(plain), rtol=1e-12)


def test_a_mean_divides_the_unit_too():
    """And weights multiply it."""
    plain = call("sparse_cross_entropy_with_logits", np.zeros((4, 2)), np.zeros(4, dtype=np.int64))
    mean = call("sparse_cross_entropy_with_logits", plain.predictions, plain.labels, reduction="mean")
    weighted = call("sparse_cross_entropy_with_logits", plain.predictions, plain.labels, sample_weight=np.full(4, 8.0))
    np.testing.assert_allclose(larger_terms(mean), larger_terms(plain) / 4)
    np.testing.assert_allclose(larger_terms(weighted), larger_terms(plain) * 8)


def test_labels_are_hard_where_one_class_has_all_of_the_mass():
    """Smoothing softens every row."""
    labels = [[1.0, 0.0], [0.5, 0.5]]
    soft = call("categorical_cross_entropy_with_logits", np.zeros((2, 2)), labels)
    assert [[True, True], [False, False]] == hard(soft).tolist()
    smooth = call("categorical_cross_entropy_with_logits", np.zeros((2, 2)), labels, label_smoothing=0.1)
    assert not hard(smooth).any()


def test_a_subnormal_input_is_known_by_what_depends_on_it():
    """The row's loss and gradient, and the loss of the whole batch; for a binary loss the element's own."""
    rows = call("sparse_cross_entropy", [[0.5, 0.5], [1e-40, 1.0]], [0, 1])
    assert [False, True] == fed_subnormals(rows, "value").tolist()
    assert [False, False, True, True] == fed_subnormals(rows, "gradient").tolist()
    mean = call("sparse_cross_entropy", rows.predictions, rows.labels, reduction="mean")
    assert [True] == fed_subnormals(mean, "value").tolist()
    elements = call("binary_cross_entropy", [0.5, 0.5], [1e-40, 0.0])
    assert [True, False] == fed_subnormals(elements, "value").tolist()


def test_every_loss_has_a_measure():
    """Probabilities are measured in units of the gradient itself, unless the label is one that no float is."""
    assert {"kl_divergence", "categorical_hinge_loss"} == {x for x in LOSSES if value_measure(x) != ORDINARY}
    assert gradient_measure(call("binary_cross_entropy", [0.5], [0.5])) == ORDINARY
    assert gradient_measure(call("binary_cross_entropy", [0.5], [0.5], label_smoothing=0.1)) != ORDINARY
