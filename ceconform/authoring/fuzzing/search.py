"""Fuzzing: questions that nobody has asked, until an implementation departs from the exact answer.

The losses take turns. In a turn Hypothesis draws questions to one loss; the first that shows an unknown cause is
shrunk, which takes oddities away and brings none. What is left is a finding if the corpus' cases of that loss do not
show it too, and is known from then on. A turn's random numbers come of the seed, the loss and the number of the turn
alone, so a longer budget gives the same findings and more.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from ceconform.authoring.fuzzing.asking import Asked
from ceconform.authoring.fuzzing.causes import Cause, known
from ceconform.authoring.fuzzing.memory import Finding, Memory
from ceconform.authoring.fuzzing.reducing import simpler
from ceconform.authoring.fuzzing.strategies import questions
from ceconform.corpus import LOSSES, Case
from ceconform.corpus.loading import question
from ceconform.errors import ArgumentError, UnknownNameError
from ceconform.formats import FORMATS
from ceconform.report import Implementation, Report

__all__ = ["Searched", "fuzz"]

TURN = 100
"""Questions of one turn."""
VAIN = 60
"""Questions without an answer after which a loss counts as unsupported."""
SHRINKS = 400
"""Questions that shrinking may ask."""
REDUCTIONS = 200
"""The same for the steps after it."""
COSTLY = 12
"""The same for a crash or a timeout, each of which starts a process."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """A search has come to its end."""

    implementation: Implementation
    asked: int
    answered: int
    found: int
    seconds: float
    errors: tuple[str, ...]
    """What adapters or judging stumbled over, each once."""


class _OutOfTime(BaseException):
    """The budget is spent; Hypothesis would shrink an `Exception`."""


class _Unanswered(BaseException):
    """The loss is asked in vain."""


def fuzz(
    implementation: str,
    *,
    against: str = "",
    commands: Mapping[str, Sequence[str]] | None = None,
    losses: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    budget: float = 60.0,
    seed: int = 0,
    limit: float = 60.0,
    cases: Sequence[Case] = (),
    report: Report | None = None,
) -> Iterator[Finding | Searched]:
    """Search for discrepancies of an implementation that are not known yet.

    Parameters
    ----------
    implementation
        The name of an implementation, of one of the commands, or `package.module:Adapter`.
    against
        Another one: what is found is where the two differ in verdict.
    commands
        How the worker of an implementation is started that is not one of our adapters, by the name it has here.
    losses, dtypes
        Names; all by default.
    budget
        Seconds after which nothing new is drawn. What has been found by then is still shrunk.
    seed
        The same seed, versions and corpus give the same findings, one after the other.
    limit
        Seconds that one evaluation may take.
    cases
        The corpus. What its cases show is known, and is not found again.
    report
        A report of a run over the corpus; where it knows the implementations they are not asked the corpus again.

    Yields
    ------
    Finding or Searched
        Each finding as soon as it is shrunk, no two of one cause; at last how far the search has come.

    Raises
    ------
    UnknownNameError, ArgumentError
        For a loss, a dtype or a budget that has no meaning.
    StartError
        If an implementation does not start.
    """
    for given, there_are in ((losses, LOSSES), (dtypes, FORMATS)):
        for name in given:
            if name not in there_are:
                raise UnknownNameError(f"expected one of {', '.join(there_are)}; got {name!r}")
    if not budget > 0:
        raise ArgumentError(f"expected a budget of more than 0 seconds, got {budget:g}")
    if against == implementation:
        raise ArgumentError(f"expected another implementation to hold {implementation} against, got the same")
    with contextlib.ExitStack() as stack:
        names = [implementation, *([against] if against else [])]
        sides = {name: stack.enter_context(Asked.start(name, limit, (commands or {}).get(name))) for name in names}
        able = [
            d for d in FORMATS if all(d in side.known.dtypes for side in sides.values()) and d in (dtypes or FORMATS)
        ]
        if not able:
            raise ArgumentError(f"expected a dtype that {' and '.join(names)} can be asked in, got {', '.join(dtypes)}")
        able.sort(key=lambda dtype: dtype != "float32")  # a question shrinks to the first
        memory = Memory(sides, tuple(able), seed=seed, corpus=tuple(cases), report=report)
        yield from _turns(memory, tuple(losses) or tuple(LOSSES), time.monotonic() + budget)


def _turns(memory: Memory, losses: Sequence[str], deadline: float) -> Iterator[Finding | Searched]:
    """Turn by turn, until the time is up or no loss is left that is answered."""
    started, found, left = time.monotonic(), 0, list(losses)
    with contextlib.suppress(_OutOfTime):
        for number in count():
            for loss in tuple(left):
                finding = _turn(_Hunt(memory, loss, deadline), number)
                if finding is not None:
                    found += 1
                    yield finding
                elif loss not in memory.answered:
                    left.remove(loss)
            if not left:
                break
    yield Searched(
        implementation=next(iter(memory.sides.values())).known,
        asked=len(memory.seen),
        answered=memory.answered.total(),
        found=found,
        seconds=time.monotonic() - started,
        errors=tuple(memory.errors),
    )


def _turn(hunt: _Hunt, number: int) -> Finding | None:
    """Draw questions to one loss, and shrink the first that shows something unknown."""
    memory, loss = hunt.memory, hunt.loss
    chosen = settings(
        max_examples=TURN,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    numbers = random.Random(f"{memory.seed} {loss} {number}")  # noqa: S311 - no secret
    try:
        case = find(questions(loss, memory.dtypes, memory.unsupported(loss)), hunt, settings=chosen, random=numbers)
    except (NoSuchExample, _Unanswered):
        return None
    finding = hunt.alike(hunt.reduced(case))[0]
    new = not known(finding.cause, memory.known[loss])
    memory.known[loss].append(finding.cause)
    return finding if new else None


class _Hunt:
    """The condition of one turn: whether a question shows an unknown cause, and once there is one, that one."""

    def __init__(self, memory: Memory, loss: str, deadline: float) -> None:
        self.memory, self.loss, self.deadline = memory, loss, deadline
        self.first: Cause | None = None
        self.left, self.costly = SHRINKS, False
        self.tries = 0

    def __call__(self, case: Case) -> bool:
        key = question(case)
        if self.first is None and time.monotonic() > self.deadline:
            raise _OutOfTime
        if key not in self.memory.seen:
            if self.first is not None and self.left <= 0:
                return False
            if self.tries == VAIN and self.loss not in self.memory.answered:
                raise _Unanswered
            self.tries += 1
            self.left -= self.first is not None
            self.memory.seen[key] = self.memory.look(case)
        found = self.alike(case)
        if found and self.first is None:
            self.first = found[0].cause
            self.costly = found[0].verdict.kind in {"crash", "timeout"}
            if self.costly:
                self.left = COSTLY
        return bool(found)

    def reduced(self, case: Case) -> Case:
        """Step by step to a question of which nothing can be left out."""
        if not self.costly:
            self.left = REDUCTIONS
        step: Case | None = case
        while step is not None:
            case = step
            step = next((each for each in simpler(case) if self(each)), None)
        return case

    def alike(self, case: Case) -> list[Finding]:
        """What a question shows of the first cause; before there is one, of any that is not known."""
        found, first = self.memory.seen[question(case)], self.first
        if first is not None:
            return [x for x in found if x.cause.head == first.head and x.cause.traits <= first.traits]
        if found:
            self.memory.learn(self.loss)
        return [x for x in found if not known(x.cause, self.memory.known[self.loss])]
