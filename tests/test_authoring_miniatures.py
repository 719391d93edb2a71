"""Wrong implementations, and the corpus that catches them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from whole_corpus import CASES

from ceconform.authoring.lint import lint
from ceconform.authoring.miniatures import FAULTS, Bench, miniature, miniatures
from ceconform.authoring.miniatures.answers import divisor, rows
from ceconform.authoring.miniatures.miniature import Tried
from ceconform.corpus import LOSSES, load_file
from ceconform.corpus.loading import default_root

BY_ID = {case.id: case for case in CASES}


def _has_a_mean(case):
    """Whether the answer is a number that is divided by something."""
    means = case.parameters.get("reduction") in {"mean", "weighted_mean"} and not case.activation
    return means and case.expected.loss is not None and case.expected.loss.item().is_finite()


@pytest.fixture(scope="module")
def bench():
    """The whole corpus, laid out for trying."""
    return Bench(CASES)


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_every_miniature_is_caught(bench, loss):
    """No wrong implementation gets past the corpus."""
    free = [each.name for each in miniatures() if each.loss == loss and bench.catcher(each) is None]
    assert [] == free


def test_there_are_many_and_each_has_a_name():
    """A name stands for one miniature; every loss has dozens, on values and on gradients."""
    names = Counter(each.name for each in miniatures())
    assert 1 == max(names.values())
    assert min(Counter(each.loss for each in miniatures()).values()) >= 40
    assert {"whole", "gradient"} == {each.part for each in miniatures()}


def test_every_fault_is_somebodys():
    """Each fault can be made in some loss."""
    assert {fault.name for fault in FAULTS} == {each.fault.name for each in miniatures()}


def test_what_miniatures_start_from_is_right():
    """The answers that are made wrong pass every case, in some dtype: else anything would be caught."""
    wrong = [case.id for case in CASES if all(Tried(case, dtype).missed for dtype in ("float64", "float32"))]
    assert [] == wrong


@pytest.mark.parametrize(
    ("name", "catches", "misses"),
    [
        (
            "sparse_cross_entropy_with_logits/sample-weight-dropped",
            "sparse/every-parameter/logits-everyday",
            "sparse/imperfect/best-third-and-last",
        ),
        (
            "categorical_cross_entropy_with_logits/smoothed-twice",
            "categorical/every-parameter/logits-everyday",
            "categorical/imperfect/one-hot-labels-for-logits",
        ),
    ],
)
def test_a_case_catches_what_it_asks_about(bench, name, catches, misses):
    """A miniature fails the case that asks about its fault, and passes one that does not."""
    (miniature,) = (each for each in miniatures() if each.name == name)
    assert bench.catches(BY_ID[catches], miniature)
    assert not bench.catches(BY_ID[misses], miniature)


def test_a_gradient_alone_is_caught():
    """A right value does not hide a wrong gradient, and a gradient that cannot be had is no catch."""
    case = BY_ID["binary/clipping/certain-and-wrong"]
    (miniature,) = (
        each for each in miniatures() if each.name == "binary_cross_entropy/gradient-nan-where-the-loss-is-infinite"
    )
    assert "nan-for-a-number" == Tried(case, "float64").kind(miniature)


@pytest.mark.parametrize("case", [case for case in CASES if _has_a_mean(case)][::3], ids=lambda case: case.id)
def test_divisors_are_those_of_the_definitions(case):
    """What a wrong mean is made from is right: the sum of the losses over the divisor is the mean."""
    call = case.call("float64")
    with np.errstate(all="ignore"):
        mean = np.sum(rows(call).value) / divisor(call)
    np.testing.assert_allclose(mean, float(case.expected.loss.item()), rtol=1e-12, atol=1e-300)


def test_lint_names_a_case_that_catches_nothing(monkeypatch):
    """A case that no wrong implementation fails is a defect: here there are none."""
    path = default_root() / "binary" / "perfect.yaml"
    assert [] == lint([path])
    monkeypatch.setattr(miniature, "miniatures", tuple)
    found = lint([path])
    assert {"catches no miniature: no wrong implementation fails it"} == {problem.message for problem in found}
    assert len(load_file(path, default_root())) == len(found)
