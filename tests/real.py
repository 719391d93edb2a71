"""What the real libraries say: each is asked all that the tests want to know of it in one process, which imports it."""

from __future__ import annotations

import functools
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from whole_corpus import CASES

from ceconform.corpus import LOSSES, Call, Case, Expected, select
from ceconform.harness import Event, ask

KERAS = ("keras[jax]", "keras[numpy]", "keras[tensorflow]", "keras[torch]")
LIBRARIES = (*KERAS, "optax", "sklearn", "tensorflow", "tf_keras", "torch")

TELLING = (
    "binary/clipping/certain-and-wrong",
    "binary/extreme/forty-on-the-right-side",
    "binary/reductions/mean-of-probabilities",
    "binary/weights/sum",
    "sparse/errors/unknown-reduction",
    "sparse/label-dtypes/int32",
    "sparse/masking/one-infinite-logit-rightly",
    "sparse/worked-examples/tensorflow-program",
)
"""Cases to which every library has something to say, in float32."""

# Moderate numbers, exact in every dtype: nothing is clipped, no hinge is at its corner.
BINARY = {
    "logits": np.array([1.5, -2.0, 0.25, -0.5]),
    "probabilities": np.array([0.25, 0.5, 0.75, 0.125]),
}
ROWS = {
    "logits": np.array([[1.0, 2.25, -0.5], [0.25, -1.0, 3.0], [0.5, 0.75, 0.25], [-2.0, 1.5, 0.125]]),
    "probabilities": np.array([[0.25, 0.5, 0.25], [0.125, 0.125, 0.75], [0.5, 0.25, 0.25], [0.125, 0.25, 0.625]]),
}
ROWS["log_probabilities"] = np.array([[-1.5, -0.75, -1.25], [-2.0, -2.5, -0.25], [-1.0, -1.25, -1.0], [-3, -0.5, -1]])
ROWS["hidden"] = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75], [2.0, 1.0]])
LAYER = {"weight": np.array([[1.0, 0.5], [-0.25, 2.0], [0.75, -1.5]])}
INDEX = np.array([1, 2, 0, 1])
LABELS: dict[str | None, Any] = {
    "binary": np.array([1.0, 0.0, 0.0, 1.0]),
    "sign": np.array([1.0, -1.0, -1.0, 1.0]),
    "index": INDEX,
    "distribution": np.eye(3)[INDEX],
    "multi-hot": np.array([[1.0, 1, 0], [0, 1, 0], [1, 1, 1], [0, 0, 1]]),
    None: None,
}
SOFT = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0.625, 0.25, 0.125], [0.25, 0.5, 0.25]])
PARAMETERS = {
    "alpha": 0.25,
    "bias": np.array([0.5, -0.25, 1.0]),
    "class_weight": np.array([0.5, 2.0, 1.25]),
    "gamma": 1.5,
    "ignore_index": 2,
    "label_smoothing": 0.25,
    "pos_weight": np.array(2.5),
}
SAMPLE_WEIGHT = np.array([0.5, 2.0, 1.0, 0.25])


def ask_for(loss: str, *, soft: bool = False, **parameters: Any) -> Call:
    """A call of moderate numbers."""
    spec = LOSSES[loss]
    binary = spec.labels in {"binary", "sign"} or parameters.get("axis", -1) is None
    labels = LABELS["binary" if parameters.get("axis", -1) is None else spec.labels]
    # The logarithm of a label is finite, for the forms that take logarithms of both.
    soft = soft or loss == "kl_divergence"
    return Call(
        loss=loss,
        predictions=(BINARY if binary else ROWS)[spec.predictions],
        labels=SOFT if soft else labels,
        parameters=MappingProxyType({**(LAYER if spec.layer else {}), **parameters}),
    )


def everything() -> list[Call]:
    """Each loss by each reduction, with and without weights, with each other parameter alone; some in each dtype."""
    calls = []
    for loss, spec in LOSSES.items():
        forms: list[dict[str, Any]] = [{"axis": None}, {}] if loss == "brier_loss" else [{}]
        for form in forms:
            calls += [ask_for(loss, **form, reduction=r) for r in ("none", "mean")]
            weighted = {**form, "sample_weight": SAMPLE_WEIGHT}
            calls += [ask_for(loss, **weighted, reduction=r) for r in ("sum", "mean", "weighted_mean")]
        alone = PARAMETERS.keys() & set(spec.parameters) - ({"class_weight"} if loss == "brier_loss" else set())
        calls += [ask_for(loss, **{name: PARAMETERS[name]}) for name in sorted(alone)]
        if "class_weight" in spec.parameters:
            weight = PARAMETERS["class_weight"]
            calls += [ask_for(loss, class_weight=weight, reduction=r) for r in ("mean", "weighted_mean")]
        if "ignore_index" in spec.parameters:
            calls += [ask_for(loss, ignore_index=2, reduction=r) for r in ("sum", "mean")]
        if spec.labels == "distribution" and loss != "kl_divergence":
            calls.append(ask_for(loss, soft=True))
    for dtype in ("float64", "float16", "bfloat16"):
        for loss in ("sparse_cross_entropy", "sparse_cross_entropy_with_logits"):
            calls.append(replace(ask_for(loss, reduction="mean"), dtype=dtype))
    return calls


CALLS = everything()


def _case(number: int, call: Call) -> Case:
    """A call as a case of no corpus."""
    return Case(
        id=f"contract/{number}",
        description="A call of moderate numbers.",
        loss=call.loss,
        predictions=call.predictions,
        labels=call.labels,
        parameters=call.parameters,
        sources={},
        expected=Expected(),
        dtypes=(call.dtype,),
    )


@functools.cache
def events(implementation: str) -> list[Event]:
    """All that comes of the telling cases, and of every call if it is a library's."""
    told = [replace(case, dtypes=("float32",)) for case in select(CASES, TELLING)]
    calls = CALLS if implementation in LIBRARIES else []
    return list(ask([implementation], [*told, *map(_case, range(len(calls)), calls)]))
