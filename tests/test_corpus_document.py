"""Documents: YAML as text with lines, and what is refused of it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus.document import MAX_BYTES, MAX_DEPTH, Mapping, Scalar, Sequence, parse, read
from ceconform.errors import CorpusError


def plain(node):
    """Give a node as plain Python."""
    match node:
        case Scalar(text):
            return text
        case Sequence(items):
            return [plain(item) for item in items]
        case Mapping(items):
            return {key: plain(item) for key, item in items.items()}


VALUES = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"\A[a-z]{1,5}\Z"), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,5}\Z"), VALUES, min_size=1, max_size=4))
def test_text_is_read_as_it_was_written(tree):
    """Whatever a YAML library writes of mappings, lists and text is read back the same."""
    assert tree == plain(parse(yaml.safe_dump(tree, allow_unicode=True)))


def test_scalars_are_not_interpreted():
    """Numbers, booleans and nulls stay the text that stands in the file."""
    document = parse("a: [0.10, 1e-8, no, ~, 0x1p-3, .5]")
    assert ["0.10", "1e-8", "no", "~", "0x1p-3", ".5"] == plain(document)["a"]


def test_each_node_knows_its_line():
    """Lines are counted from 1, for keys and for values."""
    document = parse("a: 1\n\nb:\n  - x\n  - y\n")
    assert {"a": 1, "b": 3} == document.lines
    assert [4, 5] == [item.line for item in document.items["b"].items]


@pytest.mark.parametrize(
    ("text", "line", "key", "expected", "got"),
    [
        ("", 1, "(file)", "a mapping of about, defaults and cases", "an empty file"),
        ("# nothing\n", 1, "(file)", "a mapping of about, defaults and cases", "an empty file"),
        ("- a\n- b\n", 1, "(file)", "a mapping of about, defaults and cases", "a list of 2"),
        ("about: x\ncases: {a: [1, 2", 2, "(file)", "YAML", "flow sequence"),
        ("a: 'x\n", 2, "(file)", "YAML", "quoted scalar"),
        ("a: 1\nb: 2\na: 3\n", 3, "a", "each key once", "it again, first on line 1"),
        ("b:\n  c: 1\n  c: 2\n", 3, "b.c", "each key once", "it again, first on line 2"),
        ("a: &x 1\n", 1, "a", "no anchors", "&x"),
        ("a: 1\nb: *x\n", 2, "b", "no aliases", "*x"),
        ("a: !!python/object:os.system x\n", 1, "a", "no tags", "python/object"),
        ("a: {b: 1}\n<<: {c: 2}\n", 2, "<<", "no merge keys", "`<<`"),
        ("[a, b]: 1\n", 1, "(file)", "a word as key", "a list of 2"),
        ("a: 1\n---\nb: 2\n", 2, "(file)", "one document", "a second one"),
        (f"a: {'[' * 40}{']' * 40}\n", 1, "a", f"at most {MAX_DEPTH} levels", "a deeper one"),
        ("\ufeffa: 1\n", 1, "(file)", "UTF-8 without a byte order mark", "a byte order mark"),
    ],
)
def test_more_than_mappings_lists_and_text_is_refused(text, line, key, expected, got):
    """The error names the line, the key, what was expected and what came."""
    with pytest.raises(CorpusError) as caught:
        parse(text, "x.yaml")
    assert (line, key, expected) == (caught.value.line, caught.value.key, caught.value.expected)
    assert got in caught.value.got


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    """A byte of another encoding is found."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"about: x\ncases: caf\xe9\n")
    with pytest.raises(CorpusError, match=r"x\.yaml:2: \(file\): expected UTF-8, got the byte 0xe9"):
        read(path)


def test_a_control_character_is_refused(tmp_path):
    """Text that no editor shows has no place in a corpus."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"about: x\x07\n")
    with pytest.raises(CorpusError, match=r"\(file\): expected"):
        read(path)


def test_a_file_that_is_too_big_is_refused(tmp_path):
    """No file is read into memory without bound."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(CorpusError, match="at most"):
        read(path)
