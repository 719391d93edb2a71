"""Strategies: every question that is drawn is one that a case file can ask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from ceconform.authoring.fuzzing import hard
from ceconform.authoring.fuzzing.draft import draft, heading, rounding
from ceconform.authoring.fuzzing.strategies import questions
from ceconform.corpus import LOSSES
from ceconform.corpus.document import parse
from ceconform.corpus.keys import ACTIVATIONS
from ceconform.corpus.reading import read_cases
from ceconform.formats import FORMATS, fits
from ceconform.oracle import evaluate

slow = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(st.data())
def test_a_question_comes_back_from_its_draft(data):
    """The same numbers, bit by bit, with the oracle's answer beside them; the reader refuses nothing."""
    loss = data.draw(st.sampled_from(sorted(LOSSES)))
    case = data.draw(questions(loss, tuple(FORMATS)))
    exact = evaluate(case.call("float64"))
    text = heading("Drawn.") + draft(
        replace(case, description="Drawn."), exact, "drawn", comments=("said\nin two lines",)
    )
    (read,) = read_cases(parse(text), "drawn.yaml", "drawn")
    assert (case.loss, case.label_dtype, case.activation) == (read.loss, read.label_dtype, read.activation)
    assert exact.invalid == read.expected.invalid
    assert case.dtypes[0] in read.dtypes
    assert rounding(case) == read.rounding
    pairs = [(case.predictions, read.predictions), (case.labels, read.labels)]
    assert case.parameters.keys() == read.parameters.keys()
    for one, other in [*pairs, *((case.parameters[name], read.parameters[name]) for name in case.parameters)]:
        same(one, other)
    for one, other in ((exact.loss, read.expected.loss), (exact.gradient, read.expected.gradient)):
        assert list(map(str, map(float, one.flat))) == list(map(str, map(float, other.flat)))


def same(one, other):
    """Two arrays or numbers, signs of zeros and NaNs included."""
    if not isinstance(one, np.ndarray):
        assert one == other
        return
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    np.testing.assert_array_equal(one, other)
    if one.dtype == np.float64:
        np.testing.assert_array_equal(np.signbit(one), np.signbit(other))


@slow
@given(
    st.sampled_from(sorted(FORMATS)).flatmap(
        lambda dtype: st.tuples(st.just(dtype), questions("kl_divergence", (dtype,)))
    )
)
def test_every_number_is_one_of_the_dtype(drawn):
    """Nothing is rounded afterwards."""
    dtype, case = drawn
    arrays = [case.predictions, case.labels, *(x for x in case.parameters.values() if isinstance(x, np.ndarray))]
    assert all(fits(array.astype(np.float64), dtype) for array in arrays)


@given(
    questions(
        "sparse_cross_entropy_with_logits", ("float32",), frozenset({"class_weight", "label_dtype", "activation"})
    )
)
def test_what_is_left_out_is_not_stated(case):
    """Whatever else is."""
    assert "class_weight" not in case.parameters
    assert case.label_dtype is None
    assert case.activation is None


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_pairings_are_drawn(activation):
    """An activation, right or wrong, is given logits, those among them that are no probabilities."""

    def wanted(case):
        # A class alone has probability 1, whatever its logit, and where every row is ignored nothing is wrong.
        telling = case.predictions.size > case.labels.size and "ignore_index" not in case.parameters
        return case.activation == activation and (case.predictions > 1).any() and telling

    quick = settings(database=None, max_examples=1000)
    case = find(questions("sparse_cross_entropy", ("float32",)), wanted, settings=quick)
    assert evaluate(case.call("float32")).invalid == (
        "" if activation in {"sigmoid", "softmax"} else "probability-range"
    )


def test_an_activation_over_classes_is_not_drawn_where_there_are_none():
    """The oracle would refuse it."""
    wanted = lambda case: case.activation in {"softmax", "log_softmax"}  # noqa: E731 - a condition is short
    with pytest.raises(NoSuchExample):
        find(questions("hinge_loss", ("float32",)), wanted, settings=settings(database=None, max_examples=300))


@pytest.mark.parametrize(
    "wanted",
    [
        lambda x: x == -np.inf,
        lambda x: 0 < x < FORMATS["float16"].smallest_normal,
        lambda x: x > 60_000,
        lambda x: x == 0 and np.signbit(x),
    ],
)
def test_hard_numbers_are_drawn(wanted):
    """Infinities, subnormals, the largest, the negative zero."""
    assert wanted(find(hard.logits("float16"), wanted, settings=settings(database=None)))


def test_nothing_invalid_is_drawn_unless_it_is_asked_for():
    """Probabilities stay within 0 and 1; with `strange` some do not."""
    outside = lambda p: not 0 <= p <= 1  # noqa: E731 - a condition is short
    quick = settings(database=None, max_examples=300)
    with pytest.raises(NoSuchExample):
        find(hard.probabilities("float32"), outside, settings=quick)
    assert outside(find(hard.probabilities("float32", strange=True), outside, settings=quick))
