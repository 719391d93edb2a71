"""Recording: a run as it happens, judged and written line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ceconform.harness import Asked, Event, Missing, Started
from ceconform.report.header import Implementation
from ceconform.report.result import Result, record
from ceconform.report.writer import Writer
from ceconform.verdict import Verdict, judge

__all__ = ["Recorder"]


@dataclass
class Recorder:
    """Judges what the harness reports, and writes it down at once."""

    writer: Writer
    implementations: dict[str, Implementation] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

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
            yield event, tuple(self._results(event)) if isinstance(event, Asked) else ()

    def _results(self, event: Asked) -> Iterator[Result]:
        known = self.implementations[event.implementation]
        for observation in event.observations:
            try:
                verdict = judge(
                    event.case,
                    event.dtype,
                    observation,
                    documented=known.conventions.get(event.case.loss, ()),
                    flushes_subnormals=bool(known.switches.get("flushes_subnormals")),
                    device=event.device,
                )
            except Exception as error:  # noqa: BLE001 - one answer that cannot be judged must not lose the others
                verdict = Verdict(verdict="error", reason=f"in the judging: {type(error).__name__}: {error}")
            result = record(
                event.case,
                observation,
                verdict,
                implementation=known.name,
                version=known.version,
                dtype=event.dtype,
                device=event.device,
            )
            self.writer.add(result)
            yield result
