"""A kernel as a function of PyTorch's autograd. Imported for PyTorch's tensors alone."""

from __future__ import annotations

from typing import Any

import torch

from ceconform.losses._kernel import Kernel, pull, push

__all__ = ["evaluate"]


class _Reverse(torch.autograd.Function):  # type: ignore[misc] # torch is untyped here
    """Reverse mode, which is all that Dynamo takes: it refuses a function that has a `jvp`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(xp: Any, kernel: Kernel, *arrays: Any) -> Any:
        return kernel.value(xp, *arrays)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004 - torch's signature
        ctx.xp, ctx.kernel, *arrays = inputs
        ctx.save_for_backward(*arrays)

    @staticmethod
    def backward(ctx: Any, cotangent: Any) -> Any:
        xp, kernel, arrays = ctx.xp, ctx.kernel, ctx.saved_tensors
        wanted = zip(ctx.needs_input_grad[2:], kernel.slopes, strict=False)
        gradients = (pull(xp, kernel, cotangent, slope(xp, *arrays)) if want else None for want, slope in wanted)
        return (None, None, *gradients)


class _BothWays(_Reverse):
    """Reverse and forward mode."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _Reverse.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*inputs[2:])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        xp, kernel, arrays = ctx.xp, ctx.kernel, ctx.saved_tensors
        moves = zip(tangents[2:], kernel.slopes, strict=False)
        moved = [push(xp, kernel, t, slope(xp, *arrays)) for t, slope in moves if t is not None]
        return sum(moved[1:], start=moved[0])


def evaluate(xp: Any, kernel: Kernel, *arrays: Any) -> Any:
    """Evaluate the kernel, differentiable by each of the arrays."""
    function = _Reverse if torch.compiler.is_compiling() else _BothWays
    return function.apply(xp, kernel, *arrays)
