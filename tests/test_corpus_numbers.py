"""Numbers: text read exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus.numbers import number
from ceconform.formats import rounded


@given(st.decimals(allow_nan=False, allow_infinity=False, places=30, min_value=-10, max_value=10))
def test_decimal_text_rounds_as_python_reads_it(value):
    """For float64 the result is that of Python's own correctly rounded reading."""
    assert float(str(value)) == rounded(number(str(value)), "float64")


def test_rounding_happens_once():
    """A number just above a float32 tie goes up, though its float64 neighbour is the tie itself."""
    text = "1.000000059604644775390625000000000000000001"
    assert 1.0 == float(np.float32(float(text)))
    assert 1.0 + 2.0**-23 == rounded(number(text), "float32")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("0x1.8p-3", 0.1875),
        ("0x10", 16.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0x1p1", -2),
    ],
)
def test_spellings(text, value):
    """Decimal and hexadecimal numbers and infinities are read."""
    assert value == rounded(number(text), "float64")


def test_zero_keeps_its_sign_and_nan_is_nan():
    """What no fraction can hold comes as a float."""
    assert -1.0 == math.copysign(1, number("-0.00"))
    assert math.isnan(number("nan"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one",
        "1_000",
        "1,5",
        "0x",
        "1e",
        "--1",
        "Infinity",
        "true",
        "1e99999",
        "0x1p99999",
        "9" * 2000,
        "１",
    ],
)
def test_what_is_no_number_is_refused(text):
    """Nothing is guessed, and no number is too big to hold."""
    with pytest.raises(ValueError, match=r".*"):
        number(text)
