"""Blocks of rows: the loss of hidden · weightᵀ + bias, a few rows at a time, with its derivatives.

A row's logits are complete within its block, so that its loss has the same careful form as that of given logits, and
the blocks are all that is ever held of them. Backwards they are computed anew: keeping them is what is to be avoided.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ceconform.losses._description import Subject
from ceconform.losses._hard import hard, overwrites, silenced, torch_overwrites
from ceconform.losses._inputs import device_of, made_of
from ceconform.losses._kernel import Kernel, pull, push, times
from ceconform.losses._labels import one_hot, smoothed
from ceconform.losses.categorical import describe

__all__ = ["Blocks", "block_rows", "evaluate", "gradients", "losses", "pushed"]

SHARE = 96
"""A block is this part of the rows: smaller ones leave a matrix product little to do, larger ones are much to hold."""
FLOOR = 2**16
"""Elements that a block may have, however few there are in all: smaller ones would cost time and spare nothing."""

Inputs = tuple[Any, ...]
"""hidden (N, D), weight (C, D), bias (C,) or None, class_weight (C,) or None, as it is where each
row has the cost of one class alone."""
Wanted = tuple[bool, ...]
"""By which of the inputs there shall be a gradient."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """What the loss of some rows is, but for the arrays that it is differentiable by."""

    on: Subject
    """Of all rows; a block puts its logits in the place of the predictions."""
    label_smoothing: float
    rows: int
    """Of a block."""

    def logits(self, hidden: Any, weight: Any, bias: Any, room: Any = None) -> Any:
        """Return hidden · weightᵀ + bias, accumulated in the dtype of the computation; in an array that is there."""
        xp = self.on.xp
        for transform in self.on.rules.transforms:
            hidden = transform.apply(xp, hidden, None)
        if room is not None:
            z = xp.matmul(self.cast(hidden), xp.matrix_transpose(self.cast(weight)), out=room[: hidden.shape[0]])
        elif made_of(xp, "torch"):
            linear = sys.modules["torch"].nn.functional.linear
            return linear(self.cast(hidden), self.cast(weight), None if bias is None else self.cast(bias))
        else:
            z = self.product(hidden, xp.matrix_transpose(weight))
        if bias is not None:
            z += self.cast(bias)
        return z

    def product(self, a: Any, b: Any) -> Any:
        """Multiply matrices. The products of half precision are exact in float32; JAX adds them up there unasked."""
        xp, dtype = self.on.xp, self.on.computing
        if made_of(xp, "jax") and a.dtype == b.dtype and dtype == xp.float32:
            return xp.matmul(a, b, preferred_element_type=dtype)
        return xp.matmul(self.cast(a), self.cast(b))

    def cast(self, x: Any) -> Any:
        """Return an array in the dtype of the computation, itself if it is there."""
        return self.on.xp.astype(x, self.on.computing, copy=False)

    @property
    def hard(self) -> bool:
        """Whether each row has the cost of one class alone."""
        return self.label_smoothing == 0

    def _loss(self, y: Any, inputs: Inputs) -> tuple[Kernel, tuple[Any, ...], Any]:
        """Return the kernel, its arrays and the smoothed labels."""
        hidden, weight, bias, class_weight = inputs
        z = self.logits(hidden, weight, bias)
        on = replace(self.on, x=z, rules=replace(self.on.rules, transforms=()))
        # The label C is that of an ignored row.
        q = one_hot(on, y)
        loss = describe(on, q, y < on.classes, label_smoothing=self.label_smoothing, class_weight=class_weight)
        return loss.kernel, loss.arrays, q

    def room(self, y: Any, weight: Any, *others: Any) -> Any:
        """Return an array for the logits of a block after the other, None where each has to make its own.

        What is allocated and freed for each block is not soon given back to the machine by every allocator.
        """
        xp, shape = self.on.xp, (min(self.rows, y.shape[0]), weight.shape[0])
        if self.hard and overwrites(xp, y, weight, *others):
            return xp.empty(shape, dtype=self.on.computing, device=device_of(xp, weight))
        return None

    def losses(self, y: Any, *inputs: Any, room: Any = None) -> Any:
        """Return the loss of each row."""
        if self.hard:
            hidden, weight, bias, _ = inputs
            return hard(self.on.xp, self.logits(hidden, weight, bias, room), y, gradient=False).losses
        kernel, arrays, _ = self._loss(y, inputs)
        return kernel.value(self.on.xp, *arrays)

    def pulled(
        self,
        y: Any,
        cotangent: Any,
        *inputs: Any,
        wanted: Wanted,
        before: Sequence[Any] = (None, None, None),
        room: Any = None,
    ) -> list[Any]:
        """Return the gradients of Σ cotangent · loss by each of the inputs, in the dtype of the computation.

        A row whose cotangent is 0 has no part in them, whatever it holds. Those by what all rows share are added to
        those of the blocks before.
        """
        xp = self.on.xp
        hidden, weight, bias, class_weight = inputs
        still = xp.expand_dims(cotangent == 0, axis=-1)
        hidden = xp.where(still, xp.zeros_like(hidden), hidden)
        cost, scale = None, xp.expand_dims(cotangent, axis=-1)
        if self.hard:
            parts = hard(xp, self.logits(hidden, weight, bias, room), y, gradient=True)
            slope = silenced(xp, parts.numerators, still)  # a NaN in weight or bias is in every row
            scale = xp.where(still, 0.0, scale / parts.denominator)
        else:
            kernel, arrays, q = self._loss(y, (hidden, weight, bias, class_weight))
            slope = pull(xp, kernel, cotangent, kernel.slopes[0](xp, *arrays))
            cost = pull(xp, kernel, cotangent, kernel.slopes[1](xp, *arrays))
            cost = times(xp, smoothed(replace(self.on, x=slope), q, self.label_smoothing), cost)
            scale = xp.ones_like(scale)
        across = xp.matrix_transpose(slope)
        return [
            xp.where(still, 0.0, self.product(slope, self.cast(weight)) * scale) if wanted[0] else None,
            self._more(before[0], across, self.cast(hidden) * scale) if wanted[1] else None,
            _plus(before[1], self.product(across, scale)[:, 0]) if wanted[2] and bias is not None else None,
            _plus(before[2], xp.sum(cost, axis=0)) if wanted[3] and class_weight is not None else None,
        ]

    def _more(self, total: Any, a: Any, b: Any) -> Any:
        """Add a product of matrices to a total, in place where nobody will differentiate through it."""
        if total is not None and torch_overwrites(self.on.xp):
            return total.addmm_(a, b)
        return _plus(total, self.product(a, b))

    def pushed(self, y: Any, tangents: tuple[Any, ...], *inputs: Any) -> Any:
        """Return what the loss of each row changes by, in forward mode."""
        xp = self.on.xp
        hidden, weight, _, class_weight = inputs
        h, w, b, c = tangents
        moves = [
            None if h is None else self.product(h, xp.matrix_transpose(weight)),
            None if w is None else self.product(hidden, xp.matrix_transpose(w)),
            None if b is None else self.cast(b),
        ]
        move = sum((each for each in moves if each is not None), start=xp.zeros_like(self.cast(hidden)[:, :1]))
        if self.hard:
            parts = hard(xp, self.logits(*inputs[:3]), y, gradient=True)
            return xp.sum(times(xp, parts.numerators, move), axis=-1) / parts.denominator[:, 0]
        kernel, arrays, q = self._loss(y, inputs)
        moved = [push(xp, kernel, move, kernel.slopes[0](xp, *arrays))]
        if c is not None and class_weight is not None:
            q = smoothed(replace(self.on, x=arrays[0]), q, self.label_smoothing)
            moved.append(push(xp, kernel, times(xp, q, self.cast(c)), kernel.slopes[1](xp, *arrays)))
        return sum(moved[1:], start=moved[0])


def block_rows(rows: int, classes: int) -> int:
    """Return how many rows a block has: a small part of all, and nearly the same for each."""
    most = max(rows * classes // SHARE, FLOOR) // classes
    count = math.ceil(rows / max(most, 1))
    return math.ceil(rows / max(count, 1))


def _plus(total: Any, part: Any) -> Any:
    """Add to a total, which may be overwritten."""
    if total is None:
        return part
    total += part
    return total


def _slices(rows: int, block: int) -> Iterator[slice]:
    return (slice(start, min(start + block, rows)) for start in range(0, rows, max(block, 1)))


def losses(blocks: Blocks, y: Any, *inputs: Any) -> Any:
    """Return the loss of each row, block by block."""
    hidden, *rest = inputs
    room = blocks.room(y, rest[0], hidden, rest[1])
    rows = [blocks.losses(y[some], hidden[some, :], *rest, room=room) for some in _slices(y.shape[0], blocks.rows)]
    xp = blocks.on.xp
    return xp.concat(rows) if rows else xp.sum(blocks.cast(hidden), axis=-1)


def gradients(blocks: Blocks, y: Any, cotangent: Any, *inputs: Any, wanted: Wanted) -> list[Any]:
    """Return the gradients of Σ cotangent · loss, block by block, each in the dtype of its input."""
    xp = blocks.on.xp
    hidden, *rest = inputs
    by_row: list[Any] = []
    whole: list[Any] = [None, None, None]
    room = blocks.room(y, rest[0], hidden, rest[1], cotangent)
    for some in _slices(y.shape[0], blocks.rows):
        block = (y[some], cotangent[some], hidden[some, :])
        first, *whole = blocks.pulled(*block, *rest, wanted=wanted, before=whole, room=room)
        if first is not None:
            by_row.append(xp.astype(first, hidden.dtype, copy=False))
    found = [None if x is None else xp.zeros_like(x) for x in inputs]
    if by_row:
        found[0] = xp.concat(by_row)
    for at, (total, x) in enumerate(zip(whole, rest, strict=True), 1):
        if total is not None:
            found[at] = xp.astype(total, x.dtype, copy=False)
    return [x if want else None for x, want in zip(found, wanted, strict=True)]


def pushed(blocks: Blocks, y: Any, tangents: Inputs, *inputs: Any) -> Any:
    """Return what the losses change by, block by block."""
    (hidden, *rest), (h, *others) = inputs, tangents
    return blocks.on.xp.concat(
        [
            blocks.pushed(y[some], (None if h is None else h[some, :], *others), hidden[some, :], *rest)
            for some in _slices(y.shape[0], blocks.rows)
        ]
    )


def evaluate(blocks: Blocks, y: Any, *inputs: Any) -> Any:
    """Return the loss of each row so that PyTorch and JAX differentiate it block by block."""
    xp = blocks.on.xp
    if made_of(xp, "torch"):
        from ceconform.losses._layers_torch import evaluate as evaluate_torch

        return evaluate_torch(blocks, y, *inputs)
    if made_of(xp, "jax"):
        from ceconform.losses._layers_jax import evaluate as evaluate_jax

        return evaluate_jax(blocks, y, *inputs)
    return losses(blocks, y, *inputs)
