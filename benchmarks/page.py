"""The page of results, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from benchmarks.comparison import OURS, Question
from benchmarks.result import MEMORY, Ratio, Result
from ceconform.report.markdown import table

__all__ = ["line", "render"]

SETTINGS = {
    "numpy": "NumPy, logits: ours ÷ SciPy's `logsumexp` (softmax) and `log_expit` (binary)",
    "numpy-probs": "NumPy, probabilities: ours ÷ scikit-learn's `log_loss`",
    "torch-eager": "PyTorch, eager: ours ÷ `F.cross_entropy` and `F.binary_cross_entropy_with_logits`",
    "torch-compile": "PyTorch, ours compiled ÷ the native functions, eager and compiled",
    "jax-jit": "JAX: ours jitted ÷ optax jitted",
}
NOTES = {
    "numpy": (
        "Ours are `sparse_cross_entropy_with_logits` and `binary_cross_entropy_with_logits`. With the gradient: their "
        "`value_and_grad`, against SciPy's `softmax` or `expit`, less the labels, computed beside the value."
    ),
    "numpy-probs": "Ours are `sparse_cross_entropy` and `binary_cross_entropy`. `log_loss` has no gradient.",
}
METHOD = """\
All calls of a comparison run in turn in one process (ours, theirs, ours, theirs) and wait for their results. Times are
medians of the rounds. *ratio* is the median of ours ÷ theirs, round by round, beside its quartiles; a target is met if
that median is at most the target. Short calls are timed several at once. *passes* are times divided by that of one pass
over the memory, the sum of the predictions in the same library. The first call, which compiles, is not among the
rounds. Softmax is over the last axis, with class indices as labels, drawn at random but for *confident* logits: there
the label's is 20 more. Every loss is the mean."""
PROFILES = """\
Shares of the time within each part itself. NumPy and small tensors: Python's functions, by cProfile, whose own work
makes small ones seem larger. PyTorch: its operators, or the kernels that it compiled, by its profiler. JAX: what the
compiled program has to do, by XLA's own analysis, which counts every branch, though one is taken."""
COMPILED = ("torch-compile", "jax-jit")
MOST_MEMORY = 2.0
"""The gradient and one more array, beside the logits."""
ROWS = 0.05
"""Of the logits' size: arrays with a few numbers for each row are not counted against the target."""
HEADS = ("loss", "size", "dtype", "part", "÷", "ours", "theirs", "ratio", "quartiles", "target", "met")
PASSES = ("passes, ours", "passes, theirs")


def render(results: Sequence[Result], machine: Iterable[tuple[str, str]], parts: Iterable[str] = ()) -> str:
    """Write the page, with parts of it that others wrote."""
    return "\n".join(_page(results, machine, parts))


def line(result: Result) -> str:
    """Write one result as a line, for the terminal."""
    parts = [f"{result.comparison.name:55}"]
    if OURS in result.timings:
        ours = result.timings[OURS]
        parts.append(f"{_time(ours.median):>8}")
        for ratio in result.ratios():
            low, middle, high = ratio.quartiles
            best = min(ours.rounds) / min(result.timings[ratio.rival].rounds)
            spread = f"({low:.2f} to {high:.2f}; of the fastest {best:.2f})"
            parts.append(f"÷ {ratio.rival} {middle:.2f} {spread} target {ratio.target:g}")
        parts += [
            f"{result.passes(OURS):.1f} passes",
            f"{len(ours.rounds)} rounds",
            f"first {result.first[OURS]:.2f} s",
        ]
    parts += [f"{name} failed: {why}" for name, why in result.failures.items()]
    return "  ".join(parts)


def _page(results: Sequence[Result], machine: Iterable[tuple[str, str]], parts: Iterable[str]) -> Iterator[str]:
    met = sum(ratio.met for result in results for ratio in result.ratios())
    targets = sum(len(result.comparison.targets) for result in results)
    failed = [(result, name, why) for result in results for name, why in result.failures.items()]
    yield from ("# Benchmarks", "")
    yield f"Targets met: {met} of {targets}; calls that failed: {len(failed)}."
    yield from (
        "Written by `python -m benchmarks`: whole by `nox -s bench`, float32 alone with `--quick`.",
        "",
    )
    yield from table(("machine", ""), machine)
    yield from (METHOD, "")
    for setting, group in groupby(results, lambda result: result.comparison.setting):
        yield from _setting(setting, list(group))
    yield from parts
    if any(result.peaks for result in results):
        yield from _memory(results)
    if any(result.profiles for result in results):
        yield from _profiles(results)
    if failed:
        yield from ("## Calls that failed", "")
        rows = ((result.comparison.name, name, why) for result, name, why in failed)
        yield from table(("comparison", "call", "why"), rows)


def _setting(setting: str, results: Sequence[Result]) -> Iterator[str]:
    yield from (f"## {SETTINGS[setting]}", "")
    if setting in NOTES:
        yield from (NOTES[setting], "")
    rows = [_row(result, ratio) for result in results for ratio in result.ratios()]
    yield from table((*HEADS, *PASSES), rows, 8)
    if setting in COMPILED:
        yield from ("First calls, which compile:", "")
        rivals = list(results[0].comparison.targets)
        rows = [_first(result, (OURS, *rivals)) for result in results]
        yield from table(("loss", "size", "dtype", "part", OURS, *rivals), rows, 1 + len(rivals))


def _first(result: Result, names: Iterable[str]) -> Iterator[str]:
    yield from _question(result.comparison.question)
    yield from (_time(result.first[name]) if name in result.first else "failed" for name in names)


def _question(question: Question) -> tuple[str, ...]:
    return question.loss, question.size.replace("x", "×"), question.dtype, question.part


def _row(result: Result, ratio: Ratio) -> Iterator[str]:
    low, middle, high = ratio.quartiles
    yield from (*_question(result.comparison.question), ratio.rival)
    yield from (_time(result.timings[OURS].median), _time(result.timings[ratio.rival].median))
    yield from (f"{middle:.2f}", f"{low:.2f}–{high:.2f}", f"{ratio.target:g}", "yes" if ratio.met else "**no**")
    yield from (f"{result.passes(OURS):.1f}", f"{result.passes(ratio.rival):.1f}")


def _memory(results: Sequence[Result]) -> Iterator[str]:
    size = MEMORY.elements * 4
    shape = MEMORY.size.replace("x", "×")
    yield from (f"## Peak memory of {MEMORY.part}, {MEMORY.loss}, {shape}, {MEMORY.dtype}", "")
    yield f"What a call holds at most beyond the logits and labels, in multiples of the logits ({size / 1e6:.1f} MB)."
    yield f"The target is {MOST_MEMORY:g}, the gradient and one more array; {ROWS:g} more is let pass, for a few"
    yield "numbers a row. NumPy: tracemalloc. PyTorch: the allocations that its profiler saw, replayed. JAX: what the"
    yield "compiled program says of its results and temporaries."
    yield ""
    rows = []
    for result in results:
        for name, peak in result.peaks.items():
            times = peak / size
            met = ("yes" if times <= MOST_MEMORY + ROWS else "**no**") if name == OURS else ""
            rows.append((result.comparison.setting, name, f"{times:.2f}", met))
    yield from table(("setting", "call", "× logits", "met"), rows, 2)


def _profiles(results: Sequence[Result]) -> Iterator[str]:
    yield from ("## Where the time goes of what misses its target", "", PROFILES, "")
    rows = (
        (result.comparison.name, name, _time(result.timings[name].median), "; ".join(parts))
        for result in results
        for name, parts in result.profiles.items()
    )
    yield from table(("comparison", "call", "time", "where"), rows)


def _time(seconds: float) -> str:
    """Three digits and a unit.

    >>> _time(0.00123456), _time(2.5), _time(4.2e-6)
    ('1.23 ms', '2.5 s', '4.2 µs')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
