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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from ceconform.authoring.fuzzing.asking import Answer, Asked
from ceconform.authoring.fuzzing.causes import Cause, causes, departure, known
from ceconform.authoring.fuzzing.reducing import simpler
from ceconform.authoring.fuzzing.strategies import STATED, questions
from ceconform.corpus import LOSSES, Case, Expected
from ceconform.corpus.loading import question
from ceconform.errors import ArgumentError, CeconformError, UnknownNameError
from ceconform.formats import FORMATS
from ceconform.harness import Observation
from ceconform.oracle import Exact, evaluate
from ceconform.report import Implementation, Report
from ceconform.verdict import Verdict

__all__ = ["Finding", "Searched", "fuzz"]

TURN = 100
"""Questions of one turn."""
VAIN = 60
"""Questions without an answer after which a loss counts as unsupported."""
OFTEN = 8
"""Times that a parameter is tried before it counts as unsupported."""
SHRINKS = 400
"""Questions that shrinking may ask."""
REDUCTIONS = 200
"""The same for the steps after it."""
COSTLY = 12
"""The same for a crash or a timeout, each of which starts a process."""
SMALL = 256
"""Predictions of a case of the corpus that is asked for what is known."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A question to which an implementation gives an answer that nothing known explains."""

    implementation: Implementation
    """Whose answer it is."""
    case: Case
    exact: Exact
    dtype: str
    observation: Observation
    verdict: Verdict
    cause: Cause
    seed: int


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
        search = _Search(sides, tuple(able), seed=seed, deadline=time.monotonic() + budget)
        search.corpus, search.report = tuple(cases), report
        yield from search.turns(tuple(losses) or tuple(LOSSES))


@dataclass
class _Search:
    """What has been asked and found so far."""

    sides: Mapping[str, Asked]
    dtypes: tuple[str, ...]
    seed: int
    deadline: float
    corpus: tuple[Case, ...] = ()
    report: Report | None = None
    known: dict[str, list[Cause]] = field(default_factory=dict)
    """By loss; what a baseline lists would stand here as well."""
    seen: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    stated: Counter[tuple[str, str]] = field(default_factory=Counter)
    supported: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a loss was asked with a parameter, and how often that was understood."""
    answered: Counter[str] = field(default_factory=Counter)
    """By loss."""
    errors: dict[str, None] = field(default_factory=dict)

    def turns(self, losses: Sequence[str]) -> Iterator[Finding | Searched]:
        """Turn by turn, until the time is up or no loss is left that is answered."""
        started, found, left = time.monotonic(), 0, list(losses)
        with contextlib.suppress(_OutOfTime):
            for number in count():
                for loss in tuple(left):
                    finding = self.turn(loss, number)
                    if finding is not None:
                        found += 1
                        yield finding
                    elif loss not in self.answered:
                        left.remove(loss)
                if not left:
                    break
        yield Searched(
            implementation=next(iter(self.sides.values())).known,
            asked=len(self.seen),
            answered=self.answered.total(),
            found=found,
            seconds=time.monotonic() - started,
            errors=tuple(self.errors),
        )

    def turn(self, loss: str, number: int) -> Finding | None:
        """Draw questions to one loss, and shrink the first that shows something unknown."""
        hunt = _Hunt(self, loss)
        chosen = settings(
            max_examples=TURN,
            phases=(Phase.generate, Phase.shrink),
            database=None,
            deadline=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
        )
        numbers = random.Random(f"{self.seed} {loss} {number}")  # noqa: S311 - no secret
        try:
            case = find(questions(loss, self.dtypes, self.unsupported(loss)), hunt, settings=chosen, random=numbers)
        except (NoSuchExample, _Unanswered):
            return None
        finding = hunt.alike(hunt.reduced(case))[0]
        new = not known(finding.cause, self.known[loss])
        self.known[loss].append(finding.cause)
        return finding if new else None

    def unsupported(self, loss: str) -> frozenset[str]:
        """Parameters that were stated often enough, and never understood."""
        often = (name for (of, name), times in self.stated.items() if of == loss and times >= OFTEN)
        return frozenset(name for name in often if not self.supported[loss, name])

    def look(self, case: Case) -> tuple[Finding, ...]:
        """Ask a question; what departs from the exact answer, whether it is known or not."""
        dtype = case.dtypes[0]
        observed = {name: side.observe(case, dtype) for name, side in self.sides.items()}
        supported = all(each[0].status != "unsupported" for each in observed.values())
        for name in (*case.parameters, *(each for each in STATED if getattr(case, each))):
            self.stated[case.loss, name] += 1
            self.supported[case.loss, name] += supported
        if not supported:
            return ()
        self.answered[case.loss] += 1
        try:
            exact = evaluate(case.call("float64"))
        except (CeconformError, ArithmeticError, ValueError) as error:
            self.errors.setdefault(f"{case.loss}: in the oracle: {type(error).__name__}: {error}")
            return ()
        case = replace(case, expected=_expected(exact))
        return tuple(
            Finding(
                implementation=self.sides[name].known,
                case=case,
                exact=exact,
                dtype=dtype,
                observation=answer.observation,
                verdict=answer.judged,
                cause=Cause.of(answer, name, case, dtype),
                seed=self.seed,
            )
            for name, answer in self.departing(case, dtype, observed)
        )

    def departing(
        self, case: Case, dtype: str, observed: Mapping[str, tuple[Observation, ...]]
    ) -> Iterator[tuple[str, Answer]]:
        """The answers that are discrepancies, and whose."""
        answers = {name: self.sides[name].judge(case, dtype, each) for name, each in observed.items()}
        for each in (one for given in answers.values() for one in given if one.verdict == "error"):
            self.errors.setdefault(f"{case.loss}: {each.judged.reason}")
        return departure(answers, *self.sides)

    def learn(self, loss: str) -> None:
        """Take in what the corpus shows of a loss: from the report, or by asking its cases of few numbers."""
        if loss in self.known:
            return
        self.known[loss] = []
        cases = {case.id: case for case in self.corpus if case.loss == loss}
        reported = set() if self.report is None else {each.name for each in self.report.header.implementations}
        names = [side.known.name for side in self.sides.values()]
        if self.report is not None and reported.issuperset(names):
            given = dict(zip(names, self.sides, strict=True))
            for cause in causes(self.report, cases, *names):
                self.known[loss].append(replace(cause, implementation=given[cause.implementation]))
            return
        for case in cases.values():
            if case.predictions.size <= SMALL:
                for dtype in set(self.dtypes).intersection(case.dtypes):
                    observed = {name: side.observe(case, dtype) for name, side in self.sides.items()}
                    for name, answer in self.departing(case, dtype, observed):
                        self.known[loss].append(Cause.of(answer, name, case, dtype))


class _Hunt:
    """The condition of one turn: whether a question shows an unknown cause, and once there is one, that one."""

    def __init__(self, search: _Search, loss: str) -> None:
        self.search, self.loss = search, loss
        self.first: Cause | None = None
        self.left, self.costly = SHRINKS, False
        self.tries = 0

    def __call__(self, case: Case) -> bool:
        key = question(case)
        if self.first is None and time.monotonic() > self.search.deadline:
            raise _OutOfTime
        if key not in self.search.seen:
            if self.first is not None and self.left <= 0:
                return False
            if self.tries == VAIN and self.loss not in self.search.answered:
                raise _Unanswered
            self.tries += 1
            self.left -= self.first is not None
            self.search.seen[key] = self.search.look(case)
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
        found, first = self.search.seen[question(case)], self.first
        if first is not None:
            return [x for x in found if x.cause.head == first.head and x.cause.traits <= first.traits]
        if found:
            self.search.learn(self.loss)
        return [x for x in found if not known(x.cause, self.search.known[self.loss])]


def _expected(exact: Exact) -> Expected:
    return Expected(
        loss=exact.loss,
        gradient=exact.gradient,
        condition=exact.condition,
        gradient_condition=exact.gradient_condition,
        terms=exact.terms,
        invalid=exact.invalid,
    )
