"""Definitions that are somebody else's: conventions, clipped logarithms, and the loss next door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ceconform.authoring.miniatures.answers import Answers, along, mapped, parameters, right, rows, without
from ceconform.authoring.miniatures.fault import Fault
from ceconform.conventions import CONVENTIONS, Convention
from ceconform.corpus import LOSSES, Call

__all__ = ["FAULTS", "LOGARITHMS"]

_BOTH = ("whole", "gradient")
LOGARITHMS = frozenset(
    {
        "binary_cross_entropy",
        "categorical_cross_entropy",
        "sparse_cross_entropy",
        "binary_focal_loss",
        "categorical_focal_loss",
    }
)
"""Losses that take the logarithm of probabilities, and of nothing else."""
_STEEP_AT_ZERO = frozenset({*LOGARITHMS, "kl_divergence", "nll_loss", "entropy"})


def _under(rule: Convention) -> Callable[[Call], Answers]:
    """Answer by a convention; the loss is what the call says."""
    return lambda call: right(call, (replace(rule, losses=(call.loss,)),))


def _epsilon(name: str, summary: str, **rule: str) -> Fault:
    """A fault that keeps logarithms finite in some way."""
    made = Convention(name=name, summary=summary, formula="", link="", losses=(), **rule)  # type: ignore[arg-type]
    return Fault(
        name=name,
        summary=summary,
        answers=_under(made),
        meaning=lambda loss: loss.name in LOGARITHMS,
    )


def _by_convention(rule: Convention) -> Fault:
    return Fault(
        name=f"convention-{rule.name}",
        summary=rule.summary,
        answers=_under(rule),
        meaning=lambda loss: loss.name in rule.losses and (not rule.flush or loss.name in _STEEP_AT_ZERO),
        parts=("whole",) if rule.flush or rule.empty else _BOTH,  # a gradient shows nothing of these
    )


def _sister(call: Call, name: str) -> Answers:
    return right(replace(parameters(call, dict.fromkeys(LOSSES[name].parameters)), loss=name))


def _taken_for(loss: str, other: str) -> Fault:
    same = {loss, other} == {"kl_divergence", "categorical_cross_entropy"}  # in their gradients
    return Fault(
        name=f"taken-for-{other.replace('_', '-')}",
        summary=f"`{other}` is computed in its place.",
        answers=lambda call: _sister(call, other),
        meaning=lambda spec: spec.name == loss,
        parts=("whole",) if same else _BOTH,
    )


def _scaled(name: str, summary: str, loss: str, factor: Callable[[Call], float]) -> Fault:
    def answers(call: Call) -> Answers:
        each, by = right(call), factor(call)
        return Answers(value=(each.value * by).astype(call.dtype), gradient=(each.gradient * by).astype(call.dtype))

    return Fault(name=name, summary=summary, answers=answers, meaning=lambda spec: spec.name == loss, parts=_BOTH)


def _margin_of_zero(call: Call) -> Answers:
    each = rows(without(call, "sample_weight"))
    kept = each.value > 1
    spread = kept if kept.ndim == each.gradient.ndim else np.expand_dims(kept, along(call))
    plain = without(call, "sample_weight")
    return (
        right(call)
        if "sample_weight" in call.parameters
        else mapped(plain, lambda value: np.maximum(value - 1, 0), lambda gradient: np.where(spread, gradient, 0))
    )


FAULTS = (
    *(_by_convention(rule) for rule in CONVENTIONS.values() if rule.name != "computed-in-float32"),
    *(
        _epsilon(
            f"clipped-at-{low}", f"Probabilities are clipped to [{low}, 1 − {low}].", clip_low=low, clip_high="1-low"
        )
        for low in ("1e-3", "1e-5", "1e-6", "1e-8", "1e-10", "1e-12", "1e-15", "1e-38")
    ),
    *(
        _epsilon(f"{add}-added", f"{add} is added within each logarithm.", add=add)
        for add in ("1e-5", "1e-6", "1e-8", "1e-10", "1e-12", "1e-15")
    ),
    *(
        _epsilon(f"logarithm-at-least-minus-{floor}", f"No logarithm is below −{floor}.", floor_log=f"-{floor}")
        for floor in ("30", "50", "1000")
    ),
    *(
        _taken_for(loss, other)
        for loss, other in (
            ("binary_focal_loss", "binary_cross_entropy"),
            ("binary_focal_loss_with_logits", "binary_cross_entropy_with_logits"),
            ("categorical_focal_loss", "categorical_cross_entropy"),
            ("categorical_focal_loss_with_logits", "categorical_cross_entropy_with_logits"),
            ("kl_divergence", "categorical_cross_entropy"),
            ("categorical_cross_entropy", "kl_divergence"),
            ("hinge_loss", "squared_hinge_loss"),
            ("squared_hinge_loss", "hinge_loss"),
            ("hinge_loss", "soft_margin_loss"),
            ("soft_margin_loss", "hinge_loss"),
            ("sparse_cross_entropy_with_logits", "categorical_hinge_loss"),
            ("categorical_hinge_loss", "sparse_cross_entropy_with_logits"),
            ("categorical_cross_entropy_with_logits", "binary_cross_entropy_with_logits"),
            ("categorical_cross_entropy", "binary_cross_entropy"),
            ("multilabel_softmax_loss", "categorical_cross_entropy_with_logits"),
            ("multilabel_softmax_loss", "binary_cross_entropy_with_logits"),
            ("brier_loss", "kl_divergence"),
        )
    ),
    _scaled("halved", "The square is halved.", "brier_loss", lambda _: 0.5),
    _scaled("squared-hinge-halved", "The square is halved.", "squared_hinge_loss", lambda _: 0.5),
    _scaled(
        "mean-over-classes",
        "The mean over the classes is taken.",
        "brier_loss",
        lambda call: 1.0 if call.axis is None else 1.0 / call.predictions.shape[call.axis],
    ),
    Fault(
        name="margin-of-zero",
        summary="The margin of the hinge is 0.",
        answers=_margin_of_zero,
        meaning=lambda loss: loss.name in {"hinge_loss", "categorical_hinge_loss"},
        parts=_BOTH,
    ),
)
