"""Causes: by what a discrepancy is known again."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from test_authoring_fuzzing_traits import question

from ceconform.authoring.fuzzing.causes import Cause, causes, departure, known

CASE = question("hinge_loss", [float("inf")], [1.0])


def judged(verdict="fail", kind="wrong-value", part="value", convention="", **more):
    """A verdict, or with more fields a result."""
    return SimpleNamespace(verdict=verdict, kind=kind, part=part, convention=convention, **more)


PASS = judged("pass", "", "")
FAIL = judged()
CONVENTION = judged("acceptable", "", "value", "clip-at-1e-7")


def test_a_cause_has_the_traits_of_its_question():
    """But where the kind or the convention says it all."""
    assert frozenset({"plus-infinity"}) == Cause.of(FAIL, "a", CASE, "float32").traits
    for anywhere in (judged(kind="lost-precision"), judged(convention="clip-at-1e-7")):
        assert frozenset() == Cause.of(anywhere, "a", CASE, "float32").traits


def test_a_gradient_by_weights_is_another_part():
    """What is known of it hides nothing of the gradient by the predictions; of the value it does."""
    by = replace(CASE, gradient_by="sample_weight")
    masked = replace(CASE, cotangent=np.zeros(1))
    gradient = judged(part="gradient")
    parts = [Cause.of(gradient, "a", case, "float32").part for case in (CASE, by, masked)]
    assert ["gradient", "gradient by sample_weight", "gradient for a cotangent"] == parts
    assert {"value"} == {Cause.of(FAIL, "a", case, "float32").part for case in (CASE, by, masked)}


@pytest.mark.parametrize("field", ["implementation", "loss", "kind", "part", "convention"])
def test_another_head_is_another_cause(field):
    """Whatever the traits are."""
    one = Cause.of(FAIL, "a", CASE, "float32")
    assert known(one, [one])
    assert not known(one, [replace(one, **{field: "another"})])


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([FAIL], [PASS], ("a", FAIL)),
        ([PASS], [FAIL], ("b", FAIL)),
        ([CONVENTION], [PASS], ("a", CONVENTION)),
        ([CONVENTION], [FAIL], ("b", FAIL)),
        ([PASS, FAIL], [PASS], ("a", FAIL)),
        ([PASS], [PASS], None),
        ([FAIL], [FAIL], None),
        ([FAIL], [judged("unsupported", "")], None),
    ],
)
def test_of_two_the_worse_departs(ours, theirs, expected):
    """By its worst route; unless the verdicts are the same, or one of the two says nothing."""
    assert ([] if expected is None else [expected]) == list(departure({"a": ours, "b": theirs}, "a", "b"))


def test_alone_every_route_that_fails_departs():
    """And no other."""
    assert [("a", FAIL), ("a", FAIL)] == list(departure({"a": [FAIL, PASS, FAIL, CONVENTION]}, "a"))


def test_a_report_shows_causes():
    """Of the cases that are given and of the implementation that is asked for."""
    where = {"dtype": "float32", "device": "cpu"}
    results = [
        judged(implementation="a", case="inf", **where),
        judged(implementation="b", case="inf", **where),
        judged(implementation="a", case="gone", **where),
    ]
    report = SimpleNamespace(results=results)
    assert [Cause.of(FAIL, "a", CASE, "float32")] == list(causes(report, {"inf": CASE}, "a"))
    assert [] == list(causes(report, {"inf": CASE}, "a", "b"))
