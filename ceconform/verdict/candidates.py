"""Candidates: the sets of conventions that are tried on an answer that missed, in the order of their standing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import TypeAlias

import numpy as np

from ceconform.conventions import CONVENTIONS, Convention
from ceconform.corpus import Case
from ceconform.corpus.excerpt import listed
from ceconform.formats import FORMATS

__all__ = ["LARGE", "Together", "candidates", "clips"]

Together: TypeAlias = tuple[Convention, ...]
"""In the order in which they are applied."""

LARGE = 256
"""Predictions beyond which undocumented conventions are tried one by one only: each trial is an exact evaluation."""

_MEANS = ("mean", "weighted_mean")


def clips(rule: Convention) -> bool:
    """Whether a convention keeps probabilities, or labels, away from 0 or 1."""
    return bool(rule.clip_low or rule.clip_high or rule.clip_labels)


def _stage(rule: Convention) -> int:
    """When a convention is applied, and the slot that it takes: two of one slot contradict each other."""
    in_order = (
        rule.flush,
        rule.activation or rule.taken_as,
        rule.renormalise,
        clips(rule),
        rule.smoothing,
        rule.add or rule.floor_log or rule.gradient_floor,
        rule.divisor,
        rule.empty,
        rule.precision,
    )
    return next((stage for stage, field in enumerate(in_order) if field), len(in_order))


def _sister(loss: str) -> str:
    """The loss that a loss on logits becomes where its logits are read as probabilities."""
    return loss.removesuffix("_with_logits")


def _meet(rules: tuple[Convention, ...], loss: str) -> bool:
    """Whether conventions of the sister loss stand beside one that leads to it."""
    return all(loss in rule.losses for rule in rules) or any(rule.taken_as == "probabilities" for rule in rules)


def _subnormal(case: Case, dtype: str) -> bool:
    """Whether a prediction is subnormal in the dtype of the computation, which is float32 for half precision."""
    sizes = np.abs(case.predictions)
    return bool(np.any((sizes > 0) & (sizes < FORMATS["float64" if dtype == "float64" else "float32"].smallest_normal)))


@lru_cache(maxsize=8192)
def _applying(case: Case, dtype: str) -> tuple[Convention, ...]:
    """The conventions that could change an answer to a case in a dtype."""
    return tuple(rule for rule in CONVENTIONS.values() if _applies(rule, case, dtype))


def _applies(rule: Convention, case: Case, dtype: str) -> bool:
    """Whether a convention could change this answer."""
    mean = case.parameters.get("reduction", "none") in _MEANS
    loss = case.expected.loss
    undefined = mean and loss is not None and any(number.is_nan() for number in listed(loss).tolist())
    return (
        not {case.loss, _sister(case.loss)}.isdisjoint(rule.losses)
        and not (rule.activation and case.activation)
        and not (rule.divisor and not mean)
        and not (rule.empty and not undefined)
        and not (rule.smoothing and not case.parameters.get("label_smoothing"))
        and not (rule.precision and dtype != "float64")
        and not (rule.flush and not _subnormal(case, dtype))
    )


@lru_cache(maxsize=4096)
def _orders(rules: Together) -> tuple[Together, ...]:
    """The canonical order of application, and renormalising after clipping."""
    stages = [_stage(rule) for rule in rules]
    if len(set(stages)) < len(stages):
        return ()
    ordered = tuple(sorted(rules, key=_stage))
    places = [place for place, rule in enumerate(ordered) if rule.renormalise or clips(rule)]
    if len(places) != 2:  # noqa: PLR2004 - not both of the two
        return (ordered,)
    first, second = places
    return ordered, (*ordered[:first], ordered[second], ordered[first], *ordered[second + 1 :])


def candidates(
    case: Case, dtype: str, documented: tuple[str, ...]
) -> Iterator[tuple[bool, list[tuple[Convention, ...]]]]:
    """Sets of conventions of equal standing: those of the library first, fewest first."""
    rules = _applying(case, dtype)
    own = [CONVENTIONS[name] for name in documented if CONVENTIONS[name] in rules]
    for size in range(1, len(own) + 1):
        yield True, list(combinations(own, size))
    for size in (1,) if case.predictions.size > LARGE else (1, 2, 3):
        yield False, _sets(rules, size, case.loss)


@lru_cache(maxsize=4096)
def _sets(rules: Together, size: int, loss: str) -> list[Together]:
    """Sets of so many conventions, each in its order, and in both where it has two."""
    sets = (chosen for chosen in combinations(rules, size) if _meet(chosen, loss))
    return [ordered for chosen in sets for ordered in _orders(chosen)]
