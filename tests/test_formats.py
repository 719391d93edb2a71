"""Rounding to the dtypes of machine learning, against NumPy and ml_dtypes."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ceconform.formats import FORMATS, digits, fits, holders, last_place, rounded, unit_in_the_last_place

DTYPES = sorted(FORMATS)
NUMPY = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}


def members(dtype):
    """Every finite number of a dtype, widened."""
    width = {"float64": 64, "float32": 32}.get(dtype, 16)
    kind = {64: np.uint64, 32: np.uint32, 16: np.uint16}[width]
    return (
        st.integers(0, 2**width - 1)
        .map(lambda bits: float(np.asarray(bits, dtype=kind).view(NUMPY[dtype])))
        .filter(math.isfinite)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_a_number_of_the_dtype_is_its_own_rounding(dtype, data):
    """Rounding leaves the numbers of the dtype alone, subnormal ones too."""
    number = data.draw(members(dtype))
    assert rounded(Decimal(number), dtype) == number


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_between_neighbours_the_nearer_is_taken_and_of_two_as_near_the_even_one(dtype, data):
    """A point between two neighbours goes to the nearer one; the middle goes where the last bit is 0."""
    low = abs(data.draw(members(dtype)))
    with np.errstate(over="ignore"):
        high = float(np.nextafter(NUMPY[dtype](low), NUMPY[dtype](np.inf)))
    if math.isinf(high):
        high = math.ldexp(1.0, FORMATS[dtype].emax) * 2 if dtype != "float64" else math.inf
    if math.isinf(high):
        return
    share = data.draw(st.integers(1, 15))
    point = Fraction(low) + (Fraction(high) - Fraction(low)) * share / 16
    # Binary fractions have finite decimal expansions, so this is exact.
    exact = Decimal(point.numerator) * Decimal(5) ** (point.denominator.bit_length() - 1)
    with_room = exact.scaleb(-(point.denominator.bit_length() - 1))
    if Fraction(with_room) != point:  # more digits than the decimal context has
        return
    top = math.inf if high > float(np.finfo(np.float64).max) or not math.isfinite(_as(high, dtype)) else high
    even = low if _units(low, dtype) % 2 == 0 else top
    assert rounded(with_room, dtype) == (low if share < 8 else top if share > 8 else even)


def _as(number, dtype):
    with np.errstate(over="ignore"):
        return float(NUMPY[dtype](number))


def _units(number, dtype):
    unit = float(unit_in_the_last_place(np.asarray([number]), dtype)[0])
    return int(Fraction(number) / Fraction(unit))


@given(st.floats(allow_nan=False))
def test_float64_is_rounded_as_python_reads_digits(number):
    """The rounding of digits to float64 is the one of `float`."""
    text = f"{number:.25g}" if math.isfinite(number) else str(number)
    assert rounded(Decimal(text), "float64") == float(text)


@pytest.mark.parametrize(
    ("text", "dtype", "expected"),
    [
        ("65519.99999999999999999999", "float16", 65504.0),
        ("65520", "float16", math.inf),
        ("-1e400", "float64", -math.inf),
        ("1e-500", "float32", 0.0),
        ("2.98e-8", "float16", 0.0),
        ("2.9802322387695313e-8", "float16", 2.0**-24),
        ("1.00000005960464477539062500001", "float32", 1.0000001192092896),
        ("1.000000059604644775390625", "float32", 1.0),
    ],
)
def test_the_edges_of_the_formats(text, dtype, expected):
    """Overflow, underflow, and a tie that a first rounding to float64 would hide."""
    assert rounded(Decimal(text), dtype) == expected


def test_what_is_no_number_stays_what_it_is():
    """Infinities, NaN and the sign of zero survive."""
    assert rounded(Decimal("-inf"), "float16") == -math.inf
    assert math.isnan(rounded(Decimal("nan"), "float32"))
    assert math.copysign(1, rounded(Decimal("-0"), "float32")) == -1


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_digits_give_the_number_back(dtype, data):
    """What `digits` writes, `rounded` reads."""
    number = data.draw(members(dtype))
    assert rounded(Decimal(digits(number, dtype)), dtype) == number


def test_digits_are_the_shortest():
    """0.1 is written as 0.1 in each dtype that has its nearest number; what it does not have is written in full."""
    written = [digits(rounded(Decimal("0.1"), dtype), dtype) for dtype in DTYPES]
    assert written == ["0.1"] * 4
    assert digits(0.1, "float32") == "0.1"
    assert digits(0.30000000000000004, "float32") == "0.30000000000000004"
    assert digits(math.inf, "bfloat16") == "inf"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(data=st.data())
def test_the_unit_in_the_last_place_is_the_distance_to_the_next_number(dtype, data):
    """The unit agrees with NumPy's spacing, down to 0."""
    number = data.draw(members(dtype))
    expected = abs(float(np.spacing(NUMPY[dtype](number))))
    found = unit_in_the_last_place(np.asarray([number]), dtype)[0]
    assert expected == found == last_place(number, dtype) or math.isinf(expected)


def exactly(value):
    """A float as a fraction; what no fraction can hold stays a float."""
    return Fraction(value) if value and math.isfinite(value) else value


def cast(value, dtype):
    """Let NumPy round a float."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.asarray(value).astype(NUMPY[dtype]))


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["float64", "float32", "float16"]))
@example(65519.999, "float16")
@example(65520.0, "float16")
@example(2.0**-149 * 0.5, "float32")
@example(2.0**-149 * 0.5000001, "float32")
@example(3.4028235677973366e38, "float32")
def test_rounding_is_that_of_numpy(value, dtype):
    """A float rounds as NumPy casts it: subnormals, ties and overflow too."""
    exact = exactly(value)
    assert cast(value, dtype) == rounded(exact, dtype) == rounded(value, dtype)
    assert math.copysign(1, value) == math.copysign(1, rounded(exact, dtype)) == math.copysign(1, rounded(value, dtype))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_rounding_to_bfloat16_is_that_of_ml_dtypes(value):
    """A float32 number rounds as ml_dtypes casts it."""
    with np.errstate(over="ignore"):
        expected = float(np.float32(value).astype(ml_dtypes.bfloat16))
    assert expected == rounded(exactly(value), "bfloat16") == rounded(value, "bfloat16")


@given(st.fractions(), st.sampled_from(DTYPES))
def test_no_neighbour_is_nearer(value, dtype):
    """The rounded number is at most half a unit away, whatever the fraction."""
    result = rounded(value or 0.0, dtype)
    if math.isfinite(result):
        ulp = Fraction(2) ** (max(math.frexp(result)[1] - 1, FORMATS[dtype].emin) - FORMATS[dtype].bits + 1)
        assert abs(Fraction(result) - value) <= ulp / 2
        assert fits(np.array([result]), dtype)


@given(st.floats(), st.sampled_from(DTYPES))
def test_fits_says_whether_a_cast_is_exact(value, dtype):
    """A number fits if it is what it rounds to; infinities and NaN always fit."""
    exact = not math.isfinite(value) or value == rounded(exactly(value), dtype)
    assert exact == fits(np.array([0.0, value]), dtype)
    assert exact == fits(np.array([0.0, math.inf, math.nan, value] * 50), dtype)
    assert exact == (dtype in holders(np.array([0.0, math.inf, math.nan, value])))
    assert exact == (dtype in holders(np.array([0.0, math.inf, math.nan, value] * 50)))
