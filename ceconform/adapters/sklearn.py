"""scikit-learn: the losses among its metrics, which take NumPy arrays, classes as labels, and give one number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ceconform.adapters._adapter import Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.corpus import REDUCTIONS
from ceconform.libraries import LIBRARIES

__all__ = ["ADAPTERS", "Sklearn"]


def _mean(q: Question, function: str) -> None:
    """Refuse what is not a mean that divides by the sum of the weights."""
    if q.reduction not in REDUCTIONS:
        raise Unsupported(f"{function} has no names of reductions")
    if q.reduction == "none":
        raise Unsupported(f"{function} reduces to one number")
    if q.reduction not in REDUCTIONS:
        raise Unsupported(f"{function} has no names for reductions")
    if q.reduction == "mean" and q.weighted:
        raise Unsupported(f"the mean of {function} divides by the sum of the weights")


def _mean_alone(q: Question, function: str) -> None:
    """Refuse the sum, too."""
    _mean(q, function)
    if q.reduction == "sum":
        raise Unsupported(f"{function} gives the mean, not the sum")


def _vector(q: Question) -> None:
    if q.ndim != 1:
        raise Unsupported("binary predictions are one column: an array of one dimension")


def _rows(q: Question) -> Source:
    """A row for each sample, a column for each class."""
    if not q.matrix:
        raise Unsupported("predictions have a row for each sample and a column for each class: two dimensions")
    if q.classes == 1:
        raise Unsupported("a classification has two classes or more")
    return q.x if q.classes_last else Source(f"{q.x}.T")


def _classes(q: Question) -> Source:
    return Source(f"range({q.classes})")


def _one_hot(q: Question) -> Source:
    """The labels, a row for each sample, if each names one class."""
    labels = q.call.labels
    if labels is None or not q.hard or not bool((labels.sum(axis=q.axis) == 1).all()):
        raise Unsupported("y_true holds classes, not distributions")
    return q.labels if q.classes_last else Source(f"{q.labels}.T")


class Sklearn(Adapter):
    """scikit-learn. There are no gradients, and an answer is a Python float, which has no dtype."""

    name = "sklearn"
    distribution = "scikit-learn"
    dtypes = ("float64", "float32", "float16")
    conventions = LIBRARIES["sklearn"]
    since = "1.7"
    dialect = Dialect(
        imports="import numpy as np\nfrom sklearn import metrics",
        array="np.array({values}, dtype=np.{dtype})",
    )

    def switches(self) -> dict[str, Any]:
        """The versions of what it computes with."""
        import scipy

        return {"numpy": np.__version__, "scipy": scipy.__version__}

    def describe(self, array: Any) -> tuple[tuple[int, ...], str, str]:
        """A Python float has no dtype of its own: the empty string."""
        return np.shape(array), "", "cpu"

    @staticmethod
    def _log_loss(q: Question, labels: Source, x: Source, classes: Source | None) -> Source:
        _mean(q, "log_loss")
        normalize = False if q.reduction == "sum" else None
        return spell(
            "metrics.log_loss", labels, x, normalize=normalize, sample_weight=q.get("sample_weight"), labels=classes
        )

    def binary_cross_entropy(self, q: Question) -> Iterator[Source]:
        """A vector of probabilities is that of the positive class."""
        q.only("sample_weight")
        _vector(q)
        if not q.hard and not self._out_of_range(q):
            raise Unsupported("y_true holds classes, not probabilities")
        yield self._log_loss(q, q.labels, q.x, Source("[0, 1]"))

    @staticmethod
    def _out_of_range(q: Question) -> bool:
        """Whether a label is no probability, which is for the library to refuse."""
        labels = q.call.labels
        return labels is not None and not bool(((labels >= 0) & (labels <= 1)).all())

    def categorical_cross_entropy(self, q: Question) -> Iterator[Source]:
        """A matrix of labels is an indicator matrix."""
        q.only("sample_weight")
        yield self._log_loss(q, _one_hot(q), _rows(q), None)

    def sparse_cross_entropy(self, q: Question) -> Iterator[Source]:
        """Every class is named, because a batch need not hold each."""
        q.only("sample_weight")
        yield self._log_loss(q, q.labels, _rows(q), _classes(q))

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """The smaller of two labels is the negative one."""
        q.only("sample_weight")
        _mean_alone(q, "hinge_loss")
        _vector(q)
        yield spell("metrics.hinge_loss", q.labels, q.x, sample_weight=q.get("sample_weight"))

    def categorical_hinge_loss(self, q: Question) -> Iterator[Source]:
        """After Crammer and Singer, of three classes and more."""
        q.only("sample_weight")
        _mean_alone(q, "hinge_loss")
        x = _rows(q)
        if q.classes <= 2:  # noqa: PLR2004 - two classes are binary
            raise Unsupported("hinge_loss takes one column of decisions for two classes, not two")
        yield spell("metrics.hinge_loss", q.labels, x, labels=_classes(q), sample_weight=q.get("sample_weight"))

    def brier_loss(self, q: Question) -> Iterator[Source]:
        """Of classes it is asked for the sum over classes: its default halves that of two."""
        q.only("sample_weight")
        _mean_alone(q, "brier_score_loss")
        weight = q.get("sample_weight")
        if q.axis is None:
            _vector(q)
            if not q.hard and not self._out_of_range(q):
                raise Unsupported("y_true holds classes, not probabilities")
            yield spell("metrics.brier_score_loss", q.labels, q.x, sample_weight=weight, pos_label=1)
            return
        yield spell(
            "metrics.brier_score_loss",
            Source(f"{_one_hot(q)}.argmax(axis=1)"),
            _rows(q),
            sample_weight=weight,
            labels=_classes(q),
            scale_by_half=False,
        )


ADAPTERS = (Sklearn,)
