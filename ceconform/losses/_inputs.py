"""What comes in: namespaces, shapes, dtypes, ranges. Every refusal says what was expected and what came."""

from __future__ import annotations

import math
import sys
from typing import Any

import array_api_compat

from ceconform.errors import ArgumentError, DTypeError, RangeError, ShapeError

__all__ = [
    "adds_one_by_one",
    "array",
    "class_numbers",
    "device_of",
    "expect_all",
    "expect_broadcastable",
    "expect_real",
    "expect_shape",
    "expect_within",
    "gathers",
    "in_pieces",
    "is_floating",
    "is_integral",
    "is_torch",
    "made_of",
    "namespace",
    "number",
    "predictions",
]


def made_of(xp: Any, library: str) -> bool:
    """Whether a namespace is a library's; by name, because Dynamo warns of array-api-compat's cached questions."""
    return library in xp.__name__.split(".")


def namespace(x: Any, name: str, xp: Any = None) -> Any:
    """Return the Array API namespace of an array, or the compatible one of a namespace that is given."""
    if xp is not None and not made_of(xp, "torch") and not made_of(xp, "dask"):
        return xp
    if _is_numpy(x):
        from array_api_compat import numpy as numpy_namespace

        return numpy_namespace
    pieces = in_pieces(x)
    if pieces is not None:
        return pieces.namespace(x)
    if is_torch(x):
        from array_api_compat import torch as torch_namespace

        return torch_namespace
    try:
        return array_api_compat.array_namespace(x)
    except TypeError as error:
        raise DTypeError(
            f"`{name}` must be an array (NumPy, PyTorch, JAX, CuPy, Dask or another of the Array API): "
            f"got {type(x).__name__}"
        ) from error


def is_torch(x: Any) -> bool:
    """Whether an array is PyTorch's; array-api-compat asks through caches, of which Dynamo warns."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def _is_numpy(x: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(x) is numpy.ndarray


def _is_dtensor(x: Any) -> bool:
    return type(x).__name__ == "DTensor"


def in_pieces(x: Any) -> Any:
    """Return what knows the pieces of an array that is never in one place; None for others."""
    if _is_dtensor(x):
        from ceconform.losses import _sharded_torch

        return _sharded_torch
    if not is_torch(x) and array_api_compat.is_dask_array(x):
        from ceconform.losses import _chunked_dask

        return _chunked_dask
    return None


def is_floating(xp: Any, dtype: Any) -> bool:
    """Whether a dtype is a real floating one; bfloat16 is, though NumPy does not know."""
    floating = getattr(dtype, "kind", None) == "f"  # NumPy's dtypes say so in a twentieth of the time of `isdtype`
    return floating or bool(xp.isdtype(dtype, "real floating")) or str(dtype) == "bfloat16"


def is_integral(xp: Any, dtype: Any) -> bool:
    """Whether a dtype is an integer one."""
    return getattr(dtype, "kind", None) in {"i", "u"} or bool(xp.isdtype(dtype, "integral"))


def predictions(xp: Any, x: Any, name: str) -> None:
    """Refuse predictions that are not real floating numbers."""
    if not is_floating(xp, x.dtype):
        raise DTypeError(f"`{name}` must have a real floating dtype: got {x.dtype}; convert them, which is yours to do")


def device_of(xp: Any, x: Any) -> Any:
    """Return where new arrays go, to be passed as `device=`; JAX and Dask place them themselves."""
    if is_torch(x):
        return x.device
    if made_of(xp, "jax") or made_of(xp, "dask"):
        return None
    return array_api_compat.device(x)


def gathers(xp: Any, x: Any) -> bool:
    """Whether one element of each row is gathered in place: not from arrays whose pieces lie on several devices."""
    if made_of(xp, "jax"):
        placed = getattr(getattr(x, "aval", None), "sharding", None)
        return not any(getattr(placed, "spec", ()))  # explicit; what the compiler shards, it gathers piece by piece
    return made_of(xp, "torch") and type(x).__name__ in {"Tensor", "Parameter"}


def adds_one_by_one(xp: Any, x: Any) -> bool:
    """Whether PyTorch's compiler may add up these numbers one by one, as it does on the CPU: rather in float64."""
    return made_of(xp, "torch") and x.dtype == xp.float32 and x.device.type == "cpu"


def class_numbers(xp: Any, x: Any, axis: int, dtype: Any) -> Any:
    """Return 0, 1, … C - 1 where the predictions' classes are, as they broadcast against these."""
    pieces = in_pieces(x)
    if pieces is None:
        numbers = xp.arange(x.shape[axis], dtype=dtype, device=device_of(xp, x))
    else:
        numbers = pieces.numbered(x, axis, dtype)
    return xp.reshape(numbers, (-1, *(1 for _ in range(-axis - 1))))


def array(xp: Any, value: Any, name: str, like: Any, *, number: Any = None) -> Any:
    """Return an argument as an array of the predictions' library, or refuse it; a number passes in a dtype `number`."""
    if type(value) is type(like):
        return value
    if number is not None and isinstance(value, (int, float)) and not isinstance(value, bool):
        return xp.asarray(float(value), dtype=number, device=device_of(xp, like))
    if made_of(xp, "jax") and array_api_compat.is_numpy_array(value):
        return xp.asarray(value)
    if is_torch(value) != is_torch(like) or not (
        (is_torch(value) and _is_dtensor(value) == _is_dtensor(like))
        or (array_api_compat.is_array_api_obj(value) and namespace(value, name) is namespace(like, name))
    ):
        raise DTypeError(
            f"`{name}` must be an array of the same library as the predictions, {_library(like)}: got {_library(value)}"
        )
    return value


def _library(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}".removeprefix("builtins.")


def expect_real(xp: Any, x: Any, name: str) -> None:
    """Refuse an array that does not hold real numbers."""
    if not (is_floating(xp, x.dtype) or is_integral(xp, x.dtype) or xp.isdtype(x.dtype, "bool")):
        raise DTypeError(f"`{name}` must be real numbers: got {x.dtype}")


def expect_shape(x: Any, name: str, shape: tuple[int, ...], what: str) -> None:
    """Refuse an array of another shape; `what` is the expected shape in words."""
    if tuple(x.shape) != shape:
        raise ShapeError(f"`{name}` must have {what}: expected {shape}, got {tuple(x.shape)}")


def expect_broadcastable(x: Any, name: str, shape: tuple[int, ...]) -> None:
    """Refuse an array that does not broadcast to the shape, or would enlarge it."""
    own = tuple(x.shape)
    tail = shape[len(shape) - len(own) :]
    if len(own) > len(shape) or any(a not in (1, b) for a, b in zip(own, tail, strict=True)):
        raise ShapeError(f"`{name}` must broadcast to the shape of the unreduced loss: expected {shape}, got {own}")


def number(value: Any, name: str, low: float, high: float) -> float:
    """Return a scalar parameter as a binary64 number, or refuse it."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"`{name}` must be a number: got {type(value).__name__}") from error
    if not low <= number <= high:
        raise ArgumentError(f"`{name}` must lie in [{low:g}, {high:g}]: got {number!r}")
    return number


def expect_within(xp: Any, x: Any, name: str, low: float, high: float, where: Any = None) -> None:
    """Name the first number outside [low, high], or not a number; elements that `where` leaves out pass."""
    expect_all(xp, x, name, (x >= low) & (x <= high), f"lie in {_interval(low, high)}", where)


def expect_all(xp: Any, x: Any, name: str, right: Any, what: str, where: Any = None) -> None:
    """Name the first element that is not right."""
    wrong = ~right if where is None else ~right & where
    if not bool(xp.any(wrong)):
        return
    if _is_dtensor(x):
        wrong, x = wrong.full_tensor(), x.full_tensor()
    flat = int(xp.argmax(xp.reshape(xp.astype(wrong, xp.int8), (-1,))))
    value = xp.reshape(x, (-1,))[flat]
    shown = int(value) if is_integral(xp, x.dtype) else float(value)
    index: tuple[int, ...] = ()
    for size in reversed(x.shape):
        flat, place = divmod(flat, size)
        index = (place, *index)
    raise RangeError(f"`{name}` must {what}: got {shown!r} at index {index}")


def _interval(low: float, high: float) -> str:
    left = f"[{low:g}" if math.isfinite(low) else "(-inf"
    return f"{left}, {high:g}]" if math.isfinite(high) else f"{left}, inf)"
