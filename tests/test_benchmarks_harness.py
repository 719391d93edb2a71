"""The harness is measured beside the very calls that it asks; nothing here asserts how fast it is."""

from __future__ import annotations

from whole_corpus import CASES

from benchmarks.harness import IMPLEMENTATIONS, Harness, Side, Whole, bare, measure, prepare, section
from ceconform import adapters
from ceconform.corpus import select
from ceconform.harness.worker import observe


def test_one_implementation_becomes_a_section():
    """Measured in a process of its own, then run."""
    harness = measure(["ceconform[numpy]"], ["binary/clipping"], jobs=1)
    (side,) = harness.sides
    calls = sum(
        dtype in case.dtypes
        for case in select(CASES, ["binary/clipping"])
        for dtype in ("float64", "float32", "float16")
    )
    assert calls == side.answers
    assert min(side.calling, side.first, harness.anew.asking, harness.again.elapsed) > 0
    assert harness.again.compiling > 0
    assert any("| ceconform[numpy] | " in line for line in section(harness))


def test_the_ratio_is_of_everything_but_the_calls():
    """The workers' part and that of the run's own process; the target is on the page."""
    side = Side(name="mine", answers=2, starting=9.0, first=9.0, calling=4.0, serving=4.5)
    quick = Whole(asking=0.5, elapsed=30.0, starting=9.0, compiling=9.0)
    slow = Whole(asking=1.5, elapsed=80.0, starting=9.0, compiling=9.0)
    harness = Harness(sides=(side,), jobs=2, anew=slow, again=quick)
    assert (0.5, 0.5, 0.25) == (side.worker, harness.ratio(slow), harness.ratio(quick))
    assert (71.0, 21.0) == (slow.rest(2), quick.rest(2))
    lines = [*section(harness)]
    assert "| harness ÷ calls, target 0.3 | 0.50: **not met** | 0.25: met |" in lines
    assert "| the whole run without these, target 60 s | 71.00 s: **not met** | 21.00 s: met |" in lines


def test_bare_calls_are_those_that_a_worker_makes():
    """As many, and the numbers of them are those that it answers."""
    adapter = adapters.find("ceconform[numpy]")()
    names, read = adapter.namespace(), []
    adapter.asnumpy = lambda array: read.append(tuple(array.ravel().tolist()))
    (case,) = select(CASES, ["binary/clipping/certain-and-wrong"])
    (prepared,) = prepare(adapter, case.call("float32"))
    bare(adapter, names, prepared)
    (seen,) = observe(adapters.find("ceconform[numpy]")(), names, case.call("float32"))
    assert seen.value is not None
    assert seen.gradient is not None
    assert [seen.value.values, seen.gradient.values] == read


def test_the_implementations_are_there():
    """Each by a name that can be asked."""
    assert set(adapters.names()) >= set(IMPLEMENTATIONS)
