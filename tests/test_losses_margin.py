"""Margin losses: hinge, its square, and the distance to the best wrong class."""

from __future__ import annotations

import math

import numpy as np
from asking import ask, same

from ceconform import categorical_hinge_loss, hinge_loss, soft_margin_loss, squared_hinge_loss

INF, NAN = math.inf, math.nan
SCORES = [-1.0, 0.5, 1.0, 2.0, INF, -INF, NAN, 0.0]
SIGNS = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]


def test_hinge(place):
    """max(0, 1 - yz), flat at the kink and beyond; a label that is no sign is NaN."""
    value, gradient = ask(place, hinge_loss, SCORES, SIGNS, reduction="none")
    same([2, 0.5, 0, 0, 0, INF, NAN, NAN], value)
    same([-1, -1, 0, 0, 0, -1, NAN, NAN], gradient)


def test_squared_hinge(place):
    """The square, whose slope grows with the distance."""
    value, gradient = ask(place, squared_hinge_loss, SCORES, SIGNS, reduction="none")
    same([4, 0.25, 0, 0, 0, INF, NAN, NAN], value)
    same([-4, -1, 0, 0, 0, -INF, NAN, NAN], gradient)


def test_margins_are_symmetric(place):
    """Turning the sign of score and label turns the gradient, and nothing else."""
    for loss in (hinge_loss, squared_hinge_loss, soft_margin_loss):
        here = ask(place, loss, SCORES, SIGNS, reduction="none")
        there = ask(place, loss, [-z for z in SCORES], [-y for y in SIGNS], reduction="none")
        same(here[0], there[0])
        same(-here[1], there[1])


def test_soft_margin_at_its_edges(place):
    """An infinite logit costs nothing on the right side and everything on the other; so it does under weights."""
    z, y = [INF, -INF, INF, -INF, NAN, NAN, 0.0, 1.0], [1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 0.5, 1.0]
    value, gradient = ask(place, soft_margin_loss, z, y, reduction="none")
    same([0, 0, INF, INF, NAN, NAN, NAN, math.log1p(math.exp(-1))], value)
    same([0, 0, 1, -1, NAN, NAN, NAN, -1 / (1 + math.e)], gradient)
    weight = np.asarray([2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, -1.0])
    value, gradient = ask(place, soft_margin_loss, z, y, sample_weight=weight, reduction="none")
    same([0, 0, INF, 0, NAN, 0, NAN, NAN], value)
    same([0, 0, 2, 0, NAN, 0, NAN, NAN], gradient)


def test_categorical_hinge(place):
    """The best wrong classes share the derivative; the loss is 0 from a distance of 1 on."""
    z = [[1, 2, 2], [3, 1, 1], [2, 1, 1], [NAN, 1, 1], [INF, 0, 0], [-INF, 0, 0], [0, 0, -INF], [0, 0, 0]]
    y = [0, 0, 0, 1, 0, 0, 0, 3]
    value, gradient = ask(place, categorical_hinge_loss, z, y, reduction="none")
    same([2, 0, 0, NAN, 0, INF, 1, NAN], value)
    none = [NAN] * 3
    same([[-1, 0.5, 0.5], [0] * 3, [0] * 3, none, [0] * 3, [-1, 0.5, 0.5], [-1, 1, 0], none], gradient)


def test_a_single_class_has_no_margin(place):
    """There is no wrong class to be near; a row at -inf throughout is none."""
    value, gradient = ask(place, categorical_hinge_loss, [[1.0], [INF], [-INF], [NAN]], [0, 0, 0, 0], reduction="none")
    same([0, 0, NAN, NAN], value)
    same([[0], [0], [NAN], [NAN]], np.where(np.isnan(gradient), np.nan, np.abs(gradient)))
