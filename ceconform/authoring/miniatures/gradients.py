"""Gradients that are wrong beside a right value, and answers of a wrong shape or dtype."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ceconform.authoring.miniatures.answers import Answers, along, counted, divisor, labelled, right, stated
from ceconform.authoring.miniatures.fault import Fault
from ceconform.corpus import Call, Loss

__all__ = ["FAULTS"]

Array = np.ndarray[Any, Any]


def _gradient(
    name: str,
    summary: str,
    change: Callable[[Call, Array], Array],
    meaning: Callable[[Loss], bool] = bool,
    **more: Any,
) -> Fault:
    """A fault in the gradient alone."""

    def answers(call: Call) -> Answers:
        each = right(call)
        with np.errstate(all="ignore"):
            return replace(each, gradient=np.asarray(change(call, each.gradient)).astype(call.dtype))

    return Fault(
        name=f"gradient-{name}", summary=summary, answers=answers, meaning=meaning, parts=("gradient",), **more
    )


def _value(name: str, summary: str, change: Callable[[Call, Array], Array], **more: Any) -> Fault:
    """A fault in the value alone."""

    def answers(call: Call) -> Answers:
        each = right(call)
        with np.errstate(all="ignore"):
            return replace(each, value=np.asarray(change(call, each.value)))

    return Fault(name=f"value-{name}", summary=summary, answers=answers, **more)


def _on_label(call: Call) -> Array:
    """Where the label is, in the shape of the predictions."""
    if call.spec.labels == "sign" and call.labels is not None:
        return np.asarray(call.labels > 0)
    return np.asarray(labelled(call) > 0)


def _divided_by(call: Call) -> float:
    return divisor(call) if call.reduction in {"mean", "weighted_mean"} else 1.0


def _of_classes(loss: Loss) -> bool:
    return loss.labels in {"distribution", "index", "multi-hot"} and not loss.layer


def _has_labels(loss: Loss) -> bool:
    return loss.labels is not None and not loss.layer


def _steep(loss: Loss) -> bool:
    """Whether a derivative can be infinite."""
    return (loss.space == "probabilities" and loss.name != "brier_loss") or loss.name == "squared_hinge_loss"


def _unbounded(loss: Loss) -> bool:
    """Whether the loss can be infinite."""
    return loss.name not in {"brier_loss", "entropy"}


FAULTS = (
    _gradient("detached", "There is no gradient: it is 0.", lambda _, g: np.zeros_like(g), blunt=True),
    _gradient("negated", "The gradient has the wrong sign.", lambda _, g: -g, blunt=True),
    _gradient("halved", "The gradient is half of what it should be.", lambda _, g: g / 2, blunt=True),
    _gradient("never-negative", "The sign of the gradient is lost.", lambda _, g: np.abs(g)),
    _gradient(
        "negated-on-positives",
        "The gradient has the wrong sign where the label is.",
        lambda call, g: np.where(_on_label(call), -g, g),
        _has_labels,
    ),
    _gradient(
        "negated-on-negatives",
        "The gradient has the wrong sign where the label is not.",
        lambda call, g: np.where(_on_label(call), g, -g),
        _has_labels,
    ),
    _gradient(
        "of-the-label-alone",
        "The other classes have no gradient.",
        lambda call, g: np.where(_on_label(call), g, 0),
        lambda loss: _has_labels(loss) and loss.name not in {"sparse_cross_entropy", "nll_loss"},
    ),
    _gradient(
        "of-the-others-alone",
        "The labelled class has no gradient.",
        lambda call, g: np.where(_on_label(call), 0, g),
        _has_labels,
    ),
    _gradient(
        "of-the-next-class",
        "Each class has its neighbour's gradient.",
        lambda call, g: np.roll(g, 1, axis=None if call.axis is None else call.axis),
        _of_classes,
    ),
    _gradient(
        "of-the-sum-in-a-mean",
        "The gradient of a mean is not divided.",
        lambda call, g: g * _divided_by(call),
    ),
    _gradient(
        "of-the-mean-in-a-sum",
        "The gradient of a sum is divided.",
        lambda call, g: g if call.reduction != "sum" else g / np.count_nonzero(counted(call)),
    ),
    _gradient(
        "of-the-mean-one-by-one",
        "The gradient of unreduced losses is divided by their number.",
        lambda call, g: g if call.reduction != "none" else g / np.count_nonzero(counted(call)),
    ),
    _gradient("clipped-to-one", "No gradient is beyond ±1.", lambda _, g: np.clip(g, -1, 1)),
    _gradient("clipped-to-a-thousand", "No gradient is beyond ±1000.", lambda _, g: np.clip(g, -1000, 1000)),
    _gradient(
        "zero-where-infinite",
        "An infinite derivative is answered as 0.",
        lambda _, g: np.where(np.isinf(g), 0, g),
        _steep,
    ),
    _gradient(
        "finite-where-infinite",
        "An infinite derivative is answered as the largest number.",
        lambda _, g: np.where(np.isinf(g), np.copysign(np.finfo(g.dtype).max, g), g),
        _steep,
    ),
    _gradient(
        "nan-where-infinite",
        "An infinite derivative is answered as NaN.",
        lambda _, g: np.where(np.isinf(g), np.nan, g),
        _steep,
    ),
    _gradient("zero-where-nan", "A derivative that is NaN is answered as 0.", lambda _, g: np.where(np.isnan(g), 0, g)),
    _gradient(
        "zero-where-the-loss-is-infinite",
        "Where the loss is infinite there is no gradient.",
        lambda call, g: _where_infinite(call, g, 0.0),
        _unbounded,
    ),
    _gradient(
        "nan-where-the-loss-is-infinite",
        "Where the loss is infinite the gradient is NaN.",
        lambda call, g: _where_infinite(call, g, np.nan),
        _unbounded,
    ),
    _gradient(
        "nan-where-masked",
        "The gradient by a prediction of −∞ is NaN.",
        lambda call, g: np.where(np.isneginf(call.predictions), np.nan, g),
        lambda loss: loss.space != "probabilities" and not loss.layer,
    ),
    _gradient(
        "zero-where-certain",
        "The gradient by a probability of 0 or 1 is 0, as a clip leaves it.",
        lambda call, g: np.where((call.predictions <= 0) | (call.predictions >= 1), 0, g),
        lambda loss: loss.space == "probabilities",
    ),
    _gradient(
        "of-a-zero-is-nan",
        "A derivative of exactly 0 comes as 0 · ∞.",
        lambda _, g: np.where(g == 0, np.nan, g),
    ),
    _gradient(
        "by-the-logarithm",
        "The gradient is by log p in place of p.",
        lambda call, g: g * call.predictions,
        lambda loss: loss.space == "probabilities",
    ),
    _gradient("in-half", "The gradient is rounded to float16.", lambda _, g: g.astype(np.float16)),
    _gradient("in-single", "The gradient is rounded to float32.", lambda _, g: g.astype(np.float32)),
    _gradient(
        "added-up-over-rows",
        "Each row's gradient has those of the rows before it.",
        lambda _, g: np.cumsum(g, axis=0) if g.ndim else g,
    ),
    _gradient(
        "averaged-over-rows",
        "Every row has the mean of all gradients.",
        lambda _, g: np.broadcast_to(np.mean(g, axis=0), g.shape) if g.size and g.ndim else g,
    ),
    _gradient("of-another-shape", "The gradient is flat.", lambda _, g: g.ravel()),
    _gradient("transposed", "The gradient is transposed.", lambda _, g: g.T),
    _value("negated", "The log-likelihood is given, not its negative.", lambda _, v: -v, blunt=True),
    _value("doubled", "The loss is twice what it should be.", lambda _, v: v * 2, blunt=True),
    _value(
        "never-negative",
        "A loss is never below 0.",
        lambda _, v: np.abs(v),
        meaning=lambda loss: loss.name == "kl_divergence",
    ),
    _value("keeps-an-axis", "The answer has an axis too many.", lambda _, v: v[..., None]),
    _value("flat", "The answer is flat.", lambda _, v: v.ravel()),
    _value("of-wider-dtype", "The answer is float64, whatever came.", lambda _, v: v.astype(np.float64)),
    _value("of-single-dtype", "The answer is float32, whatever came.", lambda _, v: v.astype(np.float32)),
    _value("off-by-one-part-in-a-thousand", "The loss is 0.1 % too large.", lambda _, v: v * 1.001, blunt=True),
    _value(
        "off-by-ten-thousandth",
        "The loss is 0.0001 too large.",
        lambda call, v: (v + 1e-4).astype(call.dtype),
        blunt=True,
    ),
)


def _where_infinite(call: Call, gradient: Array, instead: float) -> Array:
    """Put a number where the loss that a derivative is of is infinite."""
    infinite = np.isinf(right(stated(call, reduction="none")).value)
    if infinite.ndim != gradient.ndim:
        infinite = np.expand_dims(infinite, along(call))
    return np.where(infinite & np.ones(gradient.shape, dtype=np.bool_), instead, gradient)
