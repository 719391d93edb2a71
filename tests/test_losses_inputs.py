"""What is refused: at once, on every backend, saying what was expected and what came."""

from __future__ import annotations

import numpy as np
import pytest

import ceconform as cc
from ceconform.corpus import LOSSES
from ceconform.errors import ArgumentError, DTypeError, RangeError, ShapeError


@pytest.fixture
def make(place):
    """Numbers to an array of the backend."""
    backend, device = place

    def make(values, dtype=None):
        values = np.asarray(values)
        return backend.asarray(values, dtype or ("float32" if values.dtype.kind == "f" else None), device)

    return make


def test_labels_are_never_broadcast(make):
    """(4, 1) against (4,) is an error that names the axis that is left out."""
    with pytest.raises(
        ShapeError, match=r"`labels` must have the shape of `logits` without axis 1: expected \(4,\), got \(4, 1\)"
    ):
        cc.sparse_cross_entropy_with_logits(make(np.zeros((4, 3))), make(np.zeros((4, 1), dtype=int)))
    with pytest.raises(ShapeError, match=r"the shape of `probabilities`: expected \(4,\), got \(4, 1\)"):
        cc.binary_cross_entropy(make(np.full(4, 0.5)), make(np.ones((4, 1))))


def test_weights_may_not_enlarge_the_loss(make):
    """Nor may there be another number of class weights than of classes."""
    z, t = make(np.zeros(4)), make(np.ones(4))
    for wrong in ((2,), (3, 4), (1, 1)):
        with pytest.raises(ShapeError, match="`sample_weight` must broadcast"):
            cc.binary_cross_entropy_with_logits(z, t, sample_weight=make(np.ones(wrong)))
    with pytest.raises(
        ShapeError, match=r"`class_weight` must have one number for each class of `logits`: expected \(3,\), got \(2,\)"
    ):
        cc.sparse_cross_entropy_with_logits(
            make(np.zeros((4, 3))), make(np.zeros(4, dtype=int)), class_weight=make(np.ones(2))
        )


def test_a_class_axis_must_exist_and_hold_a_class(make):
    """Neither a number without axes nor a row without classes has a softmax."""
    with pytest.raises(ShapeError, match="must have a class axis"):
        cc.entropy(make(np.asarray(0.5)))
    with pytest.raises(ShapeError, match="at least one class"):
        cc.entropy(make(np.zeros((2, 0))))
    with pytest.raises(ArgumentError, match=r"`axis` must be an axis of `probabilities`, in \[-2, 2\): got 2"):
        cc.entropy(make(np.zeros((2, 2))), axis=2)


def test_dtypes_of_the_wrong_kind(make):
    """Integer predictions, floating or bool class indices, and what is no array at all."""
    floats, integers = make(np.full((2, 2), 0.5)), make(np.zeros((2, 2), dtype=int))
    with pytest.raises(DTypeError, match="`probabilities` must have a real floating dtype"):
        cc.binary_cross_entropy(integers, integers)
    with pytest.raises(DTypeError, match="`labels` must be class indices"):
        cc.sparse_cross_entropy(floats, make(np.zeros(2)))
    with pytest.raises(DTypeError, match="`labels` must be class indices"):
        cc.sparse_cross_entropy(floats, make(np.zeros(2, dtype=bool)))
    with pytest.raises(DTypeError, match="`probabilities` must be an array"):
        cc.binary_cross_entropy([0.5], [1.0])
    with pytest.raises(DTypeError, match="`labels` must be an array of the same library"):
        cc.binary_cross_entropy(floats, [[1.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("loss", "wrong"),
    [
        (cc.binary_focal_loss, {"reduction": "avg"}),
        (cc.binary_focal_loss, {"label_smoothing": 1.5}),
        (cc.binary_focal_loss, {"label_smoothing": "some"}),
        (cc.binary_focal_loss, {"gamma": -1.0}),
        (cc.binary_focal_loss, {"alpha": 2.0}),
        (cc.binary_focal_loss, {"base": 1.0}),
        (cc.binary_focal_loss, {"base": -2.0}),
        (cc.categorical_focal_loss, {"axis": 2}),
        (cc.categorical_focal_loss, {"axis": None}),
        (cc.categorical_focal_loss, {"convention": "clamp-log-at-100"}),
        (cc.brier_loss, {"axis": None, "class_weight": 1.0}),
    ],
)
def test_parameters_without_a_meaning(make, loss, wrong):
    """The message names the parameter and what came."""
    q = make([[0.5, 0.5], [1.0, 0.0]])
    with pytest.raises(ArgumentError, match=f"`{list(wrong)[-1]}`"):
        loss(q, q, **wrong)


def test_check_names_the_first_offender(make):
    """Its index, its value, and the range."""
    p = make([[0.5, 0.25], [1.5, -0.5]])
    with pytest.raises(RangeError, match=r"`probabilities` must lie in \[0, 1\]: got 1.5 at index \(1, 0\)"):
        cc.binary_cross_entropy(p, make(np.ones((2, 2))), check=True)
    with pytest.raises(RangeError, match=r"`labels` must be class indices in \[0, 2\): got 2 at index \(1,\)"):
        cc.sparse_cross_entropy_with_logits(p, make([0, 2]), check=True)
    with pytest.raises(RangeError, match=r"`labels` must be -1 or \+1: got 0.5 at index \(0, 0\)"):
        cc.hinge_loss(p, p, check=True)
    with pytest.raises(RangeError, match=r"`log_probabilities` must lie in \(-inf, 0\]: got 0.5 at index \(0, 0\)"):
        cc.nll_loss(p, make([0, 0]), check=True)
    with pytest.raises(RangeError, match=r"`sample_weight` must lie in \[0, inf\): got -1.0 at index \(1,\)"):
        cc.sparse_cross_entropy_with_logits(p, make([0, 1]), sample_weight=make([1.0, -1.0]), check=True)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss_checks_its_predictions(loss):
    """A NaN among them is named with `check=True`, and is the answer without it."""
    spec = LOSSES[loss]
    x = np.asarray([[0.0, 0.0], [np.nan, 0.0]])
    labels = np.asarray([0, 1]) if spec.labels == "index" else np.eye(2) + (spec.labels == "sign") * (np.eye(2) - 1)
    arrays = [x, *([np.eye(2)] if spec.layer else []), *([labels] if spec.labels else [])]
    assert np.isnan(getattr(cc, loss)(*arrays))
    with pytest.raises(RangeError, match=rf"`{spec.predictions}` must lie in .*: got nan at index \(1, 0\)"):
        getattr(cc, loss)(*arrays, check=True)


def test_check_passes_what_is_right_or_ignored(make):
    """An ignored row may hold anything."""
    p = make([[0.5, 0.25], [1.5, -0.5]])
    value = cc.sparse_cross_entropy(p, make([1, -100]), ignore_index=-100, check=True)
    assert float(value) == pytest.approx(np.log(4))
