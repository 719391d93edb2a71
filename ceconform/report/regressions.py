"""A regression in words, and in the terminal: what changed against the baselines, and what to do about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from ceconform.report.regression import Fixed, Regression, Stale
from ceconform.report.result import Result
from ceconform.verdict import rank

__all__ = ["alike", "commands", "counts", "fixed", "render_regression", "stale"]


def render_regression(found: Regression, report: str = "REPORT", limit: int | None = 8) -> RenderableType:
    """Lay a regression out for a rich console.

    `report` is the name of the report's file, for the command that accepts what is new; of each kind at most `limit`
    cases are named, None names them all.
    """
    return Group(*_parts(found, report, limit))


def _parts(found: Regression, report: str, limit: int | None) -> Iterator[RenderableType]:
    yield Text(f"\nagainst the baselines: {counts(found)}", style="bold")
    if found.new:
        yield Text("new", style="red")
        yield from map(Text, _limited(map(_new, alike(found.new)), limit))
        yield from (Text(f"  {line}") for line in commands(found, report))
    if found.fixed:
        yield Text("fixed", style="green")
        yield from map(
            Text, _limited((f"  {each.entry.path}:{each.place.line}: {fixed(each)}" for each in found.fixed), limit)
        )
    if found.stale:
        yield Text("stale", style="yellow")
        yield from map(
            Text, _limited((f"  {each.entry.path}:{each.line}: {stale(each)}" for each in found.stale), limit)
        )


def counts(found: Regression) -> str:
    """Say how many are known, new, fixed and stale."""
    changes = f"{len(found.new)} new, {len(found.fixed)} fixed, {len(found.stale)} stale"
    return f"{len(found.known)} known, {changes}"


def alike(results: Iterable[Result]) -> Iterator[tuple[str, tuple[Result, ...]]]:
    """Group discrepancies by what is wrong, case and implementation, the worst first; each group with what it is."""
    groups: dict[tuple[int, str, str, str], list[Result]] = defaultdict(list)
    for result in results:
        known = rank(result.kind) if result.verdict == "fail" else -1
        said = f"{result.kind} of the {result.part}" if result.part else result.kind or result.verdict
        groups[known, said, result.case, result.implementation].append(result)
    for key in sorted(groups):
        yield key[1], tuple(groups[key])


def _new(group: tuple[str, tuple[Result, ...]]) -> str:
    said, results = group
    dtypes = ", ".join(sorted({result.dtype for result in results}))
    return f"  {said}: {results[0].case}  {results[0].implementation} ({dtypes})"


def commands(found: Regression, report: str) -> Iterator[str]:
    """How to see what is new, and how to accept it, into the baseline that is about its implementation."""
    first = next((result for result in found.new if result.verdict == "fail"), None)
    if first is None:
        return
    yield f"see one:       ceconform explain {first.case} '{first.implementation}'"
    for name in sorted({result.implementation for result in found.new if result.verdict == "fail"}):
        files = [baseline.path for baseline in found.baselines if name in baseline.implementations]
        yield f"or accept it:  ceconform accept {report} '{name}' -o {files[0] if files else 'BASELINE.yaml'}"


def fixed(each: Fixed) -> str:
    """Say what an entry is about, how it is now, and what to do."""
    now = Counter(f"{result.kind or result.verdict} in {result.dtype}" for result in each.results)
    cases = sorted({result.case for result in each.results})
    said = f"{each.entry.kind}: {each.pattern}: now {', '.join(sorted(now))}"
    alone = each.whole and len(each.place.cases) == 1 and len(each.entry.places) == 1
    if alone:
        return f"{said}: remove the entry"
    if each.whole:
        return f"{said}: remove it from the entry"
    return f"{said}, for {_some(cases)}: narrow the entry to what is left"


def stale(each: Stale) -> str:
    """Say what of an entry is about nothing, and what to do."""
    return f"{each.entry.kind}: {each.problem}: remove or renew it"


def _some(cases: list[str], most: int = 3) -> str:
    more = f" and {len(cases) - most} more" if len(cases) > most else ""
    return f"{', '.join(cases[:most])}{more}"


def _limited(lines: Iterable[str], limit: int | None) -> Iterator[str]:
    every = list(lines)
    yield from every[:limit]
    if limit is not None and len(every) > limit:
        yield f"  … and {len(every) - limit} more"
