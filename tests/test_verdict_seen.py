"""Seen: what has become of a wrong answer."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pytest

from ceconform.corpus import Case, Expected, Seen
from ceconform.harness import Answer, Observation
from ceconform.verdict import NOW, is_wrong, now

STILL, ANOTHER, CONVENTION, MENDED, UNASKED = NOW


def numbers(*texts):
    """An array of decimal numbers."""
    return np.array([Decimal(text) for text in texts], dtype=object)


def seen(*figures, part="loss", **more):
    """What a thread tells."""
    told = {part: np.array(figures, dtype=object)} if figures else {}
    return Seen(thread="a/b#1", implementation="torch", **told, **more)


def case(**expected):
    """A case of two losses, ln 2 and 2."""
    right = {"loss": numbers("0.693147180559945", "2"), "condition": numbers("1", "1")}
    return Case(
        id="a/b",
        description="x",
        loss="binary_cross_entropy",
        predictions=np.zeros(2),
        labels=np.zeros(2),
        parameters=MappingProxyType({}),
        sources={},
        expected=Expected(
            **(expected or {**right, "gradient": numbers("1", "3"), "gradient_condition": right["condition"]})
        ),
    )


def answered(*values, gradient=(1.0, 3.0), raised="", dtype="float32", **more):
    """An observation of two losses."""
    found = {"shape": (len(values),), "dtype": dtype, "raised": raised}
    return Observation(
        status="answered",
        value=Answer(values=values, **found),
        gradient=None if gradient is None else Answer(values=gradient, shape=(len(gradient),), dtype="float32"),
        **more,
    )


@pytest.mark.parametrize(
    ("told", "observation", "become"),
    [
        (seen("nan", None), answered(float("nan"), 7.0), STILL),
        (seen("0.57", "2.0"), answered(0.574, 2.0), STILL),
        (seen("0.57", "2.0"), answered(0.574, 2.5), ANOTHER),
        (seen("nan", None), answered(float("inf"), 2.0), ANOTHER),
        (seen("nan", None), answered(0.6931472, 7.0), MENDED),
        (seen("nan", None), answered(0.6931472, 2.0, gradient=None), MENDED),
        (seen("nan", None), answered(0.6931472, 7.0, dtype=""), MENDED),
        (seen("nan", None), answered(0.5), ANOTHER),
        (seen("nan", None), answered(raised="TypeError: x"), ANOTHER),
        (seen("0", None, part="grad"), answered(5.0, 5.0, gradient=(0.0, 3.0)), STILL),
        (seen("0", None, part="grad"), answered(5.0, 5.0, gradient=(1.0, 0.0)), MENDED),
        (seen("0", None, part="grad"), answered(0.6931472, 2.0, gradient=None), UNASKED),
        (seen(raised="x"), answered(raised="IndexError: y"), STILL),
        (seen(raised="x"), Observation(status="crash", reason="killed"), STILL),
        (seen(raised="x"), answered(0.6931472, 2.0), MENDED),
        (seen(raised="x"), answered(0.6931472, 3.0), ANOTHER),
        (seen("nan", None), Observation(status="unsupported", reason="x"), UNASKED),
        (seen("nan", None), Observation(status="timeout", reason="x"), ANOTHER),
    ],
)
def test_what_has_become_of_it(told, observation, become):
    """The same to the digits told, right, or wrong in another way; other elements and parts do not count."""
    assert become == now(case(), told, observation, "float32", acceptable=False)


def test_a_convention_explains_what_is_still_another():
    """The number has changed, and a documented rule gives the new one."""
    assert CONVENTION == now(case(), seen("nan", None), answered(0.5, 2.0), "float32", acceptable=True)
    assert STILL == now(case(), seen("0.5", None), answered(0.5, 2.0), "float32", acceptable=True)


def test_an_invalid_input_is_mended_by_refusing_it():
    """A number was seen where there is none; an error or NaN is right."""
    invalid = case(
        loss=numbers("nan", "2"),
        condition=numbers("nan", "2"),
        gradient=numbers("nan", "1"),
        gradient_condition=numbers("nan", "1"),
        invalid="label-range",
    )
    told = seen("0", None)
    assert MENDED == now(invalid, told, answered(raised="ValueError: x"), "float32", acceptable=False)
    assert MENDED == now(invalid, told, answered(float("nan"), 2.0), "float32", acceptable=False)
    assert STILL == now(invalid, told, answered(0.0, 2.0), "float32", acceptable=False)
    assert ANOTHER == now(invalid, told, answered(1.0, 2.0), "float32", acceptable=False)


def test_an_error_that_was_expected_mends_a_number():
    """Where an error is right, every number is wrong."""
    wrong = case(error="shape")
    assert MENDED == now(wrong, seen("1"), answered(raised="ValueError: x"), "float32", acceptable=False)
    assert ANOTHER == now(wrong, seen("1"), answered(2.0), "float32", acceptable=False)


def test_numbers_that_flush_are_right_where_arithmetic_flushes():
    """0 for a subnormal number passes there, and only there."""
    tiny = case(loss=numbers("3.7e-44", "2"), condition=numbers("3.7e-42", "2"))
    for flushes, become in ((True, MENDED), (False, ANOTHER)):
        got = now(tiny, seen("inf", None), answered(0.0, 2.0), "float32", acceptable=False, flushes_subnormals=flushes)
        assert become == got


@pytest.mark.parametrize(
    ("figures", "dtype", "wrong"),
    [
        (("0.6931", None), "float32", False),
        (("0.6932", None), "float32", True),
        (("0.694", None), "bfloat16", False),
        (("nan", None), "float32", True),
        (("0.0", None), "float32", True),
        ((None, "2.1"), "float32", True),
        (("0.6931", "2.00"), "float32", False),
    ],
)
def test_a_figure_is_wrong_beyond_the_tolerance_and_its_own_rounding(figures, dtype, wrong):
    """Half a unit of the last digit told is allowed beside the tolerance of the dtype."""
    right = case().expected
    assert wrong == is_wrong(seen(*figures), right.loss, right.condition, 1, dtype)
