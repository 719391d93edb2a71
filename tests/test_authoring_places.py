"""Places: which numbers of a long answer are stated."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from whole_corpus import CASES

from ceconform.authoring.places import label_places, places, stated
from ceconform.corpus import Excerpt, select
from ceconform.corpus.excerpt import LONG


def one(pattern):
    """A question of our own corpus."""
    (case,) = select(CASES, [pattern])
    return case


def test_the_places_hold_the_ends_and_the_largest():
    """Of four thousand numbers a few dozen; of few all."""
    values = np.array([Decimal(0)] * 4096, dtype=object)
    values[1234], values[77] = Decimal(-9), Decimal(8)
    found = places(values, also=[300])
    assert {0, 7, 77, 300, 1234, 4088, 4095} <= set(found)
    assert list(found) == sorted(set(found))
    assert len(found) < 70
    assert (0, 1, 2) == places(values[:3])


def test_the_labels_of_some_rows_are_among_them():
    """An index stands for its place in the row, along whichever axis; rows that are ignored have none."""
    case = one("sparse/large/logits-many-rows")
    found = label_places(case)
    assert 1 < len(found) <= 12
    for place in found:
        label, row = np.unravel_index(place, case.predictions.shape)  # classes first
        assert label == case.labels[row] != case.parameters["ignore_index"]


def test_of_a_distribution_it_is_the_largest_label():
    """The first of them, where there are several."""
    case = one("categorical/large/several-positives-many-classes")
    (place,) = label_places(case)
    assert case.labels.ravel()[place] == 1 > case.labels.ravel()[:place].max(initial=0)


@pytest.mark.parametrize(
    "pattern",
    ["binary/large/logits-batch", "divergence/large/entropy-many-rows", "linear/large/layer-many-rows"],
)
def test_elements_layers_and_what_has_no_labels_have_no_such_places(pattern):
    """A loss of elements has a label for each, a hidden row none, an entropy none at all."""
    assert () == label_places(one(pattern))


def test_rows_that_are_all_ignored_have_no_labels():
    """Nothing is chosen where there is nothing."""
    case = one("sparse/large/logits-many-rows")
    assert () == label_places(replace(case, labels=np.full_like(case.labels, -1)))


def test_only_what_is_long_and_finite_is_an_excerpt():
    """Elsewhere every number is stated."""
    values = np.array([Decimal(place) for place in range(LONG + 1)], dtype=object)
    assert isinstance(stated(values), Excerpt)
    assert stated(values[:-1]).tolist() == values[:-1].tolist()
    values[5] = Decimal("nan")
    assert stated(values) is values


def test_every_long_answer_of_the_corpus_is_an_excerpt():
    """No file lists hundreds of numbers, and the places are few."""
    expected = [case.expected for case in CASES if not case.expected.error]
    answers = [each for case in expected for each in (case.loss, case.gradient)]
    some = [each for each in answers if isinstance(each, Excerpt)]
    assert len(some) > 40
    assert max(len(each.places) for each in some) < 70
    assert LONG >= max(each.size for each in answers if not isinstance(each, Excerpt))
