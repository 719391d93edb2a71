"""The definitions beside the cases: complete, and of one mind with the reader."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus import LOSSES, REDUCTIONS, generators, keys, load_file
from ceconform.corpus.loading import default_root
from ceconform.formats import FORMATS

TEXT = (default_root() / "README.md").read_text(encoding="utf-8")


def test_every_word_of_a_case_file_is_explained():
    """Each key, loss, reduction, error and generator stands in the definitions."""
    words = {*keys.FILE, *keys.CASE, *keys.SEEN, *keys.EXPECTED, *keys.ERRORS, *keys.INVALID, *keys.ACTIVATIONS}
    words |= {name.removesuffix("_with_logits") for name in LOSSES} | {*REDUCTIONS}
    assert not {word for word in words if f"`{word}`" not in TEXT and f"`{word}: " not in TEXT}
    assert all(f"`{{{name}: " in TEXT for name in generators.KEYS)


def test_every_reference_within_the_page_resolves():
    """A link names an anchor, and each anchor stands once."""
    anchors = re.findall(r'<a id="([^"]+)">', TEXT)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= set(anchors)


def test_the_example_is_a_file(tmp_path):
    """The example that the page shows can be read."""
    path = tmp_path / "example.yaml"
    path.write_text(re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1], encoding="utf-8")
    assert ["example/certain-and-wrong"] == [case.id for case in load_file(path, tmp_path)]


@pytest.mark.parametrize("number", generators.mix(1234567, 2).tolist())
def test_the_numbers_that_the_page_states_are_those_of_the_generator(number):
    """Whoever rebuilds the generator can check it."""
    assert str(number) in TEXT


def spoken(cell: str) -> str:
    """A formula of the page as plain Python: `start + i · (stop − start) / (count − 1)`."""
    return cell.replace("·", "*").replace("−", "-").replace("^", "**").replace("2m", "2 * m")


def row(name: str) -> str:
    """What the page's table says of a generator's elements."""
    return re.search(rf"^\| `\{{{name}: .*?` \| (.*?) \|$", TEXT, re.MULTILINE)[1]


def outputs(seed: int, count: int) -> list[int]:
    """The page's four lines, in 64-bit unsigned arithmetic."""
    lines = re.search(r"```\n(h = seed.*?)```", TEXT, re.DOTALL)[1].replace("·", "*").splitlines()
    found = []
    for k in range(count):
        names = {"seed": seed, "k": k, "h": 0}
        for line in lines:
            exec(f"{line}\nh %= 2**64", names)  # noqa: S102 - the page's own words: that they are enough is what is tested
        found.append(names["h"])
    return found


def elements(formula: str, **names: int) -> float:
    """Evaluate a formula of the page."""
    return eval(spoken(formula), names)  # noqa: S307 - same


@given(st.integers(-64, 64), st.integers(1, 64), st.integers(2, 40))
def test_linspace_is_rebuilt_from_the_page_s_words(start, step, count):
    """Bit by bit."""
    formula = row("linspace").partition(" for ")[0]
    stop = start + step * (count - 1)
    rebuilt = [elements(formula, start=start, stop=stop, count=count, i=i) for i in range(count)]
    assert rebuilt == generators.linspace(Fraction(start), Fraction(stop), count)[0].tolist()


@given(st.integers(0, 2**63 - 1), st.integers(-100, 100), st.integers(1, 100), st.integers(1, 32))
def test_hash_is_rebuilt_from_the_page_s_words(seed, low, width, bits):
    """Bit by bit, in row-major order."""
    formula = row("hash").partition(", where")[0]
    upper = [h >> (64 - bits) for h in outputs(seed, 6)]
    rebuilt = [elements(formula, low=low, high=low + width, m=m, bits=bits) for m in upper]
    assert rebuilt == generators.hashed(seed, (2, 3), low, low + width, bits)[0].ravel().tolist()


@given(st.integers(0, 2**63 - 1), st.integers(-100, 100), st.integers(1, 100))
def test_integers_are_rebuilt_from_the_page_s_words(seed, low, width):
    """Bit by bit, in row-major order."""
    formula = row("integers").partition(", where")[0]
    rebuilt = [elements(formula, low=low, high=low + width, m=h >> 32) for h in outputs(seed, 6)]
    assert rebuilt == generators.hashed_integers(seed, (3, 2), low, low + width)[0].ravel().tolist()


def test_repeat_and_concat_are_what_the_page_says(tmp_path):
    """Copies along a new first axis, parts along the first; the page's example of no rows has the shape it says."""
    example, shape = re.search(r"`(\{repeat: \[\[0, 0, 0\], 0\]\})` has the shape (\(0, 3\))", TEXT).groups()
    assert "copies of a number or an array, along a new first axis" in row("repeat")
    assert "joined along their first axis" in row("concat")
    path = tmp_path / "made.yaml"
    for text, expected in (
        (example, np.zeros(eval(shape))),  # noqa: S307 - same
        ("{repeat: [[1, 2], 3]}", np.array([[1, 2]] * 3)),
        ("{concat: [[[1, 2]], {repeat: [[3, 4], 2]}]}", np.array([[1, 2], [3, 4], [3, 4]])),
    ):
        head = "about: Made.\ncases:\n  one:\n    description: Made.\n    sources: {definition: here}\n"
        body = f"    loss: entropy\n    probabilities: {text}\n    rounding: float64\n"
        path.write_text(head + body, encoding="utf-8")
        (case,) = load_file(path, tmp_path, answered=False)
        assert expected.shape == case.predictions.shape
        assert expected.tolist() == case.predictions.tolist()


def test_the_page_states_eps_and_the_smallest_number_of_every_dtype():
    """What scales the tolerance needs no look-up."""
    for name, form in FORMATS.items():
        assert f"2^−{form.bits - 1} for {name}" in " ".join(TEXT.split())
        assert f"2^−{form.bits - 1 - form.emin}" in TEXT
