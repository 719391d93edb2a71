"""Baselines as files: what they may say, and where an error is."""

from __future__ import annotations

import pytest

from ceconform.errors import CorpusError
from ceconform.verdict import Place, read_baseline, read_baselines

WHOLE = """\
# What is known of Keras.
implementations: ['keras[jax]', 'keras[torch]']
discrepancies:
  - kind: wrong-value
    part: gradient
    versions: '>=3.8,<4'
    reason: The clipping stops the gradient.
    link: https://github.com/keras-team/keras/issues/1
    dtypes: [float32]
    cases: [binary/clipping/*, binary/logits/large]
  - kind: crash
    reason: ''
    where:
      - cases: [sparse/logits/large]
      - implementations: ['keras[jax]']
        via: [keras.losses.x]
        devices: [cpu]
        cases: [nll]
"""


@pytest.fixture
def read(tmp_path):
    """Read a text as a baseline."""

    def reading(text: str):
        (tmp_path / "b.yaml").write_text(text, encoding="utf-8")
        return read_baseline(tmp_path / "b.yaml")

    return reading


def test_a_file_says_what_goes_wrong_where_and_why(read, tmp_path):
    """Entries, their places, and their lines."""
    baseline = read(WHOLE)
    first, second = baseline.entries
    both = ("keras[jax]", "keras[torch]")
    assert (both, tmp_path / "b.yaml") == (baseline.implementations, baseline.path)
    assert ("wrong-value", "gradient", ">=3.8,<4") == (first.kind, first.part, first.versions)
    assert ("The clipping stops the gradient.", 4) == (first.reason, first.line)
    cases = ("binary/clipping/*", "binary/logits/large")
    assert (Place(cases=cases, implementations=both, dtypes=("float32",), line=4),) == first.places
    assert ("", "", "", 11) == (second.part, second.reason, second.versions, second.line)
    one = Place(cases=("sparse/logits/large",), implementations=both, line=14)
    other = Place(cases=("nll",), implementations=("keras[jax]",), via=("keras.losses.x",), devices=("cpu",), line=15)
    assert (one, other) == second.places


def test_nothing_may_be_known(read):
    """An empty list is a baseline."""
    assert () == read("implementations: [sklearn]\ndiscrepancies: []\n").entries


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("kind: crash", "kind: crsh", "b.yaml:11: discrepancies[1].kind: expected crash"),
        ("kind: crash", "kin: crash", "b.yaml:11: discrepancies[1].kin: expected kind, or another known key"),
        ("    reason: ''\n", "", "discrepancies[1]: expected the key reason"),
        ("'>=3.8,<4'", "three", "b.yaml:6: discrepancies[0].versions: expected a version specifier such as"),
        ("https://github", "github", "b.yaml:8: discrepancies[0].link: expected an address"),
        ("part: gradient", "part: loss", "b.yaml:5: discrepancies[0].part: expected value or gradient"),
        ("[nll]", "[]", "b.yaml:18: discrepancies[1].where[1].cases: expected one word or more"),
        ("[nll]", "[nll, nll]", "expected each word once, got `nll` again"),
        ("[nll]", "['']", "expected a word"),
        ("[nll]", "[[nll]]", "expected text, got a list of 1"),
        ("[nll]", "nll", "expected a list, got `nll`"),
        (
            "      - implementations: ['keras[jax]']",
            "      - implementations: [torch]",
            "expected keras[jax] or",
        ),
        ("        cases: [nll]\n", "", "discrepancies[1].where[1]: expected the key cases"),
        ("    where:\n", "    cases: [nll]\n    where:\n", "expected it within `where`, got it beside `where`"),
        ("    dtypes: [float32]\n    cases: [binary/clipping/*, binary/logits/large]\n", "", "expected the key cases"),
        ("implementations: ['keras[jax]', 'keras[torch]']\n", "", "expected the key implementations"),
        (WHOLE[WHOLE.index("where:") :], "where: []\n", "b.yaml:13: discrepancies[1].where: expected one place"),
        ("[float32]", "&a [float32]", "b.yaml:9: discrepancies.dtypes: expected no anchors"),
        ("[float32]", "!!python/object:os.system [float32]", "expected no tags"),
    ],
)
def test_what_is_not_valid_is_refused_with_its_line(read, old, new, problem):
    """The file, the line, the key, what was expected and what came."""
    assert old in WHOLE
    with pytest.raises(CorpusError) as caught:
        read(WHOLE.replace(old, new, 1))
    assert problem in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    """By its name."""
    with pytest.raises(CorpusError, match=r"none\.yaml:1: .*expected a baseline"):
        read_baseline(tmp_path / "none.yaml")


def test_a_folder_stands_for_its_files_and_none_is_read_twice(tmp_path):
    """Sorted by name; other files are left alone."""
    for name in ("b.yaml", "a.yaml", "README.md"):
        (tmp_path / name).write_text("implementations: [torch]\ndiscrepancies: []\n", encoding="utf-8")
    found = read_baselines([tmp_path, tmp_path / "a.yaml"])
    assert ["a.yaml", "b.yaml"] == [each.path.name for each in found]


@pytest.mark.parametrize(
    ("version", "applies"),
    [("3.8.0", True), ("3.9.0+cpu", True), ("3.9.0.dev1", True), ("3.8 (jax 1)", True), ("4.0", False), ("tip", False)],
)
def test_a_specifier_holds_versions(read, version, applies):
    """Local parts and backends do not count; a word is within no range."""
    first, second = read(WHOLE).entries
    assert applies == first.applies(version)
    assert second.applies(version)
