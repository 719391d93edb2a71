"""Sweeping: the accuracy of any implementation, measured against the oracle on the grids."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from ceconform import __version__
from ceconform.authoring import functions
from ceconform.authoring.draws import Floats
from ceconform.authoring.grids import VALUE_ALONE, fingerprint
from ceconform.authoring.tally import Errors, Tally, errors
from ceconform.authoring.units import CONDITION, fed_subnormals, gradient_measure, hard, larger_terms, value_measure
from ceconform.corpus import Call, Case, Numbers
from ceconform.formats import FORMATS
from ceconform.harness import Answer, Asked, Event, Missing, Observation, Started, ask
from ceconform.oracle import evaluate
from ceconform.report import Accuracy, Elementary, Header, Implementation, Measurement, Refusal
from ceconform.verdict.comparison import Wanted, wanted

__all__ = ["sweep"]

_Key = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Exact:
    """The oracle's answer to a grid; without gradient where only the value is measured."""

    loss: Numbers
    condition: Numbers
    gradient: Numbers | None


def _evaluate(call: Call, *, gradient: bool) -> _Exact:
    found = evaluate(call, gradient=gradient)
    condition = found.condition if gradient else found.loss
    return _Exact(loss=found.loss, condition=condition, gradient=found.gradient if gradient else None)


class _Oracle:
    """Answers grids in processes of its own; grids of the same numbers share one answer."""

    def __init__(self, processes: int) -> None:
        self._pool = ProcessPoolExecutor(max_workers=processes, mp_context=multiprocessing.get_context("spawn"))
        self._futures: dict[str, Future[_Exact]] = {}
        self._keys: dict[str, str] = {}

    def ask(self, case: Case) -> Future[_Exact]:
        """Begin to answer a grid."""
        key = self._keys.get(case.id) or self._keys.setdefault(case.id, _key(case))
        if key not in self._futures:
            # A plain dictionary, which can be sent to another process.
            call = replace(case.call(case.dtypes[0]), parameters=dict(case.parameters))
            self._futures[key] = self._pool.submit(_evaluate, call, gradient=VALUE_ALONE not in case.tags)
        return self._futures[key]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def _key(case: Case) -> str:
    """What the oracle's answer depends on: everything but the dtype."""
    name = f"{case.loss} {sorted(case.parameters)} {case.predictions.shape} {case.tags}"
    return fingerprint([Case(**{**vars(case), "id": name})])


def sweep(
    implementations: Sequence[str],
    cases: Sequence[Case],
    *,
    devices: Sequence[str] = ("cpu",),
    jobs: int = 1,
    limit: float = 60.0,
    watch: Callable[[Event], None] = lambda _: None,
) -> Accuracy:
    """Ask every implementation every grid, and measure its values and gradients against exact ones.

    Each is asked by the first of its entry points for a loss; of ours, the backend's own functions are measured too.
    `watch` hears of every event, for progress.
    """
    header = Header.here(ceconform=__version__, corpus=fingerprint(cases), cases=len(cases))
    hashes = defaultdict(list)
    for case in cases:
        hashes[case.loss, case.dtypes[0]].append(case)
    work = _Work({key: fingerprint(group) for key, group in hashes.items()})
    dtypes = {case.dtypes[0] for case in cases}
    known: dict[str, Implementation] = {}
    missing: dict[str, str] = {}
    elementary: dict[str, tuple[Elementary, ...]] = {}
    waiting: deque[tuple[Asked, Future[_Exact]]] = deque()
    with _Oracle(os.cpu_count() or 1) as oracle:
        for event in ask(implementations, cases, devices=devices, jobs=jobs, limit=limit):
            match event:
                case Started():
                    known[event.implementation] = one = Implementation.of(event.hello)
                    elementary[event.implementation] = tuple(
                        functions.measure(event.implementation, one, dtypes, devices)
                    )
                case Missing():
                    missing[event.implementation] = event.reason
                case Asked() if not work.refuses(event, known[event.implementation]):
                    waiting.append((event, oracle.ask(event.case)))
                case _:
                    pass
            while waiting and waiting[0][1].done():
                asked, exact = waiting.popleft()
                work.see(asked, known[asked.implementation], exact.result())
            watch(event)
        for asked, exact in waiting:
            work.see(asked, known[asked.implementation], exact.result())
    # In the order of asking, whichever came first.
    introduced = tuple(known[name] for name in implementations if name in known)
    return Accuracy(
        header=replace(header, implementations=introduced, missing=missing),
        measurements=tuple(work.measurements(introduced)),
        refusals=tuple(work.refusals()),
        elementary=tuple(each for name in implementations if name in known for each in elementary[name]),
    )


@dataclass
class _Work:
    """The tallies so far."""

    hashes: Mapping[tuple[str, str], str]
    tallies: dict[_Key, Tally] = field(default_factory=dict)
    refused: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)

    def refuses(self, event: Asked, known: Implementation) -> bool:
        """Whether there is no answer to measure."""
        status, reason = _refusal(event.observations[0])
        if status:
            self._refuse(event, known, status, reason)
        return bool(status)

    def see(self, event: Asked, known: Implementation, exact: _Exact) -> None:
        """Take in one answer: the first route's."""
        observation, case = event.observations[0], event.case
        documented = known.conventions.get(case.loss, ())
        flushes = bool(known.switches.get("flushes_subnormals")) or "subnormals-are-zero" in documented
        for part, answer, right in (
            ("value", observation.value, exact.loss),
            ("gradient", observation.gradient, exact.gradient),
        ):
            if answer is None or right is None:
                continue
            if answer.raised:
                self._refuse(event, known, "raised", f"{part}: {answer.raised}")
            elif answer.shape != right.shape:
                self._refuse(event, known, "shape", f"{part}: expected the shape {right.shape}, got {answer.shape}")
            else:
                self._measure(event, known, part, answer, right, exact, flushes=flushes)

    def _refuse(self, event: Asked, known: Implementation, status: str, reason: str) -> None:
        self.refused[known.name, event.case.loss, status, reason, event.dtype] += 1

    def _measure(
        self,
        event: Asked,
        known: Implementation,
        part: str,
        answer: Answer,
        right: Numbers,
        exact: _Exact,
        *,
        flushes: bool,
    ) -> None:
        case, dtype = event.case, answer.dtype if answer.dtype in FORMATS else event.dtype
        call = case.call(event.dtype)
        got = np.asarray(answer.values, dtype=np.float64)
        by = wanted(right, exact.condition if part == "value" else right, 1, dtype)
        found = _errors(call, part, got, by, dtype, flushes=flushes)
        for kind, chosen in _kinds(call, part, right):
            target, words = _target(call, kind)
            measure = value_measure(call.loss) if part == "value" else gradient_measure(call)
            key = (known.name, call.loss, event.dtype, event.device, part, kind)
            tally = self.tallies.setdefault(key, Tally(measure=measure, target=words))
            if measure not in tally.measure.split("; "):
                tally.measure += f"; {measure}"
            tally.add(case, found, chosen, got, right, dtype=dtype, target=target, place=_place(call, part))

    def measurements(self, implementations: Sequence[Implementation]) -> Iterator[Measurement]:
        """What was measured, one implementation after the other."""
        for known in implementations:
            for (name, loss, dtype, device, part, kind), tally in self.tallies.items():
                if name == known.name and tally.count:
                    yield Measurement(
                        implementation=name,
                        version=known.version,
                        loss=loss,
                        dtype=dtype,
                        device=device,
                        part=part,
                        kind=kind,
                        grids=self.hashes[loss, dtype],
                        **tally.summary(),
                    )

    def refusals(self) -> Iterator[Refusal]:
        """What was not, and why."""
        together: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
        for (*key, dtype), count in self.refused.items():
            name, loss, status, reason = key
            together[name, loss, status, reason][dtype] += count
        for (name, loss, status, reason), dtypes in together.items():
            yield Refusal(
                implementation=name,
                loss=loss,
                status=status,
                reason=reason,
                dtypes=tuple(dtypes),
                grids=sum(dtypes.values()),
            )


def _refusal(observation: Observation) -> tuple[str, str]:
    if observation.status != "answered" or observation.value is None:
        return observation.status, observation.reason
    return ("raised", observation.value.raised) if observation.value.raised else ("", "")


def _errors(call: Call, part: str, got: Floats, exact: Wanted, dtype: str, *, flushes: bool) -> Errors:
    unit: Floats | None = None
    sizes: Floats = np.zeros(got.shape)
    if part == "gradient":
        sizes = larger_terms(call).ravel()
    elif value_measure(call.loss) == CONDITION:
        unit = FORMATS[dtype].eps * exact.condition
    fed = fed_subnormals(call, part) if flushes else np.zeros(got.shape, dtype=np.bool_)
    return errors(got, exact, dtype, unit=unit, sizes=sizes, flushes=flushes, fed=fed)


def _kinds(
    call: Call, part: str, right: Numbers
) -> Iterator[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.intp]]]]:
    """Which numbers of an answer are of which kind."""
    if part == "value":
        yield "unreduced" if call.reduction == "none" else "reduced", np.arange(right.size)
        return
    at = hard(call).ravel()
    yield "hard", np.flatnonzero(at)
    yield "soft", np.flatnonzero(~at)


_TARGETS: Mapping[str, int] = {"unreduced": 3, "reduced": 4, "hard": 3, "soft": 6}


def _target(call: Call, kind: str) -> tuple[float, str]:
    """What ours are held to: a number, and in words."""
    plain = _TARGETS[kind]
    if "focal" in call.loss:
        plain = 3 if kind == "reduced" else plain
        return plain + 2 * float(call.get("gamma", 2.0)), f"{plain} + 2γ"
    if kind in {"unreduced", "reduced"} and value_measure(call.loss) == CONDITION:
        return 4, "4"
    return plain, str(plain)


def _place(call: Call, part: str) -> Floats | None:
    """Where each number of an answer stands on the axis of a plot: its logit, or the label's lead in its row."""
    if call.spec.predictions != "logits" or call.reduction != "none" or call.parameters.keys() - {"gamma"}:
        return None
    logits = call.predictions
    if call.spec.labels in {"binary", "sign"}:
        return logits.ravel()
    if call.spec.labels != "index" or call.labels is None:
        return None
    labels = np.asarray(call.labels)[:, None]
    own = np.take_along_axis(logits, labels, axis=1)
    others = logits.copy()
    np.put_along_axis(others, labels, -np.inf, axis=1)
    lead = own - others.max(axis=1, keepdims=True)
    return (np.broadcast_to(lead, logits.shape) if part == "gradient" else lead).ravel()
