"""Memory: what has been asked so far, what came of it, and what was known before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ceconform.authoring.answers import expected
from ceconform.authoring.fuzzing.asking import Answer, Asked
from ceconform.authoring.fuzzing.causes import Cause, causes, departure
from ceconform.authoring.fuzzing.strategies import STATED
from ceconform.corpus import Case
from ceconform.errors import CeconformError
from ceconform.harness import Observation
from ceconform.oracle import Exact, evaluate
from ceconform.report import Implementation, Report
from ceconform.verdict import Verdict

__all__ = ["Finding", "Memory"]

OFTEN = 8
"""Times that a parameter is tried before it counts as unsupported."""
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


@dataclass
class Memory:
    """What has been asked and found so far."""

    sides: Mapping[str, Asked]
    dtypes: tuple[str, ...]
    seed: int
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
        case = replace(case, expected=expected(case, exact))
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
