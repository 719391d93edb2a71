"""Shapes: of losses and labels, as NumPy reduces and broadcasts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ceconform.corpus import LOSSES
from ceconform.corpus.shapes import broadcasts, labels_shape, loss_shape, without_axis

SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@given(SHAPES.filter(len), st.data())
def test_without_axis_is_the_shape_of_a_sum(shape, data):
    """Leaving an axis out gives the shape that a reduction over it has."""
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    assert np.zeros(shape).sum(axis=axis).shape == without_axis(shape, axis)


@given(SHAPES, SHAPES)
def test_broadcasts_says_what_numpy_does(shape, target):
    """An array broadcasts if NumPy broadcasts it to exactly the target."""
    try:
        np.broadcast_to(np.zeros(shape), target)
    except ValueError:
        assert not broadcasts(shape, target)
    else:
        assert broadcasts(shape, target)


def test_labels_and_losses_have_their_shapes():
    """Class indices and row losses lack the class axis; elementwise losses keep every axis."""
    index, binary, rows = (LOSSES[n] for n in ("nll_loss", "binary_cross_entropy", "categorical_cross_entropy"))
    assert ((2, 4), (2, 4)) == (labels_shape(index, (2, 3, 4), 1), loss_shape(index, (2, 3, 4), 1))
    assert ((2, 3), (2, 3)) == (labels_shape(binary, (2, 3), None), loss_shape(binary, (2, 3), None))
    assert ((2, 3), (2,)) == (labels_shape(rows, (2, 3), -1), loss_shape(rows, (2, 3), -1))
    brier = LOSSES["brier_loss"]
    assert (2, 3) == loss_shape(brier, (2, 3), None)
