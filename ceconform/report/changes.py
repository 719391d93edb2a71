"""A difference as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ceconform.report.difference import CHANGES, Change, Conflict, Difference
from ceconform.report.header import Header
from ceconform.report.markdown import table
from ceconform.report.result import Digits, Result

__all__ = ["first", "render_changes", "render_changes_json", "render_changes_markdown", "render_conflicts", "said"]

_COLOURS = dict(zip(CHANGES, ("red", "green", "yellow", "cyan", "dim", "dim"), strict=True))


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A case in which the same has happened to some answers."""

    what: str
    kind: str
    case: str
    implementations: str
    dtypes: str
    movement: str


def render_changes(difference: Difference, limit: int | None = 8) -> RenderableType:
    """Lay a difference out for a rich console; at most `limit` cases of each kind are named, None names them all."""
    return Group(*_parts(difference, limit))


def render_changes_markdown(difference: Difference) -> str:
    """Write a difference as GitHub-flavoured Markdown."""
    lines = [f"{line}\n" for line in _heads(difference)]
    if not difference.changes:
        lines += ["Nothing has changed.", ""]
    for what, rows in groupby(_rows(difference), key=lambda row: row.what):
        some = list(rows)
        lines += [f"### {what.capitalize()}: {_count(difference, what)}", ""]
        columns = ("kind", "case", "implementations", "dtypes", "change")
        lines += table(columns, ((f"`{r.kind}`", f"`{r.case}`", r.implementations, r.dtypes, r.movement) for r in some))
    return "\n".join(lines).rstrip() + "\n"


def render_changes_json(difference: Difference) -> str:
    """Write a difference as one JSON object: the headers, counts, and each change with both results."""
    data = {
        "old": difference.old.line(),
        "new": difference.new.line(),
        "counts": {what: _count(difference, what) for what in CHANGES},
        "changes": [
            {
                "what": change.what,
                "kind": change.kind,
                "old": None if change.old is None else change.old.line(),
                "new": None if change.new is None else change.new.line(),
            }
            for change in difference.changes
        ],
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _heads(difference: Difference) -> Iterator[str]:
    """What the reports are about, so far as it differs."""
    old, new = difference.old, difference.new
    if old.corpus != new.corpus:
        yield f"corpus {old.corpus[:8]} → {new.corpus[:8]}: some cases may not ask the same"
    before, after = _versions(old), _versions(new)
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{name} {before.get(name, 'not asked')} → {after.get(name, 'not asked')}"
    for name in sorted(new.missing.keys() - old.missing.keys()):
        yield f"{name} did not start: {new.missing[name]}"


def _versions(header: Header) -> dict[str, str]:
    found: dict[str, set[str]] = defaultdict(set)
    for each in header.implementations:
        found[each.name].add(each.version)
    return {name: ", ".join(sorted(some)) for name, some in found.items()}


def _count(difference: Difference, what: str) -> int:
    return sum(change.what == what for change in difference.changes)


def _rows(difference: Difference) -> Iterator[_Row]:
    """One row for each case and movement, in the order of the changes."""
    groups: dict[tuple[str, str, str, str], list[Change]] = defaultdict(list)
    for change in difference.changes:
        groups[change.what, change.kind, change.result.case, _movement(change)].append(change)
    for (what, kind, case, movement), some in groups.items():
        detail = _detail(some[0]) if what == "changed digits" else ""
        yield _Row(
            what=what,
            kind=kind,
            case=case,
            implementations=" ".join(sorted({change.result.implementation for change in some})),
            dtypes=", ".join(sorted({change.result.dtype for change in some})),
            movement=f"{movement}{detail}",
        )


def _movement(change: Change) -> str:
    match change.what:
        case "appeared":
            return f"was {said(change.old)}"
        case "disappeared":
            return f"now {said(change.new)}"
        case "changed verdict":
            return f"{said(change.old)} → {said(change.new)}"
        case _:
            return said(change.result) if change.what == "changed digits" else ""


def said(result: Result | None) -> str:
    """Say in a few words what a result is worth."""
    if result is None:
        return "not asked"
    words = (result.kind or result.verdict, f"of the {result.part}" if result.kind and result.part else "")
    verdict = " ".join(filter(None, words))
    return f"{verdict} as {result.convention}" if result.convention else verdict


def _detail(change: Change) -> str:
    """The first number that differs."""
    assert change.old is not None  # noqa: S101 - for the type checker: digits change where both are
    assert change.new is not None  # noqa: S101 - same
    for part in ("value", "gradient"):
        old, new = getattr(change.old, part), getattr(change.new, part)
        if old != new:
            return f": {part} {first(old, new)} → {first(new, old)} ({change.new.dtype})"
    return ""


def first(digits: Digits | None, other: Digits | None) -> str:
    """Say of an array the first number that another one has otherwise, or what it is if none is."""
    if digits is None:
        return "none"
    if digits.raised:
        return f"raised {digits.raised.partition(':')[0]}"
    if other is None or other.raised:
        return digits.digits[0] if digits.digits else "no number"
    others = other.digits
    if len(others) != len(digits.digits):
        return f"{len(digits.digits)} numbers"
    return next(
        (one for one, two in zip(digits.digits, others, strict=True) if one != two),
        f"{digits.dtype or 'a number'} of the shape {digits.shape}",
    )


def _parts(difference: Difference, limit: int | None) -> Iterator[RenderableType]:
    for head in _heads(difference):
        yield Text(head)
    if not difference.changes:
        yield Text("Nothing has changed.")
    for what, rows in groupby(_rows(difference), key=lambda row: row.what):
        yield Text(f"{what}: {_count(difference, what)}", style=f"bold {_COLOURS[what]}")
        for kind, some in groupby(rows, key=lambda row: row.kind):
            named = list(some)
            yield Text(f"  {kind}", style=_COLOURS[what])
            grid = Table.grid(padding=(0, 2, 0, 0))
            for _ in range(4):
                grid.add_column(overflow="fold")
            for row in named[:limit]:
                grid.add_row(*map(Text, (row.case, row.implementations, f"({row.dtypes})", row.movement)))
            yield Padding(grid, (0, 0, 0, 4))
            if limit is not None and len(named) > limit:
                yield Text(f"    … and {len(named) - limit} more", style="dim")


def render_conflicts(conflicts: Sequence[Conflict], limit: int = 8) -> str:
    """Say in which answers reports that are merged do not agree."""
    verdicts = sum(conflict.verdict for conflict in conflicts)
    lines = [f"{len(conflicts)} answers differ between the reports, {verdicts} in their verdict; the later stand"]
    for conflict in sorted(conflicts, key=lambda each: not each.verdict)[:limit]:
        change = Change(what="changed verdict", old=conflict.first, new=conflict.later)
        moved = _movement(change) if conflict.verdict else f"{said(conflict.later)}{_detail(change)}"
        later = conflict.later
        lines.append(f"  {later.case} {later.implementation} {later.version} ({later.dtype}, {later.device}): {moved}")
    if len(conflicts) > limit:
        lines.append(f"  … and {len(conflicts) - limit} more")
    return "\n".join(lines)
