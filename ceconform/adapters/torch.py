"""PyTorch: the losses of `torch.nn.functional`, and their module forms."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.adapters._adapter import Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.adapters._gradients import TORCH, TORCH_COTANGENT
from ceconform.libraries import LIBRARIES

__all__ = ["ADAPTERS", "Torch"]


def _forms(q: Question, function: str, module: str, *arguments: Source, **keywords: Any) -> Iterator[Source]:
    """The function, and the module that is documented to do the same."""
    arguments = arguments or (q.x, q.labels)
    yield spell(f"F.{function}", *arguments, **keywords)
    yield Source(f"{spell(f'nn.{module}', **keywords)}({', '.join(arguments)})").by(f"nn.{module}")


def _plain_mean(q: Question) -> str:
    """The reduction's name where "mean" divides by the number of losses."""
    if q.reduction == "weighted_mean" and q.weighted:
        raise Unsupported("reduction='mean' divides by the number of losses")
    return q.reduction.removeprefix("weighted_")


def _weighted_mean(q: Question) -> str:
    """The reduction's name where "mean" divides by the sum of the weights."""
    if q.reduction == "mean" and q.weighted:
        raise Unsupported("reduction='mean' divides by the sum of the weights")
    return q.reduction.removeprefix("weighted_")


def _class_second(q: Question, x: Source) -> Source:
    """PyTorch's classes stand on axis 1, or 0 of a vector."""
    if q.axis is None or q.ndim <= 1 or q.axis in {1, 1 - q.ndim}:
        return x
    return Source(f"{x}.movedim({q.axis}, 1)")


class Torch(Adapter):
    """PyTorch."""

    name = "torch"
    distribution = "torch"
    dtypes = ("float64", "float32", "float16", "bfloat16")
    conventions = MappingProxyType(
        # Categorical documents that it normalises what it is given.
        {**LIBRARIES["torch"], "kl_divergence": ("renormalise-rows", "divide-by-elements")}
    )
    activations = {  # noqa: RUF012 - a constant of the class, read only
        "sigmoid": "torch.sigmoid({x})",
        "softmax": "torch.softmax({x}, dim={axis})",
        "log_sigmoid": "F.logsigmoid({x})",
        "log_softmax": "torch.log_softmax({x}, dim={axis})",
    }
    dialect = Dialect(
        imports="import torch\nimport torch.nn.functional as F\nfrom torch import nn",
        array="torch.tensor({values}, dtype=torch.{dtype}, device={device!r})",
        gradient=TORCH,
        cotangent=TORCH_COTANGENT,
        show="print({name}.tolist())",
    )

    def devices(self) -> list[str]:
        """CUDA, where there is one."""
        import torch

        return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]

    def switches(self) -> dict[str, Any]:
        """Threads, TF32, flushing of subnormals."""
        import torch

        return {
            "threads": torch.get_num_threads(),
            "tf32": torch.backends.cuda.matmul.allow_tf32,
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "flushes_subnormals": float(torch.tensor(1e-38) * 0.1) == 0.0,
        }

    def asnumpy(self, array: Any) -> NDArray[np.float64]:
        """Through float64, because NumPy has no bfloat16."""
        return np.asarray(array.detach().double().cpu().numpy())

    def describe(self, array: Any) -> tuple[tuple[int, ...], str, str]:
        """Shape, dtype, device."""
        return tuple(array.shape), str(array.dtype).removeprefix("torch."), array.device.type

    def binary_cross_entropy(self, q: Question) -> Iterator[Source]:
        """`weight` multiplies the elements."""
        q.only("sample_weight")
        yield from _forms(q, "binary_cross_entropy", "BCELoss", weight=q.get("sample_weight"), reduction=_plain_mean(q))

    def binary_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Also the multi-label form, whose mean over classes and rows is the mean over elements."""
        q.only("sample_weight", "pos_weight")
        yield from _forms(
            q,
            "binary_cross_entropy_with_logits",
            "BCEWithLogitsLoss",
            weight=q.get("sample_weight"),
            pos_weight=q.get("pos_weight"),
            reduction=_plain_mean(q),
        )
        if q.matrix and q.reduction == "mean" and q.call.parameters.keys() <= {"reduction"}:
            yield from _forms(q, "multilabel_soft_margin_loss", "MultiLabelSoftMarginLoss", reduction="mean")

    def categorical_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Class probabilities as targets: the mean divides by the number of rows, also with weights."""
        q.only("class_weight", "label_smoothing")
        yield from _forms(
            q,
            "cross_entropy",
            "CrossEntropyLoss",
            _class_second(q, q.x),
            _class_second(q, q.labels),
            weight=q.get("class_weight"),
            label_smoothing=q.get("label_smoothing"),
            reduction=_plain_mean(q),
        )

    def sparse_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Class indices as targets: the mean divides by the sum of the targets' weights."""
        q.only("class_weight", "label_smoothing", "ignore_index")
        yield from _forms(
            q,
            "cross_entropy",
            "CrossEntropyLoss",
            _class_second(q, q.x),
            q.labels,
            weight=q.get("class_weight"),
            ignore_index=q.get("ignore_index"),
            label_smoothing=q.get("label_smoothing"),
            reduction=_weighted_mean(q),
        )

    def linear_cross_entropy(self, q: Question) -> Iterator[Source]:
        """With options it computes some rows at a time, but for smoothed labels; without, all logits at once."""
        q.only("weight", "bias", "class_weight", "label_smoothing", "ignore_index")
        if q.ndim > 2:  # noqa: PLR2004 - rows of features
            raise Unsupported("F.linear_cross_entropy takes one axis of rows")
        arguments = (q.x, Source("weight"), q.labels)
        keywords = {
            "linear_bias": q.get("bias"),
            "weight": q.get("class_weight"),
            "ignore_index": q.get("ignore_index"),
            "label_smoothing": q.get("label_smoothing"),
            "reduction": _weighted_mean(q),
        }
        yield spell("F.linear_cross_entropy", *arguments, **keywords)
        if not q.get("label_smoothing"):
            options = Source("nn.LinearCrossEntropyOptions()")
            chunked = spell("F.linear_cross_entropy", *arguments, **keywords, options=options)
            yield chunked.by("F.linear_cross_entropy(options)")

    def nll_loss(self, q: Question) -> Iterator[Source]:
        """As cross entropy of class indices."""
        q.only("class_weight", "ignore_index")
        yield from _forms(
            q,
            "nll_loss",
            "NLLLoss",
            _class_second(q, q.x),
            q.labels,
            weight=q.get("class_weight"),
            ignore_index=q.get("ignore_index"),
            reduction=_weighted_mean(q),
        )

    def kl_divergence(self, q: Question) -> Iterator[Source]:
        """Takes log-probabilities first; `mean` is over elements, `batchmean` over the first axis."""
        q.only()
        if q.reduction == "none":
            yield from self._kl_of_distributions(q)
            return
        x = Source(f"{q.x}.log()")
        mean = "batchmean" if q.matrix and q.classes_last else "mean"
        name = q.reduction_as({"sum": "sum", "mean": mean, "weighted_mean": mean})
        for source in _forms(q, "kl_div", "KLDivLoss", x, q.labels, reduction=name):
            yield source.by(f"{source.via}({name})")
        log_target = spell("F.kl_div", x, Source(f"{q.labels}.log()"), reduction=name, log_target=True)
        yield log_target.by(f"F.kl_div({name}, log_target)")
        if name == "batchmean":
            yield spell("F.kl_div", x, q.labels, reduction="mean").by("F.kl_div(mean)")

    @staticmethod
    def _kl_of_distributions(q: Question) -> Iterator[Source]:
        """`F.kl_div` without a reduction gives a value for each class; the distributions give one for each row."""
        if not q.classes_last:
            raise Unsupported("Categorical has its classes on the last axis, and F.kl_div gives a value for each class")
        categorical = "torch.distributions.Categorical"
        q_then_p = (spell(categorical, probs=q.labels), spell(categorical, probs=q.x))
        yield spell("torch.distributions.kl_divergence", *q_then_p)

    def entropy(self, q: Question) -> Iterator[Source]:
        """Of `torch.distributions`, which has the classes last."""
        q.only()
        if q.reduction != "none":
            raise Unsupported("Categorical.entropy() reduces over classes alone")
        if not q.classes_last:
            raise Unsupported("Categorical has its classes on the last axis")
        yield Source(f"{spell('torch.distributions.Categorical', probs=q.x)}.entropy()").by("Categorical.entropy")

    def soft_margin_loss(self, q: Question) -> Iterator[Source]:
        """Labels of -1 and +1."""
        q.only()
        yield from _forms(q, "soft_margin_loss", "SoftMarginLoss", reduction=_plain_mean(q))

    def brier_loss(self, q: Question) -> Iterator[Source]:
        """The squared error of each element: the binary form alone. The function has weights, and divides by them."""
        q.only("sample_weight")
        if q.axis is not None:
            raise Unsupported("mse_loss sums over no class axis")
        if q.weighted:
            weight = q.get("sample_weight")
            yield spell("F.mse_loss", q.x, q.labels, reduction=_weighted_mean(q), weight=weight)
        else:
            yield from _forms(q, "mse_loss", "MSELoss", reduction=_plain_mean(q))


ADAPTERS = (Torch,)
