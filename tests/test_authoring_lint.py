"""Lint: planted defects are found, and `fix` writes what no one types."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal

import pytest

from ceconform.authoring import inspection
from ceconform.authoring import lint as lint_module
from ceconform.authoring.lint import lint
from ceconform.corpus import load
from ceconform.corpus.loading import default_root

NEW = """\
about: New cases.
defaults:
  loss: binary_cross_entropy
  sources:
    definition: cases/README.md#binary

cases:
  certain-and-wrong:
    description: p = 0 for a positive label.
    probabilities: [0, 0.5]
    labels: [1, 1]

  applied-twice:
    description: A sigmoid before a loss that has its own.
    loss: binary_cross_entropy_with_logits
    activation: sigmoid
    logits: [2]
    labels: [1]
    recognised_as: {loss: binary_cross_entropy_with_logits, conventions: [sigmoid-applied-twice]}
"""


@pytest.fixture
def corpus(tmp_path):
    """Make a corpus of one file that has nothing wrong with it."""
    path = tmp_path / "binary" / "new.yaml"
    path.parent.mkdir()
    path.write_text(NEW, encoding="utf-8")
    assert [] == lint(fix=True, root=tmp_path)
    return path


def plant(path, old, new):
    """Plant a defect, which must change the file."""
    text = path.read_text(encoding="utf-8")
    assert re.search(old, text)
    path.write_text(re.sub(old, new, text, count=1), encoding="utf-8")


def found(root):
    """Give the problems of a corpus as text."""
    return [str(problem) for problem in lint(root=root)]


def test_fix_writes_the_answers_of_the_oracle(tmp_path, corpus):
    """A new case gets its answer, and the losses that conventions give; then nothing is wrong."""
    assert [] == lint(root=tmp_path)
    first, second = load(tmp_path)
    assert [Decimal("inf"), Decimal("0.6931471805599453094172321214581765680755")] == list(first.expected.loss)
    assert {"clamp-log-at-100", "torch", "clip-at-1e-7", "keras"} < set(first.acceptable)
    assert Decimal(100) == first.acceptable["torch"]["loss"][0]
    assert 0 < second.expected.loss[0] < 1
    assert not corpus.with_name("new.yaml.rej").exists()


@pytest.mark.parametrize(
    ("source", "told", "message"),
    [
        ("a/b#1", "loss: [nan, ~]", ""),
        ("a/b#1", "loss: [inf, 0.67]", ""),
        ("a/b#1", "raised: out of memory", ""),
        ("a/b#12", "loss: [nan, ~]", "no source of the case is this thread"),
        ("a/b#1", "loss: [~, 0.69]", "what was seen is right, within the tolerance"),
        ("a/b#1", "grad: [~, -2.0]", "what was seen is right, within the tolerance"),
    ],
)
def test_what_was_seen_has_its_source_and_is_wrong(tmp_path, corpus, source, told, message):
    """A thread that is no source, and a number that is no wrong one, are problems."""
    plant(
        corpus, r"    labels: \[1, 1\]\n", f"    labels: [1, 1]\n    seen: {{a/b#1: {{implementation: x, {told}}}}}\n"
    )
    plant(
        corpus, r"    probabilities: \[0, 0.5\]\n", f"    sources: {{thread: {source}}}\n    probabilities: [0, 0.5]\n"
    )
    problems = [problem for problem in lint(fix=True, root=tmp_path) if "left as it is" not in problem.message]
    assert [message] * bool(message) == [problem.message for problem in problems]


def test_what_was_seen_in_another_dtype_than_the_case_has_is_refused(tmp_path, corpus):
    """0.1 is no float16 number, so nothing can have been seen in float16."""
    plant(corpus, r"probabilities: \[0, 0.5\]", "probabilities: [0, 0.1]")
    more = "    seen: {a/b#1: {implementation: x, dtype: float16, loss: [nan, ~]}}\n    sources: {thread: a/b#1}\n"
    plant(corpus, r"    labels: \[1, 1\]\n", f"    labels: [1, 1]\n{more}")
    assert any("seen.a/b#1.dtype: the case is asked in float64, float32" in problem for problem in found(tmp_path))


def test_fix_is_idempotent(tmp_path, corpus):
    """A second run changes no byte."""
    before = corpus.read_bytes()
    assert [] == lint(fix=True, root=tmp_path)
    assert before == corpus.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (r"\[inf, 0\.6931", "[inf, 0.6932", "certain-and-wrong: expected.loss: the oracle says"),
        (r"grad: \[-inf, -2\]", "grad: [-inf, 2]", "certain-and-wrong: expected.grad: the oracle says"),
        (
            r"condition: \[inf, ",
            "condition: [inf, 9",
            "certain-and-wrong: expected.condition: the oracle says",
        ),
        (r"grad_condition: \[inf, 4", "grad_condition: [inf, 5", "expected.grad_condition: the oracle says"),
        (r"terms: 1\n", "terms: 2\n", "certain-and-wrong: expected.terms: the oracle says 1, not 2"),
        (r"loss: \[100, 0\.6931", "loss: [101, 0.6931", "acceptable.clamp-log-at-100: the convention gives"),
        (r"clip-at-eps:", "divide-by-count:", "acceptable.divide-by-count: the convention gives nothing"),
        (r"labels: \[1, 1\]", "labels: [1,1]", "not formatted"),
        (
            r"    labels: \[1, 1\]\n    expected:(\n      .*)+",
            "    labels: [1, 1]",
            "expected: not written yet",
        ),
    ],
)
def test_a_planted_defect_is_found_and_fixed(tmp_path, corpus, old, new, message):
    """A wrong answer, a wrong convention, another format: each is a problem that `fix` settles."""
    good = corpus.read_bytes()
    plant(corpus, old, new)
    assert any(message in problem for problem in found(tmp_path))
    assert [] == lint(fix=True, root=tmp_path)
    assert good == corpus.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (r"  certain-and-wrong:", "  Certain:", "Certain: expected a slug"),
        (r"sources:\n    definition.*", "sources: {}", "expected one source or more"),
        (r"conventions: \[.*\]", "conventions: [log-sigmoid-taken-as-logits]", "gives another number"),
        (r"    labels: \[1, 1\]\n", "    labels: [1, 1]\n    cited: {loss: [~, 0.69]}\n", ""),
        (r"    labels: \[1, 1\]\n", "    labels: [1, 1]\n    cited: {loss: [~, 0.68]}\n", "cited is 0.68"),
        (r"    labels: \[1, 1\]\n", "    labels: [1, 1]\n    cited: {grad: [~, 2.0]}\n", "cited is 2.0"),
        (r"    labels: \[1, 1\]\n", "    labels: [1, 1]\n    cited: {loss: [1e9, ~]}\n", "cited is 1e9"),
        (
            r"probabilities: \[0, 0.5\]",
            "probabilities: [-1, 0.5]",
            "finds probability-range invalid, the case states nothing",
        ),
        (
            r"    expected:\n",
            "    expected:\n      invalid: label-range\n",
            "finds nothing invalid, the case states label-range",
        ),
        (r"    labels: \[1, 1\]", "    # why\n    labels: [1, 1]", "a comment here would be lost"),
        (
            r"\n  applied-twice:(\n    .*)+",
            "\n  again:\n    description: Again.\n    probabilities: [0, 0.5]\n    labels: [1, 1]\n",
            "asks the same as binary/new/certain-and-wrong",
        ),
        (
            r"  applied-twice:\n",
            "  applied-twice:\n    formerly: [binary/new/certain-and-wrong]\n",
            "the id is taken by new.yaml:8",
        ),
    ],
)
def test_what_only_the_author_can_settle_leaves_the_file_alone(tmp_path, corpus, old, new, message):
    """The problem stays, the file keeps its bytes, and the proposal stands beside it if it differs."""
    plant(corpus, old, new)
    before = corpus.read_bytes()
    problems = found(tmp_path)
    fixed = [str(problem) for problem in lint(fix=True, root=tmp_path)]
    if not message:
        assert all("not formatted" in problem for problem in problems)
        assert [] == fixed
        return
    assert any(message in problem for problem in problems)
    assert any(message in problem for problem in fixed)
    assert before == corpus.read_bytes()
    rejected = corpus.with_name("new.yaml.rej")
    assert any(rejected.name in problem for problem in fixed) == rejected.exists()


def test_a_rejected_proposal_holds_the_new_answers(tmp_path, corpus):
    """Beside a file that cannot be fixed stands what was meant."""
    plant(corpus, r"    labels: \[1, 1\]\n", "    labels: [1, 0]\n    cited: {loss: [~, 0.68]}\n")
    before = corpus.read_bytes()
    problems = lint(fix=True, root=tmp_path)
    assert ["cited is 0.68" in problems[-1].message or "cited is 0.68" in problems[0].message] == [True]
    assert before == corpus.read_bytes()
    assert "grad: [-inf, 2]" in corpus.with_name("new.yaml.rej").read_text(encoding="utf-8")


def test_a_source_that_is_not_there_is_found(tmp_path, corpus):
    """A source within the definitions must name one of their anchors."""
    (tmp_path / "README.md").write_text('<a id="binary"></a>\n', encoding="utf-8")
    assert [] == lint(root=tmp_path)
    plant(corpus, "README.md#binary", "README.md#binery")
    assert 2 == sum("sources.definition: README.md has no #binery" in problem for problem in found(tmp_path))


def test_a_broken_write_leaves_the_old_file(tmp_path, corpus, monkeypatch):
    """The file is replaced in one step or not at all, and no scrap is left."""

    def fail(*_):
        raise OSError("the disk is full")

    plant(corpus, r"grad: \[-inf, -2\]", "grad: [-inf, 2]")
    before = corpus.read_bytes()
    monkeypatch.setattr(lint_module.Path, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        lint(fix=True, root=tmp_path)
    assert before == corpus.read_bytes()
    assert [corpus] == list(corpus.parent.iterdir())


def test_one_broken_file_does_not_hide_another(tmp_path, corpus):
    """Each file's problems are reported."""
    other = corpus.with_name("other.yaml")
    other.write_text("about: x\ncases: [", encoding="utf-8")
    plant(corpus, r"terms: 1\n", "terms: 2\n")
    problems = found(tmp_path)
    assert any("other.yaml:2: (file): expected YAML" in problem for problem in problems)
    assert any("expected.terms" in problem for problem in problems)


def test_only_the_named_files_are_checked(tmp_path, corpus):
    """With paths, other files and the published ones are left alone."""
    other = corpus.with_name("other.yaml")
    other.write_text("about: x\ncases: [", encoding="utf-8")
    (tmp_path / "schema.json").unlink()
    assert [] == lint([corpus], root=tmp_path)


@pytest.mark.parametrize("name", ["schema.json", "conventions.yaml"])
def test_published_files_are_kept_in_step(tmp_path, corpus, name):
    """A published file that is stale or missing is found, and written."""
    assert corpus.exists()
    path = tmp_path / name
    good = path.read_bytes()
    path.write_text("{}", encoding="utf-8")
    assert [f"{path}:1: (file): out of step with the code"] == found(tmp_path)
    path.unlink()
    assert [] == lint(fix=True, root=tmp_path)
    assert good == path.read_bytes()


def test_the_shipped_corpus_is_written_again_the_same(tmp_path):
    """Without its answers the corpus gets the same ones back."""
    root = shutil.copytree(default_root(), tmp_path / "cases")
    path = next(path for path in sorted(root.glob("*/*.yaml")) if "acceptable:" in path.read_text(encoding="utf-8"))
    before = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"\n    acceptable:(\n      .*)+", "", before), encoding="utf-8")
    assert before != path.read_text(encoding="utf-8")
    assert [] == lint([path], fix=True, root=root)
    assert before == path.read_text(encoding="utf-8")


def test_many_files_are_inspected_in_processes_and_told_in_order(tmp_path, corpus):
    """Each file's problems come, sorted by the files, whichever process was done first."""
    names = [f"new-{at}" for at in range(inspection.FEW)]
    for name in names:
        shutil.copy(corpus, corpus.with_name(f"{name}.yaml"))
        plant(corpus.with_name(f"{name}.yaml"), r"terms: 1\n", "terms: 2\n")
    problems = [problem for problem in lint(root=tmp_path) if "the oracle says" in problem.message]
    assert [f"binary/{name}/certain-and-wrong: expected.terms" for name in names] == [each.key for each in problems]
    corpus.unlink()
    one_by_one = [problem for problem in lint(root=tmp_path) if "the oracle says" in problem.message]
    assert one_by_one == problems


def test_few_files_start_no_process(corpus, monkeypatch):
    """One file is inspected here and now."""
    monkeypatch.setattr(inspection, "ProcessPoolExecutor", None)
    assert [] == lint([corpus], root=corpus.parents[1])
