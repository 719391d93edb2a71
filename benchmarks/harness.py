"""The conformance run beside the same calls with no harness.

python -m benchmarks.harness [--case GLOB] [--jobs 2] [NAME …]

A process for each implementation makes every call of the corpus with nothing around it: arrays, value and gradient,
the numbers read; as many at a time as the run has, for processes that share a machine slow each other. The first time
is for first calls and compiling. Then it makes each of them again, and right after it answers the same call as a worker
does, from message to message. At last there are two real runs of all of them, whose own process asks, judges, writes
and shows: one that remembers nothing, and one that remembers which conventions explained the answers of the first, as
any run does that is not the first on a machine. All times but those of the whole runs are processor times.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from benchmarks.machine import host
from ceconform import report
from ceconform.adapters import Adapter, Question, Unsupported, find
from ceconform.corpus import Call, Case, load, select
from ceconform.harness import ask
from ceconform.harness.process import environment
from ceconform.harness.wire import asked
from ceconform.harness.worker import Evaluation, serve
from ceconform.report.markdown import table
from ceconform.verdict import Attributions

__all__ = ["IMPLEMENTATIONS", "Harness", "Side", "Whole", "bare", "measure", "measured", "section"]

IMPLEMENTATIONS = (
    "keras[jax]",
    "optax",
    "ceconform[jax]",
    "keras[tensorflow]",
    "keras[torch]",
    "keras[numpy]",
    "tensorflow",
    "torch",
    "sklearn",
    "ceconform[torch]",
    "ceconform[array_api_strict]",
    "ceconform[numpy]",
)
"""Those of the conformance run; each is measured where it is installed."""
MOST = 0.3
"""Harness ÷ calls: the target."""
LONGEST = 60.0
"""Seconds of a whole run without starts, first calls and compiling: the target, for 20,000 answers and more."""
METHOD = """\
`ceconform run` beside the same calls with no harness: arrays made, value and gradient, their numbers read, in one
process for each implementation, as many at a time as the run has. All but the last lines is processor time. *start*:
until the library is imported. *first calls*: the same calls for the first time, with all compiling. *calls*: once more.
*worker*: what answering them as a worker takes beyond that, call by call in turns. The run's own process asks, judges,
writes the report and shows it; a run that is not the first on a machine remembers which conventions explained an
answer."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One implementation, in seconds of its process."""

    name: str
    answers: int
    starting: float
    first: float
    calling: float
    serving: float
    """All calls again, from message to message."""

    @property
    def worker(self) -> float:
        """What the worker adds to the calls."""
        return max(self.serving - self.calling, 0.0)


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A real run."""

    asking: float
    """Processor seconds of its own process."""
    elapsed: float
    """Seconds by the clock, and of these those of each worker's start, and of first calls and compiling."""
    starting: float
    compiling: float

    def rest(self, jobs: int) -> float:
        """The time without starts, first calls and compiling, which take the place of one worker each."""
        return self.elapsed - (self.starting + self.compiling) / jobs


@dataclass(frozen=True, kw_only=True)
class Harness:
    """What a run takes beside its calls."""

    sides: tuple[Side, ...]
    jobs: int
    anew: Whole
    again: Whole

    @property
    def calling(self) -> float:
        """The calls of all."""
        return sum(side.calling for side in self.sides)

    def ratio(self, run: Whole) -> float:
        """Everything but the calls ÷ the calls."""
        return (run.asking + sum(side.worker for side in self.sides)) / self.calling


@dataclass(frozen=True)
class Prepared:
    """One route of one call: the arrays, and compiled sources of value and gradient."""

    arrays: tuple[tuple[str, CodeType, Any], ...]
    sources: tuple[tuple[str, CodeType], ...]


def prepare(adapter: Adapter, call: Call) -> Iterator[Prepared]:
    """Write and compile whatever a worker evaluates of a call."""
    question, dialect = Question(call, adapter.activations), adapter.dialect
    try:
        routes = list(adapter.routes(question))
    except Unsupported:
        return
    if dialect.unable(call):
        return
    arrays = tuple(
        (
            name,
            compile(dialect.array.format(values="values", dtype=dtype, device=call.device), "<array>", "eval"),
            array,
        )
        for name, (array, dtype) in Evaluation(adapter, {}, question).arrays.items()
    )
    for route in routes:
        sources = [("loss", f"loss = {route}")]
        if dialect.gradient:
            by, cotangent = question.by, call.cotangent is not None
            sources.append(("gradient", dialect.differentiate(route, by, cotangent=cotangent)))
        yield Prepared(arrays, tuple((part, compile(text, "<source>", "exec")) for part, text in sources))


def bare(adapter: Adapter, names: dict[str, Any], prepared: Prepared) -> None:
    """Make the call: what it raises is an answer."""
    for part, source in prepared.sources:
        bound = dict(names)
        for name, made, values in prepared.arrays:
            bound[name] = eval(made, {**names, "values": values})  # noqa: S307 - the adapter's own template
        try:
            exec(source, bound)  # noqa: S102 - the adapter's own source
            adapter.asnumpy(bound[part])
        except Exception:  # noqa: BLE001 - an invalid input is refused
            return


def measured(name: str, cases: Sequence[Case]) -> Side:
    """Measure one implementation in this process."""
    began = time.process_time()
    adapter = find(name)()
    names = adapter.namespace()
    started = time.process_time()
    calls = [case.call(dtype) for case, dtype in itertools.product(cases, adapter.dtypes) if dtype in case.dtypes]
    prepared = [list(prepare(adapter, call)) for call in calls]

    def make(each: Sequence[Prepared]) -> None:
        for route in each:
            bare(adapter, names, route)

    first = sum(_seconds(make, each) for each in prepared)
    calling, serving = 0.0, 0.0

    def messages() -> Iterator[bytes]:
        nonlocal calling, serving
        for number, (call, each) in enumerate(zip(calls, prepared, strict=True)):
            calling += _seconds(make, each)
            message = asked(call, number, 0)
            given = time.process_time()
            yield message
            serving += time.process_time() - given

    answers = io.BytesIO()
    serve(adapter, messages(), answers)
    count = answers.getvalue().count(b'"observation":')
    return Side(name=name, answers=count, starting=started - began, first=first, calling=calling, serving=serving)


def _seconds(work: Callable[[Sequence[Prepared]], None], what: Sequence[Prepared]) -> float:
    began = time.process_time()
    work(what)
    return time.process_time() - began


def measure(names: Sequence[str], globs: Sequence[str] = (), jobs: int = os.cpu_count() or 1) -> Harness:
    """Measure each implementation in a process of its own, as many at a time as the run has; then two runs of all."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        sides = [side for side in pool.map(lambda name: _apart(name, globs), names) if side is not None]
    cases = select(load(), globs)
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder, "attributions.json")
        anew, again = (_run([side.name for side in sides], cases, jobs, Path(folder, "r.jsonl"), known) for _ in "12")
        return Harness(sides=tuple(sides), jobs=jobs, anew=anew, again=again)


def _apart(name: str, globs: Sequence[str]) -> Side | None:
    """Measure one implementation in a process of its own; None where it cannot be."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.harness", "--bare", name]
    command += [f"--case={glob}" for glob in globs]
    told = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own
    if told.returncode:
        print(f"{name} is left out: exit status {told.returncode}", file=sys.stderr)
        return None
    return Side(**json.loads(told.stdout.splitlines()[-1]))


def _run(names: Sequence[str], cases: Sequence[Case], jobs: int, path: Path, known: Path) -> Whole:
    """Run as the command does."""
    began, computed = time.monotonic(), time.process_time()
    attributions, spent = Attributions(known), report.Spent()
    header = report.Header.here(ceconform="", corpus="", cases=len(cases))
    with report.uncollected(), report.Writer(path, header) as writer:
        recorder = report.Recorder(writer, attributions.attribute)
        for event, _ in recorder.follow(ask(names, cases, jobs=jobs)):
            spent.see(event)
    report.render_text(recorder.report())
    attributions.save()
    return Whole(
        asking=time.process_time() - computed,
        elapsed=time.monotonic() - began,
        starting=spent.starting,
        compiling=spent.compiling,
    )


def section(harness: Harness) -> Iterator[str]:
    """Write a section of the page."""
    answers = sum(side.answers for side in harness.sides)
    yield from ("## The harness", "", METHOD, "")
    heads = ("implementation", "answers", "start", "first calls", "calls", "worker")
    yield from table(heads, map(_row, harness.sides), 5)
    totals = (
        ("answers", f"{answers}"),
        ("calls", f"{harness.calling:.1f} s"),
        ("workers", f"{sum(side.worker for side in harness.sides):.1f} s"),
    )
    yield from table(("all together", ""), totals, 1)
    runs = (harness.anew, harness.again)
    rows = (
        ("asking, judging, writing", *(f"{run.asking:.1f} s" for run in runs)),
        ("an answer", *(f"{run.asking / max(answers, 1) * 1e3:.2f} ms" for run in runs)),
        (f"harness ÷ calls, target {MOST:g}", *(_held(harness.ratio(run), MOST, "") for run in runs)),
        (f"the whole run, {harness.jobs} at a time", *(f"{run.elapsed:.0f} s" for run in runs)),
        ("starts", *(f"{run.starting:.1f} s" for run in runs)),
        ("first calls and compiling", *(f"{run.compiling:.1f} s" for run in runs)),
        (
            f"the whole run without these, target {LONGEST:g} s",
            *(_held(run.rest(harness.jobs), LONGEST, " s") for run in runs),
        ),
    )
    yield from table(("a run", "that remembers nothing", "after another"), rows, 2)


def _held(figure: float, most: float, unit: str) -> str:
    """A figure beside its target."""
    return f"{figure:.2f}{unit}: " + ("met" if figure <= most else "**not met**")


def _row(side: Side) -> tuple[str, ...]:
    seconds = (side.starting, side.first, side.calling, side.worker)
    return (side.name, str(side.answers), *(f"{each:.2f} s" for each in seconds))


def main() -> None:
    """Print the section; with `--bare`, what one process measured of one implementation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    if options.bare:
        (name,) = options.names
        print(json.dumps(dataclasses.asdict(measured(name, select(load(), options.case)))))
        return
    print(*(f"- {name}: {value}" for name, value in host()), "", sep="\n")
    print("\n".join(section(measure(options.names, options.case, options.jobs))))


if __name__ == "__main__":
    main()
