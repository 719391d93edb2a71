"""Reports: a header, results, a footer, one JSON object a line.

A run does not know its implementations before they start, so a header may come in parts, which are merged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ceconform.errors import ReportError, UnknownNameError
from ceconform.files import replacing
from ceconform.report.header import Header
from ceconform.report.lines import numbered, parse, text
from ceconform.report.result import Key, Result, read_result
from ceconform.report.schema import check

__all__ = ["Report", "footer", "merge"]


def footer(results: int, seconds: float) -> dict[str, Any]:
    """Make the last line, without which a report is not one."""
    return {"footer": {"results": results, "seconds": round(seconds, 3), "complete": True}}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run found."""

    header: Header
    results: tuple[Result, ...] = ()

    @property
    def seconds(self) -> float:
        """The time that the answers took, all together."""
        return round(math.fsum(result.seconds for result in self.results), 3)

    @classmethod
    def read(cls, source: Path | str | Iterable[str | bytes], name: str = "<lines>") -> Report:
        """Read a report from a file, or from lines that are called `name` in errors.

        Raises
        ------
        ReportError
            If a line is not valid, or the last one is not a footer that counts the results right.
        """
        if isinstance(source, Path | str):
            return cls.read((line for _, line in numbered(Path(source))), str(source))
        header: Header | None = None
        results: list[Result] = []
        number = 0
        ended = False
        for number, line in enumerate(source, 1):
            if ended:
                raise ReportError(
                    name, number, "expected nothing after the footer; merge reports by `ceconform report`"
                )
            data = parse(line, name, number)
            if header is None:
                check(data, "header", name, number)
                header = Header.of(data["header"])
            elif "header" in data:
                check(data, "header", name, number)
                header = header.merge(Header.of(data["header"]))
            elif "footer" in data:
                check(data, "footer", name, number)
                if data["footer"]["results"] != len(results):
                    problem = f"the footer counts {data['footer']['results']} results, there are {len(results)}"
                    raise ReportError(name, number, f"{problem}; run again")
                ended = True
            else:
                results.append(read_result(data, name, number))
        if header is None or not ended:
            raise ReportError(name, max(number, 1), "the report ends before its footer: it is not complete; run again")
        return cls(header=header, results=tuple(results))

    def lines(self) -> Iterator[str]:
        """Write the report, line by line."""
        yield text({"header": self.header.line()})
        for result in self.results:
            yield text(result.line(), finite=True)
        yield text(footer(len(self.results), self.seconds))

    def write(self, path: Path | str) -> None:
        """Write the report to a file, whole or not at all."""
        with replacing(Path(path)) as file:
            file.writelines(self.lines())

    def about(self, *patterns: str) -> Report:
        """Leave out all implementations but some; `*` stands for any letters, square brackets for themselves.

        Raises
        ------
        UnknownNameError
            If a pattern matches none.
        """
        header = self.header
        named = {each.name for each in header.implementations} | {each.implementation for each in self.results}
        chosen: set[str] = set()
        for pattern in patterns:
            glob = re.compile(".*".join(map(re.escape, pattern.split("*"))))
            found = {name for name in named | header.missing.keys() if glob.fullmatch(name)}
            if not found:
                there = ", ".join(sorted(named | header.missing.keys()))
                raise UnknownNameError(f"expected one of {there}, which the report is about; got {pattern!r}")
            chosen |= found
        implementations = tuple(each for each in header.implementations if each.name in chosen)
        missing = {name: reason for name, reason in header.missing.items() if name in chosen}
        return Report(
            header=replace(header, implementations=implementations, missing=missing),
            results=tuple(result for result in self.results if result.implementation in chosen),
        )

    def merge(self, other: Report) -> Report:
        """Put two reports of the same corpus together; of two results of one key the other's, the later one, stays.

        Raises
        ------
        ReportError
            If the other report is about another corpus.
        """
        if self.header.corpus != other.header.corpus:
            problem = f"expected the corpus {self.header.corpus}, got {other.header.corpus}; run both on one corpus"
            raise ReportError("<merge>", 1, problem)
        results: dict[Key, Result] = {result.key: result for result in (*self.results, *other.results)}
        return Report(header=self.header.merge(other.header), results=tuple(results.values()))


def merge(reports: Iterable[Report]) -> Report:
    """Put one or several reports together, in their order."""
    first, *others = reports
    for other in others:
        first = first.merge(other)
    return first
