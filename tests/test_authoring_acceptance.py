"""Acceptance: what is new becomes entries that say exactly that."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_report_difference import FAIL, HEADER, result

from ceconform.authoring.acceptance import accept, render_accepted, severe
from ceconform.authoring.baselines import extend
from ceconform.errors import ArgumentError
from ceconform.report import Implementation, Report, regression
from ceconform.verdict import read_baseline, read_baselines

DTYPES = ("float32", "float16")
CASES = [
    SimpleNamespace(id=f"{topic}/{slug}", formerly=(), dtypes=DTYPES)
    for topic in ("binary/clipping", "binary/logits", "sparse/logits")
    for slug in ("one", "two", "three")
]
KERAS = ("keras[jax]", "keras[torch]")


def report(*results) -> Report:
    """A report of two implementations that can be asked in two dtypes."""
    known = tuple(Implementation(name=name, version="3.8", dtypes=DTYPES) for name in KERAS)
    return Report(header=dataclasses.replace(HEADER, implementations=known), results=results)


def answers(fails, *, implementations=KERAS[:1], dtypes=DTYPES, cases=CASES, kind="lost-precision"):
    """Everything is asked; what `fails` says of a case, an implementation and a dtype does."""
    for case in cases:
        for name in implementations:
            for dtype in dtypes:
                known = {"case": case.id, "implementation": name, "version": "3.8", "dtype": dtype}
                wrong = {"verdict": "fail", "kind": kind, "part": "value"} if fails(case.id, name, dtype) else {}
                yield result(**known, **wrong)


def places(*results):
    """What an entry of all fails says: implementations, dtypes, entry points, cases."""
    (entry,) = accept(results, report(*results), CASES)
    return [(each.implementations, each.dtypes, each.via, each.cases) for each in entry.places]


JAX = KERAS[:1]


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        (lambda *_: True, [(JAX, (), (), ("binary/**", "sparse/**"))]),
        (lambda case, *_: "binary/c" in case, [(JAX, (), (), ("binary/clipping/*",))]),
        (lambda case, *_: case.endswith("clipping/one"), [(JAX, (), (), ("binary/clipping/one",))]),
        (lambda case, _, dtype: "sparse" in case and dtype == "float16", [(JAX, ("float16",), (), ("sparse/**",))]),
    ],
)
def test_a_glob_is_written_where_all_of_it_fails(fails, expected):
    """A family, a file; else the ids."""
    assert expected == places(*answers(fails))


def test_implementations_that_fail_alike_stand_together():
    """And those that do not, apart."""
    assert [(KERAS, (), (), ("sparse/**",))] == places(*answers(lambda c, *_: "sparse" in c, implementations=KERAS))
    one = places(*answers(lambda c, n, _: c == "sparse/logits/one" or n == KERAS[0], implementations=KERAS))
    assert [KERAS[:1], KERAS] == [names for names, *_ in one]


def test_what_was_not_asked_is_not_accepted():
    """In the other dtype, or of the other cases of a file, nobody knows."""
    assert [(JAX, ("float32",), (), ("binary/**", "sparse/**"))] == places(*answers(lambda *_: True, dtypes=DTYPES[:1]))
    some = places(*answers(lambda *_: True, cases=CASES[:2]))
    assert [(JAX, (), (), ("binary/clipping/one", "binary/clipping/two"))] == some


def test_an_entry_point_is_named_where_another_is_right():
    """Only the one that fails."""
    fails = [dataclasses.replace(each, via="a") for each in answers(lambda *_: True, cases=CASES[:1])]
    right = [dataclasses.replace(each, via="b") for each in answers(lambda *_: False, cases=CASES[:1])]
    assert [(JAX, (), ("a",), ("binary/clipping/one",))] == places(*fails, *right)


def test_one_cause_is_one_entry():
    """By kind, loss, part, convention; and by file where the kind does not say it all."""
    every = list(answers(lambda *_: True))
    assert 1 == len(accept(every, report(*every), CASES))
    topical = list(answers(lambda *_: True, kind="wrong-value"))
    assert 3 == len(accept(topical, report(*topical), CASES))


def test_versions_begin_with_the_one_that_was_asked():
    """Several of one implementation are not told apart."""
    one, other = result(version="3.8", verdict="fail", kind="crash"), result(version="3.9+cpu")
    (entry,) = accept([dataclasses.replace(one, version="3.9+cpu")], report(other), CASES)
    assert ">=3.9" == entry.versions
    with pytest.raises(ArgumentError, match=r"expected a report of one version of torch, got 3\.8 and 3\.9\+cpu"):
        accept([one], report(one, other), CASES)


def test_what_is_as_bad_as_a_wrong_value_is_severe():
    """What is milder is not."""
    kinds = ("crash", "wrong-value", "wrong-reduction", "lost-precision")
    some = [dataclasses.replace(FAIL, kind=kind) for kind in kinds]
    assert ["crash", "wrong-value"] == [each.kind for each in severe([*some, result()])]


outcomes = st.sampled_from(["pass", "acceptable", "unsupported", "lost-precision", "wrong-value", "wrong-shape", ""])


@st.composite
def runs(draw):
    """Any answers, by one or two entry points; some calls were not asked."""
    found = []
    for case in CASES:
        for name in KERAS:
            for dtype in DTYPES:
                for via in draw(st.sampled_from([("a",), ("a", "b")])):
                    outcome = draw(outcomes)
                    known = {"case": case.id, "implementation": name, "version": "3.8", "dtype": dtype, "via": via}
                    kind = {"verdict": "fail", "kind": outcome, "part": draw(st.sampled_from(["value", "gradient"]))}
                    if outcome == "unsupported":
                        known["via"] = ""
                    if outcome:
                        found.append(result(**known, **(kind if "-" in outcome else {"verdict": outcome})))
    return report(*found)


@settings(max_examples=40)
@given(runs())
def test_what_is_accepted_is_known_and_nothing_else_is(run):
    """Whatever is answered: then nothing is new, nothing fixed, nothing stale, and accepting again adds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "keras.yaml")
        if not run.results:
            return
        first = extend(run, (), CASES, path=path, force=True)
        known = read_baselines([path])
        found = regression(run, known, CASES)
        fails = [each for each in run.results if each.verdict == "fail"]
        assert (len(fails), 0, (), ()) == (len(found.known), len(found.new), found.fixed, found.stale)
        assert first.accepted == len(fails)
        before = path.read_text(encoding="utf-8")
        assert 0 == extend(run, known, CASES, path=path, force=True).entries
        assert before == path.read_text(encoding="utf-8")


def test_what_is_written_is_read_as_it_was_meant(tmp_path):
    """A comment each, an empty reason; implementations are left out where they are all of the file's."""
    every = [
        *answers(lambda c, *_: "sparse" in c, implementations=KERAS),
        *answers(lambda *asked: asked[2] == "float16", implementations=KERAS, cases=CASES[:1]),
    ]
    (entry,) = accept(every, report(*every), CASES)
    text = render_accepted([entry], KERAS)
    assert text.startswith("  # binary_cross_entropy: ceconform explain ")
    assert "implementations" not in text
    (tmp_path / "b.yaml").write_text(f"implementations: {list(KERAS)}\ndiscrepancies:\n{text}", encoding="utf-8")
    (read,) = read_baseline(tmp_path / "b.yaml").entries
    assert ("lost-precision", "value", ">=3.8", "") == (read.kind, read.part, read.versions, read.reason)
    assert [dataclasses.replace(each, line=0) for each in read.places] == list(entry.places)
