"""The numbers that all libraries are given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.comparison import BINARY, CONFIDENT, Question

__all__ = ["draw"]


def draw(question: Question, dtype: str = "float32") -> tuple[NDArray[Any], NDArray[Any]]:
    """Draw logits of a network in the middle of its training, and labels: class indices, or 0 and 1 in `dtype`.

    A confident network has learnt them: in each row the label's logit is 20 more.
    """
    generator = np.random.default_rng(0)
    logits = generator.standard_normal(question.shape, dtype=np.float32).astype(dtype) * 4
    if question.loss == BINARY:
        return logits, generator.integers(0, 2, question.shape).astype(dtype)
    labels = generator.integers(0, question.shape[1], question.shape[0])
    if question.loss == CONFIDENT:
        logits[np.arange(len(labels)), labels] += 20
    return logits, labels
