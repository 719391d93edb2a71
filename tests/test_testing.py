"""What another project's tests get: a check a case, one assertion for all, exceptions that go stale loudly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import functions
import pytest

from ceconform.errors import ArgumentError, CorpusError, DiscrepancyError, UnknownNameError
from ceconform.testing import assert_conforms, cases, checks

HERE = Path(__file__).parent
HINGE = {"loss": "hinge_loss", "backend": "numpy"}
KNOWN = {
    "margin/hinge/zeros-and-ones": "labels are not checked",
    "margin/hinge/label-of-two": "labels are not checked",
    "margin/hinge/column-against-vector": "shapes are not checked",
    "margin/hinge/integer-*": "NumPy promotes",
}


def test_a_check_for_each_case_that_can_be_asked():
    """Those with weights, reductions and the like are left out."""
    found = checks(functions.hinge, **HINGE)
    names = [check.id for check in found]
    assert names == list(dict.fromkeys(names))
    assert "margin/hinge/logits" in names
    assert all(check.case.parameters.keys() <= {"reduction"} for check in found)
    assert len(found) < len(checks(functions.reduced_hinge, **HINGE))


def test_a_right_function_conforms():
    """Nothing is said."""
    assert assert_conforms(functions.hinge, **HINGE, except_=KNOWN) is None
    for check in checks(functions.hinge, **HINGE, only="margin/hinge/logits"):
        assert check() is None


def test_a_failing_check_tells_the_whole_story():
    """Sent, got, wanted, the kind, and a program; and in which other dtypes."""
    (check,) = checks(functions.hinge, **HINGE, only=["margin/hinge/integer-signs"])
    with pytest.raises(DiscrepancyError) as raised:
        check()
    told = str(raised.value)
    for part in ("hinge(logits, labels)", "got       0.75", "wanted    0.75", "fail: wrong-dtype", "as well"):
        assert part in told
    assert "from functions import hinge" in told
    assert isinstance(raised.value, AssertionError)


def test_the_program_runs(tmp_path):
    """It prints what the function gave."""
    (check,) = checks(functions.hinge, **HINGE, only="margin/hinge/zeros-and-ones")
    program = check.tell(check.fails()).partition("\n\nimport")[2].partition("\nThe case")[0]
    (tmp_path / "program.py").write_text(f"import{program}", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[0.75, 2.0, 1.0]\n"


def test_a_clipped_loss_names_the_convention_that_it_follows():
    """And where the function documents it, it is right."""
    chosen = {"loss": "binary_cross_entropy", "backend": "numpy", "only": "binary/clipping/certain-and-wrong"}
    with pytest.raises(DiscrepancyError, match="clip-at-1e-7: "):
        assert_conforms(functions.clips, **chosen, dtypes="float64")
    assert assert_conforms(functions.clips, **chosen, dtypes="float64", conventions="clip-at-1e-7") is None
    assert assert_conforms(functions.clips, **chosen, dtypes="float64", conventions="keras") is None


def test_all_fails_are_named_the_worst_first_and_told():
    """Those that are excepted are not."""
    known = {pattern: reason for pattern, reason in KNOWN.items() if pattern != "margin/hinge/label-of-two"}
    with pytest.raises(DiscrepancyError) as raised:
        assert_conforms(functions.hinge, **HINGE, except_=known)
    told = str(raised.value)
    assert re.match(r"functions:hinge fails 1 of \d+ cases of hinge_loss:\n  accepted-invalid-input +margin", told)
    assert "zeros-and-ones" not in told
    assert "margin/hinge/label-of-two   functions:hinge numpy " in told


def test_many_fails_are_counted():
    """Not more than can be read are named."""
    with pytest.raises(DiscrepancyError, match=r"  … and \d+ more\n"):
        assert_conforms(lambda logits, labels: logits + labels + 7, **HINGE)


def test_an_exception_that_is_not_needed_any_more_fails():
    """Where no case of it fails."""
    with pytest.raises(DiscrepancyError, match=r"no case of margin/hinge/logits fails any more"):
        assert_conforms(functions.hinge, **HINGE, except_={**KNOWN, "margin/hinge/logits": "was wrong once"})


BASELINE = """
implementations: ['functions:hinge']
discrepancies:
  - kind: accepted-invalid-input
    reason: Neither labels nor shapes are checked.
    cases: [margin/hinge/zeros-and-ones, margin/hinge/label-of-two, margin/hinge/column-against-vector]
  - kind: wrong-dtype
    reason: NumPy promotes integers.
    dtypes: [float32, float16]
    cases: [margin/hinge/integer-signs]
"""


@pytest.fixture
def baseline(tmp_path):
    """What is known of a function, with a part of it replaced."""

    def write(old="", new=""):
        (tmp_path / "hinge.yaml").write_text(BASELINE.replace(old, new) if old else BASELINE, encoding="utf-8")
        return tmp_path / "hinge.yaml"

    return write


def test_what_a_baseline_knows_is_no_failure(baseline, tmp_path):
    """As a file, or as a folder; neither for all cases nor for one."""
    for place in (baseline(), str(tmp_path), [baseline()]):
        assert assert_conforms(functions.hinge, **HINGE, baseline=place) is None
    for check in checks(functions.hinge, **HINGE, baseline=baseline()):
        check()


def test_what_a_baseline_does_not_know_fails(baseline):
    """As without one; of two kinds, one may be known."""
    with pytest.raises(DiscrepancyError, match="fails 1 of"):
        assert_conforms(functions.hinge, **HINGE, baseline=baseline(", margin/hinge/label-of-two", ""))
    with pytest.raises(DiscrepancyError, match=r"wrong-dtype +margin/hinge/integer-signs  \(float16\)"):
        assert_conforms(functions.hinge, **HINGE, baseline=baseline("[float32, float16]", "[float32]"))


def test_a_baseline_that_is_otherwise_fails(baseline):
    """Fixed, for all and for one case; and stale, which only all can tell."""
    fixed = baseline("margin/hinge/label-of-two", "margin/hinge/logits, margin/hinge/label-of-two")
    words = r"hinge.yaml:4:\saccepted-invalid-input:\smargin/hinge/logits:\snow\spass\sin\sfloat16"
    with pytest.raises(DiscrepancyError, match=words):
        assert_conforms(functions.hinge, **HINGE, baseline=fixed)
    (check,) = checks(functions.hinge, **HINGE, baseline=fixed, only="margin/hinge/logits")
    with pytest.raises(DiscrepancyError, match=words):
        check()
    stale = baseline("margin/hinge/label-of-two", "margin/hinge/no-such, margin/hinge/label-of-two")
    with pytest.raises(DiscrepancyError, match=r"no\scase\smatches\smargin/hinge/no-such"):
        assert_conforms(functions.hinge, **HINGE, baseline=stale)
    for check in checks(functions.hinge, **HINGE, baseline=stale):
        check()
    with pytest.raises(CorpusError, match=r"none\.yaml:1"):
        checks(functions.hinge, **HINGE, baseline="none.yaml")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"except_": {"margin/hinge/logits": " "}}, ArgumentError, "a reason why 'margin/hinge/logits' is excepted"),
        ({"except_": {"margin/hinge/logit": "why"}}, UnknownNameError, "did you mean margin/hinge/logits"),
        ({"only": "binary/clipping"}, UnknownNameError, "no case matches 'binary/clipping'"),
        ({"dtypes": "bfloat16"}, UnknownNameError, "of numpy one of float64, float32, float16; got 'bfloat16'"),
        ({"conventions": "clip"}, UnknownNameError, "`convention` must be one of"),
        ({"backend": "trch"}, UnknownNameError, "got 'trch'"),
        ({"loss": "hinge"}, UnknownNameError, "got 'hinge'"),
        ({"only": "margin/hinge/mean"}, ArgumentError, "got none of 1: hinge has no parameter reduction"),
    ],
)
def test_wrong_usage_is_an_error_at_once(options, error, words):
    """No reason, a glob that matches nothing, names that nobody knows, nothing to ask."""
    with pytest.raises(error, match=words):
        assert_conforms(functions.hinge, **{**HINGE, **options})


def test_warnings_and_jax_s_switches_stay_as_they_are(jax):
    """A function that warns is no failure, and JAX has float64 for its calls alone."""

    def warns(logits, labels):
        warnings.warn("loudly", stacklevel=1)
        return functions.tensors(logits, labels)

    jax.config.update("jax_enable_x64", False)
    try:
        chosen = checks(warns, loss="hinge_loss", backend="jax", only="margin/hinge/logits", dtypes="float64")
        assert [()] == [check.fails() for check in chosen]
        assert jax.config.jax_enable_x64 is False
    finally:
        jax.config.update("jax_enable_x64", True)


def test_gradients_are_asked_where_there_is_autodiff(torch):
    """A loss that is right with a gradient that is not."""

    def detached(logits, labels):
        return functions.tensors(logits, labels).detach() + 0 * logits

    (check,) = checks(detached, loss="hinge_loss", backend="torch", only="margin/hinge/logits", dtypes="float32")
    (found,) = check.fails()
    assert torch.is_grad_enabled()
    assert ("fail", "gradient") == (found.verdict, found.part)


def test_the_process_of_the_test_is_the_function_s():
    """A closure is asked, and sees what it closes over."""
    seen = []

    def counting(logits, labels):
        seen.append(logits.dtype.name)
        return functions.hinge(logits, labels)

    for check in checks(counting, **HINGE, only="margin/hinge/logits"):
        check()
    assert {"float64", "float32", "float16"} == set(seen)


MINE = """
import functions
from ceconform.testing import cases

known = {}

@cases(functions.hinge, loss="hinge_loss", backend="numpy", only="margin/hinge/*", except_=known)
def test_hinge(check):
    check()
"""


FILES = {
    "some": {"margin/hinge/integer-*": "NumPy promotes"},
    "all": KNOWN,
    "one_too_many": {**KNOWN, "margin/hinge/logits": "was wrong once"},
    "everything": {"margin/hinge/*": "not looked at yet"},
}
"""What somebody's test files except."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Test files of somebody else's, run by one pytest: what it said, and how many of each outcome each file has."""
    folder = tmp_path_factory.mktemp("somebody")
    for name, known in FILES.items():
        (folder / f"test_{name}.py").write_text(MINE.replace("{}", repr(known)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:randomly", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    outcomes = re.findall(r"^(PASSED|FAILED|XFAIL|XPASS) test_(\w+)\.py::", done.stdout, re.MULTILINE)
    return done.stdout, {name: Counter(how for how, file in outcomes if file == name) for name in FILES}


@pytest.mark.xdist_group("pytest")
def test_pytest_has_a_test_for_each_case(ran):
    """Named by its id; a failure tells the story, without our frames; excepted cases fail as expected."""
    everything = len(checks(functions.hinge, **HINGE, only="margin/hinge/*"))
    told, counts = ran
    assert counts["some"] == {"PASSED": everything - 4, "FAILED": 3, "XFAIL": 1}
    assert "FAILED test_some.py::test_hinge[margin/hinge/label-of-two]" in told
    assert "wanted    0.75" in told
    assert "check.py" not in told
    assert counts["all"] == {"PASSED": everything - 4, "XFAIL": 4}


@pytest.mark.xdist_group("pytest")
def test_pytest_is_strict_about_an_exception_by_id(ran):
    """One that passes fails; of a glob, some may pass."""
    told, counts = ran
    assert 1 == counts["one_too_many"]["FAILED"]
    assert "[XPASS(strict)] was wrong once" in told
    assert counts["everything"].keys() == {"XFAIL", "XPASS"}


def test_the_mark_is_a_plain_one():
    """Other marks and fixtures go with it."""
    mark = cases(functions.hinge, **HINGE, only="margin/hinge/logits").mark
    assert ("parametrize", "check") == (mark.name, mark.args[0])
