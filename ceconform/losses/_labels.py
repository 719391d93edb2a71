"""Labels of each kind: checked, NaN where they are none, smoothed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ceconform.errors import ArgumentError, DTypeError
from ceconform.losses import _inputs
from ceconform.losses._stable import mixed, sides

if TYPE_CHECKING:
    from ceconform.losses._description import Subject

__all__ = ["binary_labels", "distribution", "indices", "one_hot", "shared", "shares", "signs", "smoothed"]


def _real_labels(on: Subject, labels: Any) -> Any:
    """Return labels in the predictions' shape, of any real dtype, in the dtype of the computation."""
    return on.cast(_expected(on, labels))


def _expected(on: Subject, labels: Any) -> Any:
    labels = on.array(labels, "labels")
    _inputs.expect_real(on.xp, labels, "labels")
    _inputs.expect_shape(labels, "labels", tuple(on.x.shape), f"the shape of `{on.name}`")
    return labels


def shares(on: Subject, labels: Any, *, cast: bool = True) -> Any:
    """Return labels that ought to lie in [0, 1]; with `check=True` they do.

    Without `cast` floating ones stay as they came, for a kernel that casts them block by block.
    """
    labels = _expected(on, labels)
    if cast or not on.eager or not _inputs.is_floating(on.xp, labels.dtype):
        labels = on.cast(labels)
    on.check(labels, "labels", 0.0, 1.0)
    return labels


def _labels_clipped(on: Subject, q: Any) -> Any:
    if on.rules.label_bounds is None:
        return q
    low, high = on.rules.label_bounds
    q = q if low is None else on.xp.where(q < low, low, q)
    return q if high is None else on.xp.where(q > high, high, q)


def binary_labels(on: Subject, labels: Any, smoothing: float) -> tuple[Any, Any]:
    """Return t and 1 - t, smoothed."""
    epsilon = _inputs.number(smoothing, "label_smoothing", 0.0, 1.0)
    return sides(on.xp, shares(on, labels), epsilon, on.rules.smoothing)


def smoothed(on: Subject, q: Any, smoothing: float) -> Any:
    """Return labels over classes, smoothed and clipped as the rules say."""
    epsilon = _inputs.number(smoothing, "label_smoothing", 0.0, 1.0)
    if epsilon != 0:
        if on.rules.smoothing != "others":
            q = mixed(on.xp, q, epsilon, epsilon / on.classes)
        elif on.classes > 1:
            q = mixed(on.xp, q, epsilon, (epsilon / (on.classes - 1)) * (1 - q))
    return _labels_clipped(on, q)


def distribution(on: Subject, labels: Any) -> Any:
    """Return labels that are a distribution in each row, NaN where a share lies outside [0, 1]."""
    q = shares(on, labels)
    return on.xp.where((q >= 0) & (q <= 1), q, math.nan)


class Indices(NamedTuple):
    """Class indices."""

    y: Any
    """-1 where there is no such class, and 0 where a row is ignored."""
    counts: Any
    """Which rows are not ignored; None for all."""
    known: bool
    """Whether none is -1; where something traces, nobody knows."""


def indices(
    on: Subject, labels: Any, ignore_index: int | None, *, classes: int | None = None, what: str = ""
) -> Indices:
    """Check class indices."""
    xp = on.xp
    classes = on.classes if classes is None else classes
    labels = on.array(labels, "labels")
    if not _inputs.is_integral(xp, labels.dtype):
        raise DTypeError(f"`labels` must be class indices, of an integer dtype: got {labels.dtype}")
    what = what or f"the shape of `{on.name}` without axis {len(on.x.shape) + on.checked_axis}"
    _inputs.expect_shape(labels, "labels", on.rows, what)
    if ignore_index is not None and (not isinstance(ignore_index, int) or isinstance(ignore_index, bool)):
        raise ArgumentError(f"`ignore_index` must be an integer: got {ignore_index!r}")
    widest = xp.int64 if on.eager else xp.arange(0, device=_inputs.device_of(xp, on.x)).dtype
    y = xp.astype(labels, widest, copy=False)
    counts = None
    if ignore_index is not None and not (ignore_index < 0 and xp.isdtype(labels.dtype, "unsigned integer")):
        counts = y != ignore_index
    if counts is None and on.eager and math.prod(y.shape) and y.min().item() >= 0 and y.max().item() < classes:
        return Indices(y, None, known=True)
    known = (y >= 0) & (y < classes)
    if on.common.check:
        _inputs.expect_all(xp, labels, "labels", known, f"be class indices in [0, {classes})", counts)
    y = xp.where(known, y, -1)
    y = y if counts is None else xp.where(counts, y, 0)
    return Indices(y, counts, known=on.eager and not bool(xp.any(y < 0)))


def one_hot(on: Subject, y: Any) -> Any:
    """Return class indices as distributions, NaN for -1."""
    xp, axis = on.xp, on.checked_axis
    y = xp.expand_dims(y, axis=axis)
    hot = on.cast(y == _inputs.class_numbers(xp, on.x, axis, y.dtype))
    return on.placed(xp.where(y >= 0, hot, math.nan))


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
