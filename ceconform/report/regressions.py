"""A regression in the terminal: what changed against the baselines, and what to do about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from ceconform.report.regression import Fixed, Regression, Stale
from ceconform.report.result import Result
from ceconform.verdict import rank

__all__ = ["render_regression"]


def render_regression(found: Regression, report: str = "REPORT", limit: int | None = 8) -> RenderableType:
    """Lay a regression out for a rich console.

    `report` is the name of the report's file, for the command that accepts what is new; of each kind at most `limit`
    cases are named, None names them all.
    """
    return Group(*_parts(found, report, limit))


def _parts(found: Regression, report: str, limit: int | None) -> Iterator[RenderableType]:
    fixed, stale = len(found.fixed), len(found.stale)
    counts = f"{len(found.known)} known, {len(found.new)} new, {fixed} fixed, {stale} stale"
    yield Text(f"\nagainst the baselines: {counts}", style="bold")
    if found.new:
        yield Text("new", style="red")
        yield from map(Text, _limited(_new(found.new), limit))
        yield from map(Text, _commands(found, report))
    if found.fixed:
        yield Text("fixed", style="green")
        yield from map(Text, _limited(map(_fixed, found.fixed), limit))
    if found.stale:
        yield Text("stale", style="yellow")
        yield from map(Text, _limited(map(_stale, found.stale), limit))


def _new(results: Iterable[Result]) -> Iterator[str]:
    """A line for each case and kind, the worst first."""
    groups: dict[tuple[int, str, str, str], list[Result]] = defaultdict(list)
    for result in results:
        known = rank(result.kind) if result.verdict == "fail" else -1
        said = f"{result.kind} of the {result.part}" if result.part else result.kind or result.verdict
        groups[known, said, result.case, result.implementation].append(result)
    for (_, said, case, implementation), some in sorted(groups.items()):
        dtypes = ", ".join(sorted({result.dtype for result in some}))
        yield f"  {said}: {case}  {implementation} ({dtypes})"


def _commands(found: Regression, report: str) -> Iterator[str]:
    """How to see what is new, and how to accept it, into the baseline that is about its implementation."""
    first = next((result for result in found.new if result.verdict == "fail"), None)
    if first is None:
        return
    yield f"  see one:       ceconform explain {first.case} '{first.implementation}'"
    for name in sorted({result.implementation for result in found.new if result.verdict == "fail"}):
        files = [baseline.path for baseline in found.baselines if name in baseline.implementations]
        yield f"  or accept it:  ceconform accept {report} '{name}' -o {files[0] if files else 'BASELINE.yaml'}"


def _fixed(each: Fixed) -> str:
    now = Counter(f"{result.kind or result.verdict} in {result.dtype}" for result in each.results)
    cases = sorted({result.case for result in each.results})
    place = f"{each.entry.path}:{each.place.line}: {each.entry.kind}: {each.pattern}"
    said = f"now {', '.join(sorted(now))}"
    alone = each.whole and len(each.place.cases) == 1 and len(each.entry.places) == 1
    if alone:
        return f"  {place}: {said}: remove the entry"
    if each.whole:
        return f"  {place}: {said}: remove it from the entry"
    return f"  {place}: {said}, for {_some(cases)}: narrow the entry to what is left"


def _stale(each: Stale) -> str:
    return f"  {each.entry.path}:{each.line}: {each.entry.kind}: {each.problem}: remove or renew it"


def _some(cases: list[str], most: int = 3) -> str:
    more = f" and {len(cases) - most} more" if len(cases) > most else ""
    return f"{', '.join(cases[:most])}{more}"


def _limited(lines: Iterable[str], limit: int | None) -> Iterator[str]:
    every = list(lines)
    yield from every[:limit]
    if limit is not None and len(every) > limit:
        yield f"  … and {len(every) - limit} more"
