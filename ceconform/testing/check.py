"""A check: one case for a function under test."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ceconform import __version__
from ceconform.adapters import Adapter, Question, Unsupported
from ceconform.corpus import Case
from ceconform.errors import DiscrepancyError
from ceconform.harness.worker import hello, observe
from ceconform.report import (
    Header,
    Implementation,
    Regression,
    Report,
    Result,
    explain,
    judged,
    plain,
    regression,
    render_regression,
)
from ceconform.verdict import Baseline, rank

__all__ = ["Check", "Subject"]


class Subject:
    """A function under test; its library is imported when it is asked, and not before."""

    def __init__(self, adapter: Adapter, within: Callable[[], AbstractContextManager[Any]]) -> None:
        self.adapter, self.within = adapter, within

    @cached_property
    def names(self) -> Mapping[str, Any]:
        """What its sources name."""
        return self.adapter.namespace()

    @cached_property
    def introduced(self) -> Implementation:
        """What a report says of it."""
        return Implementation.of(hello(self.adapter))

    def unsupported(self, case: Case) -> str:
        """Why it cannot be asked; empty if it can."""
        try:
            list(self.adapter.routes(Question(case.call("float64"), self.adapter.activations)))
        except Unsupported as answer:
            return str(answer)
        return ""

    def ask(self, case: Case, dtype: str) -> Result:
        """Ask and judge."""
        with warnings.catch_warnings(), self.within():
            warnings.simplefilter("ignore")
            names, known = self.names, self.introduced
            (observation,) = observe(self.adapter, names, case.call(dtype))
            return judged(case, observation, known, dtype, "cpu")

    def report(self, results: Sequence[Result]) -> Report:
        """A report of these answers."""
        known = (self.introduced,)
        header = Header.here(ceconform=__version__, corpus="", cases=len(results), implementations=known)
        return Report(header=header, results=tuple(results))


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """One case for a function under test; a call asks it.

    Examples
    --------
    >>> import numpy as np
    >>> from ceconform.testing import checks
    >>> def hinge(logits, labels):
    ...     return np.maximum(0, 1 - labels * logits)
    >>> first, *_ = checks(hinge, loss="hinge_loss", backend="numpy", only="margin/hinge/*")
    >>> first.id
    'margin/hinge/logits'
    >>> first()
    """

    case: Case
    dtypes: tuple[str, ...]
    subject: Subject
    excepted: tuple[str, ...] = ()
    """The patterns of `except_` that the case matches."""
    reason: str = ""
    """Why it may fail."""
    baselines: tuple[Baseline, ...] = ()
    """What is known of it."""

    @property
    def id(self) -> str:
        """The case's."""
        return self.case.id

    def ask(self) -> tuple[Result, ...]:
        """Ask in each dtype, and judge."""
        return tuple(self.subject.ask(self.case, dtype) for dtype in self.dtypes)

    def fails(self, results: Sequence[Result] | None = None) -> tuple[Result, ...]:
        """Of the answers, those that fail and that no baseline knows, the worst first."""
        answers = self.ask() if results is None else results
        found = regression(self.subject.report(answers), self.baselines, [self.case])
        return tuple(sorted(found.new, key=lambda result: rank(result.kind)))

    def __call__(self) -> None:
        """Ask in each dtype.

        Raises
        ------
        DiscrepancyError
            If an answer fails: what was sent, got and wanted, the convention that it follows, and a program; or if one
            is otherwise than a baseline says.
        """
        __tracebackhide__ = True
        results = self.ask()
        if found := self.fails(results):
            raise DiscrepancyError(self.tell(found))
        found_fixed = regression(self.subject.report(results), self.baselines, [self.case]).fixed
        if found_fixed:
            raise DiscrepancyError(plain(render_regression(Regression(fixed=found_fixed))))

    def tell(self, found: Sequence[Result]) -> str:
        """The worst answer in full, and where else the case fails."""
        text = explain(self.case, found[0], self.subject.report(found).header)
        others = ", ".join(result.dtype for result in found[1:])
        return f"{text}\nThe case fails in {others} as well.\n" if others else text
