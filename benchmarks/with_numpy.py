"""NumPy: ours beside scikit-learn's `log_loss`, on probabilities, and beside the forms that SciPy gives, on logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import ceconform
from benchmarks.comparison import BINARY, FORWARD, OURS, PASS, SOFTMAX, Comparison, Question, questions
from benchmarks.data import draw

__all__ = ["SCIPY", "SKLEARN", "comparisons"]

SCIPY = "scipy"
SKLEARN = "sklearn"
DTYPES = ("float32", "float64")


def comparisons() -> Iterator[Comparison]:
    """Logits against SciPy, then probabilities against scikit-learn, which has no gradient."""
    for question in questions(*DTYPES):
        yield Comparison(setting="numpy", question=question, make=_on_logits, targets={SCIPY: 0.5})
    for question in questions(*DTYPES):
        if question.part == FORWARD:
            targets = {SKLEARN: 0.15}
            yield Comparison(setting="numpy-probs", question=question, make=_on_probabilities, targets=targets)


def _on_logits(question: Question) -> dict[str, Callable[[], Any]]:
    logits, labels = draw(question, question.dtype)
    ours = {
        SOFTMAX: ceconform.sparse_cross_entropy_with_logits,
        BINARY: ceconform.binary_cross_entropy_with_logits,
    }[question.loss]
    theirs = {
        (SOFTMAX, False): _softmax,
        (SOFTMAX, True): _softmax_and_gradient,
        (BINARY, False): _binary,
        (BINARY, True): _binary_and_gradient,
    }[question.loss, question.backward]
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


def _on_probabilities(question: Question) -> dict[str, Callable[[], Any]]:
    from scipy.special import expit, softmax
    from sklearn.metrics import log_loss

    logits, labels = draw(question, question.dtype)
    if question.loss == BINARY:
        probabilities, classes = expit(logits), np.arange(2)
        ours = ceconform.binary_cross_entropy
    else:
        probabilities, classes = softmax(logits, axis=1), np.arange(question.shape[1])
        ours = ceconform.sparse_cross_entropy
    return {
        OURS: lambda: ours(probabilities, labels),
        SKLEARN: lambda: log_loss(labels, probabilities, labels=classes),
        PASS: lambda: np.add.reduce(probabilities, axis=None),
    }
