"""TF-Keras: the losses of Keras 2, which live on in a package beside Keras 3, eager on TensorFlow.

`tf_keras.losses` has functions, which give a value for each row, and classes, which reduce. Labels come first. The
binary functions take the mean over the last axis, so that an axis of length 1 is put there. A loss computes in the
dtype of the predictions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ceconform.adapters._adapter import Question, Source, Unsupported, spell
from ceconform.adapters.tensorflow import Eager, last
from ceconform.libraries import LIBRARIES

__all__ = ["ADAPTERS", "TFKeras"]

_REDUCTIONS = MappingProxyType({"none": "none", "sum": "sum", "mean": "sum_over_batch_size"})
# The fuzz factor clips, as in Keras 3, and is added within each logarithm as well.
_BINARY = ("clip-at-1e-7", "add-1e-7-inside-log", "empty-mean-is-zero")


def _column(x: Source) -> Source:
    return spell("tf.expand_dims", x, -1)


def _function(q: Question, function: str, labels: Source, x: Source, **keywords: Any) -> Iterator[Source]:
    """Where nothing is reduced or weighted."""
    if q.reduction == "none" and q.get("sample_weight") is None and not q.default_space:
        yield spell(f"tf_keras.losses.{function}", labels, x, **keywords)


def _class(q: Question, name: str, labels: Source, x: Source, **keywords: Any) -> Iterator[Source]:
    """With weights of the samples and a reduction, where it has that one."""
    if q.reduction == "weighted_mean":
        raise Unsupported("the library has no mean that divides by the weights")
    made = spell(f"tf_keras.losses.{name}", **keywords, reduction=q.reduction_as(_REDUCTIONS))
    asked = spell("", labels, x, sample_weight=q.get("sample_weight"))
    yield Source(f"{made}{asked}").by(f"tf_keras.losses.{name}")


def _forms(q: Question, function: str, name: str, labels: Source, x: Source, **keywords: Any) -> Iterator[Source]:
    """The function and the class, which have the same parameters."""
    yield from _function(q, function, labels, x, **keywords)
    yield from _class(q, name, labels, x, **keywords)


def _from_logits(q: Question) -> bool | None:
    """Said where the loss takes logits, unless the question is what happens when nobody says it."""
    return True if q.loss.endswith("_with_logits") and not q.default_space else None


def _axis(q: Question) -> int | None:
    return None if q.axis == -1 else q.axis


class TFKeras(Eager):
    """Keras 2. Of its own activations a loss takes the logits beneath."""

    name = "tf_keras"
    distribution = "tf-keras"
    conventions = MappingProxyType(
        {**LIBRARIES["keras[tensorflow]"], "binary_cross_entropy": _BINARY, "binary_focal_loss": _BINARY}
    )
    activations = {  # noqa: RUF012 - a constant of the class, read only
        **Eager.activations,
        "sigmoid": "tf_keras.activations.sigmoid({x})",
        "softmax": "tf_keras.activations.softmax({x}, axis={axis})",
    }
    dialect = replace(
        Eager.dialect, imports=f"{Eager.dialect.imports}\ntf.config.set_visible_devices([], 'GPU')\nimport tf_keras"
    )

    def switches(self) -> dict[str, Any]:
        """Keras' own, beside TensorFlow's and its version."""
        import tensorflow as tf
        import tf_keras

        return {
            "tensorflow": tf.__version__,
            "epsilon": tf_keras.backend.epsilon(),
            "floatx": tf_keras.backend.floatx(),
            **super().switches(),
        }

    def _binary(self, q: Question) -> Iterator[Source]:
        q.only("sample_weight", "label_smoothing")
        labels, x = _column(q.labels), q.activated(_column(q.predictions))
        keywords = {"from_logits": _from_logits(q), "label_smoothing": q.get("label_smoothing")}
        yield from _forms(q, "binary_crossentropy", "BinaryCrossentropy", labels, x, **keywords)

    binary_cross_entropy = binary_cross_entropy_with_logits = _binary

    def _binary_focal(self, q: Question) -> Iterator[Source]:
        q.only("sample_weight", "gamma", "alpha")
        if not q.hard:
            raise Unsupported("of a soft label t it takes the power of 1 - (t p + (1 - t)(1 - p)), another definition")
        keywords = {
            "apply_class_balancing": None if q.get("alpha") is None else True,
            "alpha": q.get("alpha"),
            "gamma": q.get("gamma"),
            "from_logits": _from_logits(q),
        }
        labels, x = _column(q.labels), q.activated(_column(q.predictions))
        yield from _forms(q, "binary_focal_crossentropy", "BinaryFocalCrossentropy", labels, x, **keywords)

    binary_focal_loss = binary_focal_loss_with_logits = _binary_focal

    def _categorical(self, q: Question) -> Iterator[Source]:
        q.only("sample_weight", "label_smoothing")
        keywords = {
            "from_logits": _from_logits(q),
            "label_smoothing": q.get("label_smoothing"),
            "axis": _axis(q),
        }
        yield from _forms(q, "categorical_crossentropy", "CategoricalCrossentropy", q.labels, q.x, **keywords)

    categorical_cross_entropy = categorical_cross_entropy_with_logits = _categorical

    def _categorical_focal(self, q: Question) -> Iterator[Source]:
        q.only("sample_weight", "label_smoothing", "gamma", "alpha")
        # Without alpha there is no balancing here; Keras balances by a quarter unless it is told a factor of 1.
        keywords = {
            "alpha": q.get("alpha", 1.0),
            "gamma": q.get("gamma"),
            "from_logits": _from_logits(q),
            "label_smoothing": q.get("label_smoothing"),
            "axis": _axis(q),
        }
        function, name = "categorical_focal_crossentropy", "CategoricalFocalCrossentropy"
        yield from _forms(q, function, name, q.labels, q.x, **keywords)

    categorical_focal_loss = categorical_focal_loss_with_logits = _categorical_focal

    def _sparse(self, q: Question) -> Iterator[Source]:
        """Only the function has an axis."""
        q.only("sample_weight", "ignore_index")
        keywords = {"from_logits": _from_logits(q), "ignore_class": q.get("ignore_index")}
        yield from _function(q, "sparse_categorical_crossentropy", q.labels, q.x, **keywords, axis=_axis(q))
        yield from _class(q, "SparseCategoricalCrossentropy", q.labels, last(q, q.x), **keywords)

    sparse_cross_entropy = sparse_cross_entropy_with_logits = _sparse

    def kl_divergence(self, q: Question) -> Iterator[Source]:
        """Distributions as labels, classes last."""
        q.only("sample_weight")
        yield from _forms(q, "kl_divergence", "KLDivergence", last(q, q.labels), last(q, q.x))

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """Labels of -1 and +1."""
        q.only("sample_weight")
        yield from _forms(q, "hinge", "Hinge", _column(q.labels), q.activated(_column(q.predictions)))

    def squared_hinge_loss(self, q: Question) -> Iterator[Source]:
        """Labels of -1 and +1."""
        q.only("sample_weight")
        x = q.activated(_column(q.predictions))
        yield from _forms(q, "squared_hinge", "SquaredHinge", _column(q.labels), x)

    def categorical_hinge_loss(self, q: Question) -> Iterator[Source]:
        """One-hot labels, classes last."""
        q.only("sample_weight")
        one_hot = spell("tf.one_hot", q.labels, q.classes)
        yield from _forms(q, "categorical_hinge", "CategoricalHinge", one_hot, last(q, q.x))

    def brier_loss(self, q: Question) -> Iterator[Source]:
        """The squared error of each element: the binary form alone."""
        q.only("sample_weight")
        if q.axis is not None:
            raise Unsupported("MeanSquaredError takes the mean over classes, not the sum")
        x = q.activated(_column(q.predictions))
        yield from _forms(q, "mean_squared_error", "MeanSquaredError", _column(q.labels), x)


ADAPTERS = (TFKeras,)
