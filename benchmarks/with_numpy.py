"""NumPy: ours beside scikit-learn's `log_loss`, on probabilities, and beside the forms that SciPy gives, on logits."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import ceconform
from benchmarks.comparison import BINARY, FORWARD, OURS, PASS, SOFTMAX, WITH_LOGITS, Comparison, Question, questions
from benchmarks.data import draw
from benchmarks.profile import of_python

__all__ = ["SCIPY", "SKLEARN", "comparisons", "peak"]

SCIPY = "scipy"
SKLEARN = "sklearn"
OF_PROBABILITIES: Mapping[str, Callable[..., Any]] = {
    SOFTMAX: ceconform.sparse_cross_entropy,
    BINARY: ceconform.binary_cross_entropy,
}
DTYPES = ("float32", "float64")


def comparisons() -> Iterator[Comparison]:
    """Logits against SciPy, then probabilities against scikit-learn, which has no gradient."""
    for question in questions(*DTYPES):
        yield Comparison(
            setting="numpy",
            question=question,
            make=_on_logits,
            peak=peak,
            profile=of_python,
            targets={SCIPY: 0.5},
        )
    for question in questions(*DTYPES):
        if question.part == FORWARD:
            targets = {SKLEARN: 0.15}
            yield Comparison(
                setting="numpy-probs",
                question=question,
                make=_on_probabilities,
                peak=peak,
                profile=of_python,
                targets=targets,
            )


def _on_logits(question: Question) -> dict[str, Callable[[], Any]]:
    logits, labels = draw(question, question.dtype)
    value, with_gradient = THEIRS[question.loss]
    theirs = with_gradient if question.backward else value
    ours = WITH_LOGITS[question.loss]
    function = ceconform.value_and_grad(ours) if question.backward else ours
    return {
        OURS: lambda: function(logits, labels),
        SCIPY: lambda: theirs(logits, labels),
        PASS: lambda: np.add.reduce(logits, axis=None),
    }


def _softmax(logits: Any, labels: Any) -> Any:
    from scipy.special import logsumexp

    return np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels])


def _softmax_and_gradient(logits: Any, labels: Any) -> Any:
    from scipy.special import softmax

    gradient = softmax(logits, axis=1)
    gradient[np.arange(len(labels)), labels] -= 1
    gradient /= len(labels)
    return _softmax(logits, labels), gradient


def _binary(logits: Any, labels: Any) -> Any:
    """SciPy's own form of a logsumexp over 0 and z."""
    from scipy.special import log_expit

    return -np.mean(labels * log_expit(logits) + (1 - labels) * log_expit(-logits))


def _binary_and_gradient(logits: Any, labels: Any) -> Any:
    from scipy.special import expit

    return _binary(logits, labels), (expit(logits) - labels) / labels.size


THEIRS = {SOFTMAX: (_softmax, _softmax_and_gradient), BINARY: (_binary, _binary_and_gradient)}


def _on_probabilities(question: Question) -> dict[str, Callable[[], Any]]:
    from scipy.special import expit, softmax
    from sklearn.metrics import log_loss

    logits, labels = draw(question, question.dtype)
    if question.loss == BINARY:
        probabilities, classes = expit(logits), 2
    else:
        probabilities, classes = softmax(logits, axis=1), question.shape[1]
    ours = OF_PROBABILITIES[question.loss]
    return {
        OURS: lambda: ours(probabilities, labels),
        SKLEARN: lambda: log_loss(labels, probabilities, labels=np.arange(classes)),
        PASS: lambda: np.add.reduce(probabilities, axis=None),
    }


def peak(call: Callable[[], Any]) -> int:
    """Count what NumPy allocates, as it tells tracemalloc."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
