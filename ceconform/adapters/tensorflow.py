"""TensorFlow: the losses of `tf.nn`, and those of `tf.compat.v1.losses` with weights and reductions."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.adapters._adapter import Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.adapters._gradients import TENSORFLOW, TENSORFLOW_COTANGENT
from ceconform.libraries import LIBRARIES

__all__ = ["ADAPTERS", "Eager", "TensorFlow", "last"]

_REDUCTIONS = MappingProxyType(
    {
        "none": "none",
        "sum": "weighted_sum",
        "mean": "weighted_sum_over_batch_size",
        "weighted_mean": "weighted_mean",
    }
)


def _v1(q: Question, function: str, labels: Source, x: Source, **keywords: Any) -> Source:
    """A loss of TensorFlow 1: labels first, weights of the samples, and a name for each of our reductions."""
    weights, reduction = q.get("sample_weight"), q.reduction_as(_REDUCTIONS)
    return spell(f"tf.compat.v1.losses.{function}", labels, x, weights=weights, reduction=reduction, **keywords)


def last(q: Question, x: Source) -> Source:
    """The classes on the last axis; of an axis that is not there `tf.transpose` says so."""
    if q.classes_last or q.axis is None:
        return x
    classes = q.axis + q.ndim if q.axis < 0 else q.axis
    order = [axis for axis in range(q.ndim) if axis != classes]
    return spell("tf.transpose", x, [*order, classes])


def _bare(q: Question, *parameters: str) -> bool:
    """Whether `tf.nn` can say it: it has no reductions and no weights of samples."""
    return q.reduction == "none" and q.call.parameters.keys() <= {"axis", "reduction", *parameters}


class Eager(Adapter):
    """TensorFlow's arrays, computed with at once, and its autodiff; each library on it has its own losses."""

    dtypes = ("float64", "float32", "float16", "bfloat16")
    activations = {  # noqa: RUF012 - a constant of the class, read only
        "sigmoid": "tf.nn.sigmoid({x})",
        "softmax": "tf.nn.softmax({x}, axis={axis})",
        "log_sigmoid": "tf.math.log_sigmoid({x})",
        "log_softmax": "tf.nn.log_softmax({x}, axis={axis})",
    }
    dialect = Dialect(
        imports="import numpy as np\nimport tensorflow as tf",
        array="tf.constant(np.array({values}, dtype=tf.{dtype}.as_numpy_dtype))",
        gradient=TENSORFLOW,
        cotangent=TENSORFLOW_COTANGENT,
        show="print({name}.numpy().tolist())",
    )

    def switches(self) -> dict[str, Any]:
        """Threads, flushing of subnormals."""
        import tensorflow as tf

        return {
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "flushes_subnormals": float(tf.exp(tf.constant([-100.0] * 16))[0]) == 0.0,
        }

    def asnumpy(self, array: Any) -> NDArray[np.float64]:
        """Through NumPy, whose bfloat16 is that of ml_dtypes."""
        return np.asarray(array.numpy()).astype(np.float64)

    def describe(self, array: Any) -> tuple[tuple[int, ...], str, str]:
        """`/job:localhost/replica:0/task:0/device:CPU:0` is the CPU."""
        return tuple(array.shape), array.dtype.name, "cuda" if "GPU" in array.device else "cpu"


class TensorFlow(Eager):
    """TensorFlow's own; what is in `tf.keras` is Keras."""

    name = "tensorflow"
    distribution = "tensorflow"
    conventions = LIBRARIES["tensorflow"]

    def version(self) -> str:
        """Of the distribution that is installed: the one without CUDA has a name of its own."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return importlib.metadata.version("tensorflow-cpu")

    def binary_cross_entropy(self, q: Question) -> Iterator[Source]:
        """With its default, 1e-7 within each logarithm."""
        q.only("sample_weight")
        yield _v1(q, "log_loss", q.labels, q.x)

    def binary_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """`pos_weight` has a function of its own."""
        q.only("sample_weight", "pos_weight", "label_smoothing")
        if q.get("pos_weight") is not None:
            if not _bare(q, "pos_weight"):
                raise Unsupported("pos_weight comes without a reduction, sample weights or smoothing")
            keywords = {"labels": q.labels, "logits": q.x, "pos_weight": q.get("pos_weight")}
            yield spell("tf.nn.weighted_cross_entropy_with_logits", **keywords)
            return
        if _bare(q):
            yield spell("tf.nn.sigmoid_cross_entropy_with_logits", labels=q.labels, logits=q.x)
        yield _v1(q, "sigmoid_cross_entropy", q.labels, q.x, label_smoothing=q.get("label_smoothing"))

    def categorical_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Distributions as labels; only `tf.nn` has an axis."""
        q.only("sample_weight", "label_smoothing")
        if _bare(q):
            axis = None if q.classes_last else q.axis
            yield spell("tf.nn.softmax_cross_entropy_with_logits", labels=q.labels, logits=q.x, axis=axis)
        smoothing = q.get("label_smoothing")
        yield _v1(q, "softmax_cross_entropy", last(q, q.labels), last(q, q.x), label_smoothing=smoothing)

    def sparse_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Class indices, classes last."""
        q.only("sample_weight")
        x = last(q, q.x)
        if _bare(q):
            yield spell("tf.nn.sparse_softmax_cross_entropy_with_logits", labels=q.labels, logits=x)
        yield _v1(q, "sparse_softmax_cross_entropy", q.labels, x)

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """Its labels are 0 and 1."""
        q.only("sample_weight")
        yield _v1(q, "hinge_loss", Source(f"({q.labels} + 1) / 2"), q.x)

    def brier_loss(self, q: Question) -> Iterator[Source]:
        """The squared error of each element: the binary form alone."""
        q.only("sample_weight")
        if q.axis is not None:
            raise Unsupported("mean_squared_error sums over no class axis")
        yield _v1(q, "mean_squared_error", q.labels, q.x)


ADAPTERS = (TensorFlow,)
