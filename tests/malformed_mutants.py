"""Files that a mutator makes: what editing, copying and sending may leave of sound ones, and other values."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from malformed_sound import REPORT, SOUND, SWEEP, lines

WORDS = [
    "&a",
    "*a",
    "!!python/object:os.system",
    "<<:",
    "- - - -",
    "{",
    "}",
    "[",
    "]",
    ":",
    "#",
    "'",
    '"',
    "|",
    ">",
    "%",
    "@",
    "?",
    "\t",
    "\x00",
    "\x1b[31m",
    "\ufeff",
    "\u2028",
    "\x85",
    "é",
    "𝔘",
    "~",
    "null",
    "nan",
    ".nan",
    "inf",
    "-0",
    "1e999999999",
    "1e-999999999",
    "0x" + "f" * 300,
    "9" * 1001,
    "1_000",
    "--- x",
    "...",
    "\\ud800",
    "NaN",
    "Infinity",
    "-1",
    "1.5",
    "true",
    "../x",
    "/etc/passwd",
    "**/" * 40,
    "x" * 3000,
]
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    10**30,
    -0.5,
    1e308,
    "",
    "x",
    "\ud800",
    "\x00\x1b[2J",
    "nan",
    "inf",
    "-inf",
    "1e999999999",
    "9" * 6000,
    [],
    {},
    [[]],
    [None],
    [1, "x"],
    {"x": 1},
    {"footer": {}},
    {"header": {}},
    [3, 1],
    [10**20],
    [0],
    "../../x",
    "mine",
    "x/two",
    "float16",
    "f",
    "3.9.post" + "9" * 30,
    "crash",
    "fail",
]


def of_text(text: str, draw: random.Random) -> bytes:
    """Damage a text as whoever edits, copies or sends it may."""
    data = text
    for _ in range(draw.choice([1, 1, 2, 4])):
        start, end = sorted(draw.randrange(len(data) + 1) for _ in range(2))
        end = min(end, start + draw.choice([1, 5, 40, 400]))
        match draw.randrange(7):
            case 0:
                data = data[:start] + data[end:]
            case 1:
                data = data[:end] + data[start:]
            case 2 | 3:
                data = data[:start] + draw.choice(WORDS) + data[end:]
            case 4:
                data = re.sub(r"-?\d+(\.\d+)?", lambda m: draw.choice([m[0]] * 9 + WORDS), data)
            case 5:
                rows = data.split("\n")
                draw.shuffle(rows)
                data = "\n".join(rows)
            case 6:
                data = data[:end]
    coding = draw.choice(["utf-8"] * 12 + ["utf-16", "latin-1", "utf-8-sig"])
    return data.encode(coding, "replace")


def of_data(data: list[Any], draw: random.Random) -> bytes:
    """Put other values into JSON Lines, or take some out."""
    data = json.loads(json.dumps(data))
    for _ in range(draw.choice([1, 1, 1, 3])):
        places = list(_places(data))
        holder, key = draw.choice(places)
        match draw.randrange(5):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[draw.choice(["x", "", "case", "footer"])] = draw.choice(VALUES)
            case 2:
                other, there = draw.choice(places)
                holder[key] = json.loads(json.dumps(other.get(there) if isinstance(other, dict) else None))
            case _:
                holder[key] = draw.choice(VALUES)
    return lines(data).encode()


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield data, key
        if isinstance(value, dict | list):
            yield from _places(value)


def mutated(count: int, seed: int = 0) -> Iterator[tuple[str, str, bytes]]:
    """So many of each kind: the kind, a name, and what the file holds."""
    makers: dict[str, list[Callable[[random.Random], bytes]]] = {
        kind: [lambda draw, text=text: of_text(text, draw)] for kind, text in SOUND.items()
    }
    for kind, data in (("report", REPORT), ("sweep", SWEEP)):
        makers[kind] *= 1
        makers[kind] += [lambda draw, data=data: of_data(data, draw)] * 3
    for kind, made in makers.items():
        for number in range(count):
            draw = random.Random(f"{seed} {kind} {number}")  # noqa: S311 - to be drawn again
            yield kind, f"mutant-{number}", draw.choice(made)(draw)
