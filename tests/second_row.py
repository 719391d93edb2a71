"""Rows, read a second time: labels, weights and ranges as the definitions beside the cases have them, with mpmath.

It shares nothing with `ceconform.oracle`; the losses themselves stand in `second_forms`.
"""

from __future__ import annotations

from typing import NamedTuple

import mpmath as mp
import numpy as np
import second_forms as forms

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
    slopes: list
    pulls: list
    """|x_c| ∂loss/∂x_c, of a linear layer by its logits."""
    spreads: list
    """Σ_j |x_j ∂²loss/∂x_c∂x_j| + κ_c."""
    counts: bool = True
    share: mp.mpf = _ONE
    """Its part of the divisor of a weighted mean."""
    problem: str = ""
    dead: bool = False
    """0 whatever it holds, and whatever it is divided by."""


class _InvalidError(Exception):
    """The row is NaN; the argument is the name of what is wrong, empty for a NaN."""


def elementwise(case):
    """Whether each prediction has its own loss."""
    stem = case.loss.removesuffix("_with_logits")
    return stem in _BINARY | _SIGNED or (case.loss == "brier_loss" and axis_of(case) is None)


def axis_of(case):
    """The class axis; None for a Brier loss of elements."""
    return case.parameters.get("axis", -1)


def read(case, at, cell, losses):
    """One row: ignored, without weight, invalid, or a number."""
    xs = sizes = [mp.mpf(float(x)) for x in case.predictions.ravel()[cell]]
    if case.loss == "linear_cross_entropy":
        xs, sizes = _logits(case, xs)
    scale = exact(np.broadcast_to(case.parameters.get("sample_weight", 1.0), losses).ravel()[at])
    label = _label(case, at, cell)
    if _ignored(case, label):
        return _nothing(len(cell), len(xs))._replace(counts=False)
    if scale == 0:
        return _nothing(len(cell), len(xs))
    share = mp.nan  # of what is invalid, until it is known
    try:
        _weight(scale)
        if elementwise(case) or case.loss in {"categorical_hinge_loss", "entropy"}:
            share = scale
        q = _labels(case, label, len(xs))
        balance = _balance(case, at, q, len(xs))
        if case.loss not in {"categorical_hinge_loss", "entropy"} and not elementwise(case):
            share = scale * sum((b * t for b, t in zip(balance, q, strict=True)), _ZERO)
        u = [scale * b * a * t for b, a, t in zip(balance, _alpha(case, q), q, strict=True)]
        if not any(balance) if case.loss == "brier_loss" else any(q) and not any(u):
            return _nothing(len(cell), len(xs))._replace(share=share)
        for x in xs:
            _check(x, "", right=not mp.isnan(x))
        local = _activated(case, xs, label, q, u, [scale * b for b in balance])
    except _InvalidError as invalid:
        return undefined(len(cell), str(invalid))._replace(share=share)
    if mp.isnan(local.loss):
        return undefined(len(cell), "")._replace(share=share)
    pulls = [forms.times(abs(x), g) for x, g in zip(sizes, local.slopes, strict=True)]
    spreads = forms.reach(local, sizes)
    if case.loss not in _SIGNED | {"entropy"}:
        kappa = [min(w, other) for w, other in zip(u, forms.without_each(u), strict=True)]
        spreads = [s + k for s, k in zip(spreads, kappa[: len(xs)], strict=True)]
    if case.loss == "linear_cross_entropy":
        return Row(local.loss, *_by_hidden(case, local.slopes, pulls, spreads), share=share)
    return Row(local.loss, local.slopes, pulls, spreads, share=share)


def exact(x):
    """A number of an array, exactly."""
    return x if isinstance(x, mp.mpf) else mp.mpf(float(x))


def _logits(case, features):
    """The logits of a linear layer, and the sums of the sizes of what is added up for each."""
    logits, sizes = [], []
    biases = case.parameters.get("bias", np.zeros(len(case.parameters["weight"])))
    for row, bias in zip(case.parameters["weight"], biases, strict=True):
        terms = [h * mp.mpf(float(w)) for h, w in zip(features, row, strict=True)] + [mp.mpf(float(bias))]
        logits.append(sum(terms, _ZERO))
        sizes.append(sum(map(abs, terms), _ZERO))
    return logits, sizes


def _by_hidden(case, slopes, pulls, spreads):
    """The gradient by the features, the pulls of the loss, and the spread of that gradient."""
    columns = [[mp.mpf(float(w)) for w in column] for column in case.parameters["weight"].T]
    wide = [abs(s) + reach for s, reach in zip(slopes, spreads, strict=True)]
    gradient = [forms.total([w * s for w, s in zip(column, slopes, strict=True)]) for column in columns]
    return gradient, pulls, [sum((abs(w) * x for w, x in zip(column, wide, strict=True)), _ZERO) for column in columns]


def _nothing(count, classes):
    return Row(_ZERO, [_ZERO] * count, [_ZERO] * classes, [_ZERO] * count, share=_ZERO, dead=True)


def undefined(count, problem):
    """NaN for everything, with the name of what is wrong."""
    return Row(mp.nan, [mp.nan] * count, [mp.nan] * count, [mp.nan] * count, problem=problem)


def _label(case, at, cell):
    """A number, or the labels of the classes."""
    if case.labels is None:
        return None
    if case.loss in INDEX:
        return int(case.labels.ravel()[at])
    numbers = [exact(q) for q in case.labels.ravel()[cell]]
    return numbers[0] if elementwise(case) else numbers


def _ignored(case, label):
    if case.loss == "multilabel_softmax_loss":
        return not any(label)
    return case.parameters.get("ignore_index") is not None and label == case.parameters["ignore_index"]


def _check(number, problem, *, right):
    if not right:
        raise _InvalidError("" if mp.isnan(number) else problem)


def _weight(number):
    _check(number, "weight-range", right=0 <= number < mp.inf)


def _labels(case, label, classes):
    """The smoothed distribution: of yes and no for an element; 1 for each class where there is no label."""
    if label is None:
        return [_ONE] * classes
    if case.loss in _SIGNED:
        _check(label, "label-range", right=abs(label) == 1)
        return [mp.mpf(label > 0), mp.mpf(label < 0)]
    if case.loss in INDEX:
        _check(label, "label-range", right=0 <= label < classes)
        q = [mp.mpf(c == label) for c in range(classes)]
    else:
        q = [label, 1 - label] if elementwise(case) else label
        for t in q:
            _check(t, "label-range", right=t in {0, 1} if case.loss == "multilabel_softmax_loss" else 0 <= t <= 1)
        if case.loss == "multilabel_softmax_loss":
            q = [t / sum(q) for t in q]
    share = mp.mpf(case.parameters.get("label_smoothing", 0.0))
    return [(1 - share) * t + share / len(q) for t in q]


def _balance(case, at, q, classes):
    """The weights of the classes: those of a Brier loss all take part, else those that have a label."""
    if elementwise(case):
        positive = np.broadcast_to(case.parameters.get("pos_weight", 1.0), case.predictions.shape)
        balance = [exact(positive.ravel()[at]), _ONE]
        _weight(balance[0])
        return balance
    numbers = np.broadcast_to(case.parameters.get("class_weight", 1.0), (classes,))
    return _taking_part(numbers, [1] * classes if case.loss == "brier_loss" else q)


def _alpha(case, q):
    alpha = case.parameters.get("alpha")
    if alpha is None:
        return [_ONE] * len(q)
    if elementwise(case):
        return [mp.mpf(float(alpha)), 1 - mp.mpf(float(alpha))]
    return _taking_part(np.broadcast_to(alpha, (len(q),)), q)


def _taking_part(numbers, q):
    """The weights, which must be in their range where there is a label."""
    weights = [exact(w) if t else _ZERO for w, t in zip(numbers, q, strict=True)]
    for weight in weights:
        _weight(weight)
    return weights


def _activated(case, xs, label, q, u, weights):
    """The loss of the row's predictions, through its activation."""
    name, activation = case.loss, case.activation
    logits = name.endswith("_with_logits") or name == "multilabel_softmax_loss"
    if activation == "log_softmax" and logits and not elementwise(case):
        activation = None  # the log-softmax of a log-softmax is itself
    elif (activation, name) == ("log_softmax", "nll_loss"):
        name, activation = "sparse_cross_entropy_with_logits", None
    elif activation == ("sigmoid" if elementwise(case) else "softmax") and f"{name}_with_logits" in _WITH_LOGITS:
        name, activation = f"{name}_with_logits", None
    if activation is None:
        return _local(case, name, xs, label, q, u, weights)
    values, first, second = forms.activate(activation, xs)
    return forms.composed(_local(case, name, values, label, q, u, weights), first, second)


_WITH_LOGITS = {
    f"{stem}_with_logits"
    for stem in {*_BINARY, "categorical_cross_entropy", "categorical_focal_loss", "sparse_cross_entropy"}
}


def _local(case, name, xs, label, q, u, weights):
    """The loss by what it is given, which must lie in its range."""
    gamma = mp.mpf(case.parameters.get("gamma", 2.0)) if "focal" in name else _ZERO
    alone = elementwise(case)
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
