"""Inputs: what one grid asks, before it is a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Inputs"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """Predictions, labels and parameters under a name."""

    name: str
    predictions: NDArray[np.float64]
    labels: NDArray[Any] | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    value_alone: bool = False
    """Only the value is measured, because exact gradients of so many classes would take minutes."""

    def having(self, name: str, **parameters: Any) -> Inputs:
        """The same with more parameters, under another name.

        >>> x = np.zeros(2)
        >>> Inputs(name="zeros", predictions=x, labels=x).having("sum", reduction="sum").parameters
        {'reduction': 'sum'}
        """
        return replace(self, name=name, parameters={**self.parameters, **parameters})
