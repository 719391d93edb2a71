"""A worker of the line protocol with nothing but Python's standard library: a loss of your own, in any language.

    ceconform run --command "mine=python examples/plain_worker.py" --case "binary/**" --dtype float64

ceconform/harness/PROTOCOL.md has every message. The losses here are the textbook's, so that there is something to find.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

EXPRESSION = "textbook(logits, labels)"


def textbook(z: float, t: float) -> tuple[float, float]:
    """Value and derivative of -t log σ(z) - (1 - t) log(1 - σ(z)), as books write it."""
    p = 1.0 / (1.0 + math.exp(-z))
    return -t * math.log(p) - (1.0 - t) * math.log(1.0 - p), p - t


def say(message: dict[str, Any]) -> None:
    """One line, at once."""
    print(json.dumps(message), flush=True)


def array(values: list[float], shape: list[int]) -> dict[str, Any]:
    """Numbers that JSON does not have are words."""
    return {"values": [x if math.isfinite(x) else str(x) for x in values], "shape": shape, "dtype": "float64"}


def unsupported(call: dict[str, Any]) -> str:
    """Why this library cannot say a call."""
    if call["loss"] != "binary_cross_entropy_with_logits":
        return f"the library has no {call['loss']}"
    if call["activation"]:
        return f"the library has no {call['activation']}"
    if call["gradient_by"] != "predictions" or call["cotangent"]:
        return "the gradient is that of the losses' sum, by the logits"
    stated = [name for name, value in call["parameters"].items() if (name, value) != ("reduction", "none")]
    return f"the library has no parameter {stated[0]}" if stated else ""


def observe(call: dict[str, Any]) -> dict[str, Any]:
    """Value and gradient, or what was raised."""
    taken = {"status": "answered", "via": "textbook", "expression": EXPRESSION}
    shape = call["predictions"]["shape"]
    logits, labels = (list(map(float, call[name]["values"])) for name in ("predictions", "labels"))
    try:
        pairs = [textbook(z, t) for z, t in zip(logits, labels, strict=True)]
    except (ArithmeticError, ValueError) as error:  # what the library raises is its answer
        return {**taken, "value": {"raised": f"{type(error).__name__}: {error}"}}
    losses, gradients = [loss for loss, _ in pairs], [gradient for _, gradient in pairs]
    return {**taken, "value": array(losses, shape), "gradient": array(gradients, shape)}


def main() -> None:
    """Say hello, and answer calls until there are no more."""
    say({"hello": {"name": "textbook", "version": "1.0", "dtypes": ["float64"]}})
    for line in sys.stdin:
        message = json.loads(line)
        number, call = message["id"], message["call"]
        if reason := unsupported(call):
            say({"id": number, "observation": {"status": "unsupported", "reason": reason}})
        elif message["skip"] == 0:  # there is one route
            say({"id": number, "asking": {"via": "textbook", "expression": EXPRESSION}})
            say({"id": number, "observation": observe(call)})
        say({"id": number, "done": True})


if __name__ == "__main__":
    main()
