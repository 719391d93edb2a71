"""Grids: what a sweep asks."""

from __future__ import annotations

import numpy as np
import pytest

from ceconform.authoring.grids import GAMMAS, SWEPT, fingerprint, grids
from ceconform.errors import UnknownNameError
from ceconform.formats import FORMATS, fits


@pytest.fixture(scope="module")
def every():
    """All grids."""
    return grids()


def test_grids_are_the_same_everywhere():
    """The fingerprint of a few of them, as any machine has it."""
    some = grids(["binary_cross_entropy", "categorical_cross_entropy_with_logits"], ["float32", "bfloat16"])
    assert "ece1c906f2ac02bb" == fingerprint(some)
    assert fingerprint(some) != fingerprint(some[1:])


def test_every_loss_has_grids_in_every_dtype_in_numbers_of_its_own(every):
    """And every grid has a name that says where it belongs."""
    assert {(loss, dtype) for loss in SWEPT for dtype in FORMATS} == {(c.loss, *c.dtypes) for c in every}
    assert len(every) == len({case.id for case in every})
    for case in every:
        for array in (case.predictions, case.labels, *case.parameters.values()):
            if isinstance(array, np.ndarray) and array.dtype.kind == "f":
                assert fits(array, case.dtypes[0]), case.id


def test_grids_reach_what_is_hard(every):
    """Logits to 1e4, a vocabulary of classes, every gamma, soft labels, reductions; and few shapes."""
    logits = [case for case in every if case.call(case.dtypes[0]).spec.predictions == "logits"]
    assert {1e4} == {np.abs(c.predictions).max() for c in logits if c.id.endswith("float64/large-terms-mean")}
    assert 128_256 in {case.predictions.shape[-1] for case in logits}
    assert set(GAMMAS) == {case.parameters.get("gamma") for case in every if "focal" in case.loss}
    assert {"sum", "mean", "weighted_mean", None} == {case.parameters.get("reduction") for case in every}
    assert len({case.predictions.shape for case in every}) < 16


def test_an_unknown_loss_is_refused():
    """Dtypes likewise."""
    with pytest.raises(UnknownNameError, match="got 'hinge'"):
        grids(["hinge"])
    with pytest.raises(UnknownNameError, match="got 'float8'"):
        grids(["hinge_loss"], ["float8"])
