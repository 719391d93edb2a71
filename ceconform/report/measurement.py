"""Measurements: how accurate an implementation's losses are, as a sweep found it, written and read as JSON Lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ceconform.errors import ReportError
from ceconform.report.header import Header
from ceconform.report.lines import numbered, parse, text
from ceconform.report.schema import check
from ceconform.report.typed import typed

__all__ = ["Accuracy", "Elementary", "Input", "Measurement", "Refusal"]

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"value": ("unreduced", "reduced"), "gradient": ("hard", "soft")}
)
"""What is measured of each part."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a grid, what was answered to it, and what is right."""

    grid: str
    """The id of the grid: `sweep/<loss>/<dtype>/<name>`."""
    index: tuple[int, ...]
    """Of the number within the answer."""
    said: Mapping[str, str]
    """The numbers that went in, where they are few."""
    got: str
    exact: str
    ulps: float | None
    """None where the answer is lost."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The errors of one implementation's values or gradients of one loss in one dtype."""

    implementation: str
    version: str
    loss: str
    dtype: str
    device: str
    part: str
    """`value` or `gradient`."""
    kind: str
    """Values: `unreduced` or `reduced`; gradients: `hard` or `soft` labels."""
    measure: str
    """What one unit of the error is."""
    target: str
    """What ours are held to, in these units."""
    grids: str
    """A hash of what was asked."""
    count: int
    lost: int
    """0, inf or NaN where another number is right, and a number where 0 is right; the errors below are without them."""
    flushed: int
    """On a backend without subnormal numbers: zeros for them, and what it makes of subnormal inputs; likewise apart."""
    missed: int
    """Numbers whose error is above the target."""
    maximum: float | None
    percentile_99: float | None
    median: float | None
    of_target: float | None
    """The largest error in units of its target."""
    worst: Input | None
    lost_at: Input | None
    """The first that is lost."""
    misses: Sequence[Input] = ()
    """The worst input of each grid whose worst is above the target."""
    curve: Sequence[tuple[float, float | None]] = ()
    """By logit (binary) or by the label's lead over the other classes: the largest error there, None for a lost one."""

    @property
    def key(self) -> tuple[str, ...]:
        """What it is a measurement of."""
        return self.implementation, self.loss, self.dtype, self.device, self.part, self.kind

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return not self.lost and (self.of_target is None or self.of_target <= 1)


@dataclass(frozen=True, kw_only=True)
class Elementary:
    """The errors of a backend's own function in one dtype."""

    implementation: str
    """Of ours, the one that stands on the function."""
    function: str
    """`exp`, `log` or `log1p`."""
    dtype: str
    device: str
    count: int
    lost: int
    flushed: int
    """Both as of a measurement, and likewise apart."""
    maximum: float
    """In ulps."""
    worst: str
    """The argument there."""

    @property
    def key(self) -> tuple[str, ...]:
        """What it is a measurement of."""
        return self.implementation, self.function, self.dtype, self.device


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Grids that an implementation gave no numbers for."""

    implementation: str
    loss: str
    status: str
    """`unsupported`, `raised`, `shape`, `error`, `crash` or `timeout`."""
    reason: str
    dtypes: tuple[str, ...]
    grids: int


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """What one or several sweeps found."""

    header: Header
    measurements: tuple[Measurement, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    elementary: tuple[Elementary, ...] = ()

    def lines(self) -> Iterator[str]:
        """Write it as JSON Lines: a header, a line for each measurement, refusal and elementary function, a footer."""
        yield text({"header": self.header.line()})
        for measurement in self.measurements:
            yield text({"measurement": dataclasses.asdict(measurement)})
        for refusal in self.refusals:
            yield text({"refusal": dataclasses.asdict(refusal)})
        for function in self.elementary:
            yield text({"elementary": dataclasses.asdict(function)})
        yield text({"footer": {"complete": True}})

    @classmethod
    def read(cls, path: Path) -> Accuracy:
        """Read what `lines` wrote.

        Raises
        ------
        ReportError
            If the file is not the result of a sweep, or ends before its footer.
        """
        header, found, refused, functions, number, complete = None, [], [], [], 1, False
        for number, line in numbered(path, "the result of a sweep"):
            data = parse(line, str(path), number)
            if complete:
                raise ReportError(path, number, "expected nothing after the footer")
            try:
                match data:
                    case {"header": _}:
                        check(data, "header", str(path), number)
                        header = Header.of(data["header"])
                    case {"measurement": measured}:
                        found.append(_measurement(measured))
                    case {"refusal": refusal}:
                        refused.append(typed(Refusal, refusal))
                    case {"elementary": function}:
                        functions.append(typed(Elementary, function))
                    case {"footer": {"complete": True}}:
                        complete = True
                    case _:
                        kinds = "header, measurement, refusal, elementary, footer"
                        raise ReportError(path, number, f"expected a line of a sweep: one of {kinds}")
            except TypeError as error:
                raise ReportError(path, number, f"expected a line of a sweep: {error}") from error
        if header is None or not complete:
            raise ReportError(path, number, "the sweep ends before its footer")
        return cls(header=header, measurements=tuple(found), refusals=tuple(refused), elementary=tuple(functions))

    @classmethod
    def merge(cls, sweeps: Iterable[Accuracy]) -> Accuracy:
        """Put sweeps together; of two measurements of the same thing the later one stays.

        Raises
        ------
        ReportError
            If there is none.
        """
        merged: Accuracy | None = None
        for sweep in sweeps:
            if merged is None:
                merged = sweep
                continue
            by_key = {each.key: each for each in (*merged.measurements, *sweep.measurements)}
            functions = {each.key: each for each in (*merged.elementary, *sweep.elementary)}
            again = {(each.implementation, each.loss) for each in sweep.measurements}
            again |= {(each.implementation, each.loss) for each in sweep.refusals}
            kept = [each for each in merged.refusals if (each.implementation, each.loss) not in again]
            merged = cls(
                header=merged.header.merge(sweep.header),
                measurements=tuple(by_key.values()),
                refusals=(*kept, *sweep.refusals),
                elementary=tuple(functions.values()),
            )
        if merged is None:
            raise ReportError("<sweeps>", 1, "expected one sweep or more")
        return merged


def _measurement(data: Any) -> Measurement:
    found = typed(Measurement, data)
    if found.kind not in KINDS.get(found.part, ()):
        raise TypeError(f"expected `part` and `kind` to be some of {dict(KINDS)}")
    return found
