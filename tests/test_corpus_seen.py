"""Seen: reading which wrong answer a thread tells of."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus import gives, load_file
from ceconform.errors import CorpusError

CASE = """\
about: A file of one case.
cases:
  plain:
    description: Two labels.
    sources: {thread: torch/torch#12}
    loss: binary_cross_entropy
    probabilities: [0.5, 0.25]
    labels: [1, 0]
"""


@pytest.fixture
def seen(tmp_path):
    """Read what was seen, from the lines below `seen`."""

    def read(*lines, more=""):
        path = tmp_path / "file.yaml"
        path.write_text(CASE + more + "    seen:\n" + "".join(f"      {line}\n" for line in lines), encoding="utf-8")
        (case,) = load_file(path, tmp_path, answered=False)
        return case.seen

    return read


def test_numbers_stay_as_they_are_told(seen):
    """Library, version, dtype and device come as they stand; an element of which nothing is told is None."""
    (one,) = seen(
        "torch/torch#12:",
        "  {implementation: torch, version: 1.10, dtype: float16, device: cuda, loss: [0.690, ~]}",
    )
    assert ("torch/torch#12", "torch", "1.10", "float16", "cuda") == (
        one.thread,
        one.implementation,
        one.version,
        one.dtype,
        one.device,
    )
    assert ["0.690", None] == one.figures.tolist()
    assert ("value", "") == (one.part, one.raised)


def test_a_gradient_and_an_error_can_be_seen(seen):
    """Threads tell of both; what they do not tell is empty."""
    first, second = seen(
        "a/b#1: {implementation: optax, grad: [nan, ~]}", "a/b#2: {implementation: keras, raised: no  such}"
    )
    assert ("gradient", ["nan", None], "") == (first.part, first.figures.tolist(), first.version)
    assert ("value", None, "no such") == (second.part, second.figures, second.raised)


@pytest.mark.parametrize(
    ("line", "key", "expected", "got"),
    [
        ("issue 12: {implementation: torch, loss: [1, 2]}", "issue 12", "a thread, such as", "`issue 12`"),
        ("a/b#1: {loss: [1, 2]}", "a/b#1", "the key implementation", "without it"),
        ("a/b#1: {implementation: torch}", "a/b#1", "one of loss, grad, raised", "none"),
        ("a/b#1: {implementation: torch, loss: [1, 2], raised: x}", "a/b#1", "one of", "loss and raised"),
        ("a/b#1: {implementation: torch, loss: [1]}", "a/b#1.loss", "the shape (2,)", "the shape (1,)"),
        ("a/b#1: {implementation: torch, grad: 1}", "a/b#1.grad", "the shape (2,)", "the shape ()"),
        ("a/b#1: {implementation: torch, loss: [~, ~]}", "a/b#1.loss", "a figure or more", "a list of 2"),
        ("a/b#1: {implementation: torch, loss: [x, ~]}", "a/b#1.loss[0]", "a number", "`x`"),
        ("a/b#1: {implementation: torch, dtype: half, raised: x}", "a/b#1.dtype", "float64, float32", "`half`"),
        ("a/b#1: {implementation: torch, seen: x}", "a/b#1.seen", "implementation", "unknown key"),
    ],
)
def test_what_is_not_told_in_this_form_is_refused(seen, line, key, expected, got):
    """The error names the line, the key, what was expected and what came."""
    with pytest.raises(CorpusError) as caught:
        seen(line)
    assert (10, f"cases.plain.seen.{key}") == (caught.value.line, caught.value.key)
    assert expected in caught.value.expected
    assert got in caught.value.got


def test_no_thread_at_all_is_refused(tmp_path):
    """An empty mapping says nothing."""
    path = tmp_path / "file.yaml"
    path.write_text(CASE + "    seen: {}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"file.yaml:9: cases.plain.seen: expected a thread or more"):
        load_file(path, tmp_path, answered=False)


def test_a_number_where_an_error_is_expected_has_any_shape(seen):
    """The answer has no shape there."""
    (one,) = seen("a/b#1: {implementation: torch, loss: 0.5}", more="    expected: {error: shape}\n")
    assert () == one.figures.shape


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-100, max_value=100), st.integers(1, 5))
def test_a_number_gives_its_own_digits(value, places):
    """Whatever is rounded to some digits is recognised by them, and a unit beside them is not."""
    figure = f"{value:.{places}f}"
    if Decimal(figure):
        assert gives(figure, value)
        assert not gives(figure, value + Decimal(2).scaleb(-places))


@pytest.mark.parametrize(
    ("figure", "value", "same"),
    [("0.0", "1e-9", False), ("-0.0", "0", True), ("inf", "inf", True), ("inf", "-inf", False), ("nan", "1", False)],
)
def test_zero_infinity_and_nan_are_given_exactly(figure, value, same):
    """A small number is no 0."""
    assert same == gives(figure, Decimal(value))
