"""Joins the analytic derivatives of a kernel to the autodiff of the backend."""

from __future__ import annotations

from typing import Any

from ceconform.losses._inputs import made_of
from ceconform.losses._kernel import Kernel

__all__ = ["differentiable"]


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
