"""A fault: one mistake that somebody might make, as a function from a call to the wrong answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from ceconform.authoring.miniatures.answers import Answers, right
from ceconform.corpus import Call, Loss

__all__ = ["Fault", "asked_otherwise", "has", "of_labels", "of_space", "plain", "relabelled"]

Meaning = Callable[[Loss], bool]


def plain(call: Call) -> bool:
    """Whether the gradient is that of the losses' sum by the predictions."""
    return call.gradient_by == "predictions" and call.cotangent is None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake."""

    name: str
    summary: str
    """What is done wrong, in a sentence."""
    answers: Callable[[Call], Answers]
    """The wrong answers; the right ones where the call does not touch what is wrong."""
    meaning: Meaning = bool
    """Which losses can have the fault."""
    parts: tuple[str, ...] = ("whole",)
    """`whole`: in all that is answered; `gradient`: the value is right. Each is a miniature of its own."""
    meets: Callable[[Call], bool] = plain
    """The questions that it is a mistake in; the others are answered right."""
    lenient: bool = False
    """Whether it may answer what must be refused; the others refuse what our own losses refuse."""
    blunt: bool = False
    """Whether nearly every question shows it: then it proves nothing of the question."""


def asked_otherwise(change: Callable[[Call], Call]) -> Callable[[Call], Answers]:
    """Answer another question than the one asked."""
    return lambda call: right(change(call))


def has(parameter: str) -> Meaning:
    """Losses with a parameter."""
    return lambda loss: parameter in loss.parameters


def of_labels(*kinds: str) -> Meaning:
    """Losses with labels of these kinds."""
    return lambda loss: loss.labels in kinds


def of_space(*spaces: str) -> Meaning:
    """Losses of logits, probabilities or log-probabilities."""
    return lambda loss: loss.space in spaces


def relabelled(change: Callable[[Call], NDArray[Any]]) -> Callable[[Call], Answers]:
    """Answer for other labels."""
    return lambda call: right(call if call.labels is None else replace(call, labels=change(call)))
