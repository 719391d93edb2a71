"""Shapes: which the labels, the weights and the answer of a loss have, for predictions of some shape."""

from __future__ import annotations

from ceconform.corpus.questions import Loss

__all__ = ["broadcasts", "labels_shape", "loss_shape", "without_axis"]

_ELEMENTWISE = frozenset({"binary", "sign"})


def without_axis(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Leave the class axis out; a number has none.

    >>> without_axis((2, 3, 4), 1), without_axis((), -1)
    ((2, 4), ())
    """
    axis %= max(len(shape), 1)
    return shape[:axis] + shape[axis + 1 :]


def loss_shape(loss: Loss, shape: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    """Give the shape of the unreduced losses: one for each element, or one for each row of classes."""
    if loss.labels in _ELEMENTWISE or axis is None:
        return shape
    return without_axis(shape, axis)


def labels_shape(loss: Loss, shape: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    """Give the shape of the labels: that of the predictions, for class indices without the class axis."""
    if loss.labels == "index" and axis is not None:
        return without_axis(shape, axis)
    return shape


def broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of `shape` broadcasts to `target`, growing no axis of it.

    >>> broadcasts((3,), (2, 3)), broadcasts((2,), (2, 3))
    (True, False)
    """
    if len(shape) > len(target):
        return False
    tail = target[len(target) - len(shape) :]
    return all(size in (1, wanted) for size, wanted in zip(shape, tail, strict=True))
