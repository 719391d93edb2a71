"""PyTorch: ours beside `torch.nn.functional`, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ceconform
from benchmarks.comparison import BINARY, OURS, PASS, SMALL, Comparison, Question, questions
from benchmarks.data import draw

__all__ = ["COMPILED", "NATIVE", "comparisons"]

NATIVE = "native"
COMPILED = "native-compiled"
DTYPES = ("float32", "bfloat16")


def comparisons() -> Iterator[Comparison]:
    """Eager against eager, then compiled against both."""
    for question in questions(*DTYPES):
        targets = {NATIVE: _eager_target(question)}
        yield Comparison(setting="torch-eager", question=question, make=_eager, targets=targets)
    for question in questions(*DTYPES):
        most = 1.2 if question.shape in SMALL else 1.0
        targets = {NATIVE: most, COMPILED: most}
        yield Comparison(setting="torch-compile", question=question, make=_compiled, targets=targets)


def _eager_target(question: Question) -> float:
    if question.shape in SMALL:
        return 5.0
    return 1.5 if question.backward else 3.0


def _eager(question: Question) -> dict[str, Callable[[], Any]]:
    ours, theirs, one_pass, call = _functions(question)
    return {OURS: call(ours), NATIVE: call(theirs), PASS: one_pass}


def _compiled(question: Question) -> dict[str, Callable[[], Any]]:
    import torch

    # Without this a second size is compiled anew, for all sizes; the static code is what a training run has.
    torch.compiler.reset()
    ours, theirs, one_pass, call = _functions(question)
    return {
        OURS: call(torch.compile(ours, fullgraph=True, dynamic=False)),
        NATIVE: call(theirs),
        COMPILED: call(torch.compile(theirs, fullgraph=True, dynamic=False)),
        PASS: one_pass,
    }


def _functions(question: Question) -> tuple[Any, Any, Any, Any]:
    """Ours and theirs as functions of logits and labels, one pass, and what makes a call of a function."""
    import torch
    from torch.nn import functional

    numbers, targets = draw(question)
    logits = torch.tensor(numbers, dtype=getattr(torch, question.dtype))
    labels = torch.tensor(targets)
    if question.loss == BINARY:
        labels = labels.to(logits.dtype)
        ours, theirs = ceconform.binary_cross_entropy_with_logits, functional.binary_cross_entropy_with_logits
    else:
        ours, theirs = ceconform.sparse_cross_entropy_with_logits, functional.cross_entropy
    logits.requires_grad_(question.backward)

    def call(function: Callable[..., Any]) -> Callable[[], Any]:
        if question.backward:
            return lambda: torch.autograd.grad(function(logits, labels), logits)
        return lambda: function(logits, labels)

    values = logits.detach()
    return ours, theirs, lambda: values.sum(), call
