"""Blocks of rows as a scan with JAX's custom derivatives. Imported for JAX's arrays alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from ceconform.losses._layers import Blocks, gradients

__all__ = ["evaluate"]


def evaluate(blocks: Blocks, y: Any, *inputs: Any) -> Any:
    """Evaluate the rows, differentiable by each of the inputs, one block at a time."""
    rows = y.shape[0]
    if rows == 0:
        return jnp.zeros(0, dtype=blocks.on.computing)
    blocks = replace(blocks, rows=_even(rows, blocks.rows))

    def divided(x: Any) -> Any:
        """In blocks of rows from all over, so that devices that share the rows share each block.

        What is filled up are zeros, whose cotangents are 0.
        """
        count = -(-rows // blocks.rows)
        x = jnp.pad(x, [(0, count * blocks.rows - rows)] + [(0, 0)] * (x.ndim - 1))
        return jnp.swapaxes(x.reshape(blocks.rows, count, *x.shape[1:]), 0, 1)

    def joined(x: Any) -> Any:
        return jnp.swapaxes(x, 0, 1).reshape(-1, *x.shape[2:])[:rows]

    def value(y: Any, hidden: Any, *rest: Any) -> Any:
        if rows == blocks.rows:  # there is nothing to map over, which takes long to compile
            return blocks.losses(y, hidden, *rest)
        return joined(jax.lax.map(lambda block: blocks.losses(*block, *rest), (divided(y), divided(hidden))))

    def forward(y: Any, *inputs: Any) -> tuple[Any, Any]:
        return value(y, *inputs), (y, inputs)

    def backward(kept: Any, cotangent: Any) -> Any:
        y, (hidden, *rest) = kept
        if rows == blocks.rows:
            return (None, *gradients(blocks, y, cotangent, hidden, *rest))

        def one(totals: Any, block: Any) -> Any:
            first, *others = blocks.pulled(*block, *rest)
            add = (None if total is None else total + part for total, part in zip(totals, others, strict=True))
            return tuple(add), first.astype(hidden.dtype)

        nothing = tuple(None if x is None else jnp.zeros(x.shape, dtype=blocks.on.computing) for x in rest)
        totals, by_row = jax.lax.scan(one, nothing, (divided(y), divided(cotangent), divided(hidden)))
        whole = (None if x is None else total.astype(x.dtype) for total, x in zip(totals, rest, strict=True))
        return (None, joined(by_row), *whole)

    function = jax.custom_vjp(value)
    function.defvjp(forward, backward)
    return function(y, *inputs)


def _even(rows: int, most: int) -> int:
    """Return how many rows a block has where nothing is filled up, best a number that devices can share evenly."""
    sizes = (size for size in range(most, most // 2, -1) if rows % size == 0)
    return max(sizes, key=lambda size: size & -size, default=most)
