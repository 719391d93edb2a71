"""Results: an observation with its verdict, kept so that it can be judged again."""

from __future__ import annotations

import json
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whole_corpus import CASES

from ceconform.corpus import Case, Expected, select
from ceconform.harness import Answer, Observation
from ceconform.oracle import evaluate
from ceconform.report import Digits, Result, record
from ceconform.verdict import judge

ASKED = {"implementation": "torch", "version": "2.6.0", "dtype": "float32", "device": "cpu"}


def planted():
    """A case of two probabilities, with the oracle's answer."""
    case = Case(
        id="binary/planted/two",
        description="p = 0 for a positive label.",
        loss="binary_cross_entropy",
        predictions=np.asarray([0.0, 0.5]),
        labels=np.asarray([1.0, 1.0]),
        parameters=MappingProxyType({}),
        sources={},
        expected=Expected(),
    )
    return Case(**{**vars(case), "expected": Expected(**vars(evaluate(case.call("float32"))))})


def answer(*values, dtype="float32"):
    """An array of two numbers."""
    return Answer(values=values, shape=(len(values),), dtype=dtype, device="cpu")


@given(st.lists(st.floats(width=32) | st.sampled_from([float("nan"), float("inf"), -0.0]), max_size=5))
def test_digits_give_an_answer_back(values):
    """Writing an answer in digits and reading it is the identity, NaN and the sign of zero included."""
    before = answer(*values)
    after = Digits.of(before).answer()
    assert np.asarray(before.values).tobytes() == np.asarray(after.values).tobytes() or np.isnan(before.values).any()
    assert np.array_equal(before.values, after.values, equal_nan=True)
    assert (before.shape, before.dtype, before.device) == (after.shape, after.dtype, after.device)


def test_an_answer_of_a_dtype_that_is_not_ours_is_kept_too():
    """A library may answer in any dtype; the numbers are then written as float64."""
    before = answer(1.0, 0.1, dtype="int64")
    assert Digits.of(before).digits == ("1.0", "0.1")
    assert Digits.of(before).answer() == before


@pytest.mark.parametrize(
    "observation",
    [
        Observation(status="answered", via="f", expression="f(x)", value=answer(float("inf"), 0.6931471824645996)),
        Observation(status="answered", value=answer(100.0, 0.6931471824645996), gradient=answer(-(2.0**40), -2.0)),
        Observation(status="answered", value=answer(1.0, 2.0), gradient=Answer()),
        Observation(status="answered", value=Answer(raised="TypeError: no")),
        Observation(status="answered", value=answer(1.0, 2.0), no_gradient="the library has no autodiff"),
        Observation(status="unsupported", reason="no gamma"),
        Observation(status="error", reason="in the adapter: KeyError: 13"),
        Observation(status="crash", reason="killed by SIGSEGV"),
        Observation(status="timeout", reason="no answer within 60 s", seconds=60.0),
    ],
)
def test_a_result_can_be_judged_again(observation):
    """The observation comes back from its record, and so does the verdict."""
    case = planted()
    verdict = judge(case, "float32", observation, documented=(), flushes_subnormals=False)
    result = record(case, observation, verdict, **ASKED)
    assert result.observation == observation
    again = judge(case, "float32", result.observation, documented=(), flushes_subnormals=False)
    assert record(case, result.observation, again, **ASKED) == result
    assert Result.of(result.line()) == result


def test_what_makes_a_result_another_one():
    """Case, implementation, version, entry point, dtype, device; not the answer."""
    case, observation = planted(), Observation(status="unsupported", via="f", reason="no gamma")
    verdict = judge(case, "float32", observation, documented=(), flushes_subnormals=False)
    key = record(case, observation, verdict, **ASKED).key
    assert key == ("binary/planted/two", "torch", "2.6.0", "f", "float32", "cpu")


def test_of_a_long_answer_what_the_case_states_is_kept():
    """The digits at the places and both sums; reading them back, the verdict is the same."""
    (case,) = select(CASES, ["binary/large/probabilities-batch"])
    exact = evaluate(case.call("float64"))
    loss, gradient = (
        Answer(values=tuple(map(float, numbers.ravel())), shape=numbers.shape, dtype="float64", device="cpu")
        for numbers in (exact.loss, exact.gradient)
    )
    observation = Observation(status="answered", value=loss, gradient=gradient)
    asked = {**ASKED, "dtype": "float64"}
    verdict = judge(case, "float64", observation, documented=(), flushes_subnormals=False)
    result = record(case, observation, verdict, **asked)
    assert (len(case.expected.loss.places), 2) == (len(result.value.digits), len(result.value.sums))
    back = Result.of(json.loads(json.dumps(result.line())))
    assert result == back
    assert verdict == judge(case, "float64", back.observation, documented=(), flushes_subnormals=False)
