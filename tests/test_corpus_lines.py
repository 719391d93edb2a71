"""Lines: the form that lint writes, whose quick reading must never differ from what YAML makes of the text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ceconform.corpus.document import compose, parse
from ceconform.corpus.lines import OtherFormError, read_lines
from ceconform.corpus.loading import case_files, default_root
from ceconform.errors import CorpusError

CANONICAL = """\
# yaml-language-server: $schema=../schema.json
about: Prose that is folded, because it is too long
  for one line - of (two):here#too.
cases:
  # a comment
  one:
    description: 'It''s quoted: and
      goes on # here.'
    'tfjs[layers]':
      loss: [0.5, -1e-8, ~]
    logits: [[1, 2], [3, 4]]
    labels: [[[1], [2]], [[3], [4]]]
    expected: {error: shape}
    grad:
      - [1, 2,
         3]

      - [4, 5, 6]
    condition:
      [0.5,
       nan]
    weight: {repeat: [[0, 1], 2]}
    hidden: {hash: {seed: 1, shape: [2, 3], low: -2, high: 2}}
    bias: []
    axis: -1
"""
PIECES = [
    "[",
    "]",
    ", ",
    "- ",
    ": ",
    "'",
    '"',
    "#",
    " #",
    "\n",
    "\n\n",
    "  ",
    "{",
    "}",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "?",
    "~",
    "\t",
]
PIECES += [
    "<<",
    "---\n",
    "\n...",
    "key: ",
    "word",
    "-",
    ".",
    "\ufeff",
    "\x07",
    "\u2028",
    "\xa0",
    "one",
    "\r",
    "@",
    "`",
    "=",
    ":",
]


def told(read, text):
    """Give the nodes, or the whole of the error."""
    try:
        return read(text)
    except CorpusError as error:
        return str(error)


def composed(text):
    """Read lines, and what they leave to YAML."""
    return read_lines(text, lambda entry, above, depth: compose(entry, above=above, depth=depth))


def test_the_form_that_lint_writes_is_read_as_yaml_reads_it():
    """Nodes and lines are those of YAML, for prose, quotes, keys, lists on one line or several, and rows."""
    assert compose(CANONICAL) == composed(CANONICAL)


@pytest.mark.parametrize("path", case_files(default_root()), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_corpus_is_read_line_by_line(path):
    """No file of the corpus takes the long way, and each is read as YAML reads it."""
    text = path.read_text(encoding="utf-8")
    assert compose(text) == composed(text)


@given(
    st.lists(st.tuples(st.integers(0, len(CANONICAL)), st.integers(0, 3), st.sampled_from([*PIECES, ""])), max_size=4)
)
@example([(CANONICAL.index("- [4"), 2, "")])
@example([(CANONICAL.index("[0.5,\n"), 1, "")])
@example([(CANONICAL.index("seed"), 4, "high")])
@example([(CANONICAL.index("seed"), 4, "word" * 300)])
@example([(CANONICAL.index("seed: "), 6, "")])
@example([(CANONICAL.index("}}"), 1, "]")])
@example([(CANONICAL.index("}}"), 2, "")])
@example([(CANONICAL.index("}}"), 1, "}}")])
def test_a_damaged_text_is_read_or_refused_as_yaml_does_it(damages):
    """Whatever is put into a text or taken from it, nodes, lines and errors are those of YAML."""
    text = CANONICAL
    for place, taken, put in damages:
        text = text[:place] + put + text[place + taken :]
    assert told(compose, text) == told(parse, text)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_text_is_read_or_refused_as_yaml_does_it(text):
    """No text has two meanings."""
    assert told(compose, text) == told(parse, text)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        " a: 1\n",
        "a: 1\n b: 2\n",
        "- a\n",
        "a: 1\t\n",
        "",
        "a: 1\n...\n",
        "<<: 1\n",
        f"{'a' * 2000}: 1\n",
    ],
)
def test_another_form_is_left_to_yaml(text):
    """What may be wrong, or is written in another way, is not judged here."""
    with pytest.raises((OtherFormError, CorpusError)):
        composed(text)


def test_depth_is_counted_from_the_root():
    """A deep value under a deep key is refused as in YAML."""
    keys = "".join(f"{'  ' * depth}a:\n" for depth in range(8))
    text = f"{keys}{'  ' * 8}a: {'[' * 9}{']' * 9}\n"
    assert told(compose, text) == told(parse, text)
    assert "levels" in told(parse, text)
