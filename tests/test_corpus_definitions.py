"""The definitions beside the cases: complete, and of one mind with the reader."""

from __future__ import annotations

import re

import pytest

from ceconform.corpus import LOSSES, REDUCTIONS, generators, keys, load_file
from ceconform.corpus.loading import default_root

TEXT = (default_root() / "README.md").read_text(encoding="utf-8")


def test_every_word_of_a_case_file_is_explained():
    """Each key, loss, reduction, error and generator stands in the definitions."""
    words = {*keys.FILE, *keys.CASE, *keys.EXPECTED, *keys.ERRORS, *keys.INVALID, *keys.ACTIVATIONS}
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
