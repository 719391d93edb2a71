"""Defaults: what a file says once for all of its cases."""

from __future__ import annotations

from ceconform.corpus import keys
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence
from ceconform.corpus.field import Field

__all__ = ["over", "read_defaults"]


def read_defaults(root: Field) -> Mapping:
    """Read `defaults`; the only answer that all cases may share is an error."""
    if "defaults" not in root:
        return Mapping({}, {})
    field = root["defaults"]
    field.only(keys.DEFAULTS)
    if "expected" in field:
        field["expected"].only(("error",), ("error",))
    return field.mapping()


def over(defaults: Mapping, case: Mapping) -> Mapping:
    """Lay a case over the defaults: `sources` and `tags` add up, predictions of another space give way."""
    items: dict[str, Node] = defaults.items | case.items
    for space in keys.SPACES:
        if space in items and space not in case.items and any(other in case.items for other in keys.SPACES):
            del items[space]
    ours, theirs = case.items.get("sources"), defaults.items.get("sources")
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        items["sources"] = Mapping(theirs.items | ours.items, theirs.lines | ours.lines, ours.line)
    ours, theirs = case.items.get("tags"), defaults.items.get("tags")
    if isinstance(ours, Sequence) and isinstance(theirs, Sequence):
        known = {item.text for item in theirs.items if isinstance(item, Scalar)}
        added = (item for item in ours.items if getattr(item, "text", None) not in known)
        items["tags"] = Sequence((*theirs.items, *added))
    return Mapping(items, defaults.lines | case.lines, case.line)
