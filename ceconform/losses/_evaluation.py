"""A loss as data: its kernel, what the kernel is a function of, and how the rows are reduced.

A public loss describes itself; the description gives the value, and the gradient on any backend.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ceconform.errors import ArgumentError
from ceconform.losses import _ordinary
from ceconform.losses._derivatives import losses_and_gradient, losses_of
from ceconform.losses._inputs import is_torch
from ceconform.losses._kernel import Kernel
from ceconform.losses._reduction import Reduction, coefficients, reduce

__all__ = ["Evaluation", "loss", "ordinarily", "value_and_grad"]

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(slots=True, kw_only=True)
class Evaluation:
    """One evaluation of a loss."""

    xp: Any
    kernel: Kernel
    arrays: tuple[Any, ...]
    """The predictions first; the others in the dtype of the computation."""
    reduction: Reduction
    dtype: Any
    """Of the predictions as they came, and of the answer."""
    computing: Any
    """The dtype of the computation."""

    @property
    def axis(self) -> int | None:
        """Which the losses of the rows lack, counted from the end of the predictions."""
        return self.kernel.axis

    def value(self) -> Any:
        """Return the loss."""
        return self._reduced(self._asked(losses_of))

    def value_and_gradient(self) -> tuple[Any, Any]:
        """Return the loss and its gradient by the predictions; for `none`, that of the sum."""
        losses, gradient = self._asked(losses_and_gradient)
        return self._reduced(losses), self.xp.astype(gradient, self.dtype, copy=False)

    def _asked(self, evaluate: Callable[..., Any]) -> Any:
        how = self.reduction
        return evaluate(self.xp, self.kernel, self.computing, self.arrays, self._coefficients, eager=how.eager)

    def _coefficients(self, losses: Any) -> Any:
        return coefficients(self.xp, losses, self.reduction)

    def _reduced(self, losses: Any) -> Any:
        return self.xp.astype(reduce(self.xp, losses, self.reduction), self.dtype, copy=False)


def _quiet(arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> contextlib.AbstractContextManager[Any]:
    """Keep NumPy from warning of the infinities and NaNs that are selected away, or are the answer."""
    predictions = arguments[0] if arguments else next(iter(keywords.values()), None)
    if type(predictions).__module__.partition(".")[0] in {"numpy", "array_api_strict"}:
        import numpy as np

        return np.errstate(all="ignore")
    return contextlib.nullcontext()


def ordinarily(kernel: Kernel) -> Callable[[Function], Function]:
    """Turn the function that describes a loss into the one that evaluates it; its kernel where a call is ordinary."""
    return functools.partial(loss, ordinary=kernel)


def loss(describe: Function, ordinary: Kernel | None = None) -> Function:
    """Turn the function that describes a loss into the one that evaluates it."""

    @functools.wraps(describe)
    def evaluate(*arguments: Any, **keywords: Any) -> Any:
        if arguments and is_torch(arguments[0]):
            from ceconform.losses import _small_torch

            value = _small_torch.loss(describe, ordinary, arguments, keywords)
            if value is not None:
                return value
        else:
            answer = _ordinary.answer(describe, ordinary, arguments, keywords, gradient=False)
            if answer is not None:
                return answer[0]
        with _quiet(arguments, keywords):
            return describe(*arguments, **keywords).value()

    evaluate.describe, evaluate.ordinary = describe, ordinary  # type: ignore[attr-defined]
    return evaluate  # type: ignore[return-value]


def value_and_grad(loss: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives a loss and its gradient by the predictions, on any backend.

    The gradient comes from the analytic formulas, so that NumPy, CuPy and other libraries without autodiff have it
    too, and it is the very one that PyTorch's and JAX's autodiff give.

    Parameters
    ----------
    loss
        One of the losses of this package.

    Returns
    -------
    function
        Takes the arguments of `loss` and returns (value, gradient). The gradient has the shape and the dtype of the
        predictions; for ``reduction="none"`` it is the gradient of the sum of the losses.

    Raises
    ------
    ArgumentError
        For a function that is not one of these losses.

    Examples
    --------
    >>> import numpy as np
    >>> from ceconform import binary_cross_entropy_with_logits, value_and_grad
    >>> value, gradient = value_and_grad(binary_cross_entropy_with_logits)(np.asarray([0.0]), np.asarray([1.0]))
    >>> float(value), gradient
    (0.6931471805599453, array([-0.5]))
    """
    describe = getattr(loss, "describe", None)
    if describe is None:
        raise ArgumentError(f"`loss` must be one of the losses of ceconform: got {loss!r}")

    ordinary: Kernel | None = getattr(loss, "ordinary", None)

    def evaluate(*arguments: Any, **keywords: Any) -> tuple[Any, Any]:
        if arguments and is_torch(arguments[0]):
            from ceconform.losses import _small_torch

            answer = _small_torch.value_and_gradient(describe, ordinary, arguments, keywords)
        else:
            answer = _ordinary.answer(describe, ordinary, arguments, keywords, gradient=True)
        if answer is not None:
            return answer
        with _quiet(arguments, keywords):
            evaluation: Evaluation = describe(*arguments, **keywords)
            return evaluation.value_and_gradient()

    return evaluate
