"""Softmax cross entropy of class indices for PyTorch's compiler, on the CPU.

*Direct* is exp(z) itself, against a logit of 0: its argument is exact, so that no rounding error has to be put back,
and the largest logit need not be known, so that value and gradient are one pass each. Where a row leaves the range in
which nothing over- or underflows, all rows take the careful form of the kernel.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.fx.experimental.symbolic_shapes import has_static_value

from ceconform.losses._kernel import Kernel, gradient
from ceconform.losses._stable import total

__all__ = ["LARGE", "losses", "serves"]

LARGE = 2**15
"""Logits from which on the direct form saves more than its conditions cost."""
TOTAL = (1.0, 1e30)
"""Of a row's sum of exponentials, in the direct form: what underflows there is a softmax that underflows as well."""
LEAST = 2e-31
"""Of the sum of the others, for each class: 2^24 times what underflows."""
SMALLEST = 2.0**-126
SINGLE = torch.float32.itemsize
LONG = 2**13
"""Classes of a row that is added up in blocks."""
BLOCK, LEAST_BLOCK = 512, 64
"""Classes of a block; where fewer divide a row, the row is not added up in blocks."""


def serves(kernel: Kernel, z: Any) -> bool:
    """Whether there is a direct form; not for shapes that vary, over which `torch.cond` fails within a gradient."""
    return (
        kernel.indices is not None
        and z.dtype == torch.float32
        and z.device.type == "cpu"
        and all(has_static_value(size) for size in z.shape)
        and z.numel() >= LARGE
    )


def losses(xp: Any, kernel: Kernel, z: Any, y: Any) -> Any:
    """Return the loss of each row, NaN where there is no label."""
    # In the dtype in which they came: as float32 they would be written first, and kept. The compiler takes a cast and
    # its inverse for none; one to the dtype that is there already must not be made, or the gradient asks for its own.
    if z.dtype != kernel.indices:
        z = z.to(kernel.indices)
    if torch.is_grad_enabled() and z.requires_grad:
        return _Direct.apply(xp, kernel, z, y)
    return _forward(xp, kernel, z, y)[0]


def _forward(xp: Any, kernel: Kernel, z: Any, y: Any) -> tuple[Any, ...]:
    """Return the losses, whether they are direct, and the sums of the exponentials of the others and of the label."""
    axis = kernel.axis
    y = y.unsqueeze(axis)
    others = _others(xp, z, y, axis)
    logit = _single(torch.gather(z, axis, torch.where(y < 0, 0, y)))
    own = torch.exp(logit)
    every = others + own
    within = (every >= TOTAL[0]) & (every <= TOTAL[1]) & (others >= z.shape[axis] * LEAST)

    def direct(z: Any, y: Any, others: Any, own: Any, logit: Any) -> tuple[Any]:  # noqa: ARG001 - as the careful form
        loss = torch.where(own < SMALLEST, torch.log(others) - logit, torch.log1p(others / own))
        return (torch.where(y < 0, math.nan, loss).squeeze(axis),)

    def careful(z: Any, y: Any, others: Any, own: Any, logit: Any) -> tuple[Any]:  # noqa: ARG001
        return (kernel.value(xp, _single(z), y.squeeze(axis)),)

    sure = within.all()
    return torch.cond(sure, direct, careful, (z, y, others, own, logit))[0], sure, others, own


def _backward(xp: Any, kernel: Kernel, cotangent: Any, z: Any, y: Any, sure: Any, others: Any, own: Any) -> Any:
    axis = kernel.axis
    scale = cotangent.unsqueeze(axis) / (others + own)
    size = scale.abs()
    # A factor above 1 would multiply what is left of the digits of a small exponential.
    steady = (scale == 0) | ((size >= SMALLEST) & (size <= 1))

    def direct(cotangent: Any, z: Any, y: Any, scale: Any, others: Any) -> tuple[Any]:
        y = y.unsqueeze(axis)
        scale = torch.where(cotangent.unsqueeze(axis) == 0, 0.0, torch.where(y < 0, math.nan, scale))
        return (torch.where(_hot(z, y, axis), -others, torch.exp(_single(z))) * scale,)

    def careful(cotangent: Any, z: Any, y: Any, scale: Any, others: Any) -> tuple[Any]:  # noqa: ARG001
        return (gradient(xp, kernel, cotangent, _single(z), y),)

    return torch.cond(sure & steady.all(), direct, careful, (cotangent, z, y, scale, others))[0]


def _others(xp: Any, z: Any, y: Any, axis: int | None) -> Any:
    """Return the sum of a row's exponentials but the label's."""
    if axis == -1 and z.shape[-1] >= LONG and z.shape[-1] % LEAST_BLOCK == 0:
        return _others_in_blocks(xp, z, y, math.gcd(z.shape[-1], BLOCK))
    odds = torch.where(_hot(z, y, axis), 0.0, torch.exp(_single(z)))
    if z.dtype.itemsize < SINGLE:  # what comes of it is rounded to a half precision: float64 would be for nothing
        return torch.sum(odds, dim=axis, keepdim=True)
    return total(xp, odds, axis, keepdims=True)


def _others_in_blocks(xp: Any, z: Any, y: Any, size: int) -> Any:
    """Add up blocks of the row, and the label's block anew without the label: only there is it looked for.

    Sums of sums are exact enough in float32, and the many blocks cost no comparison.
    """
    blocks = z.reshape((*z.shape[:-1], -1, size))
    place = torch.where(y < 0, 0, y) // size
    sums = torch.sum(torch.exp(_single(blocks)), dim=-1)
    mixed = torch.gather(blocks, -2, place.unsqueeze(-1).expand((*place.shape, size))).squeeze(-2)
    without = torch.where(_hot(mixed, y % size, -1), 0.0, torch.exp(_single(mixed)))
    sums = torch.where(_hot(sums, place, -1), torch.sum(without, dim=-1, keepdim=True), sums)
    return total(xp, sums, -1, keepdims=True)


def _single(z: Any) -> Any:
    return z if z.dtype == torch.float32 else z.float()


def _hot(z: Any, y: Any, axis: Any) -> Any:
    classes = torch.arange(z.shape[axis], device=z.device, dtype=torch.int32)  # twice as many to a vector as of int64
    return y.to(torch.int32) == classes.reshape((-1, *(1 for _ in range(-axis - 1))))


class _Direct(torch.autograd.Function):  # type: ignore[misc] # torch is untyped here
    @staticmethod
    def forward(ctx: Any, xp: Any, kernel: Kernel, z: Any, y: Any) -> Any:
        answer, *sums = _forward(xp, kernel, z, y)
        ctx.xp, ctx.kernel = xp, kernel
        ctx.save_for_backward(z, y, *sums)
        return answer

    @staticmethod
    def backward(ctx: Any, cotangent: Any) -> Any:
        return None, None, _backward(ctx.xp, ctx.kernel, cotangent, *ctx.saved_tensors), None
