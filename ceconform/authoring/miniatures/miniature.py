"""A miniature: one loss computed with one fault, and whether a case catches it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ceconform.authoring.miniatures import (
    arguments,
    arithmetic,
    definitions,
    gradients,
    inputs,
    labels,
    reductions,
    sensitivities,
)
from ceconform.authoring.miniatures.answers import Answers, right
from ceconform.authoring.miniatures.fault import Fault
from ceconform.corpus import LOSSES, Call, Case
from ceconform.errors import CeconformError
from ceconform.harness import Answer, Observation
from ceconform.verdict import missed

__all__ = ["FAULTS", "Bench", "Miniature", "Tried", "miniatures"]

FAULTS: tuple[Fault, ...] = (
    *arguments.FAULTS,
    *labels.FAULTS,
    *reductions.FAULTS,
    *definitions.FAULTS,
    *arithmetic.FAULTS,
    *gradients.FAULTS,
    *sensitivities.FAULTS,
    *inputs.FAULTS,
)
DTYPES = ("float64", "float32", "float16")
"""In which NumPy computes."""
_SMALL = 100
"""Elements; larger cases are tried last."""


@dataclass(frozen=True, kw_only=True)
class Miniature:
    """A wrong implementation of one loss."""

    loss: str
    fault: Fault
    part: str

    @property
    def name(self) -> str:
        """`nll_loss/labels-off-by-one`; of a gradient that is wrong beside a right value it says so."""
        gradient = self.part == "gradient" and not self.fault.name.startswith("gradient-")
        return f"{self.loss}/{'gradient-with-' * gradient}{self.fault.name}"


def miniatures() -> tuple[Miniature, ...]:
    """Every fault in every loss that can have it."""
    return tuple(
        Miniature(loss=name, fault=fault, part=part)
        for name, loss in LOSSES.items()
        for fault in FAULTS
        if fault.meaning(loss)
        for part in fault.parts
    )


class Tried:
    """A case in one dtype, to be tried against miniatures: what is right is computed once."""

    def __init__(self, case: Case, dtype: str) -> None:
        self.case, self.dtype = case, dtype
        self.call = case.call(dtype)

    @cached_property
    def right(self) -> Observation:
        """What our own losses answer."""
        return _observed(right, self.call)

    @cached_property
    def missed(self) -> str:
        """The kind by which these fail the case; they should not."""
        return missed(self.case, self.dtype, self.right)

    def kind(self, miniature: Miniature) -> str:
        """Name the kind by which a miniature fails the case; empty if it passes."""
        if not miniature.fault.meets(self.call) or (self.case.expected.error and not miniature.fault.lenient):
            return ""
        wrong = _observed(miniature.fault.answers, self.call)
        if miniature.part == "gradient":
            value, gradient = self.right.value, wrong.gradient
            if value is None or value.raised or gradient is None:
                return ""
            wrong = Observation(status="answered", value=value, gradient=gradient)
        return missed(self.case, self.dtype, wrong)


class Bench:
    """A corpus laid out for trying. What caught last is tried first, so that most searches are short."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases: dict[str, list[Case]] = {name: [] for name in LOSSES}
        for case in sorted(cases, key=lambda case: (case.predictions.size > _SMALL, -len(case.parameters), case.id)):
            self._cases[case.loss].append(case)
        self._pointed: dict[str, list[Miniature]] = {name: [] for name in LOSSES}
        for miniature in miniatures():
            if not miniature.fault.blunt:
                self._pointed[miniature.loss].append(miniature)
        self._trials: dict[str, list[Tried]] = {}

    def catcher(self, miniature: Miniature) -> Case | None:
        """A case that catches a miniature, if there is one."""
        return _first(self._cases[miniature.loss], lambda case: self.catches(case, miniature))

    def catch(self, case: Case) -> Miniature | None:
        """A miniature that a case catches, if there is one; those that nearly any case catches prove nothing."""
        return _first(self._pointed[case.loss], lambda miniature: self.catches(case, miniature))

    def is_answered(self, case: Case) -> bool:
        """Whether a case has its answer, and ours is that: else nothing is shown by what fails it."""
        return bool(case.expected.error) or (case.expected.loss is not None and any(self._tried(case)))

    def catches(self, case: Case, miniature: Miniature) -> bool:
        """Whether a case shows that the miniature is wrong, in any dtype that NumPy has."""
        return any(trial.kind(miniature) for trial in self._tried(case))

    def _tried(self, case: Case) -> Iterator[Tried]:
        """A case in every dtype in which NumPy answers it right: some pairings are beyond a narrow one."""
        if case.id not in self._trials:
            self._trials[case.id] = [Tried(case, dtype) for dtype in DTYPES if dtype in case.dtypes]
        return (trial for trial in self._trials[case.id] if not trial.missed)


Item = TypeVar("Item")


def _first(items: list[Item], holds: Callable[[Item], bool]) -> Item | None:
    """Find the first of which something holds, and put it at the front."""
    for place, item in enumerate(items):
        if holds(item):
            items.insert(0, items.pop(place))
            return item
    return None


def _observed(answers: Callable[[Call], Answers], call: Call) -> Observation:
    """Answer as a worker would; what our own losses refuse is refused."""
    try:
        with np.errstate(all="ignore"):
            given = answers(call)
    except CeconformError as error:
        return Observation(status="answered", value=Answer(raised=f"{type(error).__name__}: {error}"))
    return Observation(status="answered", value=_answer(given.value), gradient=_answer(given.gradient))


def _answer(array: NDArray[Any]) -> Answer:
    flat = np.asarray(array, dtype=np.float64).ravel().tolist()
    return Answer(values=tuple(flat), shape=tuple(array.shape), dtype=array.dtype.name)
