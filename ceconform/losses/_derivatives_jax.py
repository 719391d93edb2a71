"""A kernel as a function with JAX's custom derivatives. Imported for JAX's arrays alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero, zero_from_primal

from ceconform.losses import _indices_jax
from ceconform.losses._kernel import Kernel, gradient, pull, push
from ceconform.losses._maps_jax import linear

__all__ = ["evaluate", "value_and_pull"]


def evaluate(xp: Any, kernel: Kernel, *arrays: Any) -> Any:
    """Evaluate the kernel, differentiable by each of the arrays, in forward and in reverse mode."""
    value, slopes = _forms(xp, kernel)
    function = jax.custom_jvp(value)

    def derivative(arrays: Any, tangents: Any) -> tuple[Any, Any]:
        losses, kept = function(*arrays)
        moved = [
            linear(*slope, [tangent], arrays, kept)
            for slope, tangent in zip(slopes, tangents, strict=False)
            if not isinstance(tangent, SymbolicZero)
        ]
        tangent = sum(moved[1:], start=moved[0]) if moved else jnp.zeros_like(losses)
        return (losses, kept), (tangent, zero_from_primal(kept))

    function.defjvp(derivative, symbolic_zeros=True)
    if kernel.indices is not None:  # XLA takes a cast and its inverse for none, and nothing is held in twice the size
        arrays = arrays[0].astype(kernel.indices), *arrays[1:]
    return function(*arrays)[0]


def value_and_pull(xp: Any, kernel: Kernel, *arrays: Any) -> tuple[Any, Any]:
    """Return the losses, and the function that turns their cotangent into the gradient by the first array.

    Without `jax.vjp`, which traces anew at every call.
    """
    if kernel.indices is None or kernel.axis is None:
        return kernel.value(xp, *arrays), lambda cotangent: gradient(xp, kernel, cotangent, *arrays)
    arrays = arrays[0].astype(kernel.indices), *arrays[1:]
    losses, sums = _indices_jax.losses_and_sums(*arrays, axis=kernel.axis)
    return losses, lambda cotangent: _indices_jax.pulled(cotangent, *arrays, *sums, axis=kernel.axis)


def _forms(xp: Any, kernel: Kernel) -> tuple[Any, list[tuple[Any, Any]]]:
    """Return the function of losses and what is kept of them, and for each slope its two products."""
    if kernel.indices is not None and kernel.axis is not None:
        axis = kernel.axis
        by_logits = (
            lambda *values: (_indices_jax.pushed(*values, axis=axis),),
            lambda *values: (_indices_jax.pulled(*values, axis=axis),),
        )
        return partial(_indices_jax.losses_and_sums, axis=axis), [by_logits]

    def products(slope: Any) -> tuple[Any, Any]:
        def pulled(cotangent: Any, *arrays: Any) -> tuple[Any]:
            if slope is kernel.slopes[0]:
                return (gradient(xp, kernel, cotangent, *arrays),)
            return (pull(xp, kernel, cotangent, slope(xp, *arrays)),)

        return lambda tangent, *arrays: (push(xp, kernel, tangent, slope(xp, *arrays)),), pulled

    return lambda *arrays: (kernel.value(xp, *arrays), ()), [products(slope) for slope in kernel.slopes]
