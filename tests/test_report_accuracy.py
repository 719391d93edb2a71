"""The accuracy page: it says the numbers, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ceconform.errors import ReportError
from ceconform.report import (
    Accuracy,
    Elementary,
    Header,
    Implementation,
    Input,
    Measurement,
    Refusal,
    render_accuracy,
    render_accuracy_plain,
    render_curves,
)

WORST = Input(
    grid="sweep/binary_cross_entropy_with_logits/float32/tail",
    index=(7,),
    said={"logit": "17.25", "label": "1.0"},
    got="3.2e-08",
    exact="3.1999e-8",
    ulps=12.25,
)
LOST = replace(WORST, index=(9,), got="0.0", ulps=None)
MEASURED = Measurement(
    implementation="theirs",
    version="1.2",
    loss="binary_cross_entropy_with_logits",
    dtype="float32",
    device="cpu",
    part="value",
    kind="unreduced",
    measure="ulps",
    target="3",
    grids="abc",
    count=200,
    lost=3,
    flushed=0,
    missed=4,
    maximum=12.25,
    percentile_99=2.5,
    median=0.25,
    of_target=12.25 / 3,
    worst=WORST,
    lost_at=LOST,
    misses=(WORST,),
    curve=((-1.0, 0.5), (17.25, 12.25), (90.0, None)),
)
OURS = replace(
    MEASURED, implementation="ceconform[numpy]", lost=0, missed=0, maximum=1.5, of_target=0.5, lost_at=None, misses=()
)
HEADER = Header.here(
    ceconform="0.1",
    corpus="abc",
    cases=3,
    implementations=[
        Implementation(name="theirs", version="1.2", conventions={OURS.loss: ("clamp-log-at-100",)}),
        Implementation(name="ceconform[numpy]", version="0.1"),
    ],
    missing={"absent": "no module"},
)
REFUSED = Refusal(
    implementation="theirs", loss="entropy", status="unsupported", reason="no entropy", dtypes=("float32",), grids=8
)
LOGARITHM = Elementary(
    implementation="ceconform[numpy]",
    function="log",
    dtype="float32",
    device="cpu",
    count=1000,
    lost=0,
    flushed=20,
    maximum=3.228,
    worst="0.78302556",
)
ACCURACY = Accuracy(header=HEADER, measurements=(MEASURED, OURS), refusals=(REFUSED,), elementary=(LOGARITHM,))


def test_the_page_says_the_numbers():
    """Largest, 99 %, median, what is lost, the target, the worst input; bold where the target is missed."""
    page = render_accuracy(ACCURACY, "accuracy.svg")
    assert "| **12.2 · 2.5 · 0.2, 1.5% lost** |" in page
    assert "| 1.5 · 2.5 · 0.2 |" in page
    assert "| `binary_cross_entropy_with_logits` | 1.5 | **12.2, 1.5% lost** |" in page
    assert "logit `17.25`, label `1.0` | `3.2e-08` | `3.1999e-8` | 12.2 |" in page
    assert "| `0.0` | `3.1999e-8` | lost |" in page
    assert "| `entropy` | unsupported | no entropy | float32 | 8 |" in page
    assert "`binary_cross_entropy_with_logits`: clamp-log-at-100" in page
    assert "(accuracy.svg)" in page
    assert "`absent` did not start: no module" in page


def test_ours_above_the_target_is_named_grid_by_grid():
    """So that nothing of it hides behind one worst input."""
    assert "### Above the target" not in render_accuracy(ACCURACY)
    missing = replace(OURS, of_target=4.0, misses=(WORST,))
    assert "### Above the target" in render_accuracy(replace(ACCURACY, measurements=(missing,)))


def test_a_backends_own_functions_stand_beside_our_losses():
    """Bold above the target of our values; those in other units or with another target take no part."""
    focal = replace(OURS, loss="binary_focal_loss_with_logits", target="3 + 2γ", maximum=17.0)
    condition = replace(OURS, loss="kl_divergence", measure="eps of the condition", maximum=3.5)
    gradient = replace(OURS, part="gradient", kind="hard", maximum=2.5, flushed=3)
    exp = replace(LOGARITHM, function="exp", flushed=0, maximum=2.4)
    page = render_accuracy(
        replace(ACCURACY, measurements=(MEASURED, OURS, focal, condition, gradient), elementary=(exp, LOGARITHM))
    )
    assert "|  | dtype | `exp` | `log` | our values | our gradients |" in page
    assert "| ceconform[numpy] | float32 | 2.4 | **3.2, 2.0% flushed** | 1.5 | 2.5, 1.5% flushed |" in page
    assert "own functions" not in render_accuracy(replace(ACCURACY, elementary=()))


def test_the_terminal_says_the_same():
    """One line a measurement."""
    text = " ".join(render_accuracy_plain(ACCURACY).split())
    assert "theirs binary_cross_entropy_with_logits float32 values 12.2 2.5 0.2 3 3 logit 17.25, label 1.0" in text


def test_writing_then_reading_is_the_identity(tmp_path):
    """As JSON Lines."""
    path = tmp_path / "sweep.jsonl"
    path.write_text("".join(ACCURACY.lines()))
    assert ACCURACY == Accuracy.read(path)


def test_what_is_no_sweep_is_refused(tmp_path):
    """A file that is cut, a file of something else, no file, no sweep at all."""
    path = tmp_path / "sweep.jsonl"
    with pytest.raises(ReportError, match="expected the result of a sweep"):
        Accuracy.read(path)
    path.write_text("".join(list(ACCURACY.lines())[:-1]))
    with pytest.raises(ReportError, match="ends before its footer"):
        Accuracy.read(path)
    path.write_text('{"measurement": {}}\n')
    with pytest.raises(ReportError, match=r"sweep\.jsonl:1: expected a line of a sweep"):
        Accuracy.read(path)
    with pytest.raises(ReportError, match="expected one sweep"):
        Accuracy.merge([])


def test_merging_keeps_the_later_measurement():
    """And the refusals of what was not measured again."""
    later = Accuracy(
        header=HEADER, measurements=(replace(OURS, maximum=2.0),), elementary=(replace(LOGARITHM, maximum=3.5),)
    )
    merged = Accuracy.merge([ACCURACY, later])
    assert {("theirs", 12.25), ("ceconform[numpy]", 2.0)} == {
        (m.implementation, m.maximum) for m in merged.measurements
    }
    assert (REFUSED,) == merged.refusals
    assert [3.5] == [each.maximum for each in merged.elementary]


def test_the_plot_shows_each_implementation():
    """The same sweep gives the same picture."""
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    picture = render_curves(ACCURACY)
    assert picture == render_curves(ACCURACY)
    for part in ("<svg", "theirs", "ceconform[numpy]", "not measured"):
        assert part in picture
