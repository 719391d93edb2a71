"""A case: one question with one right answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus.call import CALLS, Call
from ceconform.corpus.excerpt import Excerpt, Numbers
from ceconform.corpus.nodes import Node
from ceconform.corpus.seen import Seen

__all__ = ["Case", "Expected"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """The right answer, as the oracle wrote it.

    Exactly one of these holds: `error` is set (the call must raise), or `loss` is set. `invalid` beside
    `loss` names what is wrong with the input; then raising is right too, and the NaNs in `loss` mark the
    losses that are touched. Very many numbers are stated as an excerpt, and their conditions with them.
    """

    loss: Numbers | Excerpt | None = None
    gradient: Numbers | Excerpt | None = None
    condition: Numbers | Excerpt | None = None
    """Of each loss: |l| + Σ |x_i ∂l/∂x_i|."""
    gradient_condition: Numbers | Excerpt | None = None
    """Of each gradient: |g_i| + Σ |x_j ∂g_i/∂x_j| + κ."""
    terms: int = 1
    """How many terms the reductions add up, classes included: n in the tolerance."""
    error: str = ""
    """`shape`, `dtype` or `reduction`."""
    invalid: str = ""
    """`label-range`, `probability-range`, `log-probability-range`, `weight-range` or `parameter-range`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One question with one right answer; its id is its path in the corpus and its slug."""

    id: str
    description: str
    loss: str
    predictions: NDArray[np.float64]
    labels: NDArray[Any] | None
    parameters: Mapping[str, Any]
    sources: Mapping[str, str]
    expected: Expected
    rounding: str = "float32"
    tags: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    """The dtypes that can represent the inputs exactly: those in which the case is asked."""
    label_dtype: str | None = None
    activation: str | None = None
    gradient_by: str = "predictions"
    """What the gradient is by; `labels`, or the name of an array of weights."""
    cotangent: NDArray[np.float64] | None = None
    """What the losses are multiplied by in the gradient."""
    space: str = "stated"
    cited: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Figures as a source prints them: `loss` and `grad`, decimal strings in the shape of the answer."""
    seen: tuple[Seen, ...] = ()
    """The wrong answers of which threads tell."""
    recognised_as: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """For a wrong pairing: the loss that was meant and the conventions under which it gives this number."""
    acceptable: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    generators: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """For each generated array, by its key in the case file, a plain-Python expression of its numbers."""
    described: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    """For each generated array, by the same key, its description as it stands in the case file."""
    formerly: tuple[str, ...] = ()
    path: Path = Path()
    line: int = 0

    def call(self, dtype: str, device: str = "cpu") -> Call:
        """The case as a call in this dtype, the same object whoever is asked."""
        return _call(self, dtype, device)


@lru_cache(maxsize=CALLS)
def _call(case: Case, dtype: str, device: str) -> Call:
    return Call(
        loss=case.loss,
        predictions=case.predictions,
        labels=case.labels,
        parameters=case.parameters,
        activation=case.activation,
        gradient_by=case.gradient_by,
        cotangent=case.cotangent,
        space=case.space,
        dtype=dtype,
        label_dtype=case.label_dtype,
        device=device,
    )
