"""Arguments that are dropped, misread, or belong to somebody else's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ceconform.authoring.miniatures.answers import (
    Answers,
    along,
    classes,
    reduced,
    right,
    row_weights,
    rows,
    stated,
    without,
)
from ceconform.authoring.miniatures.fault import Fault, asked_otherwise, has
from ceconform.corpus import Call, Loss

__all__ = ["FAULTS"]

_BOTH = ("whole", "gradient")
_PARAMETERS = (
    "alpha",
    "axis",
    "base",
    "bias",
    "class_weight",
    "gamma",
    "ignore_index",
    "label_smoothing",
    "pos_weight",
    "sample_weight",
)


def _dropped(parameter: str) -> Fault:
    return Fault(
        name=f"{parameter.replace('_', '-')}-dropped",
        summary=f"`{parameter}` is not looked at.",
        answers=asked_otherwise(lambda call: without(call, parameter)),
        meaning=has(parameter),
        parts=_BOTH,
    )


def _changed(parameter: str, name: str, summary: str, change: Callable[[Any], Any]) -> Fault:
    """A fault in how the value of a parameter is read, where it is stated."""

    def answers(call: Call) -> Answers:
        value = call.get(parameter)
        return right(call if value is None else stated(call, **{parameter: change(value)}))

    return Fault(name=name, summary=summary, answers=answers, meaning=has(parameter), parts=_BOTH)


def _axis(name: str, summary: str, axis: int) -> Fault:
    def change(call: Call) -> Call:
        fits = call.predictions.ndim > axis and "axis" not in call.parameters
        return stated(call, axis=axis) if fits else call

    return Fault(name=name, summary=summary, answers=asked_otherwise(change), meaning=has("axis"))


def _multiplied_by_log_base(call: Call) -> Answers:
    factor = np.log(call.get("base", np.e)) ** 2
    each = right(call)
    return Answers(value=(each.value * factor).astype(call.dtype), gradient=(each.gradient * factor).astype(call.dtype))


def _weight_of_the_prediction(call: Call) -> Answers:
    weights = call.get("class_weight")
    if weights is None:
        return right(call)
    predicted = weights[np.argmax(call.predictions, axis=call.axis)]
    return right(stated(without(call, "class_weight"), sample_weight=row_weights(call) * predicted))


def _weighted_after_reducing(call: Call) -> Answers:
    weights = call.get("sample_weight")
    if weights is None or call.reduction == "none":
        return right(call)
    plain, factor = right(without(call, "sample_weight")), np.mean(weights)
    return Answers(
        value=(plain.value * factor).astype(call.dtype), gradient=(plain.gradient * factor).astype(call.dtype)
    )


def _zero_times_infinity(call: Call) -> Answers:
    weights = call.get("sample_weight")
    if weights is None:
        return right(call)
    by = np.broadcast_to(weights, row_weights(call).shape)
    spread = by if by.ndim == call.predictions.ndim else np.expand_dims(by, along(call))
    each = rows(without(call, "sample_weight"))
    return reduced(call, each.value * by, each.gradient * spread)


def _positives_and_negatives_exchanged(call: Call) -> Answers:
    if call.labels is None or "pos_weight" not in call.parameters:
        return right(call)
    mirrored = -call.predictions if call.spec.space == "logits" else 1 - call.predictions
    other = right(replace(call, predictions=mirrored, labels=1 - call.labels))
    return Answers(value=other.value, gradient=-other.gradient)


def _smoothing_not_taken_from_the_label(call: Call) -> Answers:
    smoothing = call.get("label_smoothing")
    if not smoothing:
        return right(call)
    plain, uniform = right(without(call, "label_smoothing")), right(stated(call, label_smoothing=1.0))
    return Answers(
        value=(plain.value + smoothing * uniform.value).astype(call.dtype),
        gradient=(plain.gradient + smoothing * uniform.gradient).astype(call.dtype),
    )


def _ignored_class_masked(call: Call) -> Answers:
    ignored = call.get("ignore_index")
    if ignored is None or not 0 <= ignored < classes(call):
        return right(call)
    predictions = np.moveaxis(call.predictions.copy(), along(call), -1)
    predictions[..., ignored] = -np.inf
    return right(replace(call, predictions=np.moveaxis(predictions, -1, along(call))))


def _linear_in_the_labels(loss: Loss) -> bool:
    return "label_smoothing" in loss.parameters and loss.name not in {"kl_divergence", "brier_loss"}


FAULTS = (
    *(_dropped(parameter) for parameter in _PARAMETERS),
    _changed("alpha", "alpha-on-the-other-side", "1 − α stands where α belongs.", lambda value: 1 - value),
    _changed("alpha", "alpha-squared", "α is multiplied in twice.", lambda value: value * value),
    _changed("base", "base-is-always-two", "Any base gives bits.", lambda _: 2.0),
    Fault(
        name="base-multiplied",
        summary="The loss is multiplied by log b in place of being divided.",
        answers=_multiplied_by_log_base,
        meaning=has("base"),
        parts=_BOTH,
    ),
    _changed(
        "class_weight",
        "class-weights-off-by-one",
        "Each class has its neighbour's weight.",
        lambda value: np.roll(value, 1, axis=-1),
    ),
    _changed(
        "class_weight",
        "class-weights-squared",
        "Class weights are multiplied in twice.",
        lambda value: value * value,
    ),
    Fault(
        name="class-weight-of-the-prediction",
        summary="A row is weighted by the class that is predicted, not by its label.",
        answers=_weight_of_the_prediction,
        meaning=lambda loss: "class_weight" in loss.parameters and not loss.layer and loss.name != "brier_loss",
    ),
    _changed("gamma", "gamma-is-always-two", "γ is 2, whatever is stated.", lambda _: 2.0),
    _changed("gamma", "gamma-off-by-one", "The exponent is γ + 1.", lambda value: value + 1.0),
    _changed("gamma", "gamma-halved", "The exponent is γ / 2.", lambda value: value / 2.0),
    Fault(
        name="ignore-index-only-if-negative",
        summary="An `ignore_index` that is a class is not looked at.",
        answers=asked_otherwise(
            lambda call: without(call, "ignore_index") if call.get("ignore_index", -1) >= 0 else call
        ),
        meaning=has("ignore_index"),
        parts=_BOTH,
    ),
    Fault(
        name="ignored-class-masked",
        summary="The class `ignore_index` is left out of the softmax, too.",
        answers=_ignored_class_masked,
        meaning=lambda loss: "ignore_index" in loss.parameters and loss.space == "logits" and not loss.layer,
    ),
    Fault(
        name="minus-one-hundred-ignored",
        summary="The label −100 is ignored without being asked.",
        answers=asked_otherwise(
            lambda call: call if "ignore_index" in call.parameters else stated(call, ignore_index=-100)
        ),
        meaning=has("ignore_index"),
    ),
    Fault(
        name="minus-one-ignored",
        summary="The label −1 is ignored without being asked.",
        answers=asked_otherwise(
            lambda call: call if "ignore_index" in call.parameters else stated(call, ignore_index=-1)
        ),
        meaning=has("ignore_index"),
    ),
    Fault(
        name="pos-weight-on-negatives",
        summary="`pos_weight` multiplies the term of the negative label.",
        answers=_positives_and_negatives_exchanged,
        meaning=has("pos_weight"),
        parts=_BOTH,
    ),
    Fault(
        name="pos-weight-on-both",
        summary="`pos_weight` multiplies the terms of both labels.",
        answers=lambda call: (
            right(
                stated(
                    without(call, "pos_weight"),
                    sample_weight=np.broadcast_to(row_weights(call), call.predictions.shape)
                    * call.parameters["pos_weight"],
                )
            )
            if "pos_weight" in call.parameters
            else right(call)
        ),
        meaning=has("pos_weight"),
        parts=_BOTH,
    ),
    _changed(
        "sample_weight",
        "sample-weights-squared",
        "Sample weights are multiplied in twice.",
        lambda value: value * value,
    ),
    _changed(
        "sample_weight",
        "sample-weights-normalised",
        "Sample weights are divided by their mean.",
        lambda value: value / np.mean(value),
    ),
    Fault(
        name="sample-weights-after-reducing",
        summary="The reduced loss is multiplied by the mean of the weights.",
        answers=_weighted_after_reducing,
        meaning=has("sample_weight"),
    ),
    Fault(
        name="zero-times-infinity",
        summary="A weight of 0 is multiplied into an infinite or undefined loss.",
        answers=_zero_times_infinity,
        meaning=has("sample_weight"),
        parts=_BOTH,
    ),
    _changed("label_smoothing", "smoothing-halved", "Half of the mass is smoothed.", lambda value: value / 2),
    _changed("label_smoothing", "smoothed-twice", "Labels are smoothed twice.", lambda value: 1 - (1 - value) ** 2),
    Fault(
        name="smoothing-not-taken-from-the-label",
        summary="ε / C is added to every class, and the label keeps all of its mass.",
        answers=_smoothing_not_taken_from_the_label,
        meaning=_linear_in_the_labels,
        parts=_BOTH,
    ),
    _axis("classes-first", "Classes are always on the first axis.", 0),
    _axis("classes-second", "Classes are always on the second axis.", 1),
)
