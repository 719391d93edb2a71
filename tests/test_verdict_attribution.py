"""Finding the conventions behind an answer."""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pytest
from whole_corpus import CASES

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import Case, Expected, select
from ceconform.formats import rounded
from ceconform.harness import Answer
from ceconform.libraries import LIBRARIES
from ceconform.oracle import evaluate
from ceconform.verdict.attribution import attribute

ROWS = ((0.7, 0.2, 0.1), (0.0, 0.25, 0.5), (1e-9, 0.5, 0.25))
LOGITS = ((2.0, -1.0, 0.5), (0.0, 3.0, 1.0))


def ask(loss, predictions, labels, **parameters):
    """A case whose right answer is the oracle's; inputs are rounded to float32."""
    case = Case(
        id="any/planted/one",
        description="A case that a test plants.",
        loss=loss,
        predictions=np.asarray(predictions, dtype=np.float32).astype(np.float64),
        labels=np.asarray(labels),
        parameters=MappingProxyType(parameters),
        sources={},
        expected=Expected(),
    )
    return Case(**{**vars(case), "expected": Expected(**vars(evaluate(case.call("float32"))))})


def given_under(case, dtype, *names):
    """The value and gradient of a perfect implementation of conventions."""
    exact = evaluate(case.call(dtype), conventions=tuple(CONVENTIONS[name] for name in names))
    return tuple(
        tuple(rounded(number, dtype) for number in numbers.ravel()) for numbers in (exact.loss, exact.gradient)
    )


def found(case, value, gradient, dtype="float32", documented=(), *, flushes_subnormals=False):
    """What explains it."""
    expected = case.expected
    parts = ((value, expected.loss), (gradient, expected.gradient))
    given = [None if part is None else Answer(values=part, shape=right.shape).beside(right) for part, right in parts]
    return attribute(case, dtype, *given, documented=documented, flushes_subnormals=flushes_subnormals)


BINARY = ("binary_cross_entropy", (0.0, 1.0, 0.3, 1e-9), (1.0, 0.0, 1.0, 0.0))
SPARSE = ("sparse_cross_entropy", ROWS, (0, 0, 0))
WEIGHTS = np.asarray([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("question", "parameters", "names"),
    [
        (BINARY, {}, ("clip-at-1e-7",)),
        (BINARY, {}, ("clip-at-eps",)),
        (BINARY, {}, ("add-1e-7-inside-log",)),
        (BINARY, {}, ("clamp-log-at-100",)),
        (BINARY, {"label_smoothing": 0.25}, ("smooth-over-the-others",)),
        (SPARSE, {}, ("renormalise-rows",)),
        (SPARSE, {}, ("renormalise-rows", "clip-at-1e-7")),
        (SPARSE, {}, ("probabilities-taken-as-logits",)),
        (
            SPARSE,
            {"sample_weight": WEIGHTS, "reduction": "weighted_mean"},
            ("renormalise-rows", "clip-at-1e-7", "divide-by-count"),
        ),
        (
            ("sparse_cross_entropy_with_logits", LOGITS, (0, 2)),
            {"class_weight": WEIGHTS, "reduction": "weighted_mean", "label_smoothing": 0.125},
            ("divide-by-target-weight",),
        ),
        (("sparse_cross_entropy_with_logits", LOGITS, (0, 2)), {}, ("softmax-applied-twice",)),
        (("binary_cross_entropy_with_logits", (2.0, -1.0), (1.0, 0.0)), {}, ("sigmoid-applied-twice",)),
        (("kl_divergence", ((0.5, 0.5), (0.0, 1.0)), ((1.0, 0.0), (0.5, 0.5))), {}, ("clip-both-at-1e-7",)),
    ],
)
def test_the_convention_that_gave_the_answer_is_named(question, parameters, names):
    """A perfect implementation of conventions is attributed to them, documented or not."""
    case = ask(*question, **parameters)
    value, gradient = given_under(case, "float32", *names)
    for documented in ((), names):
        attribution = found(case, value, gradient, documented=documented)
        assert attribution is not None
        assert attribution.name == " + ".join(names)
        assert attribution.whole
        assert attribution.documented == bool(documented)


def test_a_long_answer_is_attributed_by_its_stated_numbers_and_sums():
    """One number that is off, wherever it stands, and the convention is not named."""
    (case,) = select(CASES, ["binary/large/probabilities-batch"])
    value, gradient = given_under(case, "float64", "add-1e-7-inside-log")
    assert "add-1e-7-inside-log" == found(case, value, gradient, "float64").name
    unlisted = next(place for place in range(len(value)) if place not in case.expected.loss.places)
    changed = tuple(x * (1.01 if at == unlisted else 1.0) for at, x in enumerate(value))
    assert found(case, changed, gradient, "float64") is None


@pytest.mark.parametrize("at", range(4))
def test_a_conventions_number_with_one_digit_changed_is_not_attributed(at):
    """Being near a convention's answer is not being it."""
    case = ask(*BINARY)
    value, gradient = given_under(case, "float32", "clip-at-1e-7")
    changed = tuple(x * (1.001 if i == at else 1.0) for i, x in enumerate(value))
    assert found(case, changed, gradient) is None


def test_a_clipped_loss_below_eps_has_no_digits_to_compare():
    """A library that says that it clips takes log(1 - p) of a rounded difference; of another it explains nothing."""
    case = ask(*BINARY)
    value, gradient = given_under(case, "float32", "clip-at-1e-7")
    naive = (*value[:3], 1.1920929665620834e-07)
    assert found(case, naive, gradient) is None
    assert found(case, naive, gradient, documented=("clip-at-1e-7",)).name == "clip-at-1e-7"


def test_a_gradient_that_the_convention_does_not_give_is_told():
    """The value is explained; what explains it is returned with its own comparison of the gradient."""
    case = ask(*BINARY)
    value, gradient = given_under(case, "float32", "clamp-log-at-100")
    attribution = found(case, value, (gradient[0] * 2, *gradient[1:]), documented=("clamp-log-at-100",))
    assert attribution is not None
    assert not attribution.whole
    assert attribution.gradient.kind == "wrong-gradient"
    assert attribution.gradient.index == (0,)


def test_a_value_without_a_gradient_is_attributed_by_the_value():
    """Where a library has no autodiff the value has to do."""
    case = ask(*BINARY)
    value, _ = given_under(case, "float64", "clip-at-eps")
    attribution = found(case, value, None, "float64")
    assert attribution.name == "clip-at-eps"


def test_the_librarys_own_conventions_come_first():
    """Among explanations of one answer the documented one is told, even if it takes more conventions."""
    case = ask("sparse_cross_entropy", ((0.5, 0.5), (0.0, 1.0)), (0, 0))
    names = LIBRARIES["keras"]["sparse_cross_entropy"]
    value, gradient = given_under(case, "float32", "clip-at-1e-7")
    attribution = found(case, value, gradient, documented=names)
    assert attribution.documented
    assert attribution.name == "clip-at-1e-7"


def test_constants_are_rounded_in_the_dtype_of_the_question():
    """1 - 1e-7 is one number in float32 and another in float64, and so are the losses at p = 1."""
    case = ask("binary_cross_entropy", (1.0, 0.0), (0.0, 1.0))
    for dtype, other in pairwise(["float32", "float64", "float32"]):
        value, gradient = given_under(case, dtype, "clip-at-1e-7")
        assert found(case, value, gradient, dtype).name == "clip-at-1e-7"
        attribution = found(case, value, gradient, other)
        assert attribution is None or attribution.name != "clip-at-1e-7"


def test_a_float64_answer_with_the_digits_of_float32_was_computed_there():
    """All of its digits, and no others, are float32's."""
    case = ask("binary_cross_entropy", (0.3, 0.7), (1.0, 1.0))
    value, gradient = given_under(case, "float32")
    assert found(case, value, gradient, "float64").name == "computed-in-float32"
    assert found(case, tuple(x + 1e-9 for x in value), gradient, "float64") is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_nan_infinity_and_zero_name_no_undocumented_convention(value):
    """They come of many mistakes, and name none."""
    case = ask("binary_cross_entropy_with_logits", (-2.0,), (1.0,))
    assert found(case, (value,), (value,)) is None


def test_conventions_that_change_nothing_explain_nothing():
    """A wrong number in a case that no convention touches stays unexplained."""
    case = ask("binary_cross_entropy", (0.5,), (1.0,))
    assert found(case, (0.7,), (-2.0,)) is None


def test_an_activation_of_the_case_excludes_conventions_that_apply_one():
    """The asker has applied it; a second one would be a third."""
    case = ask("sparse_cross_entropy_with_logits", LOGITS, (0, 2))
    twice = given_under(case, "float32", "softmax-applied-twice")
    paired = Case(**{**vars(case), "activation": "softmax"})
    assert found(case, *twice).name == "softmax-applied-twice"
    assert found(paired, *twice) is None


def test_of_equally_many_conventions_the_librarys_own_are_preferred():
    """A float64 loss that went through float32 and a clip: the library documents the clip, so that is the one."""
    case = ask("binary_cross_entropy", (0.0, 0.5), (1.0, 1.0))
    exact = evaluate(case.call("float32"), conventions=(CONVENTIONS["clip-at-1e-7"],))
    value = tuple(rounded(number, "float32") for number in exact.loss)
    attribution = found(case, value, None, "float64", documented=("clip-at-1e-7",))
    assert attribution.name == "clip-at-1e-7 + computed-in-float32"
    assert not attribution.documented
    other = found(case, value, None, "float64", documented=("add-1e-7-inside-log",))
    assert other.name == "add-1e-7-inside-log + computed-in-float32"


def test_a_pairing_whose_probabilities_are_taken_as_logits_is_known():
    """The softmax is the question's own there, and no step of the definition: leaving it at that explains the miss."""
    (case,) = select(CASES, ["categorical/pairings/softmax-and-logits"])
    explained = found(case, *given_under(case, "float64", "logits-taken-as-probabilities"), dtype="float64")
    assert explained is not None
    assert explained.name == "logits-taken-as-probabilities"


def test_a_number_that_a_backend_flushes_is_its_conventions():
    """What the convention gives is subnormal, and 0 where there are no such numbers; elsewhere it is not explained."""
    case = ask("binary_cross_entropy", (0.0,), (1.0,), sample_weight=np.asarray([2.0**-141]))
    documented = ("add-1e-7-inside-log",)
    assert found(case, (0.0,), None, documented=documented, flushes_subnormals=True).name == "add-1e-7-inside-log"
    assert found(case, (0.0,), None, documented=documented) is None
