"""A second answer to every case: what the definitions beside the cases say, read anew, with mpmath.

It shares nothing with `ceconform.oracle`. Here labels, weights, ranges and reductions are read; the losses of a row
stand in `second_forms`.
"""

from __future__ import annotations

from typing import NamedTuple

import mpmath as mp
import numpy as np
import second_forms as forms

_INDEX = {"categorical_hinge_loss", "nll_loss", "sparse_cross_entropy", "sparse_cross_entropy_with_logits"}
_SIGNED = {"hinge_loss", "soft_margin_loss", "squared_hinge_loss"}
_BINARY = {"binary_cross_entropy", "binary_focal_loss"}
_PROBABILITIES = {"brier_loss", "entropy", "kl_divergence", "sparse_cross_entropy"}
_PROBABILITIES |= {*_BINARY, "categorical_cross_entropy", "categorical_focal_loss"}
_REDUCTIONS = {"none", "sum", "mean", "weighted_mean"}
_ZERO, _ONE = mp.mpf(0), mp.mpf(1)


class Answer(NamedTuple):
    """Arrays of mpf."""

    loss: np.ndarray
    gradient: np.ndarray
    condition: np.ndarray
    gradient_condition: np.ndarray
    terms: int
    invalid: str


class _Row(NamedTuple):
    """One loss; everything but `share` before it is divided by anything."""

    loss: mp.mpf
    slopes: list
    pull: mp.mpf
    """Σ |x_c ∂loss/∂x_c|."""
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
    return stem in _BINARY | _SIGNED or (case.loss == "brier_loss" and _axis(case) is None)


def refusal(case):
    """The error that the question is, or nothing: `reduction`, `dtype` or `shape`."""
    if case.parameters.get("reduction", "none") not in _REDUCTIONS:
        return "reduction"
    if case.loss in _INDEX and case.label_dtype is not None and "int" not in case.label_dtype:
        return "dtype"
    shape, axis = case.predictions.shape, _axis(case)
    if elementwise(case):
        losses, labels, classes = shape, shape, 1
    else:
        if not -len(shape) <= axis < len(shape):
            return "shape"
        losses = tuple(size for at, size in enumerate(shape) if at != axis % len(shape))
        labels, classes = losses if case.loss in _INDEX else shape, shape[axis]
    if case.labels is not None and np.shape(case.labels) != labels:
        return "shape"
    broadcasts = {"sample_weight": losses, "pos_weight": shape}
    for name, target in broadcasts.items():
        given = np.shape(case.parameters.get(name, 1.0))
        padded = (1,) * (len(target) - len(given)) + given
        if len(padded) != len(target) or any(a not in {1, b} for a, b in zip(padded, target, strict=True)):
            return "shape"
    for name in ("class_weight", "alpha"):
        given = case.parameters.get(name)
        if given is not None and np.shape(given) not in ({(classes,)} if name == "class_weight" else {(), (classes,)}):
            return "shape"
    return ""


def answer(case):
    """Every number that a case expects."""
    with mp.workdps(forms.DIGITS):
        return _answer(case)


def _answer(case):
    predictions, shape = case.predictions, case.predictions.shape
    places = np.arange(predictions.size).reshape(shape)
    alone = elementwise(case)
    if alone:
        cells, losses = places.reshape(-1, 1), shape
    else:
        moved = np.moveaxis(places, _axis(case), -1)
        losses = moved.shape[:-1]
        cells = moved.reshape(-1, moved.shape[-1]) if moved.size else np.zeros((0, moved.shape[-1]), dtype=int)
    reduction = case.parameters.get("reduction", "none")
    terms = max(1, predictions.size if reduction != "none" else 1 if alone else cells.shape[1])
    wrong = _wrong_parameter(case)
    if wrong:
        rows = [_nan(len(cell), wrong)._replace(share=mp.nan) for cell in cells]
    else:
        rows = [_row(case, at, cell, losses) for at, cell in enumerate(cells)]
    return _reduced(case, rows, cells, losses)._replace(terms=terms)


def _reduced(case, rows, cells, losses):
    reduction = case.parameters.get("reduction", "none")
    base = None if _wrong_parameter(case) else case.parameters.get("base")
    unit = _ONE if base is None else mp.log(mp.mpf(base))
    divisor = {
        "mean": mp.mpf(sum(row.counts for row in rows)),
        "weighted_mean": sum((row.share for row in rows if row.counts), _ZERO),
    }.get(reduction, _ONE)
    size = case.predictions.size
    gradient, spread = np.full(size, _ZERO, dtype=object), np.full(size, _ZERO, dtype=object)
    for row, cell in zip(rows, cells, strict=True):
        for at, slope, reach in zip(cell, row.slopes, row.spreads, strict=True):
            if not row.dead and (slope or divisor):  # a gradient of 0 is 0 in the mean of nothing too
                gradient[at] = _divide(slope, divisor) / unit
                spread[at] = _divide(abs(slope) + reach, divisor) / abs(unit)
    values = np.array([row.loss for row in rows], dtype=object)
    pulls = np.array([row.pull for row in rows], dtype=object)
    if reduction == "none":
        loss, condition = (values / unit).reshape(losses), ((abs(values) + pulls) / abs(unit)).reshape(losses)
    else:
        whole, pull = sum(values, _ZERO), sum(pulls, _ZERO)
        loss = np.array(_divide(whole, divisor) / unit, dtype=object)
        condition = np.array(_divide(abs(whole) + pull, divisor) / abs(unit), dtype=object)
    shape = case.predictions.shape
    problem = next((row.problem for row in rows if row.problem), "")
    return Answer(loss, gradient.reshape(shape), condition, spread.reshape(shape), 1, problem)


def _divide(x, by):
    if by == 0:
        return mp.nan if x == 0 or mp.isnan(x) else mp.sign(x) * mp.inf
    return x / by


def _row(case, at, cell, losses):
    """One row: ignored, without weight, invalid, or a number."""
    xs = [mp.mpf(float(x)) for x in case.predictions.ravel()[cell]]
    scale = mp.mpf(float(np.broadcast_to(case.parameters.get("sample_weight", 1.0), losses).ravel()[at]))
    label = _label(case, at, cell)
    if _ignored(case, label):
        return _nothing(len(xs))._replace(counts=False)
    if scale == 0:
        return _nothing(len(xs))
    share = mp.nan
    try:
        _weight(scale)
        if elementwise(case) or case.loss in {"categorical_hinge_loss", "entropy"}:
            share = scale
        q = _labels(case, label, len(xs))
        balance, u = _factors(case, at, q, scale)
        if not elementwise(case) and q is not None and case.loss != "categorical_hinge_loss":
            share = scale * sum((b * t for b, t in zip(balance, q, strict=True)), _ZERO)
        silent = not any(balance) if case.loss == "brier_loss" else q is not None and any(q) and not any(u)
        if silent:
            return _nothing(len(xs))._replace(share=share)
        if any(map(mp.isnan, xs)):
            raise _InvalidError("")
        local = _activated(case, xs, label, q, u, [scale * b for b in balance])
    except _InvalidError as invalid:
        return _nan(len(xs), str(invalid))._replace(share=share)
    if mp.isnan(local.loss):
        return _nan(len(xs), "")._replace(share=share)
    pull = sum((forms.times(abs(x), abs(g)) for x, g in zip(xs, local.slopes, strict=True)), _ZERO)
    spreads = forms.reach(local, xs)
    if case.loss not in _SIGNED | {"entropy"}:
        kappa = [min(w, other) for w, other in zip(u, forms.without_each(u), strict=True)]
        spreads = [s + k for s, k in zip(spreads, kappa[: len(xs)], strict=True)]
    return _Row(local.loss, local.slopes, pull, spreads, share=share)


def _nothing(count):
    return _Row(_ZERO, [_ZERO] * count, _ZERO, [_ZERO] * count, share=_ZERO, dead=True)


def _nan(count, problem):
    return _Row(mp.nan, [mp.nan] * count, mp.nan, [mp.nan] * count, problem=problem)


def _axis(case):
    return case.parameters.get("axis", -1)


def _label(case, at, cell):
    """A number, or the labels of the classes."""
    if case.labels is None:
        return None
    if case.loss in _INDEX:
        return int(case.labels.ravel()[at])
    numbers = [mp.mpf(float(q)) for q in case.labels.ravel()[cell]]
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
    """The smoothed distribution: of yes and no for an element; None where there is no label."""
    if label is None:
        return None
    if case.loss in _SIGNED:
        _check(label, "label-range", right=abs(label) == 1)
        return [mp.mpf(label > 0), mp.mpf(label < 0)]
    if case.loss in _INDEX:
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


def _factors(case, at, q, scale):
    """The class weights, and all that multiplies the term of each class, its label included."""
    parameters = case.parameters
    if q is None:
        count = case.predictions.shape[_axis(case)]
        return [_ONE] * count, [scale] * count
    if elementwise(case):
        balance = [_ONE, _ONE]
        if "pos_weight" in parameters:
            balance[0] = mp.mpf(float(np.broadcast_to(parameters["pos_weight"], case.predictions.shape).ravel()[at]))
            _weight(balance[0])
        if parameters.get("alpha") is not None:
            alpha = mp.mpf(float(parameters["alpha"]))
            balance = [alpha, 1 - alpha]
        return balance, [scale * b * t for b, t in zip(balance, q, strict=True)]
    factors = [_ONE] * len(q)
    balance = factors
    for name in ("class_weight", "alpha"):
        if parameters.get(name) is None:
            continue
        numbers = [mp.mpf(float(w)) for w in np.broadcast_to(parameters[name], (len(q),))]
        for w, t in zip(numbers, q, strict=True):
            if t or case.loss == "brier_loss":
                _weight(w)
        factors = [f * w if t or case.loss == "brier_loss" else _ZERO for f, w, t in zip(factors, numbers, q, strict=True)]
        balance = factors if name == "class_weight" else balance
    return balance, [scale * f * t for f, t in zip(factors, q, strict=True)]


def _wrong_parameter(case):
    get = case.parameters.get
    base, alpha = get("base"), get("alpha") if elementwise(case) else None
    right = 0 <= get("gamma", 2.0) < np.inf and 0 <= get("label_smoothing", 0.0) <= 1
    right = right and (base is None or (0 < base < np.inf and base != 1)) and (alpha is None or 0 <= alpha <= 1)
    return "" if right else "parameter-range"


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
        return forms.categorical_hinge(xs, label, weights[0])
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
