"""Baselines as files: extended, and checked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from test_authoring_acceptance import CASES, KERAS, answers, report

from ceconform.adapters import find, names
from ceconform.authoring.baselines import check_baselines, committed, extend, is_baseline
from ceconform.authoring.lint import lint
from ceconform.corpus import load
from ceconform.corpus.loading import default_root
from ceconform.errors import ArgumentError
from ceconform.verdict import read_baseline, read_baselines

MILD = report(*answers(lambda case, *_: "sparse" in case))
WRONG = report(*answers(lambda case, *_: "sparse" in case, kind="wrong-value"))
BOTH = report(*MILD.results, *answers(lambda case, *_: "sparse" in case, implementations=KERAS[1:]))
REVIEWED = """\
# Reviewed.
implementations: ['keras[jax]']
discrepancies:
  # Mine.
  - kind: crash
    reason: A known one.
    cases: [binary/clipping/one]
"""


@pytest.fixture
def path(tmp_path):
    """A file."""
    return tmp_path / "keras.yaml"


def test_a_new_file_is_about_what_the_report_is_about(path):
    """Or about those that are named; nothing is written without a path."""
    assert 6 == extend(MILD, (), CASES, path=path).accepted
    assert KERAS == read_baseline(path).implementations
    extend(BOTH, (), CASES, path=path, names=KERAS[1:])
    assert KERAS[1:] == read_baseline(path).implementations
    assert "kind: lost-precision" in extend(MILD, (), CASES).text


def test_a_file_of_which_nothing_fails_says_so(path):
    """It can be extended later."""
    extend(report(*answers(lambda *_: False)), (), CASES, path=path)
    assert path.read_text(encoding="utf-8").endswith("discrepancies: []\n")
    extend(MILD, read_baselines([path]), CASES, path=path)
    assert 1 == len(read_baseline(path).entries)


def test_what_stands_in_a_file_stays_as_it_is(path):
    """Comments, reasons, and the implementations that it is about."""
    path.write_text(REVIEWED, encoding="utf-8")
    extend(BOTH, read_baselines([path]), CASES, path=path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(REVIEWED)
    assert ["crash", "lost-precision"] == [each.kind for each in read_baseline(path).entries]
    assert KERAS[:1] == read_baseline(path).entries[1].places[0].implementations


def test_other_baselines_are_known_too(path, tmp_path):
    """What they say is not written again."""
    other = tmp_path / "other.yaml"
    extend(MILD, (), CASES, path=other)
    extended = extend(MILD, read_baselines([other]), CASES, path=path)
    assert (0, 0) == (extended.accepted, extended.entries)


def test_a_wrong_value_is_not_accepted_by_the_way(path):
    """Nor is an error ever."""
    refused = extend(WRONG, (), CASES, path=path)
    assert (0, 6) == (refused.accepted, len(refused.refused))
    assert () == read_baseline(path).entries
    forced = extend(WRONG, (), CASES, path=path, force=True)
    assert (6, 0) == (forced.accepted, len(forced.refused))
    error = dataclasses.replace(WRONG.results[0], verdict="error", kind="", part="")
    found = extend(report(error), (), CASES, path=path, force=True)
    assert ((error,), 0) == (found.errors, found.accepted)


def test_a_file_about_somebody_else_is_not_extended(path):
    """Nor is anything accepted of whom the report does not know."""
    path.write_text(REVIEWED, encoding="utf-8")
    known = read_baselines([path])
    with pytest.raises(ArgumentError, match=r"which .*keras.yaml is about, got keras\[torch\]; add it there first"):
        extend(BOTH, known, CASES, path=path, names=KERAS[1:])
    with pytest.raises(ArgumentError, match="which the report is about, got torch"):
        extend(BOTH, (), CASES, path=path, names=["torch"])
    assert path.read_text(encoding="utf-8") == REVIEWED


def test_a_file_that_ends_otherwise_is_left_alone(path):
    """What would be written is read first."""
    turned = "discrepancies:\n  - {kind: crash, reason: x, cases: [a]}\nimplementations: ['keras[jax]']\n"
    path.write_text(turned, encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"expected .* to end with `discrepancies`"):
        extend(MILD, read_baselines([path]), CASES, path=path)
    assert path.read_text(encoding="utf-8") == turned
    assert [path] == list(path.parent.iterdir())


def problems(path: Path, text: str) -> list[str]:
    """What lint has against a text, without the folder."""
    path.write_text(text, encoding="utf-8")
    return [str(problem).removeprefix(f"{path.parent}/") for problem in check_baselines([path])]


def test_lint_asks_for_reasons_and_cases_that_are_there(path):
    """With file and line."""
    sound = REVIEWED.replace("binary/clipping/one", "binary/clipping/certain-and-wrong")
    assert [] == problems(path, sound)
    assert [
        "keras.yaml:5: discrepancies[0].reason: expected why it is so, and why it may stay, got nothing",
    ] == problems(path, sound.replace("A known one.", "''"))
    assert ["keras.yaml:5: discrepancies[0].cases: no case matches binary/clipping/one"] == problems(path, REVIEWED)
    assert ["keras.yaml:7: discrepancies[0].cases: expected one word or more, got an empty list"] == problems(
        path, REVIEWED.replace("[binary/clipping/one]", "[]")
    )


def test_lint_tells_a_baseline_from_a_case_file(path):
    """By its keys; a folder stands for its files."""
    path.write_text(REVIEWED, encoding="utf-8")
    assert is_baseline(path)
    assert not is_baseline(default_root() / "binary" / "clipping.yaml")
    assert not is_baseline(path.with_name("none.yaml"))
    assert ["discrepancies[0].cases"] == [problem.key for problem in lint([path.parent])]


def test_the_baselines_of_this_repository_are_sound(monkeypatch):
    """Each is valid, each entry has a reason, each case is there; the corpus is read once for all of them."""
    files, read = committed(default_root()), []
    monkeypatch.setattr("ceconform.authoring.baselines.load", lambda root: read.append(root) or load(root))
    written = {"ceconform", "keras", "optax", "sklearn", "tensorflow", "tf_keras", "tfjs", "torch"}
    assert written <= {path.stem for path in files}
    assert [] == [str(problem) for problem in check_baselines(files)]
    assert [None] == read


def test_the_baselines_of_this_repository_are_about_what_is_asked():
    """No implementation is there, and no case in a dtype, that cannot be asked: such an entry is stale."""
    cases = {name: case for case in load() for name in (case.id, *case.formerly)}
    baselines = read_baselines(committed(default_root()))
    about = {name for baseline in baselines for name in baseline.implementations}
    assert about <= {*names(), "tfjs"}  # which is a command, and no adapter in Python
    dtypes = {name: find(name).dtypes for name in about - {"tfjs"}} | {"tfjs": ("float32",)}
    stale = [
        f"{entry.path.name}:{place.line}: {name} in {dtype}"
        for baseline in baselines
        for entry in baseline.entries
        for place in entry.places
        for name in place.cases
        for dtype in place.dtypes
        if (name in cases and dtype not in cases[name].dtypes)
        or all(dtype not in dtypes[implementation] for implementation in place.implementations)
    ]
    assert [] == stale
