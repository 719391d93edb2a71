"""Blocks of rows as a scan with JAX's custom derivatives. Imported for JAX's arrays alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from ceconform.losses._layers import Blocks, gradients
from ceconform.losses._maps_jax import linear

__all__ = ["evaluate"]


def evaluate(blocks: Blocks, y: Any, *inputs: Any) -> Any:
    """Evaluate the rows, differentiable by each of the inputs, one block at a time, in forward and in reverse mode."""
    if y.shape[0] == 0:
        return jnp.zeros(0, dtype=blocks.on.computing)
    blocks = replace(blocks, rows=_even(y.shape[0], blocks.rows))
    there = [at for at, x in enumerate(inputs) if x is not None]

    def placed(values: Any) -> list[Any]:
        """Put the inputs that there are between those that are None."""
        of = dict(zip(there, values, strict=True))
        return [of.get(at) for at in range(len(inputs))]

    function = jax.custom_jvp(lambda y, *present: _losses(blocks, y, *placed(present)))

    def derivative(arrays: Any, tangents: Any) -> tuple[Any, Any]:
        losses = function(*arrays)
        moving = [at for at, t in zip(there, tangents[1:], strict=True) if not isinstance(t, SymbolicZero)]
        wanted = tuple(at in moving for at in range(len(inputs)))

        def pushed(*values: Any) -> tuple[Any]:
            moves = dict(zip(moving, values, strict=False))
            y, *present = values[len(moving) :]
            return (_pushed(blocks, y, [moves.get(at) for at in range(len(inputs))], *placed(present)),)

        def pulled(cotangent: Any, y: Any, *present: Any) -> tuple[Any, ...]:
            found = _pulled(blocks, y, cotangent, *placed(present), wanted=wanted)
            return tuple(found[at] for at in moving)

        if not moving:
            return losses, jnp.zeros_like(losses)
        moves = [t for t in tangents[1:] if not isinstance(t, SymbolicZero)]
        return losses, linear(pushed, pulled, moves, arrays)

    function.defjvp(derivative, symbolic_zeros=True)
    return function(y, *(inputs[at] for at in there))


def _even(rows: int, most: int) -> int:
    """Return how many rows a block has where nothing is filled up, best a number that devices can share evenly."""
    sizes = (size for size in range(most, most // 2, -1) if rows % size == 0)
    return max(sizes, key=lambda size: size & -size, default=most)


def _divided(blocks: Blocks, x: Any) -> Any:
    """In blocks of rows from all over, so that devices that share the rows share each block; None stays None.

    What is filled up are zeros, whose cotangents are 0.
    """
    if x is None:
        return None
    rows, count = x.shape[0], -(-x.shape[0] // blocks.rows)
    x = jnp.pad(x, [(0, count * blocks.rows - rows)] + [(0, 0)] * (x.ndim - 1))
    return jnp.swapaxes(x.reshape(blocks.rows, count, *x.shape[1:]), 0, 1)


def _joined(x: Any, rows: int) -> Any:
    return jnp.swapaxes(x, 0, 1).reshape(-1, *x.shape[2:])[:rows]


def _losses(blocks: Blocks, y: Any, hidden: Any, *rest: Any) -> Any:
    rows = y.shape[0]
    if rows == blocks.rows:  # there is nothing to map over, which takes long to compile
        return blocks.losses(y, hidden, *rest)
    each = (_divided(blocks, y), _divided(blocks, hidden))
    return _joined(jax.lax.map(lambda block: blocks.losses(*block, *rest), each), rows)


def _pushed(blocks: Blocks, y: Any, tangents: Any, hidden: Any, *rest: Any) -> Any:
    rows = y.shape[0]
    if rows == blocks.rows:
        return blocks.pushed(y, tuple(tangents), hidden, *rest)

    def one(block: Any) -> Any:
        y, hidden, move = block
        return blocks.pushed(y, (move, *tangents[1:]), hidden, *rest)

    each = tuple(_divided(blocks, x) for x in (y, hidden, tangents[0]))
    return _joined(jax.lax.map(one, each), rows)


def _pulled(blocks: Blocks, y: Any, cotangent: Any, hidden: Any, *rest: Any, wanted: Any) -> list[Any]:
    rows = y.shape[0]
    if rows == blocks.rows:
        return gradients(blocks, y, cotangent, hidden, *rest, wanted=wanted)

    def one(totals: Any, block: Any) -> Any:
        first, *others = blocks.pulled(*block, *rest, wanted=wanted)
        add = (None if total is None else total + part for total, part in zip(totals, others, strict=True))
        return tuple(add), None if first is None else first.astype(hidden.dtype)

    nothing = tuple(
        jnp.zeros(x.shape, dtype=blocks.on.computing) if want else None
        for x, want in zip(rest, wanted[1:], strict=True)
    )
    each = tuple(_divided(blocks, x) for x in (y, cotangent, hidden))
    totals, by_row = jax.lax.scan(one, nothing, each)
    whole = (None if total is None else total.astype(x.dtype) for x, total in zip(rest, totals, strict=True))
    return [None if by_row is None else _joined(by_row, rows), *whole]
