"""Every case of the corpus against a second answer, in closed forms with mpmath: all indices, nothing sampled."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import ROUND_FLOOR, Context, Decimal
from functools import cache

import mpmath as mp
import numpy as np
import pytest
import second_answer
import second_forms
from second_comparison import DIGITS, differences

from ceconform.corpus import Excerpt
from ceconform.corpus.excerpt import listed
from ceconform.corpus.loading import case_files, default_root, load_file

FILES = {path.relative_to(default_root()).with_suffix("").as_posix(): path for path in case_files(default_root())}
CITED = [file for file, path in FILES.items() if "cited:" in path.read_text(encoding="utf-8")]
LARGE = [file for file in FILES if file.endswith("/large")]


def each(files):
    """A parameter for each file, its tests in one process: the second answers are made once."""
    return [pytest.param(file, marks=pytest.mark.xdist_group(f"second-{file}")) for file in files]


@cache
def _cases(file):
    return load_file(FILES[file])


@cache
def _answer(case):
    return second_answer.answer(case)


def _answered(file):
    return [case for case in _cases(file) if not case.expected.error]


@pytest.mark.parametrize("file", each(FILES))
def test_a_second_oracle_agrees_on_every_case(file):
    """Losses and gradients to forty digits, conditions to six, rounded up, the terms, and what is invalid."""
    cases = _answered(file)
    assert {} == {case.id: found for case in cases if (found := differences(case.expected, _answer(case)))}


@pytest.mark.parametrize("file", each(FILES))
def test_a_second_oracle_refuses_the_same_cases(file):
    """An error is expected just where the shapes, the dtypes or the reduction are wrong."""
    cases = _cases(file)
    assert {case.id: case.expected.error for case in cases} == {case.id: second_answer.refusal(case) for case in cases}


@pytest.mark.parametrize("file", each(CITED))
def test_printed_figures_are_those_of_the_second_oracle(file):
    """A cited figure is the answer rounded to the digits that its source prints, by hand or in binary64."""
    cited = [case for case in _answered(file) if case.cited]
    wrong = []
    for case in cited:
        for key, name in (("loss", "loss"), ("grad", "gradient")):
            if key not in case.cited:
                continue
            figures, numbers = case.cited[key].ravel().tolist(), getattr(_answer(case), name).ravel().tolist()
            pairs = zip(figures, numbers, strict=True)
            wrong += [(case.id, text) for text, number in pairs if text is not None and not _printed(text, number)]
    assert cited
    assert [] == wrong


def _printed(text, number):
    """Half a unit in the last digit, or what sixteen or seventeen digits of binary64 may be off."""
    figure = Decimal(text)
    with mp.workdps(second_forms.DIGITS):
        if not figure.is_finite() or not mp.isfinite(number):
            return (figure.is_nan() and mp.isnan(number)) or mp.mpf(float(figure)) == number
        half = mp.mpf(10) ** figure.as_tuple().exponent / 2
        return abs(mp.mpf(text) - number) <= max(half, mp.mpf(2) ** -51 * abs(number))


def _spoilt(value, digits):
    """A number with its last stated digit changed, and anything else made into another thing."""
    if value.is_nan():
        return Decimal(1)
    if not value.is_finite():
        return -value
    if value == 0:
        return Decimal("1e-300")
    floor = Context(prec=digits, rounding=ROUND_FLOOR, Emax=999_999, Emin=-999_999)
    return floor.next_minus(floor.plus(value)) if value != Decimal("1e-999999") else Decimal(0)


@pytest.mark.parametrize("name", DIGITS)
@pytest.mark.parametrize("file", each(file for file in FILES if not file.endswith("/errors")))
def test_one_wrong_digit_is_noticed(file, name):
    """In each file, a changed last digit of one number, drawn by its case's name, is the one thing that differs."""
    cases = [case for case in _answered(file) if listed(getattr(case.expected, name)).size]
    case = cases[_drawn(file + name, len(cases))]
    stated = getattr(case.expected, name)
    numbers = listed(stated).copy()
    at = _drawn(case.id, numbers.size)
    numbers[at] = _spoilt(numbers[at], DIGITS[name])
    some = isinstance(stated, Excerpt)
    wrong = replace(stated, numbers=numbers) if some else numbers.reshape(stated.shape)
    (found,) = differences(replace(case.expected, **{name: wrong}), _answer(case))
    assert found.startswith(f"{name}[{stated.places[at] if some else at}]: ")


@pytest.mark.parametrize("name", DIGITS)
@pytest.mark.parametrize("file", each(LARGE))
def test_a_wrong_sum_is_noticed(file, name):
    """A changed last digit of what all numbers of a long answer add up to is the one thing that differs."""
    cases = [case for case in _answered(file) if isinstance(getattr(case.expected, name), Excerpt)]
    for case in cases[:2]:
        stated = getattr(case.expected, name)
        exponent = stated.absolute_sum.adjusted() - 35 if name in {"loss", "gradient"} else 9
        wrong = replace(stated, sum=Context(prec=80).add(stated.sum, Decimal((0, (1,), exponent))))
        (found,) = differences(replace(case.expected, **{name: wrong}), _answer(case))
        assert found.startswith(f"{name} sum: ")


def _drawn(name, count):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % count


@pytest.mark.xdist_group("second-binary/invalid")
def test_another_shape_or_name_is_noticed():
    """An answer of another shape, with another number of terms, or with another thing invalid is not the same."""
    case = next(case for case in _answered("binary/invalid") if case.expected.invalid)
    stated = case.expected
    assert [] == differences(stated, _answer(case))
    for change in (
        {"loss": stated.loss[..., np.newaxis]},
        {"terms": stated.terms + 1},
        {"invalid": "parameter-range" if stated.invalid != "parameter-range" else ""},
    ):
        (found,) = differences(replace(stated, **change), _answer(case))
        assert found.startswith(f"{next(iter(change))}: ")
