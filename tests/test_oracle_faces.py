"""A probability seen three ways: wherever it comes from, they are those of one number."""

from __future__ import annotations

import math

import pytest
from flint import arb

from ceconform.oracle.faces import Logarithm, Partition, Probability, Quotient, Sigmoid, Softmax


@pytest.mark.parametrize("p", [0.9375, 0.5, 0.0625])
def test_the_faces_of_a_probability_agree(p):
    """From a probability, a part of a sum, a logarithm, a logit, and a distance to the largest logit."""
    logit = math.log(p / (1 - p))
    top, excess = max(logit, 0.0), arb(math.exp(-abs(logit)))
    faces = [
        Probability(arb(p)),
        Quotient(arb(3 * p), arb(3)),
        Logarithm(arb(p).log()),
        Sigmoid(arb(logit)),
        Softmax(arb(logit - top), arb(0) if logit >= 0 else excess, Partition(excess), top=logit >= 0),
    ]
    for face in faces:
        assert float(face.p) == pytest.approx(p)
        assert float(face.rest) == pytest.approx(1 - p)
        assert float(face.log) == pytest.approx(math.log(p))
