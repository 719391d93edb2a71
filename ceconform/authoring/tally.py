"""Tallies: the errors of one implementation's answers, element by element, and what they amount to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.authoring.draws import Floats
from ceconform.authoring.units import flushed_below
from ceconform.corpus import Case, Numbers
from ceconform.formats import FORMATS, digits, unit_in_the_last_place
from ceconform.report import Input
from ceconform.verdict.comparison import Wanted

__all__ = ["Errors", "Flags", "Tally", "errors", "short"]

Flags = NDArray[np.bool_]

_LOST = 8.0
"""A 0 for a number, or a number for 0, that is more than this many units away is lost; nearer, its error tells more."""
_FURTHEST = 1e300
"""An error that no float64 holds, of 1 for 1e-320, counts as this."""
_SHOWN_CLASSES = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Errors:
    """The error of each number of an answer."""

    ulps: Floats
    """In units; NaN for what is lost or flushed."""
    lost: Flags
    flushed: Flags


def errors(
    got: Floats, exact: Wanted, dtype: str, *, unit: Floats | None, sizes: Floats, flushes: bool, fed: Flags
) -> Errors:
    """Compare an answer with the exact numbers.

    Parameters
    ----------
    got
        The answer, flat.
    unit
        The size of a unit at each number, None for the last place of the exact number or of `sizes` if that is larger.
    flushes
        Whether the backend has no subnormal numbers.
    fed
        Where the answer depends on a subnormal input, which such a backend takes for 0.
    """
    form = FORMATS[dtype]
    right = exact.rounded
    largest = (2 - form.eps) * 2.0**form.emax
    with np.errstate(all="ignore"):
        if unit is None:
            unit = unit_in_the_last_place(np.minimum(np.maximum(np.abs(right), sizes), largest), dtype)
        unit = np.maximum(unit, form.smallest_subnormal)
        finite = np.clip(right, -largest, largest)  # what overflows is infinite, or nearly so
        error = np.abs((got - finite) - np.where(np.isfinite(right), exact.residual, 0.0)) / unit
        same = (got == right) & ~np.isfinite(right) | (np.isnan(got) & np.isnan(right))
        error = np.where(same, 0.0, np.minimum(error, _FURTHEST))
    zero = (got == 0) & (right != 0) & ~np.isnan(right)
    mistaken = zero | ((got != 0) & (right == 0))
    lost = ~same & (~np.isfinite(got) | np.isnan(right) | (mistaken & (error > _LOST)))
    flushed = np.zeros(got.shape, dtype=np.bool_)
    if flushes:
        vanished = zero & (np.abs(right) < flushed_below(dtype))
        flushed = (vanished | fed) & (lost | (error > 1))
    lost &= ~flushed
    return Errors(ulps=np.where(lost | flushed, np.nan, error), lost=lost, flushed=flushed)


@dataclass
class Tally:
    """What grids of one loss, dtype, part and kind add up to."""

    measure: str
    target: str
    found: list[Floats] = field(default_factory=list)
    count: int = 0
    lost: int = 0
    flushed: int = 0
    missed: int = 0
    share: float = -1.0
    worst: Input | None = None
    lost_at: Input | None = None
    misses: dict[str, Input] = field(default_factory=dict)
    curve: dict[float, float] = field(default_factory=dict)

    def add(
        self,
        case: Case,
        errors: Errors,
        chosen: NDArray[np.intp],
        got: Floats,
        exact: Numbers,
        *,
        dtype: str,
        target: float,
        place: Floats | None,
    ) -> None:
        """Take in the chosen numbers of an answer; `place` is where each stands on the curve's axis."""
        if not chosen.size:
            return
        ulps, lost = errors.ulps[chosen], errors.lost[chosen]
        self.count += chosen.size
        self.lost += int(lost.sum())
        self.flushed += int(errors.flushed[chosen].sum())
        known = ulps[~np.isnan(ulps)]
        self.found.append(known)
        self.missed += int((known > target).sum())
        flat = exact.ravel()
        if known.size:
            share = float(known.max()) / target
            at = int(chosen[np.nanargmax(ulps)])
            found = _input(case, exact.shape, at, got[at], flat[at], dtype, float(errors.ulps[at]))
            if share > 1:
                self.misses[case.id] = found
            if share > self.share:
                self.share, self.worst = share, found
        if lost.any() and self.lost_at is None:
            at = int(chosen[np.argmax(lost)])
            self.lost_at = _input(case, exact.shape, at, got[at], flat[at], dtype, None)
        if place is not None:
            height = np.where(lost, np.inf, np.nan_to_num(ulps, nan=0.0))
            for x, y in zip(_binned(place[chosen]).tolist(), height.tolist(), strict=True):
                self.curve[x] = max(self.curve.get(x, 0.0), y)

    def summary(self) -> Mapping[str, Any]:
        """The fields of a measurement that are about errors."""
        every = np.concatenate(self.found) if self.found else np.empty(0)
        known = bool(every.size)
        return {
            "measure": self.measure,
            "target": self.target,
            "count": self.count,
            "lost": self.lost,
            "flushed": self.flushed,
            "missed": self.missed,
            "maximum": short(every.max()) if known else None,
            "percentile_99": short(np.percentile(every, 99)) if known else None,
            "median": short(np.median(every)) if known else None,
            "of_target": short(self.share) if known else None,
            "worst": self.worst,
            "lost_at": self.lost_at,
            "misses": tuple(self.misses.values()),
            "curve": tuple((x, None if math.isinf(y) else short(y)) for x, y in sorted(self.curve.items())),
        }


def short(number: float) -> float:
    """Four digits: what a table shows and a plot needs."""
    return float(f"{number:.4g}")


def _binned(place: Floats) -> Floats:
    """Eight bins for each power of 2, from 2^-8 on."""
    fraction, exponent = np.frexp(place)
    return np.where(np.abs(place) < 2.0**-8, 0.0, np.ldexp(np.round(fraction * 16) / 16, exponent))


def _input(
    case: Case, shape: tuple[int, ...], at: int, got: float, exact: Decimal, dtype: str, ulps: float | None
) -> Input:
    index = tuple(int(i) for i in np.unravel_index(at, shape))
    return Input(
        grid=case.id,
        index=index,
        said=_said(case, index),
        got=digits(float(got), dtype),
        exact=f"{exact:.20g}",
        ulps=None if ulps is None else short(ulps),
    )


def _said(case: Case, index: tuple[int, ...]) -> dict[str, str]:
    """The prediction and the label, or the row of them; of long rows the largest prediction and the label's."""
    dtype = case.dtypes[0]
    said = {name: f"{value:g}" for name, value in case.parameters.items() if isinstance(value, float)}
    if case.parameters.get("reduction", "none") != "none" and not index:
        return said
    spec = case.call(dtype).spec
    singular = spec.predictions.removesuffix("s").replace("probabilitie", "probability")
    if spec.labels in {"binary", "sign"} or case.parameters.get("axis", -1) is None:
        said[singular] = digits(float(case.predictions[index]), dtype)
        if case.labels is not None:
            said["label"] = digits(float(case.labels[index]), dtype)
        return said
    row = case.predictions[index[0]]
    label = None if case.labels is None else case.labels[index[0]]
    if row.size <= _SHOWN_CLASSES:
        said[spec.predictions] = " ".join(digits(x, dtype) for x in row.tolist())
    else:
        said["classes"] = str(row.size)
        said[f"largest {singular}"] = digits(float(row.max()), dtype)
    if isinstance(label, np.ndarray) and row.size <= _SHOWN_CLASSES:
        said["labels"] = " ".join(digits(float(x), dtype) for x in label.tolist())
    elif label is not None and not isinstance(label, np.ndarray):
        said["label"] = str(int(label))
        said[f"its {singular}"] = digits(float(row[int(label)]), dtype)
    return said
