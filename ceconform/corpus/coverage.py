"""Coverage: how many cases there are of each loss, family and parameter.

A family is what a question is about, seen in the case itself where it can be, and in its tags where it is the intention
that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ceconform.corpus.case import Case
from ceconform.corpus.excerpt import listed
from ceconform.corpus.questions import LOSSES, Loss

__all__ = ["FAMILIES", "Cell", "Family", "coverage", "families", "table"]

LARGE = 1000
"""Classes, or elements, of a large question."""
EXTREME = 80.0
"""A logit whose exponential a float32 barely holds."""
_CLASSES = frozenset({"distribution", "index", "multi-hot"})


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a question may be about."""

    name: str
    summary: str
    holds: Callable[[Case], bool]
    meaning: Callable[[Loss], bool] = bool
    """Which losses it can be asked of."""


def _tagged(*tags: str) -> Callable[[Case], bool]:
    return lambda case: not {*tags}.isdisjoint(case.tags)


def _states(*parameters: str) -> Callable[[Case], bool]:
    return lambda case: not {*parameters}.isdisjoint(case.parameters)


def _takes(*parameters: str) -> Callable[[Loss], bool]:
    return lambda loss: not {*parameters}.isdisjoint(loss.parameters)


def _has_classes(loss: Loss) -> bool:
    return loss.labels in _CLASSES or loss.labels is None


def _of_probabilities(loss: Loss) -> bool:
    return loss.space == "probabilities"


def _has_sister(loss: Loss) -> bool:
    """Whether the same loss is taken of predictions in another space."""
    name = loss.name.removesuffix("_with_logits")
    return loss.name == "nll_loss" or {name, f"{name}_with_logits"} <= set(LOSSES)


def _masked(case: Case) -> bool:
    bias = np.asarray(case.parameters.get("bias", 0.0))
    return LOSSES[case.loss].space != "probabilities" and bool(
        np.isneginf(case.predictions).any() or np.isneginf(bias).any()
    )


def _extreme(case: Case) -> bool:
    finite = case.predictions[np.isfinite(case.predictions)]
    return LOSSES[case.loss].space == "logits" and bool(np.any(np.abs(finite) >= EXTREME))


def _large(case: Case) -> bool:
    weight = case.parameters.get("weight")
    return max(case.predictions.size, 0 if weight is None else weight.size) >= LARGE


def _ranks(case: Case) -> bool:
    rows = LOSSES[case.loss].labels not in {"binary", "sign"}
    return "axis" in case.parameters or case.predictions.ndim != (2 if rows else 1)


def _edge_of_gradient(case: Case) -> bool:
    """A derivative that is infinite, undefined, or 0 in a row that counts."""
    gradient = case.expected.gradient
    return gradient is not None and any(not g.is_finite() or not g for g in listed(gradient).tolist()[:LARGE])


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(name="perfect", summary="Certain and right.", holds=_tagged("perfect")),
            Family(name="imperfect", summary="Everyday numbers, and certain and wrong.", holds=_tagged("imperfect")),
            Family(
                name="clipping",
                summary="At, and next to, 0 and 1.",
                holds=_tagged("clipping"),
                meaning=lambda loss: loss.space != "logits",
            ),
            Family(
                name="space",
                summary="Logits against probabilities.",
                holds=_tagged("space", "pairing"),
                meaning=_has_sister,
            ),
            Family(name="reductions", summary="A reduction is stated.", holds=_states("reduction")),
            Family(name="sample-weights", summary="A weight for each loss.", holds=_states("sample_weight")),
            Family(
                name="class-weights",
                summary="A weight for each class.",
                holds=_states("class_weight"),
                meaning=_takes("class_weight"),
            ),
            Family(
                name="pos-weight",
                summary="A weight of the positive label.",
                holds=_states("pos_weight"),
                meaning=_takes("pos_weight"),
            ),
            Family(
                name="smoothing",
                summary="Smoothed labels.",
                holds=_states("label_smoothing"),
                meaning=_takes("label_smoothing"),
            ),
            Family(
                name="ignore-index",
                summary="Rows that do not count.",
                holds=_states("ignore_index"),
                meaning=_takes("ignore_index"),
            ),
            Family(name="axis", summary="The class axis, and other ranks than the usual.", holds=_ranks),
            Family(
                name="label-dtypes",
                summary="Labels of every dtype.",
                holds=lambda case: case.label_dtype is not None,
                meaning=lambda loss: loss.labels is not None,
            ),
            Family(
                name="masking",
                summary="Predictions of −∞.",
                holds=_masked,
                meaning=lambda loss: _has_classes(loss) and loss.space != "probabilities",
            ),
            Family(
                name="extreme",
                summary=f"Logits of {EXTREME:g} and more.",
                holds=_extreme,
                meaning=lambda loss: loss.space == "logits",
            ),
            Family(name="large", summary=f"{LARGE} classes, elements, and more.", holds=_large),
            Family(
                name="half",
                summary="Meant for float16 and bfloat16.",
                holds=lambda case: case.rounding in {"float16", "bfloat16"},
            ),
            Family(
                name="invalid",
                summary="What must be refused, or be NaN.",
                holds=lambda case: bool(case.expected.invalid or case.expected.error),
            ),
            Family(
                name="gradient-edges", summary="Derivatives that are 0, infinite or undefined.", holds=_edge_of_gradient
            ),
            Family(
                name="gradients-by-labels",
                summary="The gradient by the labels.",
                holds=lambda case: case.gradient_by == "labels",
                meaning=lambda loss: loss.labels in {"binary", "distribution"},
            ),
            Family(
                name="gradients-by-weights",
                summary="The gradient by weights.",
                holds=lambda case: case.gradient_by.endswith("_weight"),
            ),
            Family(
                name="cotangents",
                summary="The gradient of losses that are multiplied, as by a mask.",
                holds=lambda case: case.cotangent is not None,
            ),
            Family(
                name="focal",
                summary="The focal losses.",
                holds=lambda case: "focal" in case.loss,
                meaning=lambda loss: "focal" in loss.name,
            ),
            Family(
                name="kl",
                summary="The Kullback–Leibler divergence.",
                holds=lambda case: case.loss == "kl_divergence",
                meaning=lambda loss: loss.name == "kl_divergence",
            ),
            Family(
                name="nll",
                summary="Log-probabilities.",
                holds=lambda case: case.loss == "nll_loss",
                meaning=lambda loss: loss.name == "nll_loss",
            ),
            Family(
                name="multi-label",
                summary="Several positive labels.",
                holds=lambda case: case.loss == "multilabel_softmax_loss" or "multi-label" in case.tags,
                meaning=lambda loss: loss.labels == "multi-hot",
            ),
            Family(
                name="sign-labels",
                summary="Labels that are −1 or +1.",
                holds=lambda case: LOSSES[case.loss].labels == "sign",
                meaning=lambda loss: loss.labels == "sign",
            ),
            Family(name="base", summary="Bits, and other bases.", holds=_states("base"), meaning=_takes("base")),
            Family(
                name="pairings",
                summary="An activation and a loss, fitting or not.",
                holds=lambda case: case.activation is not None or case.space == "default",
                meaning=_has_sister,
            ),
        )
    }
)
"""What the corpus asks about, by name."""


def families(case: Case) -> tuple[str, ...]:
    """Name the families that a case belongs to."""
    return tuple(name for name, family in FAMILIES.items() if family.holds(case))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The cases of one loss, one family, and one parameter that they state; all of them where no parameter is named."""

    loss: str
    family: str
    parameter: str
    cases: int


def coverage(cases: Iterable[Case]) -> tuple[Cell, ...]:
    """Count the cases of each loss × family × parameter that has a meaning; a count of 0 is a gap."""
    counts: dict[tuple[str, str, str], int] = {
        (loss.name, family.name, parameter): 0
        for loss in LOSSES.values()
        for family in FAMILIES.values()
        if family.meaning(loss)
        for parameter in ("", *loss.parameters)
    }
    for case in cases:
        for family in families(case):
            for parameter in ("", *case.parameters):
                key = (case.loss, family, parameter)
                counts[key] = counts.get(key, 0) + 1
    return tuple(
        Cell(loss=loss, family=family, parameter=parameter, cases=number)
        for (loss, family, parameter), number in counts.items()
    )


def table(cells: Iterable[Cell]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Lay cells out, a row for each loss and family, a column for each parameter; what has no meaning is blank.

    >>> columns, rows = table([Cell(loss="entropy", family="base", parameter="", cases=3)])
    >>> columns, rows
    (('loss', 'family', 'cases'), [('entropy', 'base', '3')])
    """
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for cell in cells:
        counts.setdefault((cell.loss, cell.family), {})[cell.parameter] = cell.cases
    parameters = sorted({parameter for row in counts.values() for parameter in row})
    columns = ("loss", "family", *(parameter or "cases" for parameter in parameters))
    rows = [(*key, *(str(row.get(parameter, "")) for parameter in parameters)) for key, row in counts.items()]
    return columns, rows
