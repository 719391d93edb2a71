"""A kernel as a function of PyTorch's autograd. Imported for PyTorch's tensors alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import torch

from ceconform.losses import _blocks, _indices_torch
from ceconform.losses._kernel import Kernel, gradient, pull, push

__all__ = ["PLAIN", "evaluate", "losses_of", "rescaled", "traced"]

PLAIN = frozenset({torch.Tensor, torch.nn.Parameter})
"""The types of tensors that nobody has changed."""


def _pulled(xp: Any, kernel: Kernel, cotangent: Any, arrays: Any, wanted: Any) -> Iterator[Any]:
    """The gradient by each array that wants one; None by the others, and by those that have no slope."""
    yield gradient(xp, kernel, cotangent, *arrays) if wanted[0] else None
    for want, slope in zip_longest(wanted[1:], kernel.slopes[1:]):
        yield pull(xp, kernel, cotangent, slope(xp, *arrays)) if want and slope else None


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
        return (None, None, *_pulled(xp, kernel, cotangent, arrays, ctx.needs_input_grad[2:]))


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


class _Eager(torch.autograd.Function):  # type: ignore[misc]
    """Reverse mode where nothing traces: the gradient by the predictions comes with the value.

    It is that for the cotangent that a reduction will ask for; another is compared with this one.
    """

    @staticmethod
    def forward(ctx: Any, xp: Any, kernel: Kernel, dtype: Any, expected: Any, *arrays: Any) -> Any:
        losses, gradient = _blocks.evaluate(xp, kernel, dtype, arrays, expected)
        ctx.xp, ctx.kernel, ctx.dtype, ctx.expected = xp, kernel, dtype, expected
        ctx.save_for_backward(gradient, *arrays)
        return losses

    @staticmethod
    def backward(ctx: Any, cotangent: Any) -> Any:
        gradient, x, *rest = ctx.saved_tensors
        xp, kernel, wanted = ctx.xp, ctx.kernel, ctx.needs_input_grad[4:]
        if torch.is_grad_enabled() or not wanted[0] or any(wanted[1:]):  # the gradient shall have one itself
            arrays = (xp.astype(x, ctx.dtype, copy=False), *rest)
            first, *others = _pulled(xp, kernel, cotangent, arrays, wanted)
            return (None, None, None, None, None if first is None else xp.astype(first, x.dtype), *others)
        gradient = rescaled(kernel.axis, gradient, ctx.expected, cotangent)
        if gradient is None:
            gradient = _blocks.evaluate(xp, kernel, ctx.dtype, (x, *rest), cotangent)[1]
        return (None, None, None, None, gradient, *(None for _ in rest))


def rescaled(axis: int | None, gradient: Any, expected: Any, cotangent: Any) -> Any:
    """Return the gradient for this cotangent from that for the expected one; None where it does not say.

    `axis`: which the cotangent lacks. Half precision does not say: what it lost beside the one it may have beside the
    other, as whoever scales losses knows.
    """
    if not cotangent.shape and cotangent.item() == expected:  # the usual one, in a tenth of the time
        return gradient
    same = cotangent == expected
    if bool(same.all()):
        return gradient
    ratio = torch.where(same, 1.0, cotangent / expected).to(gradient.dtype)
    if gradient.itemsize < 4 or not bool(ratio.isfinite().all()):  # noqa: PLR2004 - bytes of float32
        return None
    ratio = ratio if axis is None else ratio.unsqueeze(axis)
    gradient = gradient * ratio
    return torch.where(ratio == 0, 0.0, gradient) if bool((ratio == 0).any()) else gradient


def traced(x: Any) -> bool:
    """Whether something follows the operations on a tensor: a compiler, a transformation, a mode, a subclass.

    Or it lies on another device, which small blocks, and questions about numbers, would only hold up.
    """
    return bool(
        torch.compiler.is_compiling()
        or x.device.type != "cpu"
        or type(x) not in PLAIN
        or _transformed()
        or torch.autograd.forward_ad._current_level >= 0  # noqa: SLF001
        or torch._C._len_torch_dispatch_stack() > 0  # noqa: SLF001
        or torch._C._len_torch_function_stack() > 0  # noqa: SLF001
        or torch.jit.is_tracing()
    )


def _transformed() -> bool:
    """Whether a transformation of `torch.func` is at work; compilers answer this as well."""
    return bool(torch._C._are_functorch_transforms_active())  # noqa: SLF001 - there is no public question


def evaluate(xp: Any, kernel: Kernel, *arrays: Any) -> Any:
    """Evaluate the kernel, differentiable by each of the arrays."""
    if not torch.compiler.is_compiling():
        return _BothWays.apply(xp, kernel, *arrays)
    if not _transformed() and _indices_torch.serves(kernel, arrays[0]):
        return _indices_torch.losses(xp, kernel, *arrays)
    if torch.is_grad_enabled() and any(array.requires_grad for array in arrays):
        return _Reverse.apply(xp, kernel, *arrays)
    return kernel.value(xp, *arrays)  # of a function that nothing asks for a gradient, Dynamo miscounts the arguments


def losses_of(xp: Any, kernel: Kernel, dtype: Any, arrays: tuple[Any, ...], cotangent: Callable[[Any], Any]) -> Any:
    """Return the losses in this dtype where nothing traces; the cotangent is what to expect in the backward pass."""
    if torch.is_grad_enabled() and any(array.requires_grad for array in arrays):
        expected = None
        if arrays[0].requires_grad:
            with torch.no_grad():
                expected = cotangent(_blocks.rows_like(xp, kernel, dtype, arrays[0]))
        return _Eager.apply(xp, kernel, dtype, expected, *arrays)
    return _blocks.evaluate(xp, kernel, dtype, arrays)[0]
