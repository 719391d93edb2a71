"""JAX: ours beside optax, both jitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.comparison import BINARY, OURS, PASS, SMALL, WITH_LOGITS, Comparison, Question, questions
from benchmarks.data import draw

__all__ = ["OPTAX", "comparisons", "peak"]

OPTAX = "optax"
DTYPES = ("float32", "bfloat16")


def comparisons() -> Iterator[Comparison]:
    """Jitted against jitted."""
    for question in questions(*DTYPES, losses=tuple(WITH_LOGITS)):
        targets = {OPTAX: 1.2 if question.shape in SMALL else 1.0}
        yield Comparison(setting="jax-jit", question=question, make=_jitted, peak=peak, profile=work, targets=targets)


def _jitted(question: Question) -> dict[str, Jitted]:
    import jax
    import jax.numpy as jnp
    import optax

    numbers, targets = draw(question)
    logits, labels = jnp.asarray(numbers, dtype=question.dtype), jnp.asarray(targets)
    ours, rows = WITH_LOGITS[question.loss], optax.softmax_cross_entropy_with_integer_labels
    if question.loss == BINARY:
        rows, labels = optax.sigmoid_binary_cross_entropy, labels.astype(question.dtype)

    def theirs(logits: Any, labels: Any) -> Any:
        return rows(logits, labels).mean()

    def call(function: Callable[..., Any]) -> Jitted:
        return Jitted(jax.jit(jax.value_and_grad(function) if question.backward else function), (logits, labels))

    return {OURS: call(ours), OPTAX: call(theirs), PASS: Jitted(jax.jit(jnp.sum), (logits,))}


@dataclass(frozen=True)
class Jitted:
    """A call of a jitted function, which returns when its result is there."""

    function: Any
    arguments: tuple[Any, ...]

    def __call__(self) -> Any:
        """Call the function."""
        import jax

        return jax.block_until_ready(self.function(*self.arguments))


def peak(call: Jitted) -> int:
    """Read what the compiled program says that it allocates: its results and its temporaries."""
    memory = call.function.lower(*call.arguments).compile().memory_analysis()
    return int(memory.output_size_in_bytes + memory.temp_size_in_bytes)


def work(call: Jitted) -> list[str]:
    """Read what the compiled program has to do, by XLA's own analysis; it has no times."""
    compiled = call.function.lower(*call.arguments).compile()
    cost = compiled.cost_analysis()
    kernels = sum(" fusion(" in line or " call(" in line for line in compiled.as_text().splitlines())
    named = {"flops": "operations", "transcendentals": "exponentials and logarithms", "bytes accessed": "bytes"}
    return [f"{cost[key]:.3g} {name}" for key, name in named.items() if key in cost] + [f"{kernels} kernels"]
