"""What is compared, as data: one question, put to our function and to its rivals in the same library."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import ceconform

__all__ = [
    "BINARY",
    "BOTH",
    "CONFIDENT",
    "FORWARD",
    "OURS",
    "PASS",
    "SMALL",
    "SOFTMAX",
    "WITH_LOGITS",
    "Comparison",
    "Question",
    "questions",
]

OURS = "ours"
PASS = "pass"  # noqa: S105 - no password: one pass over the memory
SOFTMAX, CONFIDENT, BINARY = "softmax", "softmax, confident", "binary"
FORWARD, BOTH = "forward", "forward+backward"
SIZES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    SOFTMAX: ((64, 10), (8192, 1000), (128, 128_000)),
    CONFIDENT: ((8192, 1000), (128, 128_000)),
    BINARY: ((1_000,), (10_000_000,)),
}
WITH_LOGITS: Mapping[str, Callable[..., Any]] = {
    SOFTMAX: ceconform.sparse_cross_entropy_with_logits,
    CONFIDENT: ceconform.sparse_cross_entropy_with_logits,
    BINARY: ceconform.binary_cross_entropy_with_logits,
}
"""Ours."""
SMALL = ((64, 10), (1_000,))
"""Sizes at which a call's overhead is what is measured."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A loss, the shape and the dtype of its predictions, and whether the gradient is asked for."""

    loss: str
    shape: tuple[int, ...]
    dtype: str
    part: str

    @property
    def backward(self) -> bool:
        """Whether the gradient is asked for."""
        return self.part == BOTH

    @property
    def elements(self) -> int:
        """How many predictions there are."""
        return math.prod(self.shape)

    @property
    def size(self) -> str:
        """The shape as a reader writes it.

        >>> Question(loss="softmax", shape=(64, 10), dtype="float32", part="forward").size
        '64x10'
        """
        return "x".join(map(str, self.shape))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One question and all who answer it; nothing is allocated or compiled before `make` is called."""

    setting: str
    """The library and how it runs: `torch-eager`, `jax-jit`."""
    question: Question
    make: Callable[[Question], Mapping[str, Callable[[], Any]]]
    """Returns the calls, each of which returns when its result is there: ours, the rivals, one pass over the memory."""
    peak: Callable[[Any], int]
    """Takes one of those calls and returns how many bytes it holds at most, beyond its inputs."""
    profile: Callable[[Any], list[str]]
    """Takes one of those calls and says where its time goes."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Rival to the largest ratio ours ÷ theirs that we accept."""

    @property
    def name(self) -> str:
        """What `--only` selects by."""
        asked = self.question
        return f"{self.setting}/{asked.loss}/{asked.size}/{asked.dtype}/{asked.part}"


def questions(*dtypes: str, losses: tuple[str, ...] = (SOFTMAX, BINARY)) -> Iterator[Question]:
    """All questions in these dtypes."""
    for loss in losses:
        for shape, dtype, part in product(SIZES[loss], dtypes, (FORWARD, BOTH)):
            yield Question(loss=loss, shape=shape, dtype=dtype, part=part)
