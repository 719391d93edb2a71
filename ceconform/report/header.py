"""The header of a report: what was asked, of whom, where."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["FORMAT", "Header", "Implementation"]

FORMAT = 1
"""The version of the report's format."""


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """One implementation, as it introduced itself."""

    name: str
    version: str
    distribution: str = ""
    devices: tuple[str, ...] = ("cpu",)
    dtypes: tuple[str, ...] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)
    conventions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the library documents: loss to names of conventions."""
    dialect: Mapping[str, str] = field(default_factory=dict)
    """How a program is written for it: `imports`, `array`, `gradient`, `show`."""

    @classmethod
    def of(cls, hello: Mapping[str, Any]) -> Implementation:
        """Read what a worker said at its start, or what a report keeps of it."""
        rules = {loss: tuple(names) for loss, names in hello["conventions"].items()}
        lists = {"devices": tuple(hello["devices"]), "dtypes": tuple(hello["dtypes"]), "conventions": rules}
        return cls(**{**hello, **lists})


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a report is about. Times are ISO 8601 in UTC; a merged report may come of several machines."""

    corpus: str
    """The hash of the corpus."""
    cases: int
    """How many cases were selected."""
    ceconform: tuple[str, ...]
    started: str
    python: tuple[str, ...]
    platform: tuple[str, ...]
    implementations: tuple[Implementation, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    """Implementations that did not start, with the reason."""
    format: int = FORMAT

    @classmethod
    def here(
        cls,
        *,
        ceconform: str,
        corpus: str,
        cases: int,
        implementations: Iterable[Implementation] = (),
        missing: Mapping[str, str] | None = None,
    ) -> Header:
        """Describe a run that starts now, on this machine."""
        return cls(
            corpus=corpus,
            cases=cases,
            ceconform=(ceconform,),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            python=(".".join(map(str, sys.version_info[:3])),),
            platform=(f"{platform.system()} {platform.machine()}",),
            implementations=tuple(implementations),
            missing=dict(missing or {}),
        )

    def line(self) -> dict[str, Any]:
        """Write the header as JSON data."""
        return asdict(self)

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Header:
        """Read a header from JSON data that satisfies the schema."""
        lists = {name: tuple(line[name]) for name in ("ceconform", "python", "platform")}
        return cls(**{**line, **lists, "implementations": tuple(map(Implementation.of, line["implementations"]))})

    def implementation(self, name: str, version: str) -> Implementation | None:
        """Find an implementation."""
        return next((each for each in self.implementations if (each.name, each.version) == (name, version)), None)

    def merge(self, other: Header) -> Header:
        """Put two headers of one corpus together; of two reasons for one name the first in the alphabet stays."""
        missing = dict(other.missing)
        for name, reason in self.missing.items():
            missing[name] = min(reason, missing.get(name, reason))
        return Header(
            corpus=self.corpus,
            cases=max(self.cases, other.cases),
            ceconform=_union(self.ceconform, other.ceconform),
            started=min(self.started, other.started),
            python=_union(self.python, other.python),
            platform=_union(self.platform, other.platform),
            implementations=_together((*self.implementations, *other.implementations)),
            missing=dict(sorted(missing.items())),
        )


def _union(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*ours, *theirs}))


def _together(implementations: tuple[Implementation, ...]) -> tuple[Implementation, ...]:
    """Each once, by name and version; one that differs in anything else, as its switches, stands beside."""
    return tuple(
        sorted({str(each): each for each in implementations}.values(), key=lambda each: (each.name, str(each)))
    )
