"""Conventions in exact arithmetic: figures that libraries are known to give, and the second witness."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from test_oracle_evaluate import assert_agreement, make

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import LOSSES, Call
from ceconform.libraries import LIBRARIES, resolve
from ceconform.oracle import evaluate

INF = math.inf


def ask(loss, predictions, labels, *names, dtype="float32", **parameters):
    """The exact answer under conventions."""
    kind = np.int64 if LOSSES[loss].labels == "index" else np.float64
    call = Call(
        loss=loss,
        predictions=np.array(predictions, dtype=float),
        labels=None if labels is None else np.array(labels, dtype=kind),
        parameters=parameters,
        dtype=dtype,
    )
    return evaluate(call, conventions=resolve(names, loss))


def floats(numbers):
    """Nested lists of floats."""
    return numbers.astype(float).tolist()


@pytest.mark.parametrize(
    ("name", "dtype", "p", "t", "figure"),
    [
        ("clamp-log-at-100", "float32", 0, 1, 100),
        ("clamp-log-at-100", "float64", 1, 0, 100),
        ("clip-at-1e-7", "float32", 0, 1, 16.118095),
        ("clip-at-1e-7", "float32", 1, 0, 15.942385),
        ("clip-at-1e-7", "float64", 1, 0, 16.118096),
        ("clip-at-1e-7", "float16", 1, 0, 15.942385),
        ("clip-at-eps", "float32", 0, 1, 15.942385),
        ("clip-at-eps", "float64", 0, 1, 36.043653),
        ("add-1e-7-inside-log", "float32", 0, 1, 16.118095),
        ("add-1e-7-inside-log", "float32", 1, 1, -1e-7),
    ],
)
def test_known_figures_of_binary_cross_entropy(name, dtype, p, t, figure):
    """What PyTorch, Keras, scikit-learn and TensorFlow print for certain and wrong."""
    assert floats(ask("binary_cross_entropy", [p], [t], name, dtype=dtype).loss) == [pytest.approx(figure, rel=1e-6)]


@pytest.mark.parametrize(("p", "t", "slope"), [(0, 1, -1e12), (1, 0, 1e12), (0, 0, 0), (0.25, 1, -4)])
def test_a_floored_denominator_bounds_the_slope(p, t, slope):
    """(p - t) / max(p (1 - p), 1e-12)."""
    exact = ask("binary_cross_entropy", [p], [t], "clamp-log-at-100")
    assert floats(exact.gradient) == [pytest.approx(slope, rel=1e-7)]


def test_a_floored_denominator_agrees_with_its_formula():
    """In the smooth region it is the derivative of binary cross entropy, conditions too, whatever the weights are."""
    call = make("binary_cross_entropy", 0, "mean")
    weights = {"pos_weight": np.array([0.5, 4.0, 2.0]), "sample_weight": np.array([[2.0], [0.25]])}
    call = replace(call, parameters={**call.parameters, **weights})
    plain, floored = evaluate(call), evaluate(call, conventions=resolve("clamp-log-at-100", call.loss))
    for name in ("loss", "gradient", "condition", "gradient_condition"):
        assert getattr(plain, name).tolist() == getattr(floored, name).tolist()


@pytest.mark.parametrize(
    ("p", "slope"), [(1e-9, 0.0), (0.25, -4.0), (float(np.float32(1e-7)), -1 / float(np.float32(1e-7)))]
)
def test_clipping_flattens_outside_and_not_on_the_bounds(p, slope):
    """The derivative is 0 outside the bounds and that of the loss on them."""
    assert floats(ask("binary_cross_entropy", [p], [1], "clip-at-1e-7").gradient) == [slope]


def test_the_order_of_clipping_and_renormalising_matters():
    """Keras divides by the sum and clips; on TensorFlow it clips and then divides."""
    first = resolve("keras", "sparse_cross_entropy")
    second = resolve("keras[tensorflow]", "sparse_cross_entropy")
    assert floats(ask("sparse_cross_entropy", [[2, 1, 1]], [0], *first).loss) == [pytest.approx(math.log(2))]
    assert floats(ask("sparse_cross_entropy", [[2, 1, 1]], [0], *second).loss) == [pytest.approx(math.log(3))]


def test_a_row_of_zeros_cannot_be_renormalised():
    """0 / 0 is NaN for the row."""
    exact = ask("sparse_cross_entropy", [[0, 0], [0, 2]], [0, 1], "renormalise-rows")
    assert [str(x) for x in exact.loss] == ["NaN", "0"]
    assert exact.invalid == ""


def test_renormalising_keeps_the_slopes_beside_a_zero():
    """-log(p_c / Σ p) at p_c = 0: infinite, with the finite slope 1 / Σ p by the other classes."""
    exact = ask("sparse_cross_entropy", [[0, 2]], [0], "renormalise-rows")
    assert floats(exact.loss) == [INF]
    assert floats(exact.gradient) == [[-INF, 0.5]]


@pytest.mark.parametrize(
    ("z", "value", "slope"), [(2.0, -math.log(2), -0.5), (0.0, INF, -INF), (INF, -INF, 0.0), (-1.0, None, None)]
)
def test_logits_read_as_probabilities_are_not_checked(z, value, slope):
    """-log z, whatever z is; only a negative one has no logarithm."""
    exact = ask("sparse_cross_entropy_with_logits", [[z, 0.5]], [0], "logits-taken-as-probabilities")
    found = [exact.loss[0], exact.gradient[0, 0]]
    assert exact.invalid == ""
    if value is None:
        assert all(x.is_nan() for x in found)
    else:
        assert [float(x) for x in found] == [value, slope]


def test_clipping_takes_any_number():
    """Keras reads logits as probabilities, clips them, and is finite everywhere."""
    names = ("logits-taken-as-probabilities", "clip-at-1e-7")
    exact = ask("binary_cross_entropy_with_logits", [-3.0, 5.0, INF, -INF], [1, 1, 1, 0], *names)
    low, high = float(np.float32(1e-7)), float(np.float32(1) - np.float32(1e-7))
    assert floats(exact.loss) == [-math.log(low), pytest.approx(-math.log(high)), *[pytest.approx(low, abs=3e-8)] * 2]
    assert floats(exact.gradient) == [0, 0, 0, 0]


def test_computed_in_float32_rounds_the_inputs():
    """The predictions, labels and weights go through float32, and the constants with them."""
    rounded = float(np.float32(0.1))
    exact = ask("binary_cross_entropy", [0.1], [1], "computed-in-float32", dtype="float64")
    assert exact.loss.tolist() == ask("binary_cross_entropy", [rounded], [1]).loss.tolist()
    clipped = ask("binary_cross_entropy", [0], [1], "clip-at-1e-7", "computed-in-float32", dtype="float64")
    assert clipped.loss.tolist() == ask("binary_cross_entropy", [0], [1], "clip-at-1e-7").loss.tolist()


@pytest.mark.parametrize(
    ("reduction", "names", "divisor"),
    [
        ("mean", ("divide-by-count",), 2),
        ("mean", ("divide-by-weights",), 0.5 * 3 + 2 * 1),
        ("mean", ("divide-by-target-weight",), 0.5 * 3 + 2 * 1),
        ("weighted_mean", (), 0.5 * 3 + 2 * 1),
        ("mean", ("divide-by-elements",), 6),
    ],
)
def test_divisors(reduction, names, divisor):
    """What a mean divides by; an ignored row is in none of them but the elements."""
    logits, labels = [[0, 1], [2, 0], [5, 5]], [0, 1, -100]
    parameters = {
        "class_weight": np.array([3.0, 1.0]),
        "sample_weight": np.array([0.5, 2.0, 9.0]),
        "ignore_index": -100,
    }
    total = ask("sparse_cross_entropy_with_logits", logits, labels, reduction="sum", **parameters)
    mean = ask("sparse_cross_entropy_with_logits", logits, labels, *names, reduction=reduction, **parameters)
    assert float(mean.loss.item()) == pytest.approx(float(total.loss.item()) / divisor)
    assert floats(mean.gradient) == [[pytest.approx(x / divisor) for x in row] for row in floats(total.gradient)]


@pytest.mark.parametrize("weight", [0.0, None])
def test_the_mean_of_nothing_may_be_zero(weight):
    """`empty-mean-is-zero`, for an empty batch and for weights that sum to 0."""
    shape = 0 if weight is None else 2
    parameters = {} if weight is None else {"sample_weight": np.full(shape, weight)}
    reduction = {"reduction": "weighted_mean"}
    answer = ask("binary_cross_entropy", [0.5] * shape, [1] * shape, "empty-mean-is-zero", **parameters, **reduction)
    assert answer.loss.item() == 0
    plain = ask("binary_cross_entropy", [0.5] * shape, [1] * shape, **parameters, **reduction)
    assert plain.loss.item().is_nan()


SMOOTH = [
    (name, loss)
    for name, rule in CONVENTIONS.items()
    for loss in sorted(rule.losses)
    if not rule.precision and not rule.gradient_floor and name != "empty-mean-is-zero"
]


@pytest.mark.parametrize(("name", "loss"), SMOOTH)
def test_two_witnesses_agree_under_each_convention(name, loss):
    """Value, gradient and conditions under every convention of every loss that it is for."""
    call = make(loss, len(name) % 4, "mean")
    if CONVENTIONS[name].taken_as == "probabilities":
        call = replace(call, predictions=np.abs(call.predictions) % 0.9 + 0.01)
    elif CONVENTIONS[name].activation == "log_sigmoid":
        call = replace(call, predictions=call.predictions / 8)
    assert_agreement(call, (CONVENTIONS[name],))


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_two_witnesses_agree_under_each_library(library):
    """Everything that a library documents for a loss, taken together."""
    for loss in LIBRARIES[library]:
        rules = resolve(library, loss)
        if not any(rule.gradient_floor for rule in rules):
            assert_agreement(make(loss, 3, "mean"), rules)


def test_a_label_whose_share_goes_to_the_others_keeps_its_weight():
    """ε = 1 among the others: (2 + 3) / 2 · log 3, divided by the weight of the target, 4."""
    rules = ("smooth-over-the-others", "divide-by-target-weight")
    found = ask(
        "sparse_cross_entropy_with_logits",
        [[0, 0, 0]],
        [0],
        *rules,
        class_weight=np.array([4.0, 2.0, 3.0]),
        label_smoothing=1.0,
        reduction="weighted_mean",
    )
    assert math.isclose(2.5 * math.log(3) / 4, float(found.loss))


def test_a_power_below_one_is_infinitely_steep_where_its_base_is_zero():
    """(1 - p)^½ · -log(p + 1e-7) at p = 1: the loss is 0, and its slope that of the power."""
    exact = ask("binary_focal_loss", [1], [1], "add-1e-7-inside-log", gamma=0.5)
    assert [0] == floats(exact.loss)
    assert [INF] == floats(exact.gradient)


def test_a_probability_of_zero_leaves_all_of_the_focus():
    """1 - p is 1 at a logit of -inf, where only what is added keeps the loss finite."""
    exact = ask("binary_focal_loss_with_logits", [-INF], [1], "add-1e-7-inside-log")
    assert [pytest.approx(-math.log(1e-7), rel=1e-6)] == floats(exact.loss)


@pytest.mark.parametrize(("p", "t", "slope"), [(0, 1, -INF), (1, 0, INF), (0, 0, None), (1, 1, None), (0.25, 1, -4)])
def test_a_floor_that_half_precision_rounds_to_nothing(p, t, slope):
    """(p - t) / (p (1 - p)): infinite for certain and wrong, 0 / 0 for certain and right."""
    call = Call(
        loss="binary_cross_entropy",
        predictions=np.array([p], dtype=float),
        labels=np.array([t], dtype=float),
        dtype="float16",
    )
    (found,) = floats(evaluate(call, conventions=resolve("clamp-log-at-100", call.loss), narrow=True).gradient)
    assert slope == (None if math.isnan(found) else found)


def test_a_root_of_a_negative_number_is_nan():
    """(1 - p)^½ beyond p = 1, which who adds within the logarithm does not refuse."""
    exact = ask("binary_focal_loss", [1.5], [1], "add-1e-7-inside-log", gamma=0.5)
    assert exact.loss[0].is_nan()
    assert exact.gradient[0].is_nan()


def test_what_is_added_is_added_to_the_probability():
    """-log(e^x + 1e-7) of a log-probability x."""
    exact = ask("nll_loss", [[-20.0, -1.0]], [0], "add-1e-7-inside-log")
    assert [pytest.approx(-math.log(math.exp(-20) + 1e-7), rel=1e-6)] == floats(exact.loss)


def test_one_class_has_no_others_to_share_with():
    """Its label stays what it is, as by the definition."""
    exact = ask("sparse_cross_entropy", [[0.25]], [0], "smooth-over-the-others", label_smoothing=0.25)
    assert floats(exact.loss) == [pytest.approx(math.log(4))]
    assert floats(exact.gradient) == [[-4.0]]


def test_a_clipped_label_has_no_derivative():
    """By a label that is clipped it is 0; by one on a bound, or within, that of the function."""
    call = make("kl_divergence", 0, "none")
    call = replace(
        call,
        predictions=np.array([[0.25, 0.25, 0.5]]),
        labels=np.array([[0.0, 0.25, 1.0]]),
        parameters={},
        gradient_by="labels",
    )
    exact = evaluate(call, conventions=resolve("clip-both-at-1e-7", call.loss))
    assert floats(exact.gradient) == [[0.0, 1.0, pytest.approx(1 + math.log(2))]]
