"""A worker in plain Python that speaks the line protocol until it is asked, and then does what its argument says."""

from __future__ import annotations

import json
import os
import signal
import sys
from itertools import count

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


def serve(mode: str) -> None:
    """Say hello and answer, each in its way."""
    if mode == "floods-at-once":
        endless(b"x")
    hello = json.dumps({"hello": {"name": "mine", "version": "1", "dtypes": ["float64"], "switches": {"most": 1.0}}})
    os.write(1, hello.replace("1.0", "1e999" if mode == "infinite" else "1.0").encode() + b"\n")
    for line in sys.stdin:
        number = json.loads(line)["id"]
        if number:
            say(id=number, observation={**SEEN, "seconds": -1})
            say(id=number, done=True)
        elif mode in TEXTS:
            os.write(1, TEXTS[mode].encode("utf-16" if mode == "utf-16" else "utf-8") + b"\n")
        elif mode == "line":
            endless(b"x")
        elif mode == "noise":
            endless(b"noise\n")
        elif mode == "asking":
            endless(json.dumps({"id": 0, "asking": ASKING}).encode() + b"\n")
        elif mode == "observing":
            endless(json.dumps({"id": 0, "observation": SEEN}).encode() + b"\n")
        elif mode == "routes":
            for route in count():
                say(id=0, asking={**ASKING, "via": f"f{route}"})
                say(id=0, observation=SEEN)
        elif mode == "ignores-skip":
            say(id=0, asking=ASKING)
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(sys.argv[1])
