"""The plot of errors against logits: a row of panels for each implementation."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ceconform.errors import MissingDependencyError
from ceconform.report.measurement import Accuracy, Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["render_curves"]

_PANELS = (
    ("binary_cross_entropy_with_logits", "value", "logit"),
    ("binary_cross_entropy_with_logits", "gradient", "logit"),
    ("sparse_cross_entropy_with_logits", "value", "lead of the label's logit"),
    ("sparse_cross_entropy_with_logits", "gradient", "lead of the label's logit"),
)
_LOW, _HIGH = 1e-2, 1e9
_TARGET = 3
_TICKS = (-1000, -10, 0, 10, 1000)


def render_curves(accuracy: Accuracy, dtype: str = "float32") -> str:
    """Draw the largest error at each logit as SVG; a triangle on the upper edge is a lost answer.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError("the plot needs matplotlib: pip install 'ceconform[plots]'") from error
    losses = {loss for loss, _, _ in _PANELS}
    found = [each for each in accuracy.measurements if each.dtype == dtype and each.loss in losses and each.curve]
    names = sorted({each.implementation for each in found}, key=lambda name: (not name.startswith("ceconform"), name))
    rows = max(len(names), 1)
    # Nothing in the file depends on the time or on the process, so the same sweep gives the same picture.
    with mpl.rc_context({"svg.hashsalt": "ceconform", "svg.fonttype": "none", "font.size": 8}):
        height = 1.5 * rows + 1.2
        figure = Figure(figsize=(13, height))
        figure.subplots_adjust(0.07, 0.6 / height, 0.99, 1 - 0.5 / height, wspace=0.05, hspace=0.12)
        grid = figure.subplots(rows, len(_PANELS), sharex=True, sharey=True, squeeze=False)
        for name, panels in zip(names, grid, strict=False):
            for (loss, part, _), axes in zip(_PANELS, panels, strict=True):
                chosen = [e for e in found if (e.implementation, e.loss, e.part) == (name, loss, part)]
                _draw(axes, chosen, "C0" if name.startswith("ceconform") else "C3")
            panels[0].set_ylabel(f"{name}\nulps")
        for (loss, part, axis), top, bottom in zip(_PANELS, grid[0], grid[-1], strict=True):
            top.set_title(f"{loss}\n{part}, {dtype}", fontsize=8)
            bottom.set_xlabel(axis)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None})
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())


def _thinned(points: Iterable[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """At most four points for each power of 2, the largest error of each."""
    heights: dict[float, float] = {}
    for x, y in points:
        fraction, exponent = math.frexp(x)
        at = math.ldexp(round(fraction * 8) / 8, exponent)
        heights[at] = max(heights.get(at, 0.0), math.inf if y is None else y)
    return [(x, None if math.isinf(y) else y) for x, y in sorted(heights.items())]


def _draw(axes: Axes, found: Iterable[Measurement], colour: str) -> None:
    points = _thinned(point for each in found for point in each.curve)
    axes.set_xscale("symlog", linthresh=0.01, linscale=0.3)
    axes.set_yscale("log")
    axes.set_ylim(_LOW, _HIGH)
    axes.set_xlim(-1.5e4, 1.5e4)
    axes.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    axes.tick_params(which="minor", bottom=False, left=False)
    axes.set_yticks([1e-2, 1, 1e3, 1e6, 1e9])
    axes.grid(color="0.9", linewidth=0.5)
    axes.axhline(_TARGET, color="0.5", linewidth=0.7, linestyle="--")
    measured = [(x, min(max(y, _LOW), _HIGH)) for x, y in points if y is not None and math.isfinite(y)]
    lost = [x for x, y in points if y is None]
    if not points:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", va="center", color="0.5")
    axes.plot(*zip(*measured, strict=True), "o", color=colour, markersize=1.5) if measured else None
    axes.plot(lost, [_HIGH / 2] * len(lost), "v", color=colour, markersize=2, clip_on=False)
