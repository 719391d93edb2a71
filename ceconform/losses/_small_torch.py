"""Small tensors of the CPU: NumPy computes on their memory, because its calls cost a third of PyTorch's.

A loss of a few rows is some forty calls, and nothing else takes time. Imported for PyTorch's tensors alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ceconform.errors import CeconformError
from ceconform.losses import _ordinary
from ceconform.losses._derivatives_torch import PLAIN, rescaled, traced
from ceconform.losses._kernel import Kernel

try:
    import numpy as np
except ImportError:  # PyTorch works without
    np = None  # type: ignore[assignment]

__all__ = ["loss", "value_and_gradient"]

FEW = 2**14
"""Elements of a tensor; with more, PyTorch's threads make up for its calls."""
DTYPES = frozenset(
    (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    )
)
"""Those whose numbers NumPy has: each of bfloat16 is one of float32."""

Describe = Callable[..., Any]
Call = tuple[tuple[Any, ...], Mapping[str, Any]]


class _PyTorchs(Exception):  # noqa: N818 - not an error
    """Raised at an argument that PyTorch has to deal with."""


def loss(describe: Describe, ordinary: Kernel | None, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """Return the loss of small tensors; None where it is not for NumPy to compute."""
    x, *others = arguments
    if not _small(x):
        return None
    followed = _followed(x)
    try:
        rest, named = _seen(others, keywords)
        value, gradient, axis = _evaluated(describe, ordinary, (_numbers(x), *rest), named, gradient=followed)
    except (_PyTorchs, CeconformError):  # the errors too shall speak of tensors
        return None
    if not followed:
        return _tensor(value, x.dtype)
    tensors = [each for each in (*others, *keywords.values()) if isinstance(each, torch.Tensor)]
    return _Small.apply(describe, (others, keywords), value, gradient, axis, x, *tensors)


def value_and_gradient(
    describe: Describe, ordinary: Kernel | None, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
) -> tuple[Any, Any] | None:
    """Return the loss of small tensors and its gradient; None where it is not for NumPy to compute."""
    x, *others = arguments
    if not _small(x):
        return None
    try:
        rest, named = _seen(others, keywords)
        value, gradient, _ = _evaluated(describe, ordinary, (_numbers(x), *rest), named, gradient=True)
    except (_PyTorchs, CeconformError):
        return None
    return _tensor(value, x.dtype), _tensor(gradient, x.dtype)


def _evaluated(
    describe: Describe,
    ordinary: Kernel | None,
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
    *,
    gradient: bool,
) -> tuple[Any, Any, int | None]:
    """Return the loss of arrays, its gradient if asked, and which axis the loss lacks, if it is not reduced."""
    answer = _ordinary.answer(describe, ordinary, arguments, keywords, gradient=gradient)
    if answer is not None and ordinary is not None:
        return (*answer, ordinary.axis if keywords.get("reduction") == "none" else None)
    with np.errstate(all="ignore"):
        evaluation = describe(*arguments, **keywords)
        value, slope = evaluation.value_and_gradient() if gradient else (evaluation.value(), None)
    return value, slope, evaluation.axis if evaluation.reduction.kind == "none" else None


def _small(x: Any) -> bool:
    return np is not None and not traced(x) and _is_numpys(x)


def _is_numpys(x: Any) -> bool:
    """Whether a plain tensor lies in the memory as NumPy's arrays do, in a dtype whose numbers NumPy has."""
    return x.numel() <= FEW and x.dtype in DTYPES and x.layout is torch.strided and x.device.type == "cpu"


def _followed(x: Any) -> bool:
    """Whether autograd asks for the gradient by a tensor."""
    return bool(x.requires_grad and torch.is_grad_enabled())


def _seen(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Call:
    """Return the arguments with arrays for tensors."""
    if keywords.get("xp") is not None:
        raise _PyTorchs
    return tuple(map(_array, arguments)), {name: _array(value) for name, value in keywords.items()}


def _array(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        if isinstance(value, np.ndarray):
            raise _PyTorchs
        return value
    if type(value) not in PLAIN or not _is_numpys(value) or _followed(value):
        raise _PyTorchs
    return _numbers(value)


def _numbers(x: Any) -> Any:
    """Return the numbers of a tensor as an array, which lies in its memory; those of bfloat16 in float32."""
    if x.dtype is torch.bfloat16:
        x = x.detach().float()
    return x.numpy(force=True)


def _tensor(value: Any, dtype: Any) -> Any:
    tensor = torch.from_numpy(np.asarray(value))
    return tensor.bfloat16() if dtype is torch.bfloat16 else tensor


class _Small(torch.autograd.Function):  # type: ignore[misc] # torch is untyped here
    """The answer and, with it, the gradient by the predictions; whatever else is asked is PyTorch's to compute."""

    @staticmethod
    def forward(
        ctx: Any, describe: Describe, call: Call, value: Any, gradient: Any, axis: int | None, x: Any, *tensors: Any
    ) -> Any:
        ctx.describe, ctx.call, ctx.axis = describe, call, axis
        ctx.save_for_backward(_tensor(gradient, x.dtype), x, *tensors)
        return _tensor(value, x.dtype)

    @staticmethod
    def backward(ctx: Any, cotangent: Any) -> Any:
        gradient, x, *tensors = ctx.saved_tensors
        answer = None
        if not torch.is_grad_enabled():  # otherwise the gradient shall have one itself
            answer = rescaled(ctx.axis, gradient, 1.0, cotangent)
        if answer is None:
            arguments, keywords = ctx.call
            twice = torch.is_grad_enabled()
            with torch.enable_grad():
                value = ctx.describe(x, *arguments, **keywords).value()
                (answer,) = torch.autograd.grad(value, x, cotangent, create_graph=twice)
        return (*(None for _ in range(5)), answer, *(None for _ in tensors))
