"""PyTorch: ours beside `torch.nn.functional`, eager and compiled."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.comparison import BINARY, OURS, PASS, SMALL, WITH_LOGITS, Comparison, Question, questions
from benchmarks.data import draw
from benchmarks.profile import of_operators, of_python

__all__ = ["COMPILED", "NATIVE", "comparisons", "peak"]

NATIVE = "native"
COMPILED = "native-compiled"
DTYPES = ("float32", "bfloat16")


def comparisons(device: str = "cpu") -> Iterator[Comparison]:
    """Eager against eager, then compiled against both."""
    for question in questions(*DTYPES, losses=tuple(WITH_LOGITS)):
        targets = {NATIVE: _eager_target(question)}
        yield Comparison(
            setting="torch-eager",
            question=question,
            make=partial(_eager, device=device),
            peak=peak,
            profile=of_python if question.shape in SMALL else of_operators,
            targets=targets,
        )
    for question in questions(*DTYPES, losses=tuple(WITH_LOGITS)):
        most = 1.2 if question.shape in SMALL else 1.0
        targets = {NATIVE: most, COMPILED: most}
        yield Comparison(
            setting="torch-compile",
            question=question,
            make=partial(_compiled, device=device),
            peak=peak,
            profile=of_operators,
            targets=targets,
        )


def _eager_target(question: Question) -> float:
    if question.shape in SMALL:
        return 5.0
    return 1.5 if question.backward else 3.0


def _eager(question: Question, device: str) -> dict[str, Callable[[], Any]]:
    ours, theirs, one_pass, call = _functions(question, device)
    return {OURS: call(ours), NATIVE: call(theirs), PASS: one_pass}


def _compiled(question: Question, device: str) -> dict[str, Callable[[], Any]]:
    import torch

    # Without this a second size is compiled anew, for all sizes; the static code is what a training run has.
    torch.compiler.reset()
    ours, theirs, one_pass, call = _functions(question, device)
    # So that a profile names the kernels; it costs less than a microsecond a kernel, theirs as ours.
    options = {"cpp.enable_kernel_profile": True}
    return {
        OURS: call(torch.compile(ours, fullgraph=True, dynamic=False, options=options)),
        NATIVE: call(theirs),
        COMPILED: call(torch.compile(theirs, fullgraph=True, dynamic=False, options=options)),
        PASS: one_pass,
    }


def _functions(question: Question, device: str) -> tuple[Any, Any, Any, Any]:
    """Ours and theirs as functions of logits and labels, one pass, and what makes a call of a function."""
    import torch
    from torch.nn import functional

    theirs: Callable[..., Any]
    numbers, targets = draw(question)
    logits = torch.tensor(numbers, dtype=getattr(torch, question.dtype), device=device)
    labels = torch.tensor(targets, device=device)
    ours, theirs = WITH_LOGITS[question.loss], functional.cross_entropy
    if question.loss == BINARY:
        theirs, labels = functional.binary_cross_entropy_with_logits, labels.to(logits.dtype)
    logits.requires_grad_(question.backward)

    values = logits.detach()
    wait = torch.cuda.synchronize if values.is_cuda else _nothing

    def call(function: Callable[..., Any]) -> Callable[[], Any]:
        def run() -> Any:
            answer = function(logits, labels)
            if question.backward:
                answer = torch.autograd.grad(answer, logits)
            wait()
            return answer

        return run

    def one_pass() -> Any:
        answer = values.sum()
        wait()
        return answer

    return ours, theirs, one_pass, call


def _nothing() -> None:
    pass


def peak(call: Callable[[], Any]) -> int:
    """Replay the allocations that PyTorch's profiler saw."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        answer = call()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiled.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    del answer  # only now: it is part of the peak
    changes = sorted((event["ts"], event["args"]["Bytes"]) for event in events if event.get("name") == "[memory]")
    held: Iterator[int] = accumulate((change for _, change in changes), initial=0)
    return max(held)
