"""Sweeping: what is planted is measured."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from ceconform.authoring.grids import grids
from ceconform.authoring.sweep import sweep
from ceconform.authoring.tally import errors
from ceconform.report import Accuracy
from ceconform.verdict.comparison import wanted

pytestmark = pytest.mark.xdist_group("sweep")
"""A sweep for many tests."""


@pytest.fixture(scope="module")
def swept() -> Accuracy:
    """Two planted implementations and ours on the hinge loss."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        return sweep(["planted:Off", "planted:Loses", "ceconform[numpy]"], grids(["hinge_loss"], ["float32"]))


def found(swept, name, part, kind):
    """One measurement."""
    (one,) = [m for m in swept.measurements if (m.implementation, m.part, m.kind) == (name, part, kind)]
    return one


def test_a_planted_error_is_measured_in_value_and_gradient(swept):
    """Five units in the value, up to two roundings, and ten in the gradient, with the input that shows it."""
    value, gradient = (found(swept, "off", *of) for of in (("value", "unreduced"), ("gradient", "hard")))
    assert 5 <= value.maximum <= 6
    assert 10 == gradient.maximum
    assert (0, False) == (value.lost, value.holds)
    assert value.worst.grid == "sweep/hinge_loss/float32/margins"
    assert {"logit", "label"} == value.worst.said.keys()
    assert value.missed > 0
    assert [value.worst] == list(value.misses)
    assert max(y for _, y in value.curve) == value.maximum


def test_what_is_lost_is_counted_apart(swept):
    """An infinity does not spoil the errors of the rest, and is not hidden by them."""
    value = found(swept, "loses", "value", "unreduced")
    assert 0 < value.lost < value.count
    assert value.maximum <= 0.5
    assert not value.holds
    assert ("inf", None) == (value.lost_at.got, value.lost_at.ulps)
    assert None in [y for _, y in value.curve]


def test_what_cannot_be_said_is_said(swept):
    """Reductions and weights of the planted ones, with the reason; ours has all."""
    refused = {(each.implementation, each.status, each.reason) for each in swept.refusals}
    assert ("off", "unsupported", "there are no reductions") in refused
    assert not [each for each in swept.refusals if each.implementation == "ceconform[numpy]"]


def test_ours_is_within_its_targets(swept):
    """Reduced and not."""
    ours = [m for m in swept.measurements if m.implementation == "ceconform[numpy]"]
    assert [("gradient", "hard"), ("value", "reduced"), ("value", "unreduced")] == sorted(
        (m.part, m.kind) for m in ours
    )
    assert all(m.holds for m in ours)


def test_of_ours_the_backends_own_functions_are_measured(swept):
    """In the dtypes of the grids; of the planted ones there are none."""
    assert [("ceconform[numpy]", name, "float32", "cpu") for name in ("exp", "log", "log1p")] == [
        each.key for each in swept.elementary
    ]


@pytest.mark.parametrize(
    ("exact", "got", "flushes", "expected"),
    [
        ("1", 1 + 2**-22, False, 2.0),
        ("1.00000001", 1.0, False, 0.0838860),
        ("3e-44", 2.8e-45, False, 19.4),
        ("3e-44", 0.0, False, "lost"),
        ("3e-44", 0.0, True, "flushed"),
        ("1e-45", 0.0, False, 0.71362),
        ("1e-9", 0.0, True, "lost"),
        ("0", 1e-9, False, "lost"),
        ("1", float("nan"), False, "lost"),
        ("1e39", float("inf"), False, 0.0),
        ("1", float("inf"), False, "lost"),
    ],
)
def test_an_error_is_counted_in_the_last_place_of_the_exact_number(exact, got, flushes, expected):
    """In smallest subnormal numbers below the smallest normal one; apart what is lost or flushed."""
    right = wanted(np.array([Decimal(exact)], dtype=object), np.array([Decimal(1)], dtype=object), 1, "float32")
    got = np.array([got]).astype(np.float32).astype(np.float64)
    one = errors(got, right, "float32", unit=None, sizes=np.zeros(1), flushes=flushes, fed=np.array([False]))
    status = "lost" if one.lost[0] else "flushed" if one.flushed[0] else ""
    if isinstance(expected, str):
        assert expected == status
        assert np.isnan(one.ulps[0])
    else:
        assert status == ""
        assert one.ulps[0] == pytest.approx(expected, rel=1e-2)


def test_a_larger_term_makes_a_larger_unit():
    """A gradient of 1e-9 between two terms of 1 may be off by 1e-7."""
    right = wanted(np.array([Decimal("1e-9")], dtype=object), np.array([Decimal(1)], dtype=object), 1, "float32")
    one = errors(
        np.array([2.0**-23]), right, "float32", unit=None, sizes=np.ones(1), flushes=False, fed=np.array([False])
    )
    assert one.ulps[0] == pytest.approx(1 - 1e-9 * 2**23)


@pytest.mark.parametrize(("flushes", "flushed"), [(False, False), (True, True)])
def test_what_a_backend_makes_of_a_subnormal_input_is_flushed(flushes, flushed):
    """An infinity for -log 1e-40 counts apart where the backend read 0, and is lost anywhere else."""
    right = wanted(np.array([Decimal(92)], dtype=object), np.array([Decimal(1)], dtype=object), 1, "float32")
    asked = {"unit": None, "sizes": np.zeros(1), "fed": np.array([True])}
    one = errors(np.array([np.inf]), right, "float32", flushes=flushes, **asked)
    assert (flushed, not flushed) == (one.flushed[0], one.lost[0])
