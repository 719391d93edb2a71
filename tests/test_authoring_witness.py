"""The second witness notices what is wrong, and lint tells of it; that all of the corpus is right, lint proves."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from decimal import ROUND_FLOOR, Context, Decimal
from functools import cache

import mpmath as mp
import numpy as np
import pytest

from ceconform.authoring import answers
from ceconform.authoring.lint import lint
from ceconform.authoring.witness import DIGITS, answer, differences, is_printed, objections, refusal
from ceconform.corpus import Call, Excerpt
from ceconform.corpus.excerpt import listed
from ceconform.corpus.loading import case_files, default_root, load_file
from ceconform.oracle import evaluate

KEYS = {"loss": "loss", "gradient": "grad", "condition": "condition", "gradient_condition": "grad_condition"}
FILES = {path.relative_to(default_root()).with_suffix("").as_posix(): path for path in case_files(default_root())}
QUICK = [file for file in FILES if not file.endswith(("/errors", "/large"))]
CITED = [file for file in QUICK if "cited:" in FILES[file].read_text(encoding="utf-8")]


@cache
def _cases(file):
    return load_file(FILES[file])


@cache
def _answer(case):
    return answer(case.call("float64"))


def _answered(file):
    return [case for case in _cases(file) if not case.expected.error]


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


def _drawn(name, count):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % count


@pytest.mark.parametrize("name", DIGITS)
def test_one_wrong_digit_is_noticed(name):
    """In each file, a changed last digit of one number, drawn by its case's name, is the one thing that differs."""
    for file in QUICK:
        cases = [case for case in _answered(file) if listed(getattr(case.expected, name)).size]
        case = cases[_drawn(file + name, len(cases))]
        stated = getattr(case.expected, name)
        numbers = listed(stated).copy()
        at = _drawn(case.id, numbers.size)
        numbers[at] = _spoilt(numbers[at], DIGITS[name])
        some = isinstance(stated, Excerpt)
        wrong = replace(stated, numbers=numbers) if some else numbers.reshape(stated.shape)
        ((key, complaint),) = differences(replace(case.expected, **{name: wrong}), _answer(case))
        assert f"{KEYS[name]}[{stated.places[at] if some else at}]" == key, case.id
        assert complaint.startswith("the second witness says ")
        assert complaint.endswith(f", not {numbers[at]}")


@pytest.mark.parametrize("name", DIGITS)
@pytest.mark.parametrize("file", ["divergence/large", "margin/large"])
@pytest.mark.xdist_group("the second witness of long answers")
def test_a_wrong_sum_is_noticed(file, name):
    """A changed last digit of what all numbers of a long answer add up to is the one thing that differs."""
    cases = [case for case in _answered(file) if isinstance(getattr(case.expected, name), Excerpt)]
    assert cases
    for case in cases[:2]:
        stated = getattr(case.expected, name)
        exponent = stated.absolute_sum.adjusted() - 35 if name in {"loss", "gradient"} else 9
        wrong = replace(stated, sum=Context(prec=80).add(stated.sum, Decimal((0, (1,), exponent))))
        ((key, _),) = differences(replace(case.expected, **{name: wrong}), _answer(case))
        assert f"{KEYS[name]}.sum" == key


def test_another_shape_or_name_is_noticed():
    """An answer of another shape, with another number of terms, or with another thing invalid is not the same."""
    case = next(case for case in _answered("binary/invalid") if case.expected.invalid)
    stated = case.expected
    assert [] == differences(stated, _answer(case))
    for key, change in {
        "loss shape": {"loss": stated.loss[..., np.newaxis]},
        "terms": {"terms": stated.terms + 1},
        "invalid": {"invalid": "parameter-range" if stated.invalid != "parameter-range" else ""},
    }.items():
        assert [key] == [key for key, _ in differences(replace(stated, **change), _answer(case))]


def test_many_wrong_numbers_are_one_complaint():
    """The first is shown, and how many others differ."""
    cases = [case for case in _answered("binary/imperfect") if case.expected.loss.size > 2]
    for case in cases:
        wrong = replace(case.expected, loss=case.expected.loss + 1)
        ((key, complaint),) = differences(wrong, _answer(case))
        assert key == "loss[0]"
        assert complaint.endswith(f"; so do {wrong.loss.size - 1} others differ")
    assert cases


def test_a_figure_that_its_source_does_not_print_is_noticed():
    """One unit more in the last place of any cited figure is an objection, and it alone."""
    for file in CITED:
        for case in (case for case in _answered(file) if "loss" in case.cited):
            figures = case.cited["loss"].copy()
            at = next(place for place, figure in np.ndenumerate(figures) if figure is not None)
            printed = Decimal(figures[at])
            if not printed.is_finite():
                continue
            figures[at] = str(printed + 2 * max(Decimal((0, (1,), printed.as_tuple().exponent)), abs(printed) / 2**50))
            found = list(objections(replace(case, cited={**case.cited, "loss": figures})))
            assert [("cited.loss", True)] == [(key, complaint.endswith(figures[at])) for key, complaint in found]


def test_what_is_printed_is_near():
    """Half a unit of the last digit, what binary64 is off by, and infinities and NaN as they are."""
    with mp.workdps(60):
        assert is_printed("0.6931", mp.log(2))
        assert not is_printed("0.6932", mp.log(2))
        assert is_printed("0.69314718055994544", mp.log(2))
        assert is_printed("inf", mp.inf)
        assert is_printed("nan", mp.nan)
        assert not is_printed("1e9", mp.inf)


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith("/errors")])
def test_refusals_are_noticed(file):
    """An error that is not stated, or another one, or one that is not meant, is an objection."""
    for case in _cases(file):
        assert case.expected.error == refusal(case.call("float64"))
        if case.expected.error:
            other = replace(case.expected, error="dtype" if case.expected.error != "dtype" else "shape")
            assert ["expected.error"] == [key for key, _ in objections(replace(case, expected=other))]
    sound = _answered("binary/clipping")[0]
    ((key, complaint),) = objections(replace(sound, expected=replace(sound.expected, error="shape")))
    assert ("expected.error", "the second witness says no error, not the error shape") == (key, complaint)


def test_an_activation_that_is_indefinite_is_an_answer_too():
    """The softmax of two infinities is NaN, and so is all that comes of it, for both."""
    call = Call(
        loss="categorical_cross_entropy",
        activation="softmax",
        predictions=np.array([[np.inf, np.inf, 0.0], [1.0, 2.0, 0.0]]),
        labels=np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        dtype="float64",
    )
    for each in (call, replace(call, loss="brier_loss"), replace(call, loss="brier_loss", activation="log_softmax")):
        assert [] == differences(evaluate(each), answer(each), dict.fromkeys(DIGITS, 40))


def test_a_slope_without_bound_is_infinite():
    """That of q log q at 0, by the label, and not that of the labels beside it, or of smoothed ones."""
    call = Call(
        loss="kl_divergence",
        predictions=np.array([[0.5, 0.5], [0.25, 0.75]]),
        labels=np.array([[1.0, 0.0], [0.25, 0.75]]),
        gradient_by="labels",
        dtype="float64",
    )
    for each in (call, replace(call, parameters={"label_smoothing": 0.25}), replace(call, parameters={"base": 0.5})):
        assert [] == differences(evaluate(each), answer(each), dict.fromkeys(DIGITS, 40))


@pytest.fixture
def copied(tmp_path):
    """A corpus of one file, which is right."""
    path = tmp_path / "binary" / "clipping.yaml"
    path.parent.mkdir()
    path.write_bytes(FILES["binary/clipping"].read_bytes())
    assert [] == lint(fix=True, root=tmp_path)
    return path


def test_lint_does_not_believe_the_oracle_alone(copied, monkeypatch):
    """What only the oracle says is not written: the proposal stands beside the file, with what the witness says."""

    def mistaken(case):
        found = exact(case)
        return replace(found, gradient=found.gradient * 2) if case.id.endswith("certain-and-wrong") else found

    exact = answers.exact
    before = copied.read_bytes()
    monkeypatch.setattr(answers, "exact", mistaken)
    problems = lint(fix=True, root=copied.parents[1])
    assert before == copied.read_bytes()
    assert copied.with_name("clipping.yaml.rej").exists()
    contested = [problem for problem in problems if "the second witness says" in problem.message]
    assert contested
    assert all("certain-and-wrong: expected.grad[" in problem.key for problem in contested)
    assert not any(problem.fixable for problem in contested)


def test_lint_tells_of_an_error_that_is_none(copied):
    """An error that is stated by hand is held against the witness."""
    text = copied.read_text(encoding="utf-8")
    begin = text.index("    expected:\n")
    end = text.index("\n\n", begin)
    copied.write_text(f"{text[:begin]}    expected: {{error: shape}}{text[end:]}", encoding="utf-8")
    found = [problem for problem in lint(root=copied.parents[1]) if "witness" in problem.message]
    assert ["the second witness says no error, not the error shape"] == [problem.message for problem in found]


def test_only_lint_imports_the_witness():
    """Runs, reports, baselines and sweeps do not need mpmath."""
    rooms = "cli, testing, report, authoring.baselines, authoring.sweep"
    imports = "; ".join(f"import ceconform.{room}" for room in rooms.split(", "))
    program = f"import sys; {imports}; print('mpmath' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
