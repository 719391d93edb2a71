"""A case file, a baseline, a report and the result of a sweep that are sound: what malformed ones are made of."""

from __future__ import annotations

import json
from typing import Any

CASE = """\
about: Something.
defaults:
  loss: hinge_loss
  tags: [planted]
  sources: {definition: here}
cases:
  one:
    description: One.
    logits: [0.25, -1, 2]
    labels: [1, 1, 1]
    expected:
      loss: [0.75, 2, 0]
      grad: [-1, -1, 0]
      condition: [1, 3, 0]
      grad_condition: [1, 1, 0]
      terms: 1
  two:
    description: Two.
    logits: {hash: {seed: 1, shape: [2, 3], low: -2, high: 2, bits: 4}}
    labels: [[1, 1, 1], [-1, -1, 1]]
    expected: {error: shape}
"""
BASELINE = """\
implementations: [mine, other]
discrepancies:
  - kind: wrong-value
    part: gradient
    versions: '>=3.8,<4'
    reason: The clipping stops the gradient.
    link: https://example.org/1
    dtypes: [float32]
    cases: [margin/hinge/*, margin/**/logits]
  - kind: crash
    reason: It dies.
    where:
      - cases: [x/one]
      - implementations: [other]
        via: [f]
        devices: [cpu]
        cases: [x]
"""
ARRAY = {"digits": ["0.75", "2.0", "0.0"], "shape": [3], "dtype": "float64", "device": "cpu", "raised": ""}
RESULT = {
    "case": "x/one",
    "implementation": "mine",
    "version": "3.9",
    "loss": "hinge_loss",
    "dtype": "float64",
    "device": "cpu",
    "verdict": "pass",
    "via": "f",
    "expression": "f(logits)",
    "kind": "",
    "convention": "",
    "reason": "",
    "part": "",
    "value": ARRAY,
    "gradient": {**ARRAY, "digits": ["-1.0", "-1.0", "0.0"]},
    "no_gradient": "",
    "ulps": 0.0,
    "gradient_ulps": 0.5,
    "seconds": 0.001,
    "question": "",
}
IMPLEMENTATION = {
    "name": "mine",
    "version": "3.9",
    "distribution": "mine",
    "devices": ["cpu"],
    "dtypes": ["float64"],
    "switches": {"x64": True},
    "conventions": {"binary_cross_entropy": ["clip-at-1e-7"]},
    "dialect": {},
}
HEADER = {
    "format": 1,
    "ceconform": ["0.1.0"],
    "corpus": "0" * 64,
    "cases": 2,
    "started": "2026-01-01T00:00:00+00:00",
    "python": ["3.12.0"],
    "platform": ["Linux x86_64"],
    "implementations": [IMPLEMENTATION],
    "missing": {"gone": "not installed"},
}
FOOTER = {"footer": {"results": 2, "seconds": 0.002, "complete": True}}
REPORT = [{"header": HEADER}, RESULT, {**RESULT, "case": "x/two", "verdict": "fail", "kind": "crash"}, FOOTER]
INPUT = {"grid": "sweep/x", "index": [0], "said": {"logits": "1.0"}, "got": "1.0", "exact": "1.5", "ulps": 2.0}
MEASUREMENT = {
    "implementation": "mine",
    "version": "3.9",
    "loss": "hinge_loss",
    "dtype": "float64",
    "device": "cpu",
    "part": "value",
    "kind": "unreduced",
    "measure": "ulp",
    "target": "2 ulp",
    "grids": "0",
    "count": 3,
    "lost": 0,
    "flushed": 0,
    "missed": 1,
    "maximum": 2.0,
    "percentile_99": 2.0,
    "median": 1.0,
    "of_target": 1.0,
    "worst": INPUT,
    "lost_at": None,
    "misses": [INPUT],
    "curve": [[0.0, 1.0], [1.0, None]],
}
ELEMENTARY = {
    "implementation": "mine",
    "function": "exp",
    "dtype": "float64",
    "device": "cpu",
    "count": 3,
    "lost": 0,
    "flushed": 0,
    "maximum": 0.5,
    "worst": "1.0",
}
REFUSAL = {
    "implementation": "mine",
    "loss": "nll_loss",
    "status": "unsupported",
    "reason": "no",
    "dtypes": ["float64"],
    "grids": 3,
}
SWEEP = [
    {"header": HEADER},
    {"measurement": MEASUREMENT},
    {"refusal": REFUSAL},
    {"elementary": ELEMENTARY},
    {"footer": {"complete": True}},
]


def lines(data: list[Any]) -> str:
    """JSON Lines."""
    return "".join(json.dumps(line) + "\n" for line in data)


SOUND = {"corpus": CASE, "baseline": BASELINE, "report": lines(REPORT), "sweep": lines(SWEEP)}
