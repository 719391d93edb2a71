"""A kernel as a function with JAX's custom derivatives. Imported for JAX's arrays alone."""

from __future__ import annotations

from typing import Any

import jax

from ceconform.losses._kernel import Kernel, gradient, pull

__all__ = ["evaluate"]


def evaluate(xp: Any, kernel: Kernel, *arrays: Any) -> Any:
    """Evaluate the kernel, differentiable by each of the arrays.

    A `custom_jvp` would give forward mode too, but JAX transposes its rule, and then a zero cotangent meets an
    infinite derivative as 0 · inf.
    """

    def forward(*arrays: Any) -> tuple[Any, tuple[Any, ...]]:
        return kernel.value(xp, *arrays), arrays

    def backward(arrays: tuple[Any, ...], cotangent: Any) -> tuple[Any, ...]:
        others = (pull(xp, kernel, cotangent, slope(xp, *arrays)) for slope in kernel.slopes[1:])
        gradients = (gradient(xp, kernel, cotangent, *arrays), *others)
        return *gradients, *(None for _ in arrays[len(gradients) :])

    function = jax.custom_vjp(lambda *arrays: kernel.value(xp, *arrays))
    function.defvjp(forward, backward)
    return function(*arrays)
