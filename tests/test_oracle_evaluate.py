"""The oracle against a second witness."""

from __future__ import annotations

from decimal import Decimal

import mpmath as mp
import numpy as np
import pytest
import second_oracle

from ceconform.corpus import LOSSES, REDUCTIONS, Call
from ceconform.oracle import evaluate

SEEDS = range(4)


def _predictions(rng, loss, shape):
    space = LOSSES[loss].predictions
    if space == "hidden":
        return rng.normal(size=(*shape[:-1], 2)) * rng.choice([0.5, 3.0])
    if space == "logits":
        return rng.normal(size=shape) * rng.choice([0.5, 3.0, 12.0])
    if loss.startswith(("binary", "brier")):
        return rng.uniform(0.001, 0.999, size=shape)
    p = rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]) * rng.choice([1.0, 0.9])
    return np.log(p) if space == "log_probabilities" else p


def _labels(rng, loss, shape):
    kind = LOSSES[loss].labels
    if kind == "index":
        return rng.integers(0, shape[-1], size=shape[:-1])
    if kind == "binary":
        return np.where(rng.random(shape) < 0.5, rng.integers(0, 2, shape), rng.random(shape)).astype(float)
    if kind == "sign":
        return rng.choice([-1.0, 1.0], size=shape)
    if kind == "multi-hot":
        return rng.integers(0, 2, size=shape).astype(float)
    if kind == "distribution":
        return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    return None


def _parameters(rng, loss, shape):
    spec = LOSSES[loss]
    elementwise = spec.labels in {"binary", "sign"}
    choices = {
        "label_smoothing": lambda: float(rng.choice([0.1, 0.3])),
        "base": lambda: float(rng.choice([2.0, 10.0])),
        "gamma": lambda: float(rng.choice([0.0, 0.5, 1.0, 2.0, 2.5])),
        "alpha": lambda: 0.25 if elementwise else rng.random(shape[-1]),
        "sample_weight": lambda: rng.integers(0, 4, size=shape if elementwise else shape[:-1]) / 2,
        "class_weight": lambda: rng.random(shape[-1]) + 0.1,
        "pos_weight": lambda: rng.random(shape[-1]) * 3,
        "ignore_index": lambda: 0,
        "bias": lambda: rng.normal(size=shape[-1]),
    }
    layer = {"weight": rng.normal(size=(shape[-1], 2))} if spec.layer else {}
    return layer | {name: draw() for name, draw in choices.items() if name in spec.parameters and rng.random() < 0.5}


def make(loss, seed, reduction):
    """A smooth call of the loss, from its seed."""
    rng = np.random.default_rng([seed, *loss.encode()])
    shape = (2, 3) if LOSSES[loss].labels in {"binary", "sign"} else (3, int(rng.integers(2, 5)))
    return Call(
        loss=loss,
        predictions=_predictions(rng, loss, shape),
        labels=_labels(rng, loss, shape),
        parameters={**_parameters(rng, loss, shape), "reduction": reduction},
        dtype="float64",
    )


def assert_same(expected, actual, digits=38):
    """Two arrays agree to so many digits."""
    assert expected.shape == actual.shape
    for want, got in zip(expected.ravel(), actual.ravel(), strict=True):
        assert isinstance(got, Decimal)
        with mp.workdps(60):
            if want == 0:
                assert got == 0
            else:
                assert abs(mp.mpf(str(got)) / want - 1) < mp.mpf(10) ** -digits, (want, got)


def assert_agreement(call, conventions=()):
    """The two witnesses agree about everything."""
    witness = second_oracle.evaluate(call, conventions)
    exact = evaluate(call, conventions=conventions)
    for name in ("loss", "gradient", "condition", "gradient_condition"):
        assert_same(getattr(witness, name), getattr(exact, name))
    assert exact.invalid == ""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_two_witnesses_agree(loss, seed):
    """Value, gradient and conditions of every loss are those of plain formulas in mpmath."""
    reduction = REDUCTIONS[(seed + len(loss)) % 4]
    assert_agreement(make(loss, seed, reduction))


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("binary_cross_entropy", "sigmoid"),
        ("binary_cross_entropy_with_logits", "sigmoid"),
        ("binary_cross_entropy_with_logits", "log_sigmoid"),
        ("binary_focal_loss", "sigmoid"),
        ("brier_loss", "softmax"),
        ("categorical_cross_entropy", "softmax"),
        ("categorical_cross_entropy", "sigmoid"),
        ("categorical_focal_loss", "softmax"),
        ("categorical_hinge_loss", "softmax"),
        ("entropy", "softmax"),
        ("hinge_loss", "sigmoid"),
        ("kl_divergence", "softmax"),
        ("nll_loss", "log_softmax"),
        ("sparse_cross_entropy_with_logits", "log_softmax"),
        ("sparse_cross_entropy_with_logits", "softmax"),
        ("sparse_cross_entropy_with_logits", "log_sigmoid"),
    ],
)
def test_an_activation_is_part_of_the_chain(loss, activation):
    """With an activation the gradient and the conditions are by the raw predictions."""
    plain = make(loss, 1, "sum")
    rng = np.random.default_rng(7)
    raw = rng.normal(size=plain.predictions.shape) * 2
    assert_agreement(
        Call(
            loss=loss,
            predictions=raw,
            labels=plain.labels,
            parameters=plain.parameters,
            activation=activation,
            dtype="float64",
        )
    )


def test_the_class_axis_may_stand_anywhere():
    """A call with its classes along axis 1 of three gives the transposed answer."""
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(size=(2, 3, 4)), rng.integers(0, 3, size=(2, 4))
    first = evaluate(
        Call(loss="sparse_cross_entropy_with_logits", predictions=logits, labels=labels, parameters={"axis": 1})
    )
    last = evaluate(
        Call(loss="sparse_cross_entropy_with_logits", predictions=np.moveaxis(logits, 1, -1), labels=labels)
    )
    assert last.loss.tolist() == first.loss.tolist()
    assert last.gradient.tolist() == np.moveaxis(first.gradient, 1, -1).tolist()
    assert last.gradient_condition.tolist() == np.moveaxis(first.gradient_condition, 1, -1).tolist()


def test_brier_without_an_axis_is_the_binary_one():
    """With axis None each prediction has a squared error of its own."""
    rng = np.random.default_rng(5)
    assert_agreement(
        Call(
            loss="brier_loss",
            predictions=rng.random((2, 3)),
            labels=rng.random((2, 3)),
            parameters={"axis": None, "reduction": "mean", "label_smoothing": 0.1},
        )
    )


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_without_gradient_the_value_is_the_same(loss, reduction):
    """The fast path gives the same losses, and empty arrays for the rest."""
    call = make(loss, 2, reduction)
    fast = evaluate(call, gradient=False)
    assert evaluate(call).loss.tolist() == fast.loss.tolist()
    assert [fast.gradient.size, fast.condition.size, fast.gradient_condition.size] == [0, 0, 0]


def test_values_beyond_every_dtype_keep_their_sign():
    """A loss of e^-10000 is stated in full, and one of e^-3e38 as the smallest number that is not 0."""
    call = Call(
        loss="binary_cross_entropy_with_logits",
        predictions=np.array([1e4, 3e38]),
        labels=np.array([1.0, 1.0]),
    )
    exact = evaluate(call)
    assert str(exact.loss[0]) == "1.135483865314736098540938875066248401957E-4343"
    assert exact.loss[1] == Decimal("1E-999999")
    assert exact.gradient[1] == Decimal("-1E-999999")


def test_an_exact_zero_is_found():
    """Equal logits and equal labels have a gradient of exactly 0, although 1/3 is no binary fraction."""
    call = Call(
        loss="multilabel_softmax_loss",
        predictions=np.array([[2.0, 2.0, 2.0]]),
        labels=np.array([[1.0, 1.0, 1.0]]),
    )
    assert evaluate(call).gradient.tolist() == [[0, 0, 0]]


def test_a_kl_divergence_may_cancel_to_zero():
    """0.5 log 2 + 0.5 log 0.5 is 0, which no precision shows."""
    call = Call(loss="kl_divergence", predictions=np.array([[0.25, 1.0]]), labels=np.array([[0.5, 0.5]]))
    assert evaluate(call).loss.tolist() == [0]


@pytest.mark.parametrize("label", [3, 999])
@pytest.mark.parametrize("loss", ["sparse_cross_entropy_with_logits", "categorical_focal_loss_with_logits"])
def test_many_classes_stay_sharp(loss, label):
    """The many-class answer is that of the row without its masked classes."""
    rng = np.random.default_rng(11)
    keep = rng.choice(1000, size=5, replace=False)
    keep[0] = label
    logits = np.full((1, 1000), -np.inf)
    logits[0, keep] = rng.normal(size=5)
    sparse = LOSSES[loss].labels == "index"
    hot = np.zeros((1, 1000))
    hot[0, label] = 1.0
    small = np.zeros((1, 5))
    small[0, 0] = 1.0
    many = evaluate(Call(loss=loss, predictions=logits, labels=np.array([label]) if sparse else hot))
    few = evaluate(Call(loss=loss, predictions=logits[:, keep], labels=np.array([0]) if sparse else small))
    assert few.loss.tolist() == many.loss.tolist()
    assert few.gradient.tolist() == many.gradient[:, keep].tolist()
    assert few.gradient_condition.tolist() == many.gradient_condition[:, keep].tolist()


def test_terms_count_the_classes():
    """`terms` is what a reduction adds up, classes included."""
    logits = np.zeros((4, 5))
    for reduction, terms in [("none", 5), ("sum", 20), ("mean", 20)]:
        call = Call(
            loss="sparse_cross_entropy_with_logits",
            predictions=logits,
            labels=np.zeros(4, dtype=np.int64),
            parameters={"reduction": reduction},
        )
        assert terms == evaluate(call).terms


@pytest.mark.parametrize(("label", "loss", "sign"), [(0, "4e309", 1), (1, "1e-999999", -1)])
def test_logits_of_a_layer_may_be_larger_than_any_float(label, loss, sign):
    """0 against 4e309, which no float64 holds: the answer is exact, and what underflows is not 0."""
    layer = {"weight": np.array([[0.0], [40.0]])}
    call = Call(
        loss="linear_cross_entropy", predictions=np.array([[1e308]]), labels=np.array([label]), parameters=layer
    )
    found = evaluate(call)
    assert abs(found.loss[0] / Decimal(loss) - 1) < Decimal("1e-15")
    assert sign == np.sign(found.gradient[0, 0])


def test_a_tie_of_logits_that_need_more_bits_than_there_are():
    """1 + 4e152 twice: their sum needs 509 bits, their difference is 0."""
    layer = {"weight": np.array([[1.0, 4.189939978107062e152]] * 2)}
    ones = np.array([[1.0, 1.0]])
    found = evaluate(Call(loss="linear_cross_entropy", predictions=ones, labels=np.array([0]), parameters=layer))
    assert str(found.loss[0]).startswith("0.693147180559945309417232121458176568")
    assert [0, 0] == found.gradient[0].tolist()
