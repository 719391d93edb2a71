"""Recording: a run as it happens, judged and written line by line; and judging what was written once more."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ceconform.corpus import Case
from ceconform.errors import ReportError
from ceconform.harness import Asked, Event, Missing, Observation, Started
from ceconform.report.header import Implementation
from ceconform.report.report import Report
from ceconform.report.result import Result, record
from ceconform.report.writer import Writer
from ceconform.verdict import Attribute, Verdict, attribute, judge

__all__ = ["Recorder", "judge_again", "judged", "uncollected"]


@dataclass
class Recorder:
    """Judges what the harness reports, and writes it down at once."""

    writer: Writer
    attribute: Attribute = attribute
    implementations: dict[str, Implementation] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)

    def follow(self, events: Iterable[Event]) -> Iterator[tuple[Event, tuple[Result, ...]]]:
        """Hand each event on, with the results that it brought."""
        for event in events:
            match event:
                case Started():
                    implementation = Implementation.of(event.hello)
                    self.implementations[event.implementation] = implementation
                    self.writer.introduce(implementation)
                case Missing():
                    self.missing[event.implementation] = event.reason
                    self.writer.miss(event.implementation, event.reason)
                case _:
                    pass
            yield event, self._results(event) if isinstance(event, Asked) else ()

    def _results(self, event: Asked) -> tuple[Result, ...]:
        known = self.implementations[event.implementation]
        results = tuple(
            judged(event.case, observation, known, event.dtype, event.device, self.attribute)
            for observation in event.observations
        )
        self.writer.add(*results)
        self.results += results
        return results

    def report(self) -> Report:
        """What stands in the report now, the results that it began with included."""
        header = self.writer.header
        seen = replace(header, implementations=tuple(self.implementations.values()), missing=self.missing)
        return Report(header=header.merge(seen), results=(*self.writer.kept, *self.results))


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave cyclic garbage alone for a while: a run makes none, and to look for it takes an eighth of its own time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def judged(
    case: Case,
    observation: Observation,
    known: Implementation,
    dtype: str,
    device: str,
    attribute: Attribute = attribute,
) -> Result:
    """Judge an observation of an implementation, and put both down."""
    observation = observation.beside(case.expected.loss, case.expected.gradient)  # once: the sums are of every number
    try:
        verdict = judge(
            case,
            dtype,
            observation,
            documented=known.conventions.get(case.loss, ()),
            flushes_subnormals=bool(known.switches.get("flushes_subnormals")),
            device=device,
            attribute=attribute,
        )
    except Exception as error:  # noqa: BLE001 - one answer that cannot be judged must not lose the others
        verdict = Verdict(verdict="error", reason=f"in the judging: {type(error).__name__}: {error}")
    return record(
        case, observation, verdict, implementation=known.name, version=known.version, dtype=dtype, device=device
    )


def judge_again(report: Report, cases: Mapping[str, Case]) -> Report:
    """Judge the raw answers of a report by the rules of today; no framework is needed for that.

    Raises
    ------
    ReportError
        If an answer is to a case that is not there, or of an implementation that the header does not know.
    """
    results = []
    for number, result in enumerate(report.results, 2):
        known = report.header.implementation(result.implementation, result.version)
        if known is None or result.case not in cases:
            missing = result.case if known else f"{result.implementation} {result.version}"
            raise ReportError("<report>", number, f"expected {missing} to be known, so that it can be judged again")
        results.append(judged(cases[result.case], result.observation, known, result.dtype, result.device))
    return replace(report, results=tuple(results))
