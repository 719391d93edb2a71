"""Keras: one description of its losses, asked on each of its four backends.

`keras.losses` has functions, which give a value for each row, and classes, which reduce; `keras.ops` has the three
cross entropies beneath them. Labels come first. The binary functions take the mean over the last axis, so that an
axis of length 1 is put there.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ceconform.adapters._adapter import Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.adapters._compiling import by_jax
from ceconform.adapters._gradients import (
    JAX,
    JAX_COTANGENT,
    TENSORFLOW,
    TENSORFLOW_COTANGENT,
    TORCH,
    TORCH_COTANGENT,
)
from ceconform.libraries import LIBRARIES, flushing

__all__ = ["ADAPTERS"]

_REDUCTIONS = MappingProxyType(
    {
        "none": "none",
        "sum": "sum",
        "mean": "sum_over_batch_size",
        "weighted_mean": "mean_with_sample_weight",
    }
)


def _column(x: Source) -> Source:
    return spell("keras.ops.expand_dims", x, -1)


def _last(q: Question, x: Source) -> Source:
    """The classes on the last axis, for the losses that have no `axis`."""
    return x if q.classes_last else spell("keras.ops.moveaxis", x, q.axis, -1)


def _forms(q: Question, function: str, name: str, labels: Source, x: Source, **keywords: Any) -> Iterator[Source]:
    """The function, where nothing is reduced or weighted, and the class."""
    weight = q.get("sample_weight")
    if q.reduction == "none" and weight is None and not q.default_space:
        yield spell(f"keras.losses.{function}", labels, x, **keywords)
    # A loss computes in float32 unless it is told another dtype.
    dtype = None if q.dtype == "float32" else q.dtype
    made = spell(f"keras.losses.{name}", **keywords, reduction=q.reduction_as(_REDUCTIONS), dtype=dtype)
    asked = spell("", labels, x, sample_weight=weight)
    yield Source(f"{made}{asked}").by(f"keras.losses.{name}")


def _ops(q: Question, function: str, labels: Source, x: Source, **keywords: Any) -> Iterator[Source]:
    """The operation beneath, which has nothing but the space and the axis."""
    if q.reduction == "none" and q.call.parameters.keys() <= {"axis", "reduction"} and not q.default_space:
        yield spell(f"keras.ops.{function}", labels, x, **keywords)


def _from_logits(q: Question) -> bool | None:
    """Said where the loss takes logits, unless the question is what happens when nobody says it."""
    return True if q.loss.endswith("_with_logits") and not q.default_space else None


def _axis(q: Question) -> int | None:
    return None if q.axis == -1 else q.axis


class Keras(Adapter):
    """Keras on any backend: the classes below say which."""

    distribution = "keras"
    since = "3.10"
    dtypes: ClassVar[tuple[str, ...]] = ("float64", "float32", "float16", "bfloat16")
    backend: ClassVar[str]
    activations = {  # noqa: RUF012 - a constant of the class, read only
        "sigmoid": "keras.ops.sigmoid({x})",
        "softmax": "keras.ops.softmax({x}, axis={axis})",
        "log_sigmoid": "keras.ops.log_sigmoid({x})",
        "log_softmax": "keras.ops.log_softmax({x}, axis={axis})",
    }

    def routes(self, question: Question) -> Iterator[Source]:
        """The mean that divides by the weights came later than the others."""
        if question.reduction == "weighted_mean" and self.predates("3.7"):
            raise Unsupported("before Keras 3.7 there is no reduction mean_with_sample_weight")
        yield from super().routes(question)

    def switches(self) -> dict[str, Any]:
        """Keras' own, the version of its backend, flushing of subnormals."""
        import keras

        small = keras.ops.exp(keras.ops.full((16,), -100.0, dtype="float32"))
        return {
            self.backend: importlib.import_module(self.backend).__version__,
            "epsilon": keras.config.epsilon(),
            "floatx": keras.config.floatx(),
            "flushes_subnormals": float(keras.ops.convert_to_numpy(small)[0]) == 0.0,
        }

    def asnumpy(self, array: Any) -> NDArray[np.float64]:
        """By way of Keras, which knows its backend's arrays."""
        import keras

        return np.asarray(keras.ops.convert_to_numpy(array)).astype(np.float64)

    def describe(self, array: Any) -> tuple[tuple[int, ...], str, str]:
        """The backend is held on the CPU."""
        import keras

        return tuple(array.shape), keras.backend.standardize_dtype(array.dtype), "cpu"

    def _binary(self, q: Question) -> Iterator[Source]:
        q.only("sample_weight", "label_smoothing")
        labels, x = _column(q.labels), q.activated(_column(q.predictions))
        keywords = {"from_logits": _from_logits(q), "label_smoothing": q.get("label_smoothing")}
        yield from _forms(q, "binary_crossentropy", "BinaryCrossentropy", labels, x, **keywords)
        yield from _ops(q, "binary_crossentropy", q.labels, q.x, from_logits=_from_logits(q))

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
        space = {"from_logits": _from_logits(q), "axis": _axis(q)}
        smoothing = q.get("label_smoothing")
        yield from _forms(
            q,
            "categorical_crossentropy",
            "CategoricalCrossentropy",
            q.labels,
            q.x,
            label_smoothing=smoothing,
            **space,
        )
        yield from _ops(q, "categorical_crossentropy", q.labels, q.x, **space)

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
        q.only("sample_weight", "ignore_index")
        space = {"from_logits": _from_logits(q), "axis": _axis(q)}
        yield from _forms(
            q,
            "sparse_categorical_crossentropy",
            "SparseCategoricalCrossentropy",
            q.labels,
            q.x,
            ignore_class=q.get("ignore_index"),
            **space,
        )
        yield from _ops(q, "sparse_categorical_crossentropy", q.labels, q.x, **space)

    sparse_cross_entropy = sparse_cross_entropy_with_logits = _sparse

    def kl_divergence(self, q: Question) -> Iterator[Source]:
        """Distributions as labels, classes last."""
        q.only("sample_weight")
        yield from _forms(q, "kl_divergence", "KLDivergence", _last(q, q.labels), _last(q, q.x))

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
        one_hot = spell("keras.ops.one_hot", q.labels, q.classes, dtype=q.dtype)
        yield from _forms(q, "categorical_hinge", "CategoricalHinge", one_hot, _last(q, q.x))

    def brier_loss(self, q: Question) -> Iterator[Source]:
        """The squared error of each element: the binary form alone."""
        q.only("sample_weight")
        if q.axis is not None:
            raise Unsupported("MeanSquaredError takes the mean over classes, not the sum")
        x = q.activated(_column(q.predictions))
        yield from _forms(q, "mean_squared_error", "MeanSquaredError", _column(q.labels), x)


def _dialect(backend: str, held: str, *gradients: str, numpy: str = "keras.ops.convert_to_numpy({name})") -> Dialect:
    """The backend is chosen before the import, and held on the CPU; the gradients are of the sum, for a cotangent."""
    gradient, cotangent = gradients or ("", "")
    return Dialect(
        imports=f"import os\nos.environ['KERAS_BACKEND'] = {backend!r}\n{held}import keras\nimport numpy as np",
        array="keras.ops.convert_to_tensor(np.array({values}), dtype={dtype!r})",
        gradient=gradient,
        cotangent=cotangent,
        show=f"print({numpy}.tolist())",
    )


class OnJAX(Keras):
    """With 64-bit arithmetic on."""

    name = "keras[jax]"
    backend = "jax"
    conventions = flushing(LIBRARIES["keras"])
    dialect = _dialect(
        "jax",
        "import jax\njax.config.update('jax_enable_x64', True)\njax.config.update('jax_platforms', 'cpu')\n",
        JAX,
        JAX_COTANGENT,
    )

    def compiling(self) -> float:
        """As JAX tells it."""
        return by_jax()


class OnNumPy(Keras):
    """Without gradients."""

    name = "keras[numpy]"
    backend = "numpy"
    dtypes = ("float64", "float32", "float16")
    conventions = LIBRARIES["keras"]
    dialect = _dialect("numpy", "")


class OnTensorFlow(Keras):
    """Eager."""

    name = "keras[tensorflow]"
    backend = "tensorflow"
    conventions = LIBRARIES["keras[tensorflow]"]
    dialect = _dialect(
        "tensorflow",
        "import tensorflow as tf\ntf.config.set_visible_devices([], 'GPU')\n",
        TENSORFLOW,
        TENSORFLOW_COTANGENT,
        numpy="{name}.numpy()",
    )

    def asnumpy(self, array: Any) -> NDArray[np.float64]:
        """By TensorFlow's own way: Keras' has none for a scalar in bfloat16."""
        return np.asarray(array.numpy()).astype(np.float64)


class OnTorch(Keras):
    """Eager."""

    name = "keras[torch]"
    backend = "torch"
    conventions = LIBRARIES["keras"]
    dialect = _dialect("torch", "os.environ['KERAS_TORCH_DEVICE'] = 'cpu'\nimport torch\n", TORCH, TORCH_COTANGENT)


ADAPTERS = (OnJAX, OnNumPy, OnTensorFlow, OnTorch)
