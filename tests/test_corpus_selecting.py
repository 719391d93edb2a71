"""Selecting: globs on ids, tags, losses, dtypes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus import load, select, shard
from ceconform.errors import ArgumentError, UnknownNameError


def case(name, *tags, loss="binary_cross_entropy", formerly=(), dtypes=("float64", "float32")):
    """What selecting looks at of a case."""
    return SimpleNamespace(id=name, tags=tags, loss=loss, formerly=formerly, dtypes=dtypes)


CASES = (
    case("binary/clipping/certain-and-wrong", "edge", "clipping"),
    case("binary/clipping/perfect", "clipping", formerly=("binary/edges/perfect",)),
    case("binary/logits/large", "accuracy", loss="binary_cross_entropy_with_logits"),
    case("sparse/logits/large", "accuracy", loss="sparse_cross_entropy_with_logits", dtypes=("float64",)),
)


def ids(*patterns, **words):
    """Give the ids that are selected."""
    return [each.id for each in select(CASES, patterns, **words)]


def test_nothing_said_selects_all():
    """Without a word every case is selected, in order."""
    assert list(CASES) == list(select(CASES))


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("binary/clipping/perfect", 1),
        ("binary", 3),
        ("binary/", 3),
        ("binary/clipping", 2),
        ("*/logits", 2),
        ("*/logits/large", 2),
        ("**/large", 2),
        ("**/l*", 2),
        ("binary/*/p*", 1),
        ("binary/edges/perfect", 1),
    ],
)
def test_patterns_match_segment_by_segment(pattern, count):
    """A folder stands for what lies within, `**` for any segments, a former id for the case."""
    assert count == len(ids(pattern))


def test_words_of_one_kind_add_up_and_kinds_narrow():
    """Two patterns select what either matches; a tag beside them selects among these."""
    assert 3 == len(ids("binary/clipping", "sparse"))
    assert ["binary/clipping/certain-and-wrong"] == ids("binary/clipping", "sparse", tags=["edge"])
    assert ["binary/logits/large", "sparse/logits/large"] == ids(losses=["*_with_logits"])
    assert ["binary/logits/large"] == ids(losses=["*_with_logits"], dtypes=["float32"])


@pytest.mark.parametrize(
    ("pattern", "words", "message"),
    [
        (("binary/cliping",), {}, "no case matches 'binary/cliping'; did you mean .*binary/clipping"),
        (("binary/clipping/perfekt",), {}, "did you mean .*binary/clipping/perfect"),
        (("perfect",), {}, "no case matches 'perfect'"),
        (("binary*perfect",), {}, "no case matches"),
        ((), {"tags": ["accurracy"]}, "no tag matches 'accurracy'; did you mean accuracy"),
        ((), {"losses": ["bce"]}, "no loss matches 'bce'"),
        ((), {"dtypes": ["float16"]}, "no dtype matches 'float16'"),
    ],
)
def test_a_word_that_selects_nothing_is_an_error(pattern, words, message):
    """The error names what is near."""
    with pytest.raises(UnknownNameError, match=message):
        select(CASES, pattern, **words)


@given(st.lists(st.text("abc-/", min_size=1), unique=True), st.integers(1, 7))
def test_shards_are_disjoint_and_complete(names, count):
    """Whatever the ids: each case is in exactly one share, and the order stays."""
    cases = tuple(map(case, names))
    shares = [shard(cases, number, count) for number in range(1, count + 1)]
    assert sorted(names) == sorted(each.id for share in shares for each in share)
    assert all(list(share) == [each for each in cases if each in share] for share in shares)


@given(st.sets(st.sampled_from([each.id for each in CASES])), st.integers(1, 7))
def test_the_share_of_a_case_does_not_depend_on_the_others(chosen, count):
    """So a shard of a selection is the selection of a shard."""
    some = tuple(each for each in CASES if each.id in chosen)
    for number in range(1, count + 1):
        assert shard(some, number, count) == tuple(each for each in shard(CASES, number, count) if each.id in chosen)


def test_shares_of_the_corpus_are_of_a_size():
    """None of five is a third larger than a fifth."""
    cases = load()
    assert max(len(shard(cases, number, 5)) for number in range(1, 6)) < len(cases) / 5 * 4 / 3


def test_the_share_of_a_case_is_the_same_everywhere():
    """Python's own hash of a text differs from process to process."""
    names = ["binary/clipping/certain-and-wrong", "sparse/logits/large"]
    assert names == [each.id for each in shard(CASES, 4, 5)]


@pytest.mark.parametrize(("number", "count"), [(0, 5), (6, 5), (1, 0)])
def test_a_share_that_is_not_there_is_refused(number, count):
    """They are counted from 1."""
    with pytest.raises(ArgumentError, match=f"expected a shard such as 2/5, counted from 1, got {number}/{count}"):
        shard(CASES, number, count)
