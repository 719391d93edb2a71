"""Joins the analytic derivatives of a kernel to the autodiff of the backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ceconform.losses import _blocks
from ceconform.losses._inputs import made_of
from ceconform.losses._kernel import Kernel, gradient

__all__ = ["differentiable", "losses_and_gradient", "losses_of", "traced"]


def differentiable(xp: Any, kernel: Kernel, *arrays: Any) -> Any:
    """Evaluate a kernel so that PyTorch and JAX differentiate it by the kernel's own slopes.

    On a backend without autodiff it is the plain value; `value_and_grad` works on all of them.
    """
    if made_of(xp, "torch"):
        from ceconform.losses._derivatives_torch import evaluate as evaluate_torch

        return evaluate_torch(xp, kernel, *arrays)
    if made_of(xp, "jax"):
        from ceconform.losses._derivatives_jax import evaluate as evaluate_jax

        return evaluate_jax(xp, kernel, *arrays)
    return kernel.value(xp, *arrays)


Cotangent = Callable[[Any], Any]
"""Returns what the losses are multiplied by on the way to the answer: a number, or one for each, given their like."""


def losses_of(
    xp: Any, kernel: Kernel, dtype: Any, arrays: tuple[Any, ...], cotangent: Cotangent, *, eager: bool
) -> Any:
    """Return the losses in this dtype, differentiable; the cotangent is what to expect in the backward pass.

    `eager`: nothing traces.
    """
    if not eager:
        return differentiable(xp, kernel, xp.astype(arrays[0], dtype, copy=False), *arrays[1:])
    if made_of(xp, "torch"):
        from ceconform.losses._derivatives_torch import losses_of as losses_of_torch

        return losses_of_torch(xp, kernel, dtype, arrays, cotangent)
    return _blocks.evaluate(xp, kernel, dtype, arrays)[0]


def losses_and_gradient(
    xp: Any, kernel: Kernel, dtype: Any, arrays: tuple[Any, ...], cotangent: Cotangent, *, eager: bool
) -> tuple[Any, Any]:
    """Return the losses in this dtype, and the gradient by the predictions for this cotangent."""
    if eager:
        factors = cotangent(_blocks.rows_like(xp, kernel, dtype, arrays[0]))
        return _blocks.evaluate(xp, kernel, dtype, arrays, factors)
    arrays = (xp.astype(arrays[0], dtype, copy=False), *arrays[1:])
    if made_of(xp, "jax"):
        from ceconform.losses._derivatives_jax import value_and_pull

        losses, pulled = value_and_pull(xp, kernel, *arrays)
    else:
        losses, pulled = kernel.value(xp, *arrays), lambda cotangent: gradient(xp, kernel, cotangent, *arrays)
    factors = cotangent(losses)
    return losses, pulled(xp.full_like(losses, factors) if isinstance(factors, float) else factors)


def traced(xp: Any, x: Any) -> bool:
    """Whether an array is not, or may not be, a plain one of NumPy or PyTorch."""
    if made_of(xp, "torch"):
        from ceconform.losses._derivatives_torch import traced as traced_by_torch

        return traced_by_torch(x)
    return made_of(xp, "jax") or not made_of(xp, "numpy")
