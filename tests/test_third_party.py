"""Other people's losses are asked, and what is told of them is so."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
import third_party
from third_party import KORNIA, MONAI, TORCHMETRICS
from whole_corpus import CASES

from ceconform.errors import DiscrepancyError
from ceconform.testing import assert_conforms, checks

MISSING = [name for name in ("kornia", "monai", "torchmetrics") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"of the group third-party, {', '.join(MISSING)} is missing"),
    pytest.mark.xdist_group("third-party"),  # a run for many tests
]
README = (Path(third_party.__file__).parent / "README.md").read_text(encoding="utf-8")
KNOWN = {
    "focal/binary-logits/infinite-*": "0 times an infinity",
    "focal/zero-cotangents/binary-logits": "the derivative by an infinite logit is 0 times an infinity",
    "focal/binary-logits/boolean-labels": "1.0 - target is not for booleans",
    "focal/invalid*": "labels, alpha and gamma are not checked",
}


@pytest.fixture(scope="module")
def report():
    """Some cases in one dtype, each library in a process of its own."""
    chosen = ["focal/binary-logits", "focal/reductions-and-weights", "focal/categorical-logits", "divergence/kl"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ".", prepend=":")
        return third_party.measure(CASES, chosen, ["float32"])


def verdict(report, implementation, case):
    """Verdict, kind and convention of an answer."""
    (found,) = [r for r in report.results if r.implementation in implementation and r.case == case]
    return found.verdict, found.kind, found.convention


@pytest.mark.parametrize(
    ("implementation", "case", "expected"),
    [
        (KORNIA, "focal/binary-logits/default-focus", ("pass", "", "")),
        (KORNIA, "focal/binary-logits/infinite-and-right", ("fail", "nan-for-a-number", "")),
        ("monai", "focal/binary-logits/default-focus", ("pass", "", "")),
        ("monai", "focal/reductions-and-weights/never-negative", ("fail", "wrong-reduction", "")),
        ("monai", "focal/binary-logits/soft-labels", ("fail", "wrong-value", "")),
        (TORCHMETRICS, "divergence/kl/distributions", ("acceptable", "", "renormalise-rows")),
        (TORCHMETRICS, "divergence/kl/mean-of-the-batch", ("fail", "accepted-invalid-input", "")),
        (TORCHMETRICS, "divergence/kl/certainty-met", ("fail", "nan-for-a-number", "")),
    ],
)
def test_an_answer_has_the_verdict_that_is_told(report, implementation, case, expected):
    """Right, by a rule that is documented, and wrong."""
    assert expected == verdict(report, implementation, case)


def test_the_table_names_causes_and_conventions(report):
    """A row for each; the program prints it."""
    text = third_party.part(report, {case.id: case for case in CASES})
    assert "| kornia, monai | nan-for-a-number | 3 |" in text
    assert "| torchmetrics | acceptable: renormalise-rows |" in text
    assert text.startswith("With kornia ")


def test_the_page_has_what_the_program_writes():
    """Between its marks: each implementation, and a finding of each."""
    written = README.partition("<!-- results -->")[2].partition("<!-- /results -->")[0]
    for name in (KORNIA, "monai", TORCHMETRICS):
        assert re.search(rf"^\| {re.escape(name)} \| .* \| \d+ \| ", written, re.MULTILINE)
    for kind in ("accepted-invalid-input", "nan-for-a-number", "wrong-reduction", "acceptable: renormalise-rows"):
        assert kind in written


def test_the_commands_of_the_page_name_what_is_asked():
    """Each implementation once."""
    assert [KORNIA, TORCHMETRICS, MONAI] == re.findall(r"^\$ ceconform run (\S+)", README, re.MULTILINE)


def test_a_library_keeps_its_known_discrepancies():
    """As its maintainers would have it in their tests."""
    from kornia_focal import binary_focal_loss

    chosen = {"loss": "binary_focal_loss_with_logits", "backend": "torch", "dtypes": "float32"}
    assert assert_conforms(binary_focal_loss, **chosen, except_=KNOWN) is None
    (check,) = checks(binary_focal_loss, **chosen, only="focal/binary-logits/boolean-labels")
    with pytest.raises(DiscrepancyError, match="from kornia_focal import binary_focal_loss"):
        check()
