"""The table of edges: infinities, zeros, NaNs, ranges, weights of 0, and nothing at all."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from ceconform.corpus import LOSSES, Call
from ceconform.errors import CaseError
from ceconform.oracle import evaluate

INF, NAN = math.inf, math.nan


def ask(loss, predictions, labels=None, **parameters):
    """The exact answer to a call."""
    kind = LOSSES[loss].labels
    dtype = np.int64 if kind == "index" else np.float64
    return evaluate(
        Call(
            loss=loss,
            predictions=np.array(predictions, dtype=float),
            labels=None if labels is None else np.array(labels, dtype=dtype),
            parameters=parameters,
        )
    )


def floats(numbers):
    """Nested lists of floats, NaN as None so that it equals itself."""
    if isinstance(numbers, Decimal):
        return None if numbers.is_nan() else float(numbers)
    return [floats(x) for x in numbers]


def assert_answer(exact, loss, gradient, invalid=""):
    """Value, gradient and what is wrong."""
    assert loss == floats(exact.loss.tolist())
    assert gradient == floats(exact.gradient.tolist())
    assert invalid == exact.invalid


@pytest.mark.parametrize(
    ("p", "t", "loss", "slope"),
    [
        (0, 1, INF, -INF),
        (1, 0, INF, INF),
        (0, 0, 0, 1),
        (1, 1, 0, -1),
        (0, 0.25, INF, -INF),
        (1, 0.25, INF, INF),
        (5e-324, 0, 5e-324, 1),
    ],
)
def test_binary_cross_entropy_at_the_ends(p, t, loss, slope):
    """Certain and right is 0 with a slope of one, certain and wrong is infinite."""
    assert_answer(ask("binary_cross_entropy", [p], [t]), [loss], [slope])


@pytest.mark.parametrize("gamma", [0.5, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize(
    ("p", "t", "loss", "slope"),
    [
        (0, 1, INF, -INF),
        (1, 0, INF, INF),
        (0, 0, 0, 0),
        (1, 1, 0, 0),
        (0, 0.25, INF, -INF),
        (1, 0.25, INF, INF),
    ],
)
def test_binary_focal_loss_at_the_ends(gamma, p, t, loss, slope):
    """With γ > 0 certain and right has no slope."""
    assert_answer(ask("binary_focal_loss", [p], [t], gamma=gamma), [loss], [slope])


@pytest.mark.parametrize(("gamma", "condition"), [(0.5, INF), (1.0, 2.0), (1.5, 0.0), (2.0, 0.0)])
def test_a_focal_slope_bends_at_one(gamma, condition):
    """(1-p)^γ (-log p) is (1-p)^(γ+1) at p = 1: its second derivative is infinite, 2 or 0."""
    assert [condition] == floats(ask("binary_focal_loss", [1], [1], gamma=gamma).gradient_condition)
    assert floats(ask("binary_focal_loss", [0], [0], gamma=gamma).gradient_condition) == [0.0]


@pytest.mark.parametrize("loss", ["binary_cross_entropy_with_logits", "binary_focal_loss_with_logits"])
@pytest.mark.parametrize(
    ("z", "t", "value", "slope"),
    [
        (INF, 1, 0, 0),
        (-INF, 0, 0, 0),
        (INF, 0, INF, 1),
        (-INF, 1, INF, -1),
        (INF, 0.25, INF, 0.75),
        (-INF, 0.25, INF, -0.25),
    ],
)
def test_infinite_logits(loss, z, t, value, slope):
    """An infinite logit on the right side is free, on the wrong side it keeps its finite slope."""
    assert_answer(ask(loss, [z], [t]), [value], [slope])


@pytest.mark.parametrize(("y", "value", "slope"), [(1, 0, 0), (-1, INF, 1)])
def test_soft_margin_at_infinity(y, value, slope):
    """softplus(-yz) at z = inf."""
    assert_answer(ask("soft_margin_loss", [INF], [y]), [value], [slope])


@pytest.mark.parametrize("loss", ["categorical_cross_entropy_with_logits", "categorical_focal_loss_with_logits"])
@pytest.mark.parametrize(
    ("z", "q", "value", "gradient"),
    [
        ([0, 0, -INF], [0.25, 0.75, 0], math.log(2), [0.25, -0.25, 0]),
        ([0, 0, -INF], [0.25, 0.5, 0.25], INF, [0.25, 0, -0.25]),
        ([INF, 0, -INF], [1, 0, 0], 0, [0, 0, 0]),
        ([INF, 0, -INF], [0.5, 0.25, 0.25], INF, [0.5, -0.25, -0.25]),
        ([-INF, -INF, -INF], [1, 0, 0], None, [None] * 3),
        ([INF, INF, 0], [1, 0, 0], None, [None] * 3),
        ([NAN, 0, 0], [0, 1, 0], None, [None] * 3),
    ],
)
def test_infinite_logits_of_classes(loss, z, q, value, gradient):
    """Masked classes, a class that takes all, and rows that are no distribution."""
    gamma = {"gamma": 0.0} if "focal" in loss else {}
    assert_answer(ask(loss, [z], [q], **gamma), [value], [gradient])


def test_focal_infinities_are_those_of_cross_entropy():
    """A masked class with mass is a cross-entropy term whatever γ is: (1 - 0)^γ = 1."""
    exact = ask("categorical_focal_loss_with_logits", [[0, 0, -INF]], [[0, 0, 1]], gamma=2.5)
    assert_answer(exact, [INF], [[0.5, 0.5, -1]])


def test_smoothing_over_a_masked_class_is_infinite():
    """The smoothed label of a masked class is not 0."""
    exact = ask("sparse_cross_entropy_with_logits", [[0, 0, -INF, -INF]], [0], label_smoothing=0.5)
    assert_answer(exact, [INF], [[-0.125, 0.375, -0.125, -0.125]])


@pytest.mark.parametrize("z", [3.0, -1e30, INF])
def test_one_class_costs_nothing(z):
    """C = 1 has loss 0 and gradient 0."""
    assert_answer(ask("sparse_cross_entropy_with_logits", [[z]], [0]), [0], [[0]])


def test_probabilities_of_zero():
    """A class without a label may have p = 0; with one the loss is infinite, and the others keep their slope."""
    assert_answer(ask("categorical_cross_entropy", [[0, 1]], [[0, 1]]), [0], [[0, -1]])
    assert_answer(ask("categorical_cross_entropy", [[0, 0.5]], [[0.5, 0.5]]), [INF], [[-INF, -1]])
    assert_answer(ask("kl_divergence", [[0, 0.5]], [[0.5, 0.5]]), [INF], [[-INF, -1]])
    assert_answer(ask("categorical_focal_loss", [[0, 1]], [[0, 1]]), [0], [[0, 0]])


@pytest.mark.parametrize(
    ("x", "value", "gradient", "invalid"),
    [
        ([-INF, 0], INF, [-1, 0], ""),
        ([0.5, -1], None, [None, None], "log-probability-range"),
        ([-1, 0.5], 1, [-1, 0], ""),
        ([-1, NAN], None, [None, None], ""),
        ([-1, -INF], 1, [-1, 0], ""),
    ],
)
def test_log_probabilities(x, value, gradient, invalid):
    """Only the label's log-probability has a range, but a NaN anywhere is NaN."""
    assert_answer(ask("nll_loss", [x], [0]), [value], [gradient], invalid)


def test_entropy_of_certainty():
    """0 log 0 is 0, with an infinite slope."""
    exact = ask("entropy", [[0, 1]])
    assert_answer(exact, [0], [[INF, -1]])
    assert floats(exact.condition) == [1.0]


@pytest.mark.parametrize(
    ("loss", "labels", "invalid"),
    [
        ("binary_cross_entropy", [[1.5], [0]], "label-range"),
        ("binary_cross_entropy", [[-0.5], [0]], "label-range"),
        ("binary_cross_entropy", [[NAN], [0]], ""),
        ("soft_margin_loss", [[0], [1]], "label-range"),
        ("hinge_loss", [[2], [1]], "label-range"),
        ("sparse_cross_entropy_with_logits", [5, 0], "label-range"),
        ("sparse_cross_entropy_with_logits", [-1, 0], "label-range"),
        ("categorical_cross_entropy_with_logits", [[-1.0], [1.0]], "label-range"),
        ("categorical_cross_entropy", [[1.5], [1.0]], "label-range"),
        ("multilabel_softmax_loss", [[0.5], [1]], "label-range"),
        ("categorical_hinge_loss", [1, 0], "label-range"),
    ],
)
def test_a_bad_label_is_nan_in_its_row_only(loss, labels, invalid):
    """Out of range is NaN for value and gradient, and the other row does not notice."""
    exact = ask(loss, [[0.5], [0.25]], labels)
    assert exact.loss.ravel()[0].is_nan()
    assert exact.gradient.ravel()[0].is_nan()
    assert exact.loss.ravel()[1].is_finite()
    assert exact.gradient.ravel()[1].is_finite()
    assert invalid == exact.invalid


@pytest.mark.parametrize("p", [-1e-9, 1.0000001, INF, -INF])
@pytest.mark.parametrize(
    ("loss", "labels"),
    [
        ("binary_cross_entropy", [[1.0, 0.0]]),
        ("categorical_cross_entropy", [[0.0, 1.0]]),
        ("sparse_cross_entropy", [1]),
        ("brier_loss", [[0.0, 1.0]]),
        ("kl_divergence", [[0.0, 1.0]]),
        ("entropy", None),
    ],
)
def test_a_number_that_is_no_probability(loss, labels, p):
    """It is named, even where the class has no label."""
    exact = ask(loss, [[p, 0.5]], labels)
    assert exact.loss.ravel()[0].is_nan()
    assert exact.invalid == "probability-range"


def test_negative_weights_are_named():
    """A negative weight gives NaN where it takes part."""
    exact = ask("sparse_cross_entropy_with_logits", [[0, 0], [0, 0]], [0, 1], class_weight=np.array([-1.0, 1.0]))
    assert_answer(exact, [None, math.log(2)], [[None, None], [0.5, -0.5]], "weight-range")
    exact = ask("binary_cross_entropy", [0.5, 0.5], [1, 1], sample_weight=np.array([-1.0, 1.0]))
    assert_answer(exact, [None, math.log(2)], [None, -2], "weight-range")


@pytest.mark.parametrize(
    ("loss", "parameters"),
    [
        ("binary_focal_loss", {"gamma": -1.0}),
        ("binary_focal_loss", {"alpha": 1.5}),
        ("binary_cross_entropy", {"label_smoothing": 1.5}),
        ("binary_cross_entropy", {"label_smoothing": -0.1}),
        ("binary_cross_entropy", {"base": 1.0}),
        ("binary_cross_entropy", {"base": 0.0}),
    ],
)
def test_parameters_out_of_range_are_named(loss, parameters):
    """A parameter without a meaning makes everything NaN."""
    assert_answer(ask(loss, [0.5], [1], **parameters), [None], [None], "parameter-range")


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "weighted_mean"])
def test_an_empty_batch(loss, reduction):
    """None: empty; sum: 0; the mean of none is NaN."""
    shape = (0, 3)
    labels = np.zeros(0) if LOSSES[loss].labels == "index" else np.zeros(shape)
    layer = {"weight": np.ones((2, 3))} if LOSSES[loss].layer else {}
    exact = ask(loss, np.zeros(shape), None if LOSSES[loss].labels is None else labels, reduction=reduction, **layer)
    assert exact.gradient.shape == shape
    if reduction == "none":
        assert exact.loss.size == 0
    else:
        assert (0.0 if reduction == "sum" else None) == floats(exact.loss.item())


def test_a_weight_of_zero_hides_everything():
    """Loss and gradient are 0 whatever the row holds, and the row still counts in the mean."""
    logits = [[NAN, 0], [0, 0]]
    exact = ask(
        "sparse_cross_entropy_with_logits",
        logits,
        [7, 0],
        sample_weight=np.array([0.0, 1.0]),
        reduction="mean",
    )
    assert_answer(exact, math.log(2) / 2, [[0, 0], [-0.25, 0.25]])
    exact = ask("sparse_cross_entropy_with_logits", logits, [1, 0], class_weight=np.array([1.0, 0.0]))
    assert_answer(exact, [0, math.log(2)], [[0, 0], [-0.5, 0.5]])


def test_a_brier_loss_without_class_weights_is_silent():
    """Each class of a Brier loss has a term, so all their weights must be 0."""
    answer = ask("brier_loss", [[NAN, 2], [0.5, 0.5]], [[1, 0], [1, 0]], class_weight=np.zeros(2))
    assert_answer(answer, [0, 0], [[0, 0], [0, 0]])


def test_a_label_that_does_not_exist_has_no_weight():
    """It makes the divisor of a weighted mean NaN, and every gradient with it; a hinge's classes have no weights."""
    answer = ask("nll_loss", [[-1.0, -1.0], [-1.0, -1.0]], [7, 0], reduction="weighted_mean")
    assert_answer(answer, None, [[None, None], [None, None]], "label-range")
    answer = ask(
        "categorical_hinge_loss",
        [[0, 0], [0, 0]],
        [7, 0],
        sample_weight=np.array([3.0, 1.0]),
        reduction="weighted_mean",
    )
    assert_answer(answer, None, [[None, None], [-0.25, 0.25]], "label-range")


def test_a_class_weight_that_is_no_number_spoils_the_divisor():
    """It is part of what a weighted mean divides by, whether it is negative or NaN."""
    for weight, invalid in ((-1.0, "weight-range"), (NAN, "")):
        answer = ask(
            "sparse_cross_entropy_with_logits",
            [[0, 0], [0, 0]],
            [0, 1],
            class_weight=np.array([1.0, weight]),
            reduction="weighted_mean",
        )
        assert_answer(answer, None, [[None, None], [None, None]], invalid)


def test_a_soft_label_has_a_condition_where_its_term_is_flat():
    """(1-p)^1.5 (-log p) has no slope and no bend at p = 1, but the label is soft all the same."""
    answer = ask("categorical_focal_loss", [[0.5, 1.0]], [[0.25, 0.75]], gamma=1.5)
    assert floats(answer.gradient)[0][1] == 0
    assert floats(answer.gradient_condition)[0][1] == 0.25


def test_a_gradient_of_zero_stays_in_a_mean_without_weight():
    """0 / 0 has no value, but what does not depend on the prediction has a slope and a condition of 0."""
    answer = ask("brier_loss", [[0.0, 0.0]], [[0.0, 0.0]], reduction="weighted_mean")
    assert_answer(answer, None, [[0, 0]])
    assert floats(answer.gradient_condition) == [[0, 0]]


def test_ignored_rows_do_not_count():
    """A NaN in an ignored row does not leak, and the mean divides by the others."""
    exact = ask("sparse_cross_entropy_with_logits", [[NAN, 0], [0, 0]], [-100, 0], ignore_index=-100, reduction="mean")
    assert_answer(exact, math.log(2), [[0, 0], [-0.5, 0.5]])


@pytest.mark.parametrize("reduction", ["mean", "weighted_mean"])
def test_the_mean_of_ignored_rows_is_nan(reduction):
    """0 / 0 is NaN for the value; an ignored row's gradient is 0 all the same."""
    exact = ask("sparse_cross_entropy_with_logits", [[1, 0]], [5], ignore_index=5, reduction=reduction)
    assert_answer(exact, None, [[0, 0]])


def test_a_row_without_a_positive_class_is_ignored():
    """The multi-label softmax loss has nothing to share."""
    exact = ask("multilabel_softmax_loss", [[1, 0], [0, 0]], [[0, 0], [1, 0]], reduction="mean")
    assert_answer(exact, math.log(2), [[0, 0], [-0.5, 0.5]])


def test_nan_stays_in_its_row():
    """A reduced loss is NaN, but the other rows' gradient is not."""
    exact = ask("binary_cross_entropy_with_logits", [NAN, 0], [1, 1], reduction="mean")
    assert_answer(exact, None, [None, -0.25])
    assert floats(exact.gradient_condition) == [None, 0.25]


@pytest.mark.parametrize(
    ("z", "y", "hinge", "slope", "squared", "steep"),
    [
        (0.5, 1, 0.5, -1, 0.25, -1),
        (1, 1, 0, 0, 0, 0),
        (-1, -1, 0, 0, 0, 0),
        (2, 1, 0, 0, 0, 0),
        (2, -1, 3, 1, 9, 6),
        (INF, 1, 0, 0, 0, 0),
        (-INF, 1, INF, -1, INF, -INF),
        (INF, -1, INF, 1, INF, INF),
    ],
)
def test_hinges(z, y, hinge, slope, squared, steep):
    """The derivative at the kink is 0."""
    assert_answer(ask("hinge_loss", [z], [y]), [hinge], [slope])
    assert_answer(ask("squared_hinge_loss", [z], [y]), [squared], [steep])


@pytest.mark.parametrize(
    ("z", "value", "gradient"),
    [
        ([0, 2, 1], 3, [-1, 1, 0]),
        ([0, 2, 2], 3, [-1, 0.5, 0.5]),
        ([3, 2, 2], 0, [0, 0, 0]),
        ([-INF, 0, 1], INF, [-1, 0, 1]),
        ([INF, 0, 1], 0, [0, 0, 0]),
        ([0, INF, 1], INF, [-1, 1, 0]),
        ([0, INF, INF], INF, [-1, 0.5, 0.5]),
        ([INF, INF, 0], None, [None] * 3),
        ([-INF, -INF, -INF], None, [None] * 3),
        ([0, -INF, -INF], 0, [0, 0, 0]),
        ([0], 0, [0]),
        ([-INF], None, [None]),
    ],
)
def test_the_best_wrong_class(z, value, gradient):
    """Ties share the derivative; without a wrong class there is no loss."""
    assert_answer(ask("categorical_hinge_loss", [z], [0]), [value], [gradient])


def test_an_infinite_loss_has_a_finite_gradient_condition():
    """0 · inf counts 0 in a condition."""
    exact = ask("binary_cross_entropy_with_logits", [INF], [0])
    assert floats(exact.condition) == [INF]
    assert floats(exact.gradient_condition) == [1.0]


@pytest.mark.parametrize(
    "parameters", [{"reduction": "average"}, {"labels": np.zeros((2, 1))}], ids=["reduction", "shape"]
)
def test_a_question_without_an_answer_is_an_error(parameters):
    """An unknown reduction, or labels of another shape."""
    labels = parameters.pop("labels", [0.0, 0.0])
    with pytest.raises(CaseError, match="must"):
        ask("binary_cross_entropy", [0.5, 0.5], labels, **parameters)


def test_an_activation_over_classes_needs_classes():
    """A softmax before a binary loss has no axis."""
    call = Call(loss="binary_cross_entropy", predictions=np.zeros(2), labels=np.zeros(2), activation="softmax")
    with pytest.raises(CaseError, match="class axis"):
        evaluate(call)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"weight": np.ones((3, 4))}, r"`weight` must have the shape \(C, \(2,\)\); got \(3, 4\)"),
        ({"weight": np.ones(2)}, r"`weight` must have the shape \(C, \(2,\)\); got \(2,\)"),
        ({"weight": np.ones((3, 2)), "bias": np.ones(2)}, r"`bias` must have the shape \(3,\); got \(2,\)"),
        ({"weight": np.full((3, 2), INF)}, "no infinity"),
    ],
)
def test_a_layer_that_does_not_fit_is_an_error(parameters, problem):
    """Shapes by name, expected and given; an infinite weight."""
    with pytest.raises(CaseError, match=problem):
        ask("linear_cross_entropy", [[1.0, 2.0]], [0], **parameters)
