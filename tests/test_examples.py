"""The examples run, write what they say, and measure what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import softmax_collapse
from softmax_collapse import BUILTIN, OURS

FOLDER = Path(softmax_collapse.__file__).parent
FILES = {"softmax_collapse.jsonl", "softmax_collapse.md", "softmax_collapse.svg"}
SMALL = ("--modulus", "7", "--width", "64", "--learning-rate", "0.02")


@pytest.fixture(autouse=True)
def threads(torch):
    """The program sets the number of threads, which belongs to the process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def run(folder, *options):
    """Train in the small; what is recorded, by run."""
    folder.mkdir(exist_ok=True)
    softmax_collapse.main([*SMALL, *options, "--output", str(folder)])
    _, records = softmax_collapse.read(folder / "softmax_collapse.jsonl")
    return {name: [each for each in records if each.run == name] for name in (BUILTIN, OURS)}


def saturated(torch, lead):
    """Four rows of three classes; the label leads by so much, and by one more."""
    labels = torch.tensor([0, 1, 2, 0])
    logits = torch.full((4, 3), -1.0).scatter(1, labels[:, None], float(lead))
    logits[:, 1] += labels != 1
    return logits, labels


def test_it_writes_records_plot_and_page(tmp_path):
    """Every few steps and the last, of both runs; they begin at the same weights."""
    found = run(tmp_path, "--steps", "20", "--every", "8")
    assert FILES == {each.name for each in tmp_path.iterdir()}
    assert {BUILTIN: [0, 8, 16, 20], OURS: [0, 8, 16, 20]} == {name: [e.step for e in found[name]] for name in found}
    first, ours = found[BUILTIN][0], found[OURS][0]
    assert (first.exact_loss, first.answers) == (ours.exact_loss, ours.answers)
    assert first.exact_loss == pytest.approx(first.own.loss, rel=1e-6)
    assert first.exact_loss > found[BUILTIN][-1].exact_loss
    page = (tmp_path / "softmax_collapse.md").read_text(encoding="utf-8")
    assert f"| {OURS} | 20 | {found[OURS][-1].own.loss:.2e} |" in page
    assert (tmp_path / "softmax_collapse.svg").read_text(encoding="utf-8").endswith("</svg>\n")


def test_a_seed_gives_the_same_files_again(tmp_path):
    """Byte for byte; another seed gives others."""
    for folder, seed in (("one", "3"), ("again", "3"), ("other", "4")):
        run(tmp_path / folder, "--steps", "20", "--every", "5", "--seed", seed)
    for name in FILES:
        first, again, other = ((tmp_path / folder / name).read_bytes() for folder in ("one", "again", "other"))
        assert first == again
        assert first != other


def test_one_loss_alone(tmp_path):
    """The page and the plot do with one run."""
    found = run(tmp_path, "--steps", "10", "--loss", OURS)
    assert [] == found[BUILTIN]
    assert "trained with builtin" not in (tmp_path / "softmax_collapse.md").read_text(encoding="utf-8")


def test_the_label_of_a_saturated_row_has_a_gradient_with_ours_alone(torch):
    """A lead of 30 leaves 1e-13 to the others: the built-in answers 0 for the loss and at the label, alone."""
    exact, answers = softmax_collapse.answers(*saturated(torch, 30))
    assert (0.0, 1.0, 0.0) == (answers[BUILTIN].loss, answers[BUILTIN].zero_labels, answers[BUILTIN].zero_rows)
    assert (0.0, 0.0) == (answers[OURS].zero_labels, answers[OURS].zero_rows)
    assert exact == pytest.approx(answers[OURS].loss, rel=1e-6)
    assert answers[BUILTIN].error > 0.5
    assert answers[OURS].error < 1e-6


def test_where_nothing_is_lost_nothing_is_told(torch):
    """At a lead of 3 both have every gradient; at 120 the softmax itself leaves float32, for both."""
    _, answers = softmax_collapse.answers(*saturated(torch, 3))
    assert {(0.0, 0.0)} == {(each.zero_labels, each.zero_rows) for each in answers.values()}
    assert max(each.error for each in answers.values()) < 1e-5
    _, answers = softmax_collapse.answers(*saturated(torch, 120))
    assert {(1.0, 1.0)} == {(each.zero_labels, each.zero_rows) for each in answers.values()}


def test_training_collapses_with_the_built_in_alone(tmp_path):
    """The built-in's loss stays above what ours leaves far behind."""
    found = run(tmp_path, "--steps", "400", "--beta2", "0.9")
    builtin, ours = found[BUILTIN], found[OURS]
    assert max(each.own.zero_labels for each in builtin) > 0.5
    assert {0.0} == {each.own.zero_labels for each in ours}
    assert ours[-1].exact_loss < 1e-10
    assert min(each.exact_loss for each in builtin) > 1e-8
    assert max(each.own.error for each in ours) < 1e-5
    assert 0.0 == ours[-1].answers[BUILTIN].loss


def test_the_page_that_is_kept_says_what_its_records_say():
    """No number in it was typed."""
    header, records = softmax_collapse.read(FOLDER / "softmax_collapse.jsonl")
    assert softmax_collapse.page(header, records) == (FOLDER / "softmax_collapse.md").read_text(encoding="utf-8")
    header["setting"]["modulus"] = 61
    assert "mod 61 from" in softmax_collapse.page(header, records)


def test_writing_then_reading_is_the_identity(tmp_path):
    """Every digit of a number comes back."""
    header, records = softmax_collapse.read(FOLDER / "softmax_collapse.jsonl")
    softmax_collapse.write(tmp_path / "again.jsonl", header, records)
    assert (header, records) == softmax_collapse.read(tmp_path / "again.jsonl")
    lines = (tmp_path / "again.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(records) == len([json.loads(each) for each in lines[1:]])
