"""Joins the analytic derivatives of a kernel to the autodiff of the backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ceconform.losses import _blocks
from ceconform.losses._inputs import made_of
from ceconform.losses._kernel import Kernel, pull

__all__ = ["differentiable", "traced", "value_and_pull"]


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
    return _blocks.evaluate(xp, kernel, *arrays)[0] if made_of(xp, "numpy") else kernel.value(xp, *arrays)


def value_and_pull(xp: Any, kernel: Kernel, *arrays: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return the losses, and the function that turns their cotangent into the gradient by the predictions."""
    if made_of(xp, "jax"):
        from ceconform.losses._derivatives_jax import value_and_pull as value_and_pull_jax

        return value_and_pull_jax(xp, kernel, *arrays)
    if traced(xp, arrays[0]):
        losses, slope = kernel.value(xp, *arrays), kernel.slopes[0](xp, *arrays)
        return losses, lambda cotangent: pull(xp, kernel, cotangent, slope)
    losses, slope = _blocks.evaluate(xp, kernel, *arrays, slope=True)
    return losses, lambda cotangent: _blocks.scale(xp, kernel, cotangent, slope)


def traced(xp: Any, x: Any) -> bool:
    """Whether an array is not, or may not be, a plain one of NumPy or PyTorch."""
    if made_of(xp, "torch"):
        from ceconform.losses._derivatives_torch import traced as traced_by_torch

        return traced_by_torch(x)
    return made_of(xp, "jax") or not made_of(xp, "numpy")
