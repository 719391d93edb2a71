"""Formatting: the one way in which a case file is written.

The order of the keys is fixed, arrays are in flow style with a row on a line where they do not fit on one,
prose is folded, a blank line stands between cases. Numbers stay as they were typed. Comments stay at the top
of the file and above a case; `stray_comments` finds the others.
"""

from __future__ import annotations

import re
from textwrap import wrap

from ceconform.corpus import keys
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence, parse

__all__ = ["entry", "format_document", "format_text", "stray_comments"]

WIDTH = 110
NARROW = 24
"""The least room for prose behind a long key."""
SCHEMA_COMMENT = "# yaml-language-server: $schema="
_PROSE = frozenset({"about", "description", "sources", "summary", "formula", "link", "raised"})
_ORDERS = {
    "expected": keys.EXPECTED,
    "recognised_as": ("loss", "conventions"),
    "cited": ("loss", "grad"),
    **dict.fromkeys(("loss", "grad", "condition", "grad_condition"), keys.EXCERPT),
}
"""Of the keys within a key; within those of `seen`, which are threads, that of `keys.SEEN`."""
_PLAIN = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`](?:[^:#\n]|:(?=\S)|(?<=\S)#)*(?<![:\s])")
_KEY = re.compile(r"[A-Za-z_][\w./#+-]*")
_NOT_TEXT = re.compile(r"(?i:~|null|true|false|yes|no|on|off|[-+.]?\d[\d_.e+-]*|0x.*|[-+]?\.?(inf|nan))")


def format_text(text: str) -> str:
    """Format the text of a case file; formatting twice changes nothing more.

    Raises
    ------
    CorpusError
        If the text is no document.
    """
    return format_document(parse(text), text)


def format_document(document: Mapping, text: str) -> str:
    """Write a document; the comments at the top and above the cases are taken from `text`."""
    lines = text.splitlines()
    blocks = ["\n".join([*_comments_above(lines, _first(document)), *entry("about", document.items["about"], 0)])]
    if "defaults" in document.items:
        blocks[0] += "\n" + "\n".join(["defaults:", *_case(document.items["defaults"], keys.DEFAULTS)])
    cases = document.items["cases"]
    written = []
    for slug, case in cases.items.items():
        comments = [f"  {line.strip()}" for line in _comments_above(lines, cases.lines[slug])]
        written.append("\n".join([*comments, f"  {slug}:", *(f"  {line}" for line in _case(case))]))
    return "\n\n".join([*blocks, "cases:\n" + "\n\n".join(written)]) + "\n"


def stray_comments(document: Mapping, text: str) -> list[int]:
    """Find the lines with a comment that formatting would lose: all but those at the top and above a case."""
    lines = text.splitlines()
    kept: set[int] = set()
    for line in (_first(document), *document.items["cases"].lines.values()):
        kept |= set(range(line - len(_comments_above(lines, line)), line))
    known = " ".join(_texts(document))
    stray = []
    for number, line in enumerate(lines, 1):
        start = re.search(r"(^|\s)#", line)
        if start and number not in kept:
            tail = line[start.start() :].replace("''", "'").rstrip("'\"")
            if " ".join(tail.split()) not in known:
                stray.append(number)
    return stray


def _first(document: Mapping) -> int:
    return min(document.lines.values())


def _comments_above(lines: list[str], line: int) -> list[str]:
    """The comment lines that stand right above a line (counted from 1)."""
    start = line - 1
    while start > 0 and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return lines[start : line - 1]


def _texts(node: Node) -> list[str]:
    match node:
        case Scalar(text):
            return [" ".join(text.split())]
        case Sequence(items):
            return [text for item in items for text in _texts(item)]
        case Mapping(items):
            return [text for item in items.values() for text in _texts(item)]


def _case(case: Mapping, order: tuple[str, ...] = keys.CASE) -> list[str]:
    return [line for key in _ordered(case, order) for line in entry(key, case.items[key], 2)]


def _ordered(mapping: Mapping, order: tuple[str, ...] = ()) -> list[str]:
    return sorted(mapping.items, key=lambda key: order.index(key) if key in order else len(order))


def entry(key: str, node: Node, indent: int, *, prose: bool = False) -> list[str]:
    """Write one key and its value, line by line.

    >>> entry("labels", Sequence((Scalar("1"), Scalar("0"))), 2)
    ['  labels: [1, 0]']
    """
    head = f"{' ' * indent}{_key(key)}:"
    prose = prose or key in _PROSE
    if isinstance(node, Scalar):
        return _prose(head, node.text, indent) if prose else [f"{head} {_word(node.text)}"]
    flow = _flow(node)
    block = isinstance(node, Mapping) and (prose or key in {"acceptable", "seen"} or _holds_answers(node))
    if not block and len(head) + 1 + len(flow) <= WIDTH - 2:
        return [f"{head} {flow}"]
    if isinstance(node, Mapping):
        order = keys.SEEN if "implementation" in node.items else _ORDERS.get(key, ())
        inner = (line for k in _ordered(node, order) for line in entry(k, node.items[k], indent + 2, prose=prose))
        return [head, *inner]
    return [head, *_rows(node, indent + 2)]


def _holds_answers(node: Mapping) -> bool:
    return bool({*keys.ANSWERS} & {*node.items}) and "conventions" not in node.items


def _rows(node: Sequence, indent: int) -> list[str]:
    """A list that needs several lines: a row on each, or as many numbers as fit."""
    pad = " " * indent
    if all(isinstance(item, Scalar) for item in node.items):
        packed = wrap(_flow(node), WIDTH - indent - 3, break_long_words=False, break_on_hyphens=False)
        return [pad + packed[0], *(f"{pad} {line}" for line in packed[1:])]
    lines = []
    for item in node.items:
        flow = _flow(item)
        if len(flow) <= WIDTH - indent - 4 or not isinstance(item, Sequence):
            lines.append(f"{pad}- {flow}")
        else:
            first, *others = _rows(item, indent + 2)
            lines += [f"{pad}- {first.strip()}", *others]
    return lines


def _flow(node: Node) -> str:
    match node:
        case Scalar(text):
            return _word(text)
        case Sequence(items):
            return f"[{', '.join(map(_flow, items))}]"
        case Mapping(items):
            return "{" + ", ".join(f"{_key(key)}: {_flow(item)}" for key, item in items.items()) + "}"


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) else _quoted(key)


def _word(text: str) -> str:
    """A number or a name; whatever else it may be is quoted."""
    return text if re.fullmatch(r"[\w.+/~-]+", text) and text not in {"-", "---"} else _quoted(text)


def _prose(head: str, text: str, indent: int) -> list[str]:
    """Text, folded at the width."""
    text = " ".join(text.split())
    plain = _PLAIN.fullmatch(text) and not _NOT_TEXT.fullmatch(text)
    value = text if plain else _quoted(text)
    width = max(WIDTH - 2 - len(head) - 1, NARROW)
    if len(value) <= width:
        return [f"{head} {value}"]
    pad = " " * (indent + 2)
    first, *rest = wrap(value, width, break_long_words=False, break_on_hyphens=False)
    return [f"{head} {first}", *(pad + line for line in _folded(" ".join(rest), WIDTH - 2 - len(pad)))]


def _folded(text: str, width: int) -> list[str]:
    return wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
