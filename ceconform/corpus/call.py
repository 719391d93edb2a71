"""A call: one evaluation in neutral words, as the oracle, the adapters and the line protocol know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus.questions import LOSSES, Loss

__all__ = ["CALLS", "Call"]

CALLS = 16_384
"""So many calls are kept for the next implementation: each case in each dtype, on two devices."""

ARRAYS = ("weight", "bias", "class_weight", "sample_weight", "pos_weight", "alpha")
"""Parameters that may be arrays; alpha is a number for the binary losses, a number or an array for the others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """One evaluation: the value of a loss and its gradient, for exactly these numbers.

    Floating arrays are held as float64 and are exactly representable in `dtype`; class indices are int64, or the
    integer dtype that `label_dtype` names. `parameters` holds what the case states and nothing else: a parameter
    that is absent has its default (`axis` -1, `reduction` "none", no weights, ε = 0, γ = 2, α none, base e).
    """

    loss: str
    predictions: NDArray[np.float64]
    labels: NDArray[Any] | None
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    activation: str | None = None
    """`sigmoid`, `softmax`, `log_sigmoid` or `log_softmax`: applied by the asker before the loss (a pairing)."""
    gradient_by: str = "predictions"
    """`predictions`, `labels`, or the name of a parameter that is an array of weights."""
    cotangent: NDArray[np.float64] | None = None
    """What the losses are multiplied by in the gradient, one number for each; 1 where it is not stated."""
    space: str = "stated"
    """`stated`, or `default`: the input space is left at what the library assumes when nothing is said."""
    dtype: str = "float32"
    label_dtype: str | None = None
    device: str = "cpu"

    @property
    def spec(self) -> Loss:
        """What the loss takes."""
        return LOSSES[self.loss]

    @property
    def reduction(self) -> str:
        """`none`, `sum`, `mean` or `weighted_mean`."""
        return str(self.parameters.get("reduction", "none"))

    @property
    def axis(self) -> int | None:
        """The class axis."""
        axis = self.parameters.get("axis", -1)
        return None if axis is None else int(axis)

    @property
    def by(self) -> NDArray[Any]:
        """The array that the gradient is by, and whose shape it has."""
        arrays = {"predictions": self.predictions, "labels": self.labels, **self.parameters}
        return np.asarray(arrays[self.gradient_by])

    def get(self, parameter: str, default: Any = None) -> Any:
        """A parameter's value, or the default that its absence means."""
        return self.parameters.get(parameter, default)
