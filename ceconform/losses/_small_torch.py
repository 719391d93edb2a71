"""Small tensors of the CPU: NumPy computes on their memory, because its calls cost a third of PyTorch's.

A loss of a few rows is some forty calls, and nothing else takes time. Imported for PyTorch's tensors alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ceconform.errors import CeconformError
from ceconform.losses._derivatives_torch import rescaled, traced

try:
    import numpy as np
except ImportError:  # PyTorch works without
    np = None  # type: ignore[assignment]

__all__ = ["loss", "value_and_gradient"]

FEW = 2**14
"""Elements of a tensor; with more, PyTorch's threads make up for its calls."""
DTYPES = frozenset(
    (
        *(torch.float64, torch.float32, torch.float16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    )
)
"""Those that NumPy has too."""

Describe = Callable[..., Any]
Call = tuple[tuple[Any, ...], Mapping[str, Any]]


class _PyTorchs(Exception):  # noqa: N818 - not an error
    """Raised at an argument that PyTorch has to deal with."""


def loss(describe: Describe, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """Return the loss of small tensors; None where it is not for NumPy to compute."""
    x = arguments[0]
    if not _small(x):
        return None
    try:
        if _followed(x):
            seen = _seen(arguments[1:], keywords)
            tensors = [each for each in (*arguments[1:], *keywords.values()) if isinstance(each, torch.Tensor)]
            return _Small.apply(describe, (arguments[1:], keywords), seen, x, *tensors)
        rest, named = _seen(arguments, keywords)
        with np.errstate(all="ignore"):
            return _tensor(describe(*rest, **named).value())
    except (_PyTorchs, CeconformError):  # the errors too shall speak of tensors
        return None


def value_and_gradient(
    describe: Describe, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
) -> tuple[Any, Any] | None:
    """Return the loss of small tensors and its gradient; None where it is not for NumPy to compute."""
    x = arguments[0]
    if not _small(x):
        return None
    try:
        rest, named = _seen((x.detach(), *arguments[1:]), keywords)
        with np.errstate(all="ignore"):
            value, gradient = describe(*rest, **named).value_and_gradient()
    except (_PyTorchs, CeconformError):
        return None
    return _tensor(value), _tensor(gradient)


def _small(x: Any) -> bool:
    return np is not None and _is_numpys(x) and x.numel() <= FEW


def _is_numpys(x: Any) -> bool:
    return not traced(x) and x.dtype in DTYPES and x.layout is torch.strided


def _followed(x: Any) -> bool:
    """Whether autograd asks for the gradient by a tensor."""
    return bool(x.requires_grad and torch.is_grad_enabled())


def _seen(arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Call:
    """Return the arguments with arrays for tensors."""
    if keywords.get("xp") is not None:
        raise _PyTorchs
    return tuple(map(_array, arguments)), {name: _array(value) for name, value in keywords.items()}


def _array(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        if isinstance(value, np.ndarray):
            raise _PyTorchs
        return value
    if not _is_numpys(value) or _followed(value) or value.numel() > FEW:
        raise _PyTorchs
    return value.detach().numpy(force=True)


def _tensor(value: Any) -> Any:
    return torch.from_numpy(np.asarray(value))


class _Small(torch.autograd.Function):  # type: ignore[misc] # torch is untyped here
    """The answer and, with it, the gradient by the predictions; whatever else is asked is PyTorch's to compute."""

    @staticmethod
    def forward(ctx: Any, describe: Describe, call: Call, seen: Call, x: Any, *tensors: Any) -> Any:
        rest, named = seen
        with np.errstate(all="ignore"):
            evaluation = describe(_array(x.detach()), *rest, **named)
            value, gradient = evaluation.value_and_gradient()
        ctx.describe, ctx.call = describe, call
        ctx.axis = evaluation.axis if evaluation.reduction.kind == "none" else None
        ctx.save_for_backward(_tensor(gradient), x, *tensors)
        return _tensor(value)

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
        return (None, None, None, answer, *(None for _ in tensors))
