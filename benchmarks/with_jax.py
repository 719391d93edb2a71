"""JAX: ours beside optax, both jitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ceconform
from benchmarks.comparison import BINARY, OURS, PASS, SMALL, Comparison, Question, questions
from benchmarks.data import draw

__all__ = ["OPTAX", "comparisons"]

OPTAX = "optax"
DTYPES = ("float32", "bfloat16")


def comparisons() -> Iterator[Comparison]:
    """Jitted against jitted."""
    for question in questions(*DTYPES):
        targets = {OPTAX: 1.2 if question.shape in SMALL else 1.0}
        yield Comparison(setting="jax-jit", question=question, make=_jitted, targets=targets)


def _jitted(question: Question) -> dict[str, Callable[[], Any]]:
    import jax
    import jax.numpy as jnp
    import optax

    numbers, targets = draw(question)
    logits, labels = jnp.asarray(numbers, dtype=question.dtype), jnp.asarray(targets)
    if question.loss == BINARY:
        labels = labels.astype(question.dtype)
        ours, rows = ceconform.binary_cross_entropy_with_logits, optax.sigmoid_binary_cross_entropy
    else:
        ours = ceconform.sparse_cross_entropy_with_logits
        rows = optax.softmax_cross_entropy_with_integer_labels

    def theirs(logits: Any, labels: Any) -> Any:
        return rows(logits, labels).mean()

    def call(function: Callable[..., Any]) -> Callable[[], Any]:
        jitted = jax.jit(jax.value_and_grad(function) if question.backward else function)
        return lambda: jax.block_until_ready(jitted(logits, labels))

    total = jax.jit(jnp.sum)
    return {OURS: call(ours), OPTAX: call(theirs), PASS: lambda: jax.block_until_ready(total(logits))}
