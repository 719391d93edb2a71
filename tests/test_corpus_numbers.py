"""Numbers: exact reading and one rounding, against NumPy and ml_dtypes."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ceconform.corpus.numbers import FORMATS, fits, number, rounded

DTYPES = {"float64": np.float64, "float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
DTYPE = st.sampled_from(sorted(DTYPES))


def cast(value, dtype):
    """Let NumPy round a float."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.asarray(value).astype(DTYPES[dtype]))


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["float64", "float32", "float16"]))
@example(65519.999, "float16")
@example(65520.0, "float16")
@example(2.0**-149 * 0.5, "float32")
@example(2.0**-149 * 0.5000001, "float32")
@example(3.4028235677973366e38, "float32")
def test_rounding_is_that_of_numpy(value, dtype):
    """A float rounds as NumPy casts it: subnormals, ties and overflow too."""
    exact = number(value.hex())
    assert cast(value, dtype) == rounded(exact, dtype)
    assert math.copysign(1, value) == math.copysign(1, rounded(exact, dtype))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_rounding_to_bfloat16_is_that_of_ml_dtypes(value):
    """A float32 number rounds as ml_dtypes casts it."""
    with np.errstate(over="ignore"):
        expected = float(np.float32(value).astype(ml_dtypes.bfloat16))
    assert expected == rounded(number(value.hex()), "bfloat16")


@given(st.fractions(), DTYPE)
def test_no_neighbour_is_nearer(value, dtype):
    """The rounded number is at most half a unit away, whatever the fraction."""
    result = rounded(value or 0.0, dtype)
    if math.isfinite(result):
        ulp = Fraction(2) ** (max(math.frexp(result)[1] - 1, FORMATS[dtype].lowest) - FORMATS[dtype].precision + 1)
        assert abs(Fraction(result) - value) <= ulp / 2
        assert fits(np.array([result]), dtype)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=30, min_value=-10, max_value=10))
def test_decimal_text_rounds_as_python_reads_it(value):
    """For float64 the result is that of Python's own correctly rounded reading."""
    assert float(str(value)) == rounded(number(str(value)), "float64")


def test_rounding_happens_once():
    """A number just above a float32 tie goes up, though its float64 neighbour is the tie itself."""
    text = "1.000000059604644775390625000000000000000001"
    assert 1.0 == cast(float(text), "float32")
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


@given(st.floats(), DTYPE)
def test_fits_says_whether_a_cast_is_exact(value, dtype):
    """A number fits if it is what it rounds to; infinities and NaN always fit."""
    exact = not math.isfinite(value) or value == rounded(number(value.hex()), dtype)
    assert exact == fits(np.array([0.0, value]), dtype)
