"""A worker in plain Python that speaks the line protocol until it is asked, and then does what its argument says."""

from __future__ import annotations

import json
import os
import signal
import sys
from itertools import count

MODE = sys.argv[1]
ASKING = {"via": "f", "expression": "f(logits)"}
SEEN = {"status": "answered", "via": "f", "value": {"values": [1.0], "shape": [1]}}


def say(**message: object) -> None:
    """One message."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def endless(text: bytes) -> None:
    """The same again and again."""
    while True:
        os.write(1, text * (100_000 // len(text)))


def seen(text: str) -> str:
    """An observation, of which a part stands there as it is written."""
    return json.dumps({"observation": SEEN}).replace("[1.0]", text)[1:]


TEXTS = {
    "deep": '{"id": 0, "observation": ' + "[" * 100_000,
    "nan": '{"id": 0, ' + seen("[NaN]"),
    "surrogate": '{"id": 0, "asking": {"via": "\\ud800", "expression": ""}}',
    "shape": '{"id": 0, ' + seen("[1.0]").replace("[1]", "[1.5]"),
    "negative": '{"id": 0, ' + seen("[1.0]").replace("[1]", "[-1, -1]"),
    "digits": '{"id": 0, ' + seen(f"[{'9' * 10_000}]"),
    "utf-16": '{"id": 0, "done": true}',
    "long": '{"id": 0, ' + seen("[1.0]").replace('"f"', f'"{"f" * 100_000}"'),
}

if MODE == "floods-at-once":
    endless(b"x")
hello = json.dumps({"hello": {"name": "mine", "version": "1", "dtypes": ["float64"], "switches": {"most": 1.0}}})
os.write(1, hello.replace("1.0", "1e999" if MODE == "infinite" else "1.0").encode() + b"\n")
for line in sys.stdin:
    number = json.loads(line)["id"]
    if number:
        say(id=number, observation={**SEEN, "seconds": -1})
        say(id=number, done=True)
    elif MODE in TEXTS:
        os.write(1, TEXTS[MODE].encode("utf-16" if MODE == "utf-16" else "utf-8") + b"\n")
    elif MODE == "line":
        endless(b"x")
    elif MODE == "noise":
        endless(b"noise\n")
    elif MODE == "asking":
        endless(json.dumps({"id": 0, "asking": ASKING}).encode() + b"\n")
    elif MODE == "observing":
        endless(json.dumps({"id": 0, "observation": SEEN}).encode() + b"\n")
    elif MODE == "routes":
        for route in count():
            say(id=0, asking={**ASKING, "via": f"f{route}"})
            say(id=0, observation=SEEN)
    elif MODE == "ignores-skip":
        say(id=0, asking=ASKING)
        os.kill(os.getpid(), signal.SIGKILL)
