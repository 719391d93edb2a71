"""Comparing numbers with exact ones."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus.excerpt import excerpt
from ceconform.formats import FORMATS, rounded
from ceconform.verdict.comparison import compare, wanted


def exactly(*texts):
    """An array of decimal numbers."""
    return np.array([Decimal(text) for text in texts], dtype=object)


def against(got, exact, dtype="float32", *, condition=None, terms=1, **how):
    """Compare one number with an exact one."""
    right = wanted(exactly(exact), exactly(condition or exact), terms, dtype)
    return compare((got,), right, dtype, **how)


EPS = FORMATS["float32"].eps


@pytest.mark.parametrize("dtype", sorted(FORMATS))
@given(exact=st.decimals(min_value="1e-4", max_value="1e4", places=30))
def test_the_correctly_rounded_number_passes_within_half_a_unit(dtype, exact):
    """Whoever rounds the exact answer once passes, with at most half a unit in the last place."""
    found = against(rounded(exact, dtype), str(exact), dtype)
    assert found.kind == ""
    assert found.ulps <= 0.5


@given(
    condition=st.floats(1e3, 1e6),
    terms=st.integers(1, 1000),
    share=st.floats(0.0, 0.99),
)
def test_the_bound_is_a_multiple_of_eps_times_condition(condition, terms, share):
    """Errors up to (8 + log2 n) eps condition pass, larger ones do not."""
    bound = (8 + math.log2(terms)) * 2.0**-52 * condition
    exact, how = "1", {"condition": repr(condition), "terms": terms}
    assert against(1 + bound * share, exact, "float64", **how).kind == ""
    assert against(1 + bound * 1.01, exact, "float64", **how).kind != ""


@pytest.mark.parametrize(
    ("got", "exact", "part", "kind"),
    [
        (math.nan, "1", "value", "nan-for-a-number"),
        (math.nan, "inf", "value", "nan-for-a-number"),
        (math.nan, "0", "gradient", "nan-for-a-number"),
        (math.inf, "1", "value", "infinite-for-a-number"),
        (-math.inf, "1", "gradient", "infinite-for-a-number"),
        (100.0, "inf", "value", "wrong-value"),
        (-math.inf, "inf", "value", "wrong-value"),
        (-math.inf, "inf", "gradient", "wrong-gradient"),
        (1.0, "nan", "value", "wrong-value"),
        (0.0, "nan", "gradient", "wrong-gradient"),
        (0.5, "1", "value", "wrong-value"),
        (0.5, "1", "gradient", "wrong-gradient"),
        (0.0, "1", "gradient", "vanished-gradient"),
        (0.0, "-inf", "gradient", "vanished-gradient"),
        (1e-30, "0", "value", "wrong-value"),
        (1e-30, "0", "gradient", "wrong-gradient"),
        (1.0001, "1", "value", "lost-precision"),
        (1.0001, "1", "gradient", "lost-precision"),
        (math.nan, "nan", "value", ""),
        (math.inf, "inf", "value", ""),
        (-0.0, "0", "value", ""),
        (1.0, "1", "gradient", ""),
    ],
)
def test_each_miss_has_its_kind(got, exact, part, kind):
    """NaN, infinities, zeros and wrong numbers are told apart, for values and for gradients."""
    assert against(got, exact, part=part).kind == kind


def test_a_sum_of_many_terms_may_miss_mildly():
    """Beyond the bound with log2 n, but within the one with n, the rounding of a long sum has added up."""
    how = {"terms": 1000}
    assert against(1 + 17 * EPS, "1", **how).kind == ""
    assert against(1 + 100 * EPS, "1", **how).kind == "accumulated-rounding"
    assert against(1 + 1100 * EPS, "1", **how).kind == "lost-precision"


def test_what_is_left_when_large_terms_cancel_is_lost_precision():
    """A loss of 2e-9 from logits of 20 that came out as 0 is right to eps of the largest logit."""
    assert against(0.0, "2.06e-9", condition="4.3e-8", scale=21.0).kind == "lost-precision"
    assert against(0.0, "2.06e-9", condition="4.3e-8").kind == "wrong-value"


def test_lost_precision_has_an_end():
    """It is as many eps of the largest term as one term may miss by, 9, and no more."""
    assert against(1 + 8500 * EPS, "1", scale=1000.0).kind == "lost-precision"
    assert against(1 + 9500 * EPS, "1", scale=1000.0).kind == "wrong-value"


def test_exact_numbers_are_rounded_once():
    """Those of the same array; an equal one is another."""
    exact, condition = exactly("1.5"), exactly("3")
    first = wanted(exact, condition, 1, "float32")
    assert wanted(exact, condition, 1, "float32") is first
    assert wanted(exactly("1.5"), condition, 1, "float32") is not first


def test_a_float64_answer_with_the_digits_of_float32_has_lost_precision():
    """A computation that went through float32 is right to fewer digits; it is no wrong value."""
    got = float(np.float32(0.6931471805599453))
    assert against(got, "0.6931471805599453094", "float64", scale=1.0).kind == "lost-precision"


def test_an_answer_that_overflows_is_infinite():
    """The exact answer is rounded first: beyond the largest number inf is right, and a number is not."""
    assert against(math.inf, "70000", "float16").kind == ""
    assert against(65504.0, "70000", "float16").kind == "wrong-value"
    assert against(math.inf, "65504", "float16").kind == "infinite-for-a-number"


def test_an_answer_that_underflows_need_not_be_zero():
    """An exact 0 must be 0, but a number that underflows may be off by the smallest subnormal."""
    smallest = FORMATS["float32"].smallest_subnormal
    assert against(0.0, "1e-60").kind == ""
    assert against(smallest, "1e-60").kind == ""
    assert against(smallest, "0").kind != ""


def test_a_backend_that_flushes_may_be_off_by_the_smallest_normal():
    """Without subnormal numbers the smallest normal one is the unit at 0; an exact 0 is still 0."""
    assert against(0.0, "3.7e-44", flushes_subnormals=True).kind == ""
    assert against(0.0, "3.7e-44", part="gradient", flushes_subnormals=True).kind == ""
    assert against(0.0, "3.7e-44", part="gradient").kind == "vanished-gradient"
    assert against(1e-40, "0", flushes_subnormals=True).kind != ""


def test_a_finite_number_for_an_invalid_input_has_accepted_it():
    """Only where NaN is wanted, and only a finite number."""
    assert against(1.0, "nan", invalid=True).kind == "accepted-invalid-input"
    assert against(math.inf, "nan", invalid=True).kind == "wrong-value"
    assert against(2.0, "1", invalid=True).kind == "wrong-value"
    assert against(1.0, "nan", invalid=True, part="gradient").kind == "wrong-gradient"


def test_the_worst_kind_decides_and_within_a_kind_the_largest_error():
    """The element that is reported has the worst kind, and of these the largest error."""
    right = wanted(exactly("1", "1", "1", "1").reshape(2, 2), exactly("1", "1", "1", "1").reshape(2, 2), 1, "float32")
    assert compare((1.0, 1.5, 3.0, 1.0), right, "float32").index == (1, 0)
    assert compare((1.0, math.nan, 3.0, 1.0), right, "float32").index == (0, 1)


def test_ulps_are_measured_against_the_exact_number():
    """A third, correctly rounded, is a third of a unit off; NaN for a number has no measure."""
    third = "0.3333333333333333333333333333333333333333"
    assert against(float(np.float32(1 / 3)), third).ulps == pytest.approx(1 / 3, rel=1e-3)
    assert against(1 / 3, third, "float64").ulps == pytest.approx(1 / 3, rel=1e-3)
    assert against(math.nan, "1").ulps is None
    assert against(math.inf, "inf").ulps == 0.0
    assert against(100.0, "0", "float64").ulps is None  # more units than a float64 can count


def test_a_condition_that_is_not_finite_excuses_nothing():
    """Where the condition is inf or NaN the number itself stands in for it."""
    assert against(2.0, "1", condition="inf").kind == "wrong-value"
    assert against(2.0, "1", condition="nan").kind == "wrong-value"


def test_nothing_to_compare_passes():
    """An empty array is right."""
    right = wanted(np.empty((0, 3), dtype=object), np.empty((0, 3), dtype=object), 0, "float32")
    assert compare((), right, "float32").kind == ""


LONG = tuple(f"{(-1) ** place * (place + 1) / 7:.30f}" for place in range(300))


def long(numbers=LONG, dtype="float32", terms=300):
    """Some of three hundred numbers, each its own condition, and the sums of all."""
    exact = exactly(*numbers)
    scale = np.array([abs(number) for number in exact], dtype=object)
    return wanted(excerpt(exact, (0, 7, 299)), excerpt(scale, (0, 7, 299)), terms, dtype)


def against_long(got, right, dtype="float32", **how):
    """Compare an answer of three hundred numbers with those that are stated, and with the sums."""
    return compare(
        [got[place] for place in (0, 7, 299)], right, dtype, sums=(math.fsum(got), math.fsum(map(abs, got))), **how
    )


@given(st.lists(st.floats(-0.99, 0.99), min_size=300, max_size=300), st.sampled_from(sorted(FORMATS)))
def test_whoever_has_every_number_right_has_the_sums_right(shares, dtype):
    """Numbers anywhere within their bounds, all of them upward at worst, add up to a sum within its bound."""
    form = FORMATS[dtype]
    bound = (8 + math.log2(300)) * form.eps
    got = [
        rounded(Decimal(text), dtype) + share * bound * abs(float(text))
        for text, share in zip(LONG, shares, strict=True)
    ]
    found = against_long(got, long(dtype=dtype), dtype)
    assert found.kind == ""
    assert found.nearness <= 1


@given(st.integers(0, 299).filter(lambda place: place not in {0, 7, 299}), st.sampled_from(["value", "gradient"]))
def test_a_number_that_is_not_stated_is_seen_in_the_sums(place, part):
    """One of three hundred that is off by as much as the largest is; the sentence is about the sum."""
    got = [rounded(Decimal(text), "float32") for text in LONG]
    got[place] += 43.0
    found = against_long(got, long(), part=part)
    assert (found.kind, found.of, found.index) == (f"wrong-{part}", "sum", ())
    assert found.wanted == pytest.approx(sum(map(float, LONG)))
    assert found.got == pytest.approx(found.wanted + 43)
    assert found.ulps <= 0.5  # of what is stated


def test_a_sign_that_two_numbers_exchange_is_seen_in_the_sum_and_not_in_that_of_the_sizes():
    """Wrong signs that leave the sum alone are seen in the sum of the sizes, and the other way round."""
    got = [rounded(Decimal(text), "float32") for text in LONG]
    assert "sum" == against_long([*got[:8], -got[8], *got[9:]], long()).of
    shifted = [*got[:8], got[8] - 50, got[9] + 50, *got[10:]]
    assert "absolute sum" == against_long(shifted, long()).of


def test_an_element_that_is_worse_than_a_sum_decides():
    """A NaN shows in both; it is told where it stands."""
    got = [rounded(Decimal(text), "float32") for text in LONG]
    found = against_long([*got[:7], math.nan, *got[8:]], long())
    assert (found.kind, found.index, found.of) == ("nan-for-a-number", (7,), "")
    hidden = against_long([*got[:8], math.nan, *got[9:]], long())
    assert (hidden.kind, hidden.of) == ("nan-for-a-number", "sum")


def test_a_sum_of_zero_need_not_be_met_exactly():
    """What cancels in exact arithmetic leaves rounding errors in any other."""
    numbers = [text.lstrip("-") if place % 2 else f"-{text}" for place, text in enumerate(["0.1"] * 300)]
    right = long(numbers)
    got = [rounded(Decimal(text), "float32") for text in numbers]
    got[100] += 1e-7
    assert 0 == right.sums[0].rounded[0]
    assert against_long(got, right).kind == ""


def test_where_a_number_overflows_the_sums_are_not_asked():
    """An infinite number has no sum to meet; elsewhere an infinity is a miss."""
    numbers = ["1e5", *LONG[1:]]
    got = [math.inf, *(rounded(Decimal(text), "float16") for text in LONG[1:])]
    assert against_long(got, long(numbers, "float16"), "float16").kind == ""
    got = [rounded(Decimal(text), "float16") for text in LONG]
    got[5] = math.inf
    assert against_long(got, long(dtype="float16"), "float16").kind == "infinite-for-a-number"
