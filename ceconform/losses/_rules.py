"""Conventions in Array API arithmetic: what their data means for one computation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ceconform.conventions import Convention
from ceconform.errors import ArgumentError
from ceconform.libraries import resolve
from ceconform.losses._stable import rounded
from ceconform.losses._transforms import ACTIVATIONS, Transform, clip, flush, renormalise

__all__ = ["PLAIN", "Logarithm", "Rules", "computed_in_float32", "expect_a_place", "read"]


_BINARY64 = 53
"""The bits of a Python float's significand."""


_WITHOUT_RULES_OF_LOGARITHMS = frozenset({"kl_divergence", "entropy", "brier_loss"})
"""Losses of probabilities that are no sum of logarithms, or of which no library changes those."""


@dataclass(frozen=True)
class Logarithm:
    """How the logarithm of a probability is taken; log itself where nothing is stated."""

    add: float | None = None
    floor: float | None = None

    @property
    def plain(self) -> bool:
        """Whether it is the logarithm of the definition."""
        return self.add is None and self.floor is None


@dataclass(frozen=True)
class Rules:
    """The conventions of one computation, their numbers rounded in its dtype."""

    space: str | None = None
    """The space in which the predictions are read, if not their own."""
    transforms: tuple[Transform, ...] = ()
    checked: bool = True
    """Whether predictions outside their range are NaN: not for a library that clips, divides or reads them anew."""
    smoothing: str | None = None
    label_bounds: tuple[float | None, float | None] | None = None
    logarithm: Logarithm = Logarithm()
    gradient_floor: float | None = None
    floor_scores: bool = False
    """Whether the largest score of another class counts as at least 0."""
    divisor: str | None = None
    empty: str | None = None

    @property
    def plain(self) -> bool:
        """Whether they are the definition's."""
        return self == PLAIN


PLAIN = Rules()
"""The definition."""


def _bounds(rule: Convention, bits: int) -> tuple[float | None, float | None]:
    def number(text: str | None) -> float | None:
        if text is None:
            return None
        return 2.0 ** (1 - bits) if text == "eps" else rounded(float(text), bits)

    low = number(rule.clip_low)
    if rule.clip_high == "1-low" and low is not None:
        return low, rounded(1 - low, bits)
    return low, number(rule.clip_high)


def read(convention: Any, loss: str, bits: int) -> Rules:
    """Resolve `convention=` for a loss that is computed with numbers of so many bits.

    Raises
    ------
    UnknownNameError
        For a name that is neither a convention's nor a library's.
    ArgumentError
        For a convention that is not about this loss.
    """
    if convention is None:
        return PLAIN
    rules = PLAIN
    flushed: list[Transform] = []
    activations: list[Transform] = []
    transforms: list[Transform] = []
    resolved = resolve(convention, loss)
    reads = any(rule.taken_as == "probabilities" for rule in resolved)
    for rule in resolved:
        if loss not in rule.losses and not (reads and loss.removesuffix("_with_logits") in rule.losses):
            raise ArgumentError(
                f"`convention` {rule.name!r} is not about {loss}: expected one that is, "
                f"or one of {', '.join(rule.losses)}"
            )
        if rule.flush:
            flushed.append(flush(2.0**-1022 if bits == _BINARY64 else 2.0**-126))
        if rule.activation is not None:
            activations.append(ACTIVATIONS[rule.activation])
        if rule.renormalise:
            transforms.append(renormalise)
        bounds = _bounds(rule, bits)
        if bounds != (None, None):
            transforms.append(clip(*bounds))
        logarithm = Logarithm(
            add=_number(rule.add, bits, rules.logarithm.add),
            floor=_number(rule.floor_log, bits, rules.logarithm.floor),
        )
        rules = replace(
            rules,
            space=rule.taken_as or rules.space,
            smoothing=rule.smoothing or rules.smoothing,
            label_bounds=bounds if rule.clip_labels else rules.label_bounds,
            logarithm=logarithm,
            gradient_floor=_number(rule.gradient_floor, bits, rules.gradient_floor),
            floor_scores=rule.floor_scores or rules.floor_scores,
            divisor=rule.divisor or rules.divisor,
            empty=rule.empty or rules.empty,
        )
    moved = activations or transforms or rules.space is not None or rules.logarithm.add is not None
    return replace(rules, transforms=(*flushed, *activations, *transforms), checked=not moved)


def _number(text: str | None, bits: int, otherwise: float | None) -> float | None:
    return otherwise if text is None else rounded(float(text), bits)


def expect_a_place(convention: Any, loss: str, space: str, *, classes: bool) -> None:
    """Refuse a rule about something that a loss of this space has not: it would be left out without a word.

    Raises
    ------
    ArgumentError
        For the first of them.
    """
    for rule in resolve(convention, loss):
        for does, wanted in _misplaced(rule, loss, space, classes=classes):
            raise ArgumentError(f"`convention` {rule.name!r} {does}: expected {wanted}, got {loss} of {space}")


def _misplaced(rule: Convention, loss: str, space: str, *, classes: bool) -> Iterator[tuple[str, str]]:
    """What the rule does that has no place, and what has one."""
    probabilities = space == "probabilities"
    logarithm = probabilities and loss not in _WITHOUT_RULES_OF_LOGARITHMS
    binary = probabilities and loss.removesuffix("_with_logits") == "binary_cross_entropy"
    through = "probabilities, of which `through-softmax` and `through-sigmoid` make some"
    if rule.activation is not None and (space == "hidden" or ("softmax" in rule.activation and not classes)):
        yield f"applies {rule.activation}", "a loss of predictions with a class axis"
    if (rule.clip_low is not None or rule.clip_high is not None) and not probabilities:
        yield "clips probabilities", through
    if rule.renormalise and not (probabilities and classes):
        yield "divides rows of probabilities by their sum", f"a class axis, and {through}"
    if rule.clip_labels and not (classes and loss != "entropy"):
        yield "clips labels", "labels that are distributions over classes, or class indices"
    if (rule.add is not None or rule.floor_log is not None) and not logarithm:
        yield "changes the logarithm of a probability", f"a cross entropy or a focal loss of {through}"
    if rule.gradient_floor is not None and not binary:
        yield "floors the denominator of a gradient", f"binary cross entropy of {through}"
    if rule.floor_scores and loss != "categorical_hinge_loss":
        yield "floors scores", "categorical_hinge_loss"


def computed_in_float32(convention: Any, loss: str) -> bool:
    """Whether a convention asks for the whole computation in float32."""
    return any(rule.precision == "float32" for rule in resolve(convention, loss))
