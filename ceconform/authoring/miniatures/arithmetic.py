"""Arithmetic that loses digits, overflows, or makes something else of an infinity or a NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ceconform.authoring.miniatures.answers import (
    Answers,
    class_weights,
    labelled,
    mapped,
    right,
    row_weights,
)
from ceconform.authoring.miniatures.definitions import LOGARITHMS
from ceconform.authoring.miniatures.fault import Fault, asked_otherwise, of_space
from ceconform.corpus import Call

__all__ = ["FAULTS"]

Array = np.ndarray[Any, Any]
_BOTH = ("whole", "gradient")
_SOFTMAX = frozenset({"sparse_cross_entropy_with_logits", "categorical_cross_entropy_with_logits"})


def _narrow(dtype: str) -> Callable[[Call], Answers]:
    """Compute in a narrower dtype than the call's."""

    def answers(call: Call) -> Answers:
        if np.dtype(dtype).itemsize >= np.dtype(call.dtype).itemsize:
            return right(call)
        each = right(replace(call, dtype=dtype))
        return Answers(value=each.value.astype(call.dtype), gradient=each.gradient.astype(call.dtype))

    return answers


def _predictions(change: Callable[[Array], Array]) -> Callable[[Call], Answers]:
    """Answer for other predictions."""
    return asked_otherwise(lambda call: replace(call, predictions=change(call.predictions)))


def _answered(change: Callable[[Array], Array]) -> Callable[[Call], Answers]:
    """Change the numbers of an answer."""

    def answers(call: Call) -> Answers:
        each = right(call)
        with np.errstate(all="ignore"):
            return Answers(
                value=change(each.value).astype(call.dtype), gradient=change(each.gradient).astype(call.dtype)
            )

    return answers


def _softmax_by(form: Callable[[Array, int], tuple[Array, Array]]) -> Callable[[Call], Answers]:
    """Compute lse(z) − z_c and softmax(z) by some form, in the dtype of the call; weights are as they should be."""

    def answers(call: Call) -> Answers:
        if call.activation is not None or call.axis is None or not call.predictions.size:
            return right(call)
        axis, smoothing = call.axis, call.get("label_smoothing", 0.0)
        z = call.predictions.astype(call.dtype)
        with np.errstate(all="ignore"):
            terms, p = form(z, axis)
            q = (1 - smoothing) * labelled(call) + smoothing / z.shape[axis]
            q = q * class_weights(call) * np.expand_dims(row_weights(call), axis)
            losses_ = np.sum(np.where(q == 0, 0, q * terms), axis=axis)
            gradient = p * np.sum(q, axis=axis, keepdims=True) - q
            scale = np.log(call.get("base", np.e))
            return mapped(
                call,
                lambda each: np.where(each == 0, 0, losses_ / scale),
                lambda each: np.where(each == 0, 0, gradient / scale),
            )

    return answers


def _unshifted(z: Array, axis: int) -> tuple[Array, Array]:
    powers = np.exp(z)
    total = np.sum(powers, axis=axis, keepdims=True)
    return np.log(total) - z, powers / total


def _shifted(by: Callable[[Array, int], Array]) -> Callable[[Array, int], tuple[Array, Array]]:
    def form(z: Array, axis: int) -> tuple[Array, Array]:
        shift = by(z, axis)
        powers = np.exp(z - shift)
        total = np.sum(powers, axis=axis, keepdims=True)
        return np.log(total) + shift - z, powers / total

    return form


def _logarithm_of_softmax(z: Array, axis: int) -> tuple[Array, Array]:
    powers = np.exp(z - np.max(z, axis=axis, keepdims=True))
    p = powers / np.sum(powers, axis=axis, keepdims=True)
    return -np.log(p), p


def _binary_by(softplus: Callable[[Array], Array]) -> Callable[[Call], Answers]:
    """Compute softplus by some form, in the dtype of the call; the gradient is right."""

    def answers(call: Call) -> Answers:
        if call.labels is None or call.activation is not None:
            return right(call)
        z = call.predictions.astype(call.dtype)
        if call.spec.labels == "sign":
            terms = softplus((-call.labels * z).astype(call.dtype))
        else:
            smoothing, weight = call.get("label_smoothing", 0.0), call.get("pos_weight", 1.0)
            t = (1 - smoothing) * call.labels + smoothing / 2
            positive = np.where(t == 0, 0, weight * t * softplus(-z))
            terms = positive + np.where(t == 1, 0, (1 - t) * softplus(z))
        whole = right(call)
        with np.errstate(all="ignore"):
            each = row_weights(call) * terms / np.log(call.get("base", np.e))
        wrong = mapped(call, lambda right_: np.where(right_ == 0, 0, each), lambda gradient: gradient)
        return Answers(value=wrong.value, gradient=whole.gradient)

    def quiet(call: Call) -> Answers:
        with np.errstate(all="ignore"):
            return answers(call)

    return quiet


def _finite(array: Array) -> Array:
    return np.where(np.isinf(array), np.copysign(np.finfo(array.dtype).max, array), array)


def _poisoned(array: Array) -> Array:
    return np.full_like(array, np.nan) if np.isnan(array).any() else array


_BINARY_SOFTPLUS = frozenset({"binary_cross_entropy_with_logits", "soft_margin_loss"})

FAULTS = (
    Fault(name="computed-in-single", summary="float64 goes through float32.", answers=_narrow("float32"), parts=_BOTH),
    Fault(
        name="computed-in-half",
        summary="The computation goes through float16.",
        answers=_narrow("float16"),
        parts=_BOTH,
    ),
    *(
        Fault(
            name=f"logits-clipped-at-{bound}",
            summary=f"Logits are clipped to ±{bound}.",
            answers=_predictions(lambda z, bound=bound: np.clip(z, -bound, bound)),  # type: ignore[misc]
            meaning=of_space("logits"),
        )
        for bound in (15, 30, 50, 88, 700)
    ),
    Fault(
        name="masked-by-a-large-number",
        summary="A logit of −∞ counts as −1e9.",
        answers=_predictions(lambda z: np.where(np.isneginf(z), -1e9, z)),
        meaning=lambda loss: loss.space == "logits" and not loss.layer,
    ),
    Fault(
        name="masked-by-ten-thousand",
        summary="A logit of −∞ counts as −1e4.",
        answers=_predictions(lambda z: np.where(np.isneginf(z), -1e4, z)),
        meaning=lambda loss: loss.space == "logits" and not loss.layer,
    ),
    Fault(
        name="nan-taken-as-zero",
        summary="A prediction that is NaN counts as 0.",
        answers=_predictions(lambda x: np.where(np.isnan(x), 0, x)),
    ),
    Fault(
        name="answers-made-finite",
        summary="NaN becomes 0 and ±∞ the largest number in what is answered.",
        answers=_answered(np.nan_to_num),
        parts=_BOTH,
    ),
    Fault(
        name="infinite-answers-made-finite",
        summary="An infinite answer is the largest number.",
        answers=_answered(_finite),
        meaning=lambda loss: loss.name not in {"brier_loss", "entropy"},
    ),
    Fault(
        name="nan-spreads",
        summary="One row that is NaN makes every answer NaN.",
        answers=_answered(_poisoned),
        parts=_BOTH,
    ),
    Fault(
        name="small-answers-vanish",
        summary="What is smaller than the machine epsilon is answered as 0.",
        answers=_answered(lambda array: np.where(np.abs(array) < np.finfo(array.dtype).eps, 0, array)),
        parts=_BOTH,
    ),
    Fault(
        name="answers-rounded-to-half",
        summary="The answer is rounded to float16.",
        answers=_answered(lambda array: array.astype(np.float16)),
        parts=_BOTH,
    ),
    Fault(
        name="answers-of-six-decimals",
        summary="The answer is rounded to six decimals.",
        answers=_answered(lambda array: np.round(array, 6)),
        parts=_BOTH,
    ),
    Fault(
        name="exponentials-not-shifted",
        summary="Exponentials are taken of the logits as they come.",
        answers=_softmax_by(_unshifted),
        meaning=lambda loss: loss.name in _SOFTMAX,
        parts=_BOTH,
    ),
    Fault(
        name="shifted-by-the-largest-of-all",
        summary="Every row is shifted by the largest logit of the batch.",
        answers=_softmax_by(_shifted(lambda z, _: np.max(z))),
        meaning=lambda loss: loss.name in _SOFTMAX,
        parts=_BOTH,
    ),
    Fault(
        name="shifted-by-the-mean",
        summary="Rows are shifted by their mean.",
        answers=_softmax_by(_shifted(lambda z, axis: np.mean(z, axis=axis, keepdims=True))),
        meaning=lambda loss: loss.name in _SOFTMAX,
        parts=_BOTH,
    ),
    Fault(
        name="logsumexp-minus-logit",
        summary="lse(z) − z is computed as it stands: a confident row loses its digits.",
        answers=_softmax_by(_shifted(lambda z, axis: np.max(z, axis=axis, keepdims=True))),
        meaning=lambda loss: loss.name in _SOFTMAX,
    ),
    Fault(
        name="logarithm-of-softmax",
        summary="The logarithm of rounded probabilities is taken.",
        answers=_softmax_by(_logarithm_of_softmax),
        meaning=lambda loss: loss.name in _SOFTMAX,
    ),
    Fault(
        name="softplus-overflows",
        summary="log(1 + e^z) is computed as it stands.",
        answers=_binary_by(lambda z: np.log(1 + np.exp(z))),
        meaning=lambda loss: loss.name in _BINARY_SOFTPLUS,
    ),
    Fault(
        name="softplus-loses-digits",
        summary="max(z, 0) + log(1 + e^−|z|) has no log1p.",
        answers=_binary_by(lambda z: np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z)))),
        meaning=lambda loss: loss.name in _BINARY_SOFTPLUS,
    ),
    Fault(
        name="softplus-linear-beyond-twenty",
        summary="softplus(z) is z above 20.",
        answers=_binary_by(lambda z: np.where(z > 20, z, np.log1p(np.exp(z)))),  # noqa: PLR2004 - the threshold
        meaning=lambda loss: loss.name in _BINARY_SOFTPLUS,
    ),
    Fault(
        name="probability-of-the-complement-rounded",
        summary="log(1 − p) is taken of 1 − p as float16 has it.",
        answers=asked_otherwise(
            lambda call: replace(call, predictions=1 - (1 - call.predictions).astype(np.float16).astype(np.float64))
        ),
        meaning=lambda loss: loss.name in LOGARITHMS,
    ),
)
