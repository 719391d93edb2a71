"""Asks one of our compiled losses, then runs the program that shows it; a program for `test_adapters_ceconform.py`."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from types import MappingProxyType

import numpy as np

from ceconform.adapters import find
from ceconform.corpus import Case, Expected
from ceconform.harness.worker import observe
from ceconform.report import program

CASE = Case(
    id="any/planted/one",
    description="A case that a test plants.",
    loss="binary_cross_entropy_with_logits",
    predictions=np.array([1.0, -2.25, 0.5]),
    labels=np.array([1.0, 0.0, 0.0]),
    parameters=MappingProxyType(
        {"sample_weight": np.array([0.5, 2.0, 1.0]), "label_smoothing": 0.125, "reduction": "sum"}
    ),
    sources={},
    expected=Expected(),
)
"""A loss with an array, a number and a word among its parameters."""


def asked(implementation):
    """What it answers."""
    adapter = find(implementation)()
    (answer,) = observe(adapter, adapter.namespace(), CASE.call("float32"))
    return answer


def main(implementation):
    """Compile once: the program is of the same function, with names of its own."""
    warnings.simplefilter("ignore")
    answer = asked(implementation)
    text = program(vars(find(implementation).dialect), answer.expression, CASE, "float32", "cpu")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(text, "<program>", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own
    limits = []
    if torch := sys.modules.get("torch"):
        limits = [torch._dynamo.config.recompile_limit, torch._dynamo.config.accumulated_recompile_limit]
    found = {"value": answer.value.values, "gradient": answer.gradient.values, "program": text, "said": said.getvalue()}
    sys.stdout.write(json.dumps({**found, "limits": limits}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
