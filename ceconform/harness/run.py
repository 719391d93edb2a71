"""Asking many implementations many cases, side by side."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ceconform.corpus import Case
from ceconform.errors import StartError, StoppedError
from ceconform.harness.memory import Memory
from ceconform.harness.observation import Observation
from ceconform.harness.process import Worker, command

__all__ = ["Answered", "Asked", "Event", "Finished", "Missing", "Started", "ask"]


@dataclass(frozen=True, kw_only=True)
class Started:
    """An implementation said hello; `calls` will be asked."""

    implementation: str
    hello: Mapping[str, Any]
    calls: int


@dataclass(frozen=True, kw_only=True)
class Missing:
    """An implementation did not start."""

    implementation: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call was asked; the observations of its routes."""

    implementation: str
    case: Case
    dtype: str
    device: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """An implementation has been asked everything."""

    implementation: str
    starting: float = 0.0
    """Seconds until it said hello."""


Event = Started | Missing | Asked | Finished

Answered = Callable[[Mapping[str, Any], Case, str, str], bool]
"""Whether a worker, known by its hello, has answered a case in a dtype on a device before."""


def ask(
    implementations: Sequence[str],
    cases: Sequence[Case],
    *,
    dtypes: Sequence[str] = (),
    devices: Sequence[str] = ("cpu",),
    jobs: int = 1,
    limit: float = 60.0,
    memory: Memory | None = None,
    commands: Mapping[str, Sequence[str]] | None = None,
    answered: Answered | None = None,
) -> Generator[Event, None, None]:
    """Ask every implementation every case in every dtype and on every device that both have.

    `jobs` workers live at a time. `limit` is the time in seconds that one evaluation may take, `memory` what each
    worker may have. `commands` tells how an implementation's worker is started, where it is not one of our adapters;
    its name is then the one given here.
    What `answered` says is answered already is not asked. Closing the iterator ends the workers at once.
    """
    events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
    stopped = threading.Event()
    plan = _Plan(tuple(cases), tuple(dtypes), tuple(devices), limit, memory, answered, stopped)

    def feed(name: str) -> None:
        try:
            for event in plan.events(name, (commands or {}).get(name)):
                events.put(event)
                if stopped.is_set():
                    break
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001 - a thread's error is raised where the events are read
            events.put(error)
        finally:
            events.put(None)

    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as pool:
        running = [pool.submit(feed, name) for name in implementations]
        try:
            ended = 0
            while ended < len(running):
                event = events.get()
                if event is None:
                    ended += 1
                elif isinstance(event, BaseException):
                    raise event
                else:
                    yield event
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Plan:
    """What each implementation is asked."""

    cases: tuple[Case, ...]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]
    limit: float
    memory: Memory | None
    answered: Answered | None
    stopped: threading.Event

    def events(self, name: str, arguments: Sequence[str] | None) -> Iterator[Event]:
        """All events of one implementation, in the order of the corpus."""
        try:
            worker = Worker(arguments or command(name), limit=self.limit, memory=self.memory, stopped=self.stopped)
        except StartError as error:
            yield Missing(implementation=name, reason=str(error))
            return
        with contextlib.closing(worker):
            dtypes = [dtype for dtype in worker.hello["dtypes"] if not self.dtypes or dtype in self.dtypes]
            devices = [device for device in worker.hello["devices"] if device in self.devices]
            hello = {**worker.hello, "name": name} if arguments else worker.hello
            calls = [
                (case, dtype, device)
                for case, dtype, device in itertools.product(self.cases, dtypes, devices)
                if dtype in case.dtypes and not (self.answered and self.answered(hello, case, dtype, device))
            ]
            yield Started(implementation=name, hello=hello, calls=len(calls))
            answers = worker.answers(case.call(dtype, device) for case, dtype, device in calls)
            for (case, dtype, device), observations in zip(calls, answers, strict=True):
                yield Asked(implementation=name, case=case, dtype=dtype, device=device, observations=observations)
        yield Finished(implementation=name, starting=worker.starting)
