"""What is asked of the losses on arrays that lie on several devices, and how their answers are held together."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import ceconform as cc

EPSILON = float(np.finfo(np.float32).eps)
SECONDS = 900
"""A program that takes so long hangs."""


@dataclass(frozen=True)
class Question:
    """A loss, its predictions and labels, and its parameters."""

    loss: str
    x: np.ndarray
    labels: np.ndarray
    arrays: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)

    def ask(self, x, labels, arrays):
        """Answer with these arrays in the place of its own."""
        return getattr(cc, self.loss)(x, labels, **arrays, **self.settings)

    def both(self, x, labels, arrays):
        """The value and the gradient by our formulas."""
        return cc.value_and_grad(getattr(cc, self.loss))(x, labels, **arrays, **self.settings)

    def axes(self, array):
        """Which axes of the predictions an array of this question has."""
        return {self.x.shape: (0, 1), self.x.shape[:1]: (0,), self.x.shape[1:]: (1,)}[array.shape]


def questions(rows, classes):
    """One for each loss and kind of label, by name; every parameter that is an array is in one of them."""
    rng = np.random.default_rng(2027)
    z = rng.normal(size=(rows, classes)) * 3
    z[1, 2] = -np.inf
    y = rng.integers(0, classes, rows)
    y[1], y[3] = 5, -100
    q = rng.dirichlet(np.ones(classes), rows)
    q[1, 2] = 0
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    t = rng.random((rows, classes))
    by_row, by_class = {"sample_weight": rng.random(rows)}, {"class_weight": rng.random(classes)}
    hot, edges = z.copy(), y.copy()
    hot[0, 4], hot[2, 3:5], hot[5] = np.nan, np.inf, -np.inf
    edges[6] = classes
    finite = np.where(np.isinf(z), -4.0, z)
    asked = {
        "sparse": ("sparse_cross_entropy_with_logits", z, y, by_row, {"ignore_index": -100}),
        "sparse, smoothed": (
            "sparse_cross_entropy_with_logits",
            finite,
            y,
            by_class,
            {"ignore_index": -100, "label_smoothing": 0.1, "reduction": "weighted_mean"},
        ),
        "sparse, edges": ("sparse_cross_entropy_with_logits", hot, edges, {}, {"reduction": "none"}),
        "categorical": ("categorical_cross_entropy_with_logits", z, q, {**by_row, **by_class}, {}),
        "binary": (
            "binary_cross_entropy_with_logits",
            finite,
            t,
            {"pos_weight": by_class["class_weight"]},
            {"label_smoothing": 0.1},
        ),
        "focal": ("categorical_focal_loss_with_logits", z, q, {"alpha": by_class["class_weight"]}, {"gamma": 1.5}),
        "probabilities": ("sparse_cross_entropy", p, y, by_class, {"ignore_index": -100}),
        "nll": ("nll_loss", np.log(p, where=p > 0, out=np.full_like(p, -np.inf)), y, by_row, {"ignore_index": -100}),
    }
    single = {
        name: (loss, *(as_float32(a) for a in (x, labels)), {k: as_float32(a) for k, a in arrays.items()}, settings)
        for name, (loss, x, labels, arrays, settings) in asked.items()
    }
    return {name: Question(*parts) for name, parts in single.items()}


def as_float32(a):
    """Floating numbers as float32, others as they are."""
    return a.astype(np.float32) if a.dtype.kind == "f" else a


def apart(expected, actual):
    """The largest difference, in units of the last place of the row's largest number; inf where one is no number."""
    expected, actual = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (expected, actual))
    if expected.shape != actual.shape or not np.array_equal(np.isfinite(expected), np.isfinite(actual)):
        return math.inf
    strange = ~np.isfinite(expected)
    if not np.array_equal(expected[strange], actual[strange], equal_nan=True):
        return math.inf
    expected, actual = np.where(strange, 0, expected), np.where(strange, 0, actual)
    scale = np.max(np.abs(expected), axis=-1, keepdims=True)
    return float(np.max(np.abs(actual - expected) / np.where(scale == 0, 1, EPSILON * scale)))


def answers(program, *arguments, **environment):
    """Run a program of this folder, and read what it found, a line of JSON for each answer."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(program)), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
