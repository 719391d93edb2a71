"""Rows: labels, weights and ranges as the definitions beside the cases have them; the losses stand in `forms`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

from ceconform.authoring.witness import activations, forms
from ceconform.corpus import Call

__all__ = ["INDEX", "Cell", "Row", "axis_of", "elementwise", "exact", "read", "undefined"]

Cell: TypeAlias = NDArray[np.intp]
"""Where the predictions of a row stand, in row-major order."""
INDEX = {"categorical_hinge_loss", "linear_cross_entropy", "nll_loss"}
INDEX |= {"sparse_cross_entropy", "sparse_cross_entropy_with_logits"}
_SIGNED = {"hinge_loss", "soft_margin_loss", "squared_hinge_loss"}
_BINARY = {"binary_cross_entropy", "binary_focal_loss"}
_PROBABILITIES = {"brier_loss", "entropy", "kl_divergence", "sparse_cross_entropy"}
_PROBABILITIES |= {*_BINARY, "categorical_cross_entropy", "categorical_focal_loss"}
_ZERO, _ONE = mp.mpf(0), mp.mpf(1)


class Row(NamedTuple):
    """One loss; everything but `share` before it is divided by anything."""

    loss: mp.mpf
    slopes: list[mp.mpf]
    pulls: list[mp.mpf]
    """|x_c| ∂loss/∂x_c, of a linear layer by its logits."""
    spreads: list[mp.mpf]
    """Σ_j |x_j ∂²loss/∂x_c∂x_j| + κ_c."""
    counts: bool = True
    share: mp.mpf = _ONE
    """Its part of the divisor of a weighted mean."""
    problem: str = ""
    dead: bool = False
    """0 whatever it holds, and whatever it is divided by."""


class _InvalidError(Exception):
    """The row is NaN; the argument is the name of what is wrong, empty for a NaN."""


def elementwise(call: Call) -> bool:
    """Whether each prediction has its own loss."""
    stem = call.loss.removesuffix("_with_logits")
    return stem in _BINARY | _SIGNED or (call.loss == "brier_loss" and axis_of(call) is None)


def axis_of(call: Call) -> Any:
    """The class axis; None for a Brier loss of elements."""
    return call.parameters.get("axis", -1)


def read(call: Call, at: int, cell: Cell, losses: tuple[int, ...]) -> Row:
    """One row: ignored, without weight, invalid, or a number."""
    xs = sizes = [mp.mpf(float(x)) for x in call.predictions.ravel()[cell]]
    if call.loss == "linear_cross_entropy":
        xs, sizes = _logits(call, xs)
    scale = exact(np.broadcast_to(call.parameters.get("sample_weight", 1.0), losses).ravel()[at])
    label = _label(call, at, cell)
    if _ignored(call, label):
        return _nothing(len(cell), len(xs))._replace(counts=False)
    if scale == 0:
        return _nothing(len(cell), len(xs))
    share = mp.nan  # of what is invalid, until it is known
    try:
        _weight(scale)
        if elementwise(call) or call.loss in {"categorical_hinge_loss", "entropy"}:
            share = scale
        q = _labels(call, label, len(xs))
        balance = _balance(call, at, q, len(xs))
        if call.loss not in {"categorical_hinge_loss", "entropy"} and not elementwise(call):
            share = scale * sum((b * t for b, t in zip(balance, q, strict=True) if t), _ZERO)
        u = [scale * b * a * t if t else t for b, a, t in zip(balance, _alpha(call, q), q, strict=True)]
        if not any(balance) if call.loss == "brier_loss" else any(q) and not any(u):
            return _nothing(len(cell), len(xs))._replace(share=share)
        for x in xs:
            _check(x, "", right=not mp.isnan(x))
        local = _activated(call, xs, label, q, u, [scale * b if b else b for b in balance])
    except _InvalidError as invalid:
        return undefined(len(cell), str(invalid))._replace(share=share)
    if mp.isnan(local.loss):
        return undefined(len(cell), "")._replace(share=share)
    pulls = [forms.times(abs(x), g) for x, g in zip(sizes, local.slopes, strict=True)]
    spreads = forms.reach(local, sizes)
    if call.loss not in _SIGNED | {"entropy"}:
        kappa = [min(w, other) for w, other in zip(u, forms.without_each(u), strict=True)]
        spreads = [s + k for s, k in zip(spreads, kappa[: len(xs)], strict=True)]
    if call.loss == "linear_cross_entropy":
        return Row(local.loss, *_by_hidden(call, local.slopes, pulls, spreads), share=share)
    return Row(local.loss, local.slopes, pulls, spreads, share=share)


def exact(x: Any) -> mp.mpf:
    """A number of an array, exactly."""
    return x if isinstance(x, mp.mpf) else mp.mpf(float(x))


def _logits(call: Call, features: Sequence[mp.mpf]) -> tuple[list[mp.mpf], list[mp.mpf]]:
    """The logits of a linear layer, and the sums of the sizes of what is added up for each."""
    logits, sizes = [], []
    biases = call.parameters.get("bias", np.zeros(len(call.parameters["weight"])))
    for row, bias in zip(call.parameters["weight"], biases, strict=True):
        terms = [h * mp.mpf(float(w)) for h, w in zip(features, row, strict=True)] + [mp.mpf(float(bias))]
        logits.append(sum(terms, _ZERO))
        sizes.append(sum(map(abs, terms), _ZERO))
    return logits, sizes


def _by_hidden(
    call: Call, slopes: list[mp.mpf], pulls: list[mp.mpf], spreads: list[mp.mpf]
) -> tuple[list[mp.mpf], list[mp.mpf], list[mp.mpf]]:
    """The gradient by the features, the pulls of the loss, and the spread of that gradient."""
    columns = [[mp.mpf(float(w)) for w in column] for column in call.parameters["weight"].T]
    wide = [abs(s) + reach for s, reach in zip(slopes, spreads, strict=True)]
    gradient = [forms.total([w * s for w, s in zip(column, slopes, strict=True)]) for column in columns]
    return gradient, pulls, [sum((abs(w) * x for w, x in zip(column, wide, strict=True)), _ZERO) for column in columns]


def _nothing(count: int, classes: int) -> Row:
    return Row(_ZERO, [_ZERO] * count, [_ZERO] * classes, [_ZERO] * count, share=_ZERO, dead=True)


def undefined(count: int, problem: str) -> Row:
    """NaN for everything, with the name of what is wrong."""
    return Row(mp.nan, [mp.nan] * count, [mp.nan] * count, [mp.nan] * count, problem=problem)


def _label(call: Call, at: int, cell: Cell) -> Any:
    """A number, or the labels of the classes."""
    if call.labels is None:
        return None
    if call.loss in INDEX:
        return int(call.labels.ravel()[at])
    numbers = [exact(q) for q in call.labels.ravel()[cell]]
    return numbers[0] if elementwise(call) else numbers


def _ignored(call: Call, label: Any) -> bool:
    if call.loss == "multilabel_softmax_loss":
        return not any(label)
    return call.parameters.get("ignore_index") is not None and label == call.parameters["ignore_index"]


def _check(number: mp.mpf, problem: str, *, right: bool) -> None:
    if not right:
        raise _InvalidError("" if mp.isnan(number) else problem)


def _weight(number: mp.mpf) -> None:
    _check(number, "weight-range", right=0 <= number < mp.inf)


def _labels(call: Call, label: Any, classes: int) -> list[mp.mpf]:
    """The smoothed distribution: of yes and no for an element; 1 for each class where there is no label."""
    if label is None:
        return [_ONE] * classes
    if call.loss in _SIGNED:
        _check(label, "label-range", right=abs(label) == 1)
        return [mp.mpf(label > 0), mp.mpf(label < 0)]
    if call.loss in INDEX:
        _check(label, "label-range", right=0 <= label < classes)
        q = [_ZERO] * classes
        q[label] = _ONE
    else:
        q = [label, 1 - label] if elementwise(call) else label
        for t in q:
            _check(t, "label-range", right=t in {0, 1} if call.loss == "multilabel_softmax_loss" else 0 <= t <= 1)
        if call.loss == "multilabel_softmax_loss":
            q = [t / sum(q) for t in q]
    share = mp.mpf(call.parameters.get("label_smoothing", 0.0))
    if not share:
        return q
    return [(1 - share) * t + share / len(q) for t in q]


def _balance(call: Call, at: int, q: Sequence[mp.mpf], classes: int) -> list[mp.mpf]:
    """The weights of the classes: those of a Brier loss all take part, else those that have a label."""
    if elementwise(call):
        positive = np.broadcast_to(call.parameters.get("pos_weight", 1.0), call.predictions.shape)
        balance = [exact(positive.ravel()[at]), _ONE]
        _weight(balance[0])
        return balance
    numbers = np.broadcast_to(call.parameters.get("class_weight", 1.0), (classes,))
    return _taking_part(numbers, [1] * classes if call.loss == "brier_loss" else q)


def _alpha(call: Call, q: Sequence[mp.mpf]) -> list[mp.mpf]:
    alpha = call.parameters.get("alpha")
    if alpha is None:
        return [_ONE] * len(q)
    if elementwise(call):
        return [mp.mpf(float(alpha)), 1 - mp.mpf(float(alpha))]
    return _taking_part(np.broadcast_to(alpha, (len(q),)), q)


def _taking_part(numbers: NDArray[Any], q: Sequence[Any]) -> list[mp.mpf]:
    """The weights, which must be in their range where there is a label."""
    weights = [exact(w) if t else _ZERO for w, t in zip(numbers, q, strict=True)]
    for weight in weights:
        _weight(weight)
    return weights


def _activated(
    call: Call, xs: list[mp.mpf], label: Any, q: list[mp.mpf], u: list[mp.mpf], weights: list[mp.mpf]
) -> forms.Local:
    """The loss of the row's predictions, through its activation."""
    name, activation = call.loss, call.activation
    logits = name.endswith("_with_logits") or name == "multilabel_softmax_loss"
    if activation == "log_softmax" and logits and not elementwise(call):
        activation = None  # the log-softmax of a log-softmax is itself
    elif (activation, name) == ("log_softmax", "nll_loss"):
        name, activation = "sparse_cross_entropy_with_logits", None
    elif activation == ("sigmoid" if elementwise(call) else "softmax") and f"{name}_with_logits" in _WITH_LOGITS:
        name, activation = f"{name}_with_logits", None
    if activation is None:
        return _local(call, name, xs, label, q, u, weights)
    inner = activations.activate(activation, xs)
    if inner is None:
        return forms.undefined(len(xs))
    return activations.composed(_local(call, name, inner.values, label, q, u, weights), inner)


_WITH_LOGITS = {
    f"{stem}_with_logits"
    for stem in {*_BINARY, "categorical_cross_entropy", "categorical_focal_loss", "sparse_cross_entropy"}
}


def _local(
    call: Call, name: str, xs: list[mp.mpf], label: Any, q: list[mp.mpf], u: list[mp.mpf], weights: list[mp.mpf]
) -> forms.Local:
    """The loss by what it is given, which must lie in its range."""
    gamma = mp.mpf(call.parameters.get("gamma", 2.0)) if "focal" in name else _ZERO
    alone = elementwise(call)
    if name in _PROBABILITIES:
        for p in xs:
            _check(p, "probability-range", right=0 <= p <= 1)
    if name == "nll_loss":
        _check(xs[label], "log-probability-range", right=xs[label] <= 0)
        return forms.log_likelihood(xs, u)
    if name == "categorical_hinge_loss":
        return forms.categorical_hinge(xs, label, sum(u))
    if name in {"hinge_loss", "squared_hinge_loss"}:
        return forms.hinge(xs, label, sum(u), 2 if name == "squared_hinge_loss" else 1)
    if name == "entropy":
        return forms.entropy(xs, weights[0])
    if name == "brier_loss":
        return forms.brier(xs, weights[:1] if alone else weights, q[:1] if alone else q)
    if name == "kl_divergence":
        return forms.divergence(xs, u, q)
    if name in _PROBABILITIES:
        return (forms.of_probability if alone else forms.of_probabilities)(xs, u, gamma)
    return (forms.of_logit if alone else forms.of_logits)(xs, u, gamma)
