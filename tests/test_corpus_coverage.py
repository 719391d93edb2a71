"""What the corpus asks about, and how often."""

from __future__ import annotations

from collections import Counter

import pytest
from whole_corpus import CASES

from ceconform.corpus import FAMILIES, LOSSES, coverage, families
from ceconform.corpus.loading import default_root

AT_LEAST = dict.fromkeys(FAMILIES, 25) | dict.fromkeys(
    ("perfect", "imperfect", "clipping", "space", "reductions", "sample-weights"), 40
)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_broad(family):
    """Each family has dozens of cases."""
    assert AT_LEAST[family] <= sum(family in families(case) for case in CASES)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_cell_with_a_meaning_is_empty(family):
    """Every parameter of every loss is stated in every circumstance."""
    assert [] == [cell for cell in coverage(CASES) if not cell.cases and cell.family == family]


def test_cells_count_cases():
    """The cells without a parameter add up to the cases of the families, and an empty corpus to nothing."""
    counted = Counter()
    for cell in coverage(CASES):
        if not cell.parameter:
            counted[cell.family] += cell.cases
    assert Counter(name for case in CASES for name in families(case)) == +counted
    assert {0} == {cell.cases for cell in coverage([])}


def test_every_family_can_be_asked_of_some_loss():
    """A family is about at least one loss, and every loss has some families."""
    assert all(any(family.meaning(loss) for loss in LOSSES.values()) for family in FAMILIES.values())


def test_threads_that_are_no_cases_are_none():
    """Each thread that is left out has its reason, once, and no case cites it after all."""
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in (default_root() / "THREADS.md").read_text(encoding="utf-8").splitlines()
        if "#" in line and line.startswith("|")
    ]
    threads = [thread for thread, _, _ in rows]
    assert len(set(threads)) == len(threads) > 0
    assert all(reported and reason for _, reported, reason in rows)
    assert set() == set(threads) & {source for case in CASES for source in case.sources.values()}
