"""Reducing: each step takes one thing away and leaves a question that can be asked."""

from __future__ import annotations

from itertools import islice

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_authoring_fuzzing_traits import question

from ceconform.authoring.fuzzing.reducing import simpler
from ceconform.authoring.fuzzing.strategies import questions
from ceconform.corpus import LOSSES
from ceconform.corpus.shapes import broadcasts, labels_shape, loss_shape
from ceconform.oracle import evaluate


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(LOSSES)).flatmap(lambda loss: questions(loss, ("float32", "float64"))))
def test_every_step_is_a_question(case):
    """The shapes fit, and the oracle answers."""
    for step in islice(simpler(case), 40):
        spec, shape = LOSSES[step.loss], step.predictions.shape
        axis = step.parameters.get("axis", -1)
        losses = loss_shape(spec, shape, axis)
        if step.labels is not None:
            assert labels_shape(spec, shape, axis) == step.labels.shape
            assert step.labels.dtype.kind != "O"
        for name, target in (("sample_weight", losses), ("pos_weight", shape)):
            assert broadcasts(np.shape(step.parameters.get(name, 1.0)), target)
        evaluate(step.call("float64"), gradient=False)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(questions("sparse_cross_entropy_with_logits", ("float32", "float64")))
def test_steps_come_to_an_end(case):
    """Whichever is taken."""
    steps = 0
    while (step := next(simpler(case), None)) is not None:
        case, steps = step, steps + 1
        assert steps < 200
    assert case.parameters.keys() <= {"axis"}


def test_an_activation_goes_where_the_loss_takes_logits():
    """Elsewhere the numbers would be of another space; logits become plain ones in either."""
    of_logits = question("sparse_cross_entropy_with_logits", [[0.0, 1.0]], [1], activation="softmax")
    assert next(simpler(of_logits)).activation is None
    of_probabilities = question("sparse_cross_entropy", [[0.0, 7.0]], [1], activation="softmax")
    steps = [step for step in simpler(of_probabilities) if step.predictions is not of_probabilities.predictions]
    assert {"softmax"} == {step.activation for step in steps}
    assert [[[0.0, 0.0]], [[0.0, 1.0]]] == [step.predictions.tolist() for step in steps]


def test_rows_and_classes_take_along_what_belongs_to_them():
    """The labels and weights of what is left are its own."""
    case = question(
        "sparse_cross_entropy_with_logits",
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        [2, 0],
        class_weight=[0.1, 0.2, 0.3],
        sample_weight=[7.0, 8.0],
    )
    without = {
        tuple(map(tuple, step.predictions.tolist())): (
            step.labels.tolist(),
            step.parameters["class_weight"].tolist(),
            step.parameters["sample_weight"].tolist(),
        )
        for step in simpler(case)
        if step.predictions.size < 6
    }
    assert {
        ((4.0, 5.0, 6.0),): ([0], [0.1, 0.2, 0.3], [8.0]),
        ((1.0, 2.0, 3.0),): ([2], [0.1, 0.2, 0.3], [7.0]),
        ((1.0, 3.0), (4.0, 6.0)): ([1, 0], [0.1, 0.3], [7.0, 8.0]),
    } == without
