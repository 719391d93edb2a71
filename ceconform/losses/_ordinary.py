"""The ordinary call of few numbers: two of NumPy's arrays, no option but the reduction, and nothing odd in them.

There the questions before the arithmetic, and the small steps after it, take longer than the arithmetic. So they are
asked of such a call alone, each once and in the cheapest way; the arithmetic is the kernel's own. Whatever is not as
expected, and a loss that is not finite, has no answer here, and the description of the loss gives it: of options,
edges and errors there is one definition.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ceconform.losses._kernel import Kernel

__all__ = ["answer"]

FEW = 2**14
"""Numbers that one block holds, whatever the kernel; with more, the questions are a small part."""
FLOATS = "efd"
"""The characters of NumPy's floating dtypes that other libraries have too."""
REDUCTIONS = frozenset({"none", "sum", "mean"})
TWO = 2
"""Predictions and labels."""
DOUBLE = 8
"""Bytes of float64, which is the dtype of the computation."""


def answer(
    describe: Callable[..., Any],
    kernel: Kernel | None,
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
    *,
    gradient: bool,
) -> tuple[Any, Any] | None:
    """Return the loss and, if asked, its gradient by the predictions; None of a call that is not ordinary.

    The kernel is what a call describes that has no options, one of (predictions, labels) that has a rapid form: of
    class indices where it has an axis, the last.
    """
    np = sys.modules.get("numpy")
    if kernel is None or kernel.rapid is None or np is None or len(arguments) != TWO:
        return None
    x, labels = arguments
    how = _reduction(describe.__kwdefaults__ or {}, keywords) if keywords else "mean"
    if how is None or type(x) is not np.ndarray or type(labels) is not np.ndarray or not _floating(x):
        return None
    shape = x.shape
    rows = shape if kernel.axis is None else shape[:-1]
    if not rows or labels.shape != rows or not 0 < x.size <= FEW:
        return None
    labels = _shares(np, labels) if kernel.axis is None else _indices(np, labels, shape[-1])
    return None if labels is None else _evaluate(np, kernel, x, labels, how, gradient=gradient)


def _evaluate(np: Any, kernel: Any, x: Any, labels: Any, how: str, *, gradient: bool) -> tuple[Any, Any] | None:
    """Return what the kernel makes of one block, if it is finite."""
    shape, rows = x.shape, labels.shape
    if len(rows) > 1:
        x, labels = x.reshape(-1 if kernel.axis is None else (-1, shape[-1])), labels.reshape(-1)
    work = np.empty((kernel.buffers + (kernel.spare if x.itemsize == DOUBLE else 0), *x.shape))
    losses, slope = np.empty(labels.shape), np.empty(shape, x.dtype) if gradient else None
    cotangent = 1 / losses.size if how == "mean" else 1.0
    with np.errstate(all="ignore"):
        kernel.rapid(np, work, losses, None if slope is None else slope.reshape(x.shape), cotangent, x, labels)
        value = losses.sum()
        if not math.isfinite(value):
            return None
        if how == "none":
            return losses.astype(x.dtype, copy=False).reshape(rows), slope
        return x.dtype.type(value / losses.size if how == "mean" else value), slope


def _reduction(defaults: Mapping[str, Any], keywords: Mapping[str, Any]) -> str | None:
    """Return the reduction, if every other keyword is given as it is by default."""
    how = keywords.get("reduction", "mean")
    for name, value in keywords.items():
        if name == "reduction":
            continue
        if name not in defaults or type(value) is not type(defaults[name]) or value != defaults[name]:
            return None
    return how if isinstance(how, str) and how in REDUCTIONS else None


def _floating(x: Any) -> bool:
    return x.dtype.char in FLOATS and x.dtype.isnative


def _shares(np: Any, labels: Any) -> Any:
    """Return labels as a kernel of single elements takes them; it looks at their range itself."""
    if _floating(labels):
        return labels
    return labels.astype(np.float64) if labels.dtype.kind in "iub" else None


def _indices(np: Any, labels: Any, classes: int) -> Any:
    """Return class indices, if each is a class's."""
    if labels.dtype.kind not in "iu":
        return None
    y = labels.astype(np.int64, copy=False)
    return y if y.item(y.argmin()) >= 0 and y.item(y.argmax()) < classes else None
