"""The accuracy page, and the same on a terminal: how far each implementation is from exact, and on which input."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceconform.formats import FORMATS
from ceconform.report.header import Implementation
from ceconform.report.markdown import cell, table, without_folders
from ceconform.report.measurement import Accuracy, Elementary, Input, Measurement

__all__ = ["render_accuracy", "render_accuracy_plain", "render_accuracy_text"]

_LARGE = 1e4
_GRIDS = 3
_TARGET = 3
"""Of the table of functions, in ulps."""
_FEW = 3
"""A row of more numbers is shown for our own misses alone."""
_KINDS: Mapping[tuple[str, str], str] = {
    ("value", "unreduced"): "values",
    ("value", "reduced"): "reduced values",
    ("gradient", "hard"): "gradients, hard labels",
    ("gradient", "soft"): "gradients, soft labels",
}
_INTRODUCTION = """\
How far the losses and their gradients are from the exact ones, measured by `ceconform sweep` against interval
arithmetic on deterministic grids of adversarial inputs: logits of every size to ±1e4, rows that one class dominates
until it has all of the mass, ties, huge offsets, probabilities and soft labels next to 0, next to 1 and in the middle,
predictions at the label itself, smoothing, weights from 2^-12 to 2^12, focal γ from 0 to 10, and sums that half
precision cannot hold; 2 to 128,256 classes for softmax cross entropy, 2 to 100 for the others, whose exact gradients
take longer. Each dtype has its own grids, in its own numbers.

A cell has the largest error, the 99th percentile and the median. The unit is the last place of the exact number in the
dtype of the answer, and below the smallest normal number the smallest subnormal one, if the row does not name another.
*Lost* counts what is no matter of digits: 0, inf or NaN where another number is right, and a number where 0 is right;
the errors are without them. *Flushed* counts, likewise apart, zeros for subnormal numbers and what is made of
subnormal inputs on a backend that has no subnormal numbers. Everything is held against the definition, also where a
library documents another rule for a loss; those are named. Each implementation is asked by the first of its entry
points for a loss. Names that end in `-compiled` are ours as `jax.jit` or `torch.compile` makes them, value and gradient
each a program of its own; with PyTorch in float32 alone, because compiling takes long, or not at all.

**Bold** is what misses the target, which is what ceconform's own losses are held to. `nox -s accuracy`
makes this page."""


_FUNCTIONS = """\
The largest errors, in ulps, of each backend's own `exp`, `log` and `log1p`, as each of ours calls them, on 262,144
arguments each: `exp` from -104 to 88 in float32 and from -700 to 709 in float64, `log` of positive numbers of every
size and most next to 1, `log1p` from -1 to 1. Beside them the largest errors of our unreduced values and of our
gradients by hard labels, of all losses that are held to 3 ulps. **Bold** is what is above that.
"""


def render_accuracy(accuracy: Accuracy, picture: str = "") -> str:
    """Write sweeps as a page in Markdown; `picture` is the file name of the plot beside it."""
    header = accuracy.header
    lines = ["# Accuracy", "", _INTRODUCTION, ""]
    lines += [
        f"ceconform {', '.join(header.ceconform)}, python {', '.join(header.python)}, {', '.join(header.platform)}.",
        "",
    ]
    names = _names(accuracy)
    if picture:
        lines += [f"![Largest error against the logit, for each implementation]({picture})", ""]
    for part in ("value", "gradient"):
        lines += [f"## Largest error of a {part} in float32", "", *_beside(accuracy, names, part)]
    lines += _functions(accuracy, names)
    known = {each.name: each for each in header.implementations}
    for name in names:
        lines += _implementation(accuracy, known[name])
    lines += [f"`{name}` did not start: {reason}" for name, reason in header.missing.items()]
    return "\n".join(lines).rstrip() + "\n"


def _names(accuracy: Accuracy) -> list[str]:
    """Ours first."""
    measured = {each.implementation for each in accuracy.measurements}
    names = sorted(each.name for each in accuracy.header.implementations if each.name in measured)
    return sorted(set(names), key=lambda name: (not name.startswith("ceconform"), name))


def _number(error: float | None) -> str:
    if error is None:
        return "·"
    return f"{error:.1f}" if error < _LARGE else f"{error:.0e}"


def _counts(*found: Measurement | Elementary) -> str:
    """How much is lost and flushed, as a tail of a cell."""
    total = sum(each.count for each in found)
    parts = ((sum(each.lost for each in found), "lost"), (sum(each.flushed for each in found), "flushed"))
    few = total / 1000
    return "".join(
        f", {count / total:.1%} {word}" if count > few else f", {count} {word}" for count, word in parts if count
    )


def _bold(text: str, *, holds: bool) -> str:
    return text if holds else f"**{text}**"


def _beside(accuracy: Accuracy, names: list[str], part: str) -> Iterator[str]:
    """One row a loss, one column an implementation."""
    cells: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    for each in accuracy.measurements:
        if each.part == part and each.dtype == "float32":
            cells[each.loss, each.implementation].append(each)

    def shown(loss: str, name: str) -> str:
        found = cells.get((loss, name))
        if not found:
            return "—"
        errors = [each.maximum for each in found if each.maximum is not None]
        holds = all(each.holds for each in found)
        return _bold(_number(max(errors, default=None)) + _counts(*found), holds=holds)

    losses = sorted({loss for loss, _ in cells})
    rows = ((f"`{loss}`", *(shown(loss, name) for name in names)) for loss in losses)
    return table(("loss", *names), rows, len(names))


def _functions(accuracy: Accuracy, names: list[str]) -> Iterator[str]:
    """One row an implementation of ours and dtype: what it is made of beside what it makes."""
    by_row: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for each in accuracy.elementary:
        shown = _bold(_number(each.maximum) + _counts(each), holds=not each.lost and each.maximum <= _TARGET)
        by_row[each.implementation, each.dtype, each.device][each.function] = shown
    if not by_row:
        return

    def ours(kind: str, row: tuple[str, str, str]) -> str:
        found = [
            each
            for each in accuracy.measurements
            if (each.implementation, each.dtype, each.device, each.kind) == (*row, kind)
            and (each.measure, each.target) == ("ulps", str(_TARGET))
        ]
        largest = max((each.maximum for each in found if each.maximum is not None), default=None)
        return _bold(_number(largest) + _counts(*found), holds=all(each.holds for each in found)) if found else "—"

    functions = list(dict.fromkeys(each.function for each in accuracy.elementary))
    rows = (
        (*row[:2], *(by_row[row].get(each, "—") for each in functions), ours("unreduced", row), ours("hard", row))
        for name in names
        for row in by_row
        if row[0] == name
    )
    heads = ("", "dtype", *(f"`{each}`" for each in functions), "our values", "our gradients")
    yield from ("## The backends' own functions", "", _FUNCTIONS)
    yield from table(heads, rows, len(heads) - 2)


def _implementation(accuracy: Accuracy, implementation: Implementation) -> Iterator[str]:
    """One implementation's section."""
    name = implementation.name
    found = [each for each in accuracy.measurements if each.implementation == name]
    yield from (f"## {name}", "", f"Version {implementation.version}.", "")
    dtypes = [dtype for dtype in FORMATS if any(each.dtype == dtype for each in found)]
    by_row: dict[tuple[str, str, str], dict[str, Measurement]] = defaultdict(dict)
    for each in found:
        by_row[each.loss, each.part, each.kind][each.dtype] = each
    order = list(_KINDS)
    keys = sorted(by_row, key=lambda key: (key[0], order.index(key[1:])))
    rows = []
    for loss, part, kind in keys:
        row = by_row[loss, part, kind]
        one = next(iter(row.values()))
        cells = (_cell(row[dtype]) if dtype in row else "—" for dtype in dtypes)
        rows.append((f"`{loss}`", _KINDS[part, kind], one.measure, one.target, *cells))
    yield from table(("loss", "of", "unit", "target", *dtypes), rows, len(dtypes) + 1)
    yield from _refusals(accuracy, name)
    documented = {
        loss: names for loss, names in implementation.conventions.items() if any(each.loss == loss for each in found)
    }
    if documented:
        yield from ("Documented rules that the definition has not:", "")
        yield from (f"- `{loss}`: {', '.join(names)}" for loss, names in sorted(documented.items()))
        yield ""
    missed = [(each, at) for each in found for at in _furthest(each)]
    if name.startswith("ceconform") and missed:
        told = f"The worst input of each grid, of the {_GRIDS} worst grids of each row; the sweep's own file has all."
        yield from ("### Above the target", "", told, "")
        yield from _inputs(missed)
    yield from ("<details>", "<summary>The worst input of each</summary>", "")
    yield from _inputs((each, _brief(at)) for each in found for at in (each.worst, each.lost_at) if at is not None)
    yield from ("</details>", "")


def _furthest(found: Measurement) -> list[Input]:
    return sorted(found.misses, key=lambda at: -(at.ulps or 0.0))[:_GRIDS]


def _cell(found: Measurement) -> str:
    errors = " · ".join(map(_number, (found.maximum, found.percentile_99, found.median)))
    return _bold(errors + _counts(found), holds=found.holds)


def _refusals(accuracy: Accuracy, name: str) -> Iterator[str]:
    refused = [each for each in accuracy.refusals if each.implementation == name]
    if not refused:
        return
    yield from ("<details>", "<summary>Without numbers</summary>", "")
    rows = (
        (f"`{each.loss}`", each.status, without_folders(each.reason), ", ".join(each.dtypes), str(each.grids))
        for each in sorted(refused, key=lambda each: (each.loss, each.status, each.reason))
    )
    yield from table(("loss", "", "reason", "dtypes", "grids"), rows, 1)
    yield from ("</details>", "")


def _inputs(found: Iterable[tuple[Measurement, Input]]) -> Iterator[str]:
    rows = (
        (
            f"`{at.grid.removeprefix('sweep/')}`{list(at.index) or ''}",
            _KINDS[each.part, each.kind],
            _said(at),
            f"`{at.got}`",
            f"`{at.exact}`",
            "lost" if at.ulps is None else _number(at.ulps),
        )
        for each, at in found
    )
    return table(("grid", "of", "input", "got", "exact", "error"), rows, 1)


def _brief(at: Input) -> Input:
    """The same without rows of numbers, which the grid and the index name too."""
    return replace(at, said={name: numbers for name, numbers in at.said.items() if numbers.count(" ") < _FEW})


def _said(at: Input) -> str:
    return ", ".join(f"{name} `{number}`" for name, number in at.said.items()) or "see the grid"


def render_accuracy_text(accuracy: Accuracy) -> Table:
    """Lay sweeps out for a rich console: one line a measurement."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("implementation", "loss", "dtype", "of"):
        shown.add_column(head, overflow="fold")
    for head in ("max", "99 %", "median", "lost", "target"):
        shown.add_column(head, justify="right")
    shown.add_column("worst input", overflow="fold")
    for each in accuracy.measurements:
        numbers = map(_number, (each.maximum, each.percentile_99, each.median))
        at = each.lost_at or each.worst
        told = "" if at is None else cell(_said(at)).replace("`", "")
        shown.add_row(
            *map(Text, (each.implementation, each.loss, each.dtype, _KINDS[each.part, each.kind], *numbers)),
            Text(str(each.lost or "·")),
            Text(each.target, style="green" if each.holds else "red"),
            Text(told, style="dim"),
        )
    return shown


def render_accuracy_plain(accuracy: Accuracy) -> str:
    """The same without colour."""
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    with console.capture() as captured:
        console.print(render_accuracy_text(accuracy))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
