"""A kernel as a function with JAX's custom derivatives. Imported for JAX's arrays alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from ceconform.losses._kernel import Kernel, pull, push
from ceconform.losses._linear_jax import linear

__all__ = ["evaluate"]


def evaluate(xp: Any, kernel: Kernel, *arrays: Any) -> Any:
    """Evaluate the kernel, differentiable by each of the arrays, in forward and in reverse mode."""
    function = jax.custom_jvp(partial(kernel.value, xp))

    def derivative(arrays: Any, tangents: Any) -> tuple[Any, Any]:
        losses = function(*arrays)
        moved = [
            linear(partial(_pushed, xp, kernel, slope), partial(_pulled, xp, kernel, slope), tangent, arrays)
            for slope, tangent in zip(kernel.slopes, tangents, strict=False)
            if not isinstance(tangent, SymbolicZero)
        ]
        return losses, sum(moved[1:], start=moved[0]) if moved else jnp.zeros_like(losses)

    function.defjvp(derivative, symbolic_zeros=True)
    return function(*arrays)


def _pushed(xp: Any, kernel: Kernel, slope: Any, tangent: Any, *arrays: Any) -> Any:
    return push(xp, kernel, tangent, slope(xp, *arrays))


def _pulled(xp: Any, kernel: Kernel, slope: Any, cotangent: Any, *arrays: Any) -> Any:
    return pull(xp, kernel, cotangent, slope(xp, *arrays))
