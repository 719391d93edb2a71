"""Asking one question after another: an implementation's worker, and what its answers are worth."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ceconform.corpus import Case
from ceconform.harness import Observation
from ceconform.harness.process import Worker, command
from ceconform.report import Implementation
from ceconform.verdict import Verdict, judge

__all__ = ["Answer", "Asked"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One route's answer with its verdict."""

    observation: Observation
    judged: Verdict

    @property
    def verdict(self) -> str:
        """The verdict's own word."""
        return self.judged.verdict

    @property
    def kind(self) -> str:
        """Of a fail."""
        return self.judged.kind

    @property
    def part(self) -> str:
        """Which of value and gradient decided."""
        return self.judged.part

    @property
    def convention(self) -> str:
        """What explains the answer."""
        return self.judged.convention


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An implementation that is being asked."""

    worker: Worker
    known: Implementation

    @classmethod
    @contextlib.contextmanager
    def start(cls, name: str, limit: float, arguments: Sequence[str] | None = None) -> Iterator[Asked]:
        """Start its process, and end it; one that is started by a command of its own has the name given here."""
        with contextlib.closing(Worker(arguments or command(name), limit=limit)) as worker:
            hello = {**worker.hello, "name": name} if arguments else worker.hello
            yield cls(worker=worker, known=Implementation.of(hello))

    def observe(self, case: Case, dtype: str) -> tuple[Observation, ...]:
        """What comes of a question by each route."""
        return self.worker.ask(case.call(dtype))

    def judge(self, case: Case, dtype: str, observations: tuple[Observation, ...]) -> tuple[Answer, ...]:
        """What that is worth."""
        return tuple(Answer(observation=each, judged=self._verdict(case, dtype, each)) for each in observations)

    def _verdict(self, case: Case, dtype: str, observation: Observation) -> Verdict:
        try:
            return judge(
                case,
                dtype,
                observation,
                documented=self.known.conventions.get(case.loss, ()),
                flushes_subnormals=bool(self.known.switches.get("flushes_subnormals")),
            )
        except Exception as error:  # noqa: BLE001 - one answer that cannot be judged must not end the search
            return Verdict(verdict="error", reason=f"in the judging: {type(error).__name__}: {error}")
