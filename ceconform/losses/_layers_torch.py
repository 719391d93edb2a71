"""Blocks of rows as a function of PyTorch's autograd. Imported for PyTorch's tensors alone."""

from __future__ import annotations

from typing import Any

import torch

from ceconform.losses._layers import Blocks, gradients, losses, pushed

__all__ = ["evaluate"]


class _Reverse(torch.autograd.Function):  # type: ignore[misc] # torch is untyped here
    """Reverse mode, which is all that Dynamo takes."""

    generate_vmap_rule = True

    @staticmethod
    def forward(blocks: Blocks, y: Any, *inputs: Any) -> Any:
        return losses(blocks, y, *inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004 - torch's signature
        ctx.blocks, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, cotangent: Any) -> Any:
        y, *inputs = ctx.saved_tensors
        wanted = tuple(ctx.needs_input_grad[2:])
        return (None, None, *gradients(ctx.blocks, y, cotangent, *inputs, wanted=wanted))


class _BothWays(_Reverse):
    """Reverse and forward mode."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _Reverse.setup_context(ctx, inputs, output)
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        y, *inputs = ctx.saved_tensors
        return pushed(ctx.blocks, y, tangents[2:], *inputs)


def evaluate(blocks: Blocks, y: Any, *inputs: Any) -> Any:
    """Evaluate the rows, differentiable by each of the inputs."""
    if not torch.compiler.is_compiling():
        return _BothWays.apply(blocks, y, *inputs)
    if torch.is_grad_enabled() and any(each is not None and each.requires_grad for each in inputs):
        return _Reverse.apply(blocks, y, *inputs)
    return losses(blocks, y, *inputs)  # of a function that nothing asks for a gradient, Dynamo miscounts the arguments
