"""Formatting: one way to write a file, which changes nothing that it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ceconform.authoring.formatting import WIDTH, format_document, format_text, stray_comments
from ceconform.corpus.document import Mapping, Scalar, Sequence, parse

WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=9),
    min_size=1,
    max_size=40,
).map(" ".join)
NUMBERS = st.recursive(
    st.sampled_from(["0", "0.10", "-1e-8", "inf", "nan", "0x1p-3", "0.6931471805599453094172321214581765680755"]),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=30,
)
SLUGS = st.from_regex(r"\A[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,4}){0,2}\Z")
CASES = st.fixed_dictionaries(
    {"description": WORDS, "loss": st.just("entropy"), "probabilities": NUMBERS},
    optional={
        "sources": st.dictionaries(WORDS, WORDS, min_size=1, max_size=2),
        "tags": st.lists(SLUGS, max_size=3),
        "expected": st.fixed_dictionaries({"loss": NUMBERS, "grad": NUMBERS}),
        "acceptable": st.dictionaries(SLUGS, st.fixed_dictionaries({"loss": NUMBERS}), min_size=1, max_size=2),
        "labels": st.fixed_dictionaries({"linspace": st.just(["0", "1", "3"])}),
    },
)
FILES = st.fixed_dictionaries(
    {"about": WORDS, "cases": st.dictionaries(SLUGS, CASES, min_size=1, max_size=3)},
    optional={"defaults": st.fixed_dictionaries({"loss": st.just("entropy")})},
)


def node(value):
    """Make a node of plain Python."""
    if isinstance(value, dict):
        return Mapping({key: node(item) for key, item in value.items()}, dict.fromkeys(value, 1), 1)
    if isinstance(value, list):
        return Sequence(tuple(map(node, value)))
    return Scalar(value)


def plain(value):
    """Make plain Python of a node."""
    match value:
        case Scalar(text):
            return text
        case Sequence(items):
            return [plain(item) for item in items]
        case Mapping(items):
            return {key: plain(item) for key, item in items.items()}


@given(FILES)
def test_formatting_changes_nothing_that_the_file_says(tree):
    """What is formatted reads as what was formatted, white space in prose apart."""
    assert tree == plain(parse(format_document(node(tree), "")))


@given(FILES)
def test_formatting_twice_is_formatting_once(tree):
    """The formatted text is its own format."""
    text = format_document(node(tree), "")
    assert text == format_text(text)


@given(FILES)
def test_lines_are_short_where_they_can_be(tree):
    """A line is longer than the width only where a single word is, or a row within a generator."""
    for line in format_document(node(tree), "").splitlines():
        assert len(line) <= WIDTH or len(line.split()) <= 4 or line.lstrip().startswith("'")


MESSY = """\
# yaml-language-server: $schema=../schema.json
# Another comment.
about:   Something
defaults: {sources: {definition: x}, loss: entropy}
cases:
  # Above the first.
  one: {probabilities: [0.50, 1], description: "It's: quoted # so"}
  two:
    probabilities:
      - 1
      - 0
    description: >-
      folded
      prose
"""
NEAT = """\
# yaml-language-server: $schema=../schema.json
# Another comment.
about: Something
defaults:
  loss: entropy
  sources:
    definition: x

cases:
  # Above the first.
  one:
    description: 'It''s: quoted # so'
    probabilities: [0.50, 1]

  two:
    description: folded prose
    probabilities: [1, 0]
"""


def test_the_format():
    """Keys have an order, arrays are in flow style, cases stand apart, comments and numbers stay."""
    assert NEAT == format_text(MESSY)


def test_long_arrays_have_a_row_on_a_line():
    """Rows stand below each other where one line does not hold them; a long row is folded."""
    row = ["0.6931471805599453094172321214581765680755"] * 3
    tree = {"about": "x", "cases": {"a": {"expected": {"loss": row, "grad": [["1"] * 30, ["2"] * 30]}}}}
    assert [
        "      loss:",
        f"        [{row[0]}, {row[0]},",
        f"         {row[0]}]",
        "      grad:",
        f"        - [{', '.join(['1'] * 30)}]",
        f"        - [{', '.join(['2'] * 30)}]",
    ] == format_document(node(tree), "").splitlines()[5:]


def test_comments_that_would_be_lost_are_found():
    """A comment within a case or behind a value is stray; a # in prose is none."""
    text = NEAT.replace("    probabilities: [1, 0]", "    # lost\n    probabilities: [1, 0] # lost too")
    assert [17, 18] == stray_comments(parse(text), text)
    assert [] == stray_comments(parse(NEAT), NEAT)
