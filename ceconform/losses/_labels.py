"""Labels of each kind: checked, NaN where they are none, smoothed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ceconform.errors import ArgumentError, DTypeError
from ceconform.losses import _inputs

if TYPE_CHECKING:
    from ceconform.losses._description import Subject

__all__ = ["binary_labels", "class_indices", "distribution", "hot", "one_hot", "shared", "signs", "smoothed"]


def _real_labels(on: Subject, labels: Any) -> Any:
    """Return labels in the predictions' shape, of any real dtype, in the dtype of the computation."""
    labels = on.array(labels, "labels")
    _inputs.expect_real(on.xp, labels, "labels")
    _inputs.expect_shape(labels, "labels", tuple(on.x.shape), f"the shape of `{on.name}`")
    return on.cast(labels)


def _labels_clipped(on: Subject, q: Any) -> Any:
    if on.rules.label_bounds is None:
        return q
    low, high = on.rules.label_bounds
    q = q if low is None else on.xp.where(q < low, low, q)
    return q if high is None else on.xp.where(q > high, high, q)


def binary_labels(on: Subject, labels: Any, smoothing: float) -> tuple[Any, Any]:
    """Return t and 1 - t, smoothed; both are computed, because 1 - t would lose the digits of a small ε."""
    epsilon = _inputs.number(smoothing, "label_smoothing", 0.0, 1.0)
    t = _real_labels(on, labels)
    on.check(t, "labels", 0.0, 1.0)
    valid = (t >= 0) & (t <= 1)
    # Selected one by one: XLA makes (1 - t) + ε/2 into (1 + ε/2) - t, and the digits of ε are gone.
    t, rest = on.xp.where(valid, t, math.nan), on.xp.where(valid, 1 - t, math.nan)
    if epsilon == 0:
        return t, rest
    if on.rules.smoothing == "others":
        return (1 - epsilon) * t + epsilon * rest, (1 - epsilon) * rest + epsilon * t
    return (1 - epsilon) * t + epsilon / 2, (1 - epsilon) * rest + epsilon / 2


def smoothed(on: Subject, q: Any, smoothing: float) -> Any:
    """Return labels over classes, smoothed and clipped as the rules say."""
    epsilon = _inputs.number(smoothing, "label_smoothing", 0.0, 1.0)
    if epsilon != 0:
        if on.rules.smoothing != "others":
            q = (1 - epsilon) * q + epsilon / on.classes
        elif on.classes > 1:
            q = (1 - epsilon) * q + (epsilon / (on.classes - 1)) * (1 - q)
    return _labels_clipped(on, q)


def distribution(on: Subject, labels: Any) -> Any:
    """Return labels that are a distribution in each row, NaN where a share lies outside [0, 1]."""
    q = _real_labels(on, labels)
    on.check(q, "labels", 0.0, 1.0)
    return on.xp.where((q >= 0) & (q <= 1), q, math.nan)


def class_indices(on: Subject, labels: Any, ignore_index: int | None, *, classes: int, what: str) -> tuple[Any, Any]:
    """Return class indices, -1 where there is no such class (an ignored one is any), and which rows count."""
    xp = on.xp
    labels = on.array(labels, "labels")
    if not xp.isdtype(labels.dtype, "integral"):
        raise DTypeError(f"`labels` must be class indices, of an integer dtype: got {labels.dtype}")
    _inputs.expect_shape(labels, "labels", on.rows, what)
    if ignore_index is not None and (not isinstance(ignore_index, int) or isinstance(ignore_index, bool)):
        raise ArgumentError(f"`ignore_index` must be an integer: got {ignore_index!r}")
    unsigned = xp.isdtype(labels.dtype, "unsigned integer")
    y = xp.astype(labels, xp.arange(0, device=_inputs.device_of(xp, on.x)).dtype)
    counts = None
    if ignore_index is not None and not (unsigned and ignore_index < 0):
        counts = y != ignore_index
    known = (y >= 0) & (y < classes)
    if on.common.check:
        _inputs.expect_all(xp, labels, "labels", known, f"be class indices in [0, {classes})", counts)
    return xp.where(known, y, -1), counts


def hot(on: Subject, y: Any, counts: Any = None) -> Any:
    """Return class indices as distributions, NaN where there is no such class in a row that counts."""
    xp, axis = on.xp, on.checked_axis
    classes = xp.arange(on.classes, device=_inputs.device_of(xp, on.x))
    known = y >= 0 if counts is None else (y >= 0) | ~counts
    classes = xp.reshape(classes, (on.classes, *(1 for _ in range(-axis - 1))))
    q = on.cast(xp.expand_dims(y, axis=axis) == classes)
    return on.placed(xp.where(xp.expand_dims(known, axis=axis), q, math.nan))


def one_hot(on: Subject, labels: Any, ignore_index: int | None) -> tuple[Any, Any]:
    """Return class indices as distributions, NaN where there is no such class, and which rows count."""
    what = f"the shape of `{on.name}` without axis {len(on.x.shape) + on.checked_axis}"
    y, counts = class_indices(on, labels, ignore_index, classes=on.classes, what=what)
    return hot(on, y, counts), counts


def shared(on: Subject, labels: Any) -> tuple[Any, Any]:
    """Return multi-hot labels as distributions, 1/M on the M positive classes, and which rows have one."""
    xp = on.xp
    y = _real_labels(on, labels)
    right = (y == 0) | (y == 1)
    if on.common.check:
        _inputs.expect_all(xp, y, "labels", right, "be 0 or 1")
    y = xp.where(right, y, math.nan)
    positive = xp.sum(y, axis=on.checked_axis, keepdims=True)
    counts = positive != 0
    return y / xp.where(counts, positive, 1.0), xp.squeeze(counts, axis=on.checked_axis)


def signs(on: Subject, labels: Any) -> Any:
    """Return labels of -1 and +1, NaN where one is neither."""
    y = _real_labels(on, labels)
    right = (y == -1) | (y == 1)
    if on.common.check:
        _inputs.expect_all(on.xp, y, "labels", right, "be -1 or +1")
    return on.xp.where(right, y, math.nan)
