"""Units: how large an error of one unit is at each number of an answer.

A gradient that is the difference of two terms, as Q p - q is, has few correct digits where they nearly cancel, whoever
computes it; there the unit is that of the larger term. The terms are needed to a few digits only, so they are computed
in float64; what they are made of, the weighted labels, comes from the oracle's own reading of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ceconform.authoring.draws import Floats
from ceconform.corpus import Call
from ceconform.formats import FORMATS
from ceconform.oracle.reduction import divisor
from ceconform.oracle.rows import Row, by_element, read
from ceconform.oracle.rules import interpret

__all__ = [
    "CONDITION",
    "ORDINARY",
    "fed_subnormals",
    "flushed_below",
    "gradient_measure",
    "hard",
    "larger_terms",
    "value_measure",
]

ORDINARY = "ulps"
CONDITION = "eps of the condition"
_SOFTMAX = "ulps of max((Q - q) p, q (1 - p))"
_SIGMOID = "ulps of max(σ(-|z|), z > 0 ? 1 - t : t)"
_FOCUSED = "ulps of max((M - m) p, m (1 - p)), m the label's mass times the focal factor's derivative"
_LARGER = "ulps of the larger of the two labels' terms"
_SQUARED = "ulps of 2 max(p, q)"
_SURPRISAL = "ulps of max(|log p|, 1)"


def value_measure(loss: str) -> str:
    """In what the error of a value is counted.

    >>> value_measure("kl_divergence"), value_measure("nll_loss")
    ('eps of the condition', 'ulps')
    """
    return CONDITION if loss in {"kl_divergence", "categorical_hinge_loss"} else ORDINARY


def gradient_measure(call: Call) -> str:
    """In what the error of a gradient is counted."""
    found = _MEASURES.get(call.loss, (ORDINARY, None))[0]
    # Without these, p - t is exact or nearly so, and the gradient's own last place is within reach.
    exact = not {"label_smoothing", "pos_weight"} & call.parameters.keys()
    return ORDINARY if call.loss in {"binary_cross_entropy", "brier_loss"} and exact else found


def larger_terms(call: Call) -> Floats:
    """The size of the larger term at each element of the gradient; 0 where its own size is what counts."""
    rules = interpret(call, ())
    rows, _ = read(call, rules)
    sizes = np.zeros(call.predictions.size)
    if gradient_measure(call) == ORDINARY:
        return sizes.reshape(call.predictions.shape)
    terms = _MEASURES[call.loss][1]
    gamma = float(call.get("gamma", 2.0))
    with np.errstate(all="ignore"):
        if by_element(call):
            sizes[:] = terms(np.asarray([row.values[0] for row in rows]), _masses(rows, 2), gamma)
        else:
            classes = len(rows[0].values)
            for row in rows:
                sizes[row.positions] = terms(np.asarray(row.values), _masses([row], classes)[0], gamma)
        by = divisor(call, rules, rows)
        sizes = sizes / (1.0 if by is None else int(by.p) / int(by.q))
    return np.nan_to_num(sizes, nan=0.0, posinf=0.0).reshape(call.predictions.shape)


def hard(call: Call) -> NDArray[np.bool_]:
    """Where all of the label's mass is on one class, for each element of the predictions."""
    rows, _ = read(call, interpret(call, ()))
    found = np.zeros(call.predictions.size, dtype=np.bool_)
    for row in rows:
        found[row.positions] = call.labels is None or len(row.target) <= 1
    return found.reshape(call.predictions.shape)


def flushed_below(dtype: str) -> float:
    """What a backend without subnormal numbers takes for 0; half precision it computes in float32.

    >>> flushed_below("float16") == flushed_below("float32")
    True
    """
    return FORMATS["float64" if dtype == "float64" else "float32"].smallest_normal


def fed_subnormals(call: Call, part: str) -> NDArray[np.bool_]:
    """Where an answer depends on a subnormal prediction or label: its own, or one of its row or batch."""
    smallest = flushed_below(call.dtype)
    rows, _ = read(call, interpret(call, ()))
    numbers = [call.predictions]
    if call.labels is not None and call.spec.labels in {"binary", "distribution"}:
        numbers.append(np.asarray(call.labels, dtype=np.float64))
    small = np.any([(array != 0) & (np.abs(array) < smallest) for array in numbers], axis=0).ravel()
    by_row = np.asarray([bool(small[row.positions].any()) for row in rows], dtype=np.bool_)
    if part == "value":
        return by_row if call.reduction == "none" else np.asarray([by_row.any()])
    found = np.zeros(call.predictions.size, dtype=np.bool_)
    for row, touched in zip(rows, by_row.tolist(), strict=True):
        found[row.positions] = touched
    return found


def _masses(rows: Sequence[Row], classes: int) -> Floats:
    masses = np.zeros((len(rows), classes))
    for at, row in enumerate(rows):
        for c, mass in row.mass.items():
            masses[at, c] = int(mass.p) / int(mass.q)
    return masses


def _probabilities(z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return p, 1 - p and -log p of a row of logits."""
    top = int(np.argmax(z))
    odds = np.exp(z - z[top])
    odds[top] = 0.0
    rest = odds.sum()
    odds[top] = 1.0
    p = odds / (1 + rest)
    complement = 1 - p
    complement[top] = rest / (1 + rest)
    return p, complement, np.log1p(rest) + (z[top] - z)


def _softmax(z: Floats, mass: Floats, _: float) -> Floats:
    p, complement, _cost = _probabilities(z)
    terms: Floats = np.maximum((mass.sum() - mass) * p, mass * complement)
    return terms


def _focused(z: Floats, mass: Floats, gamma: float) -> Floats:
    p, complement, cost = _probabilities(z)
    ratio = np.where(complement > 0, p * cost / complement, 1.0)
    return _softmax(z, mass * complement**gamma * (1 + gamma * ratio), gamma)


def _sigmoid(z: Floats, mass: Floats, _: float) -> Floats:
    e = np.exp(-np.abs(z))
    terms: Floats = np.maximum(mass.sum(axis=1) * e / (1 + e), np.where(z > 0, mass[:, 1], mass[:, 0]))
    return terms


def _focused_logit(z: Floats, mass: Floats, gamma: float) -> Floats:
    e = np.exp(-np.abs(z))
    small, large, least = e / (1 + e), 1 / (1 + e), np.log1p(e)
    p, q = np.where(z > 0, large, small), np.where(z > 0, small, large)
    yes, no = np.where(z > 0, 0.0, -z) + least, np.where(z > 0, z, 0.0) + least
    positive = mass[:, 0] * q**gamma * (q + gamma * p * yes)
    negative = mass[:, 1] * p**gamma * (p + gamma * q * no)
    terms: Floats = np.maximum(positive, negative)
    return terms


def _focused_probability(p: Floats, mass: Floats, gamma: float) -> Floats:
    q = 1 - p
    positive = mass[:, 0] * (q**gamma / p + gamma * q ** (gamma - 1) * -np.log(p))
    negative = mass[:, 1] * (p**gamma / q + gamma * p ** (gamma - 1) * -np.log1p(-p))
    return np.maximum(positive, negative)


def _reciprocals(p: Floats, mass: Floats, _: float) -> Floats:
    return np.maximum(mass[:, 0] / p, mass[:, 1] / (1 - p))


def _surprisal(p: Floats, mass: Floats, _: float) -> Floats:
    return mass * np.maximum(-np.log(p), 1.0)


def _differences(p: Floats, mass: Floats, _: float) -> Floats:
    return 2 * np.maximum(p, mass)


_MEASURES: Mapping[str, tuple[str, Callable[[Floats, Floats, float], Floats]]] = MappingProxyType(
    {
        "binary_cross_entropy": (_LARGER, _reciprocals),
        "binary_cross_entropy_with_logits": (_SIGMOID, _sigmoid),
        "binary_focal_loss": (_LARGER, _focused_probability),
        "binary_focal_loss_with_logits": (_LARGER, _focused_logit),
        "brier_loss": (_SQUARED, _differences),
        "categorical_cross_entropy_with_logits": (_SOFTMAX, _softmax),
        "categorical_focal_loss_with_logits": (_FOCUSED, _focused),
        "entropy": (_SURPRISAL, _surprisal),
        "multilabel_softmax_loss": (_SOFTMAX, _softmax),
        "sparse_cross_entropy_with_logits": (_SOFTMAX, _softmax),
    }
)
"""By loss, for what is measured in anything but ulps of itself: the words, and the terms."""
