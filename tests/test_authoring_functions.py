"""The backends' own functions: what is asked of them, and how their errors are counted."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext

import numpy as np
import pytest

from ceconform.adapters import find
from ceconform.authoring.functions import FUNCTIONS, arguments, exact, measure
from ceconform.formats import fits
from ceconform.harness.worker import hello
from ceconform.report import Implementation

DECIMAL = {"exp": Context.exp, "log": Context.ln, "log1p": lambda context, x: context.ln(1 + x)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_asked_is_within_the_domain_and_of_the_dtype(function, dtype):
    """No infinity, no NaN, and most of them different."""
    numbers, right = arguments(function, dtype), exact(function, dtype)
    assert fits(numbers, dtype)
    assert np.isfinite(right.rounded).all()
    assert len(set(numbers.tolist())) > 0.5 * numbers.size
    assert {"exp": -1000, "log": 0, "log1p": -1}[function] < numbers.min()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_exact_numbers_are_those_of_another_arithmetic(function):
    """Number and residual together have twice the digits of float64."""
    numbers, right = arguments(function, "float64"), exact(function, "float64")
    with localcontext(prec=60) as context:
        for at in range(0, numbers.size, 5003):
            wanted = DECIMAL[function](context, Decimal(numbers[at]))
            error = Decimal(right.rounded[at]) + Decimal(right.residual[at]) - wanted
            assert abs(error) <= max(abs(wanted) * Decimal("1e-30"), Decimal("5e-324"))


def introduced(name: str) -> Implementation:
    """As its worker says hello."""
    return Implementation.of(hello(find(name)()))


def test_numpy_is_measured():
    """Each function in each dtype that was asked; half precision is computed in float32."""
    name = "ceconform[numpy]"
    found = {(each.function, each.dtype): each for each in measure(name, introduced(name), ("float32", "float16"))}
    assert {(function, "float32") for function in FUNCTIONS} == found.keys()
    for each in found.values():
        assert (0, 0) == (each.lost, each.flushed)
        assert 0.5 <= each.maximum < 5


def test_of_others_there_is_nothing():
    """What a library's losses are made of is its own matter."""
    theirs = Implementation(name="sklearn", version="1", dtypes=("float32",))
    assert [] == list(measure("sklearn", theirs, ("float32",)))
