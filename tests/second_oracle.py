"""A second witness: the definitions in mpmath, as plain formulas, with derivatives by finite differences.

It shares nothing with `ceconform.oracle`: no balls, no jets, no careful forms, only many digits. It answers where the
loss is finite and smooth, and knows the conventions; the edges, in closed forms, stand in
`ceconform.authoring.witness`.
"""

from __future__ import annotations

from typing import NamedTuple

import mpmath as mp
import numpy as np

DIGITS = 60


class Witness(NamedTuple):
    """Arrays of mpf."""

    loss: np.ndarray
    gradient: np.ndarray
    condition: np.ndarray
    gradient_condition: np.ndarray


def constant(text, dtype):
    """A convention's constant in the dtype of the computation."""
    kind = np.float64 if dtype == "float64" else np.float32
    return mp.mpf(float(np.finfo(kind).eps if text == "eps" else kind(text)))


def sigmoid(z):
    """1 / (1 + e^-z)."""
    return 1 / (1 + mp.exp(-z))


def softmax(zs):
    """e^z / Σ e^z."""
    whole = mp.fsum(mp.exp(z) for z in zs)
    return [mp.exp(z) / whole for z in zs]


ACTIVATIONS = {
    "sigmoid": lambda zs: [sigmoid(z) for z in zs],
    "softmax": softmax,
    "log_sigmoid": lambda zs: [mp.log(sigmoid(z)) for z in zs],
    "log_softmax": lambda zs: [mp.log(p) for p in softmax(zs)],
}


def elementwise(call):
    """Whether each prediction has its own loss."""
    return call.spec.labels in {"binary", "sign"} or (call.loss == "brier_loss" and call.axis is None)


def space_of(call, conventions):
    """What the predictions are taken for."""
    space = call.spec.space
    for rule in conventions:
        space = rule.taken_as or space
    return space


def activated(xs, call, conventions):
    """The predictions after every activation."""
    for name in [call.activation, *(rule.activation for rule in conventions)]:
        if name:
            xs = ACTIVATIONS[name](xs)
    return xs


def bounds(rule, dtype):
    """Where a convention clips."""
    low = constant(rule.clip_low, dtype)
    if rule.clip_high == "1-low":
        kind = np.float64 if dtype == "float64" else np.float32
        return low, mp.mpf(float(kind(1) - kind(float(low))))
    return low, constant(rule.clip_high, dtype)


def probabilities(xs, call, conventions, binary):
    """The probabilities of the classes; for a binary loss of yes and no."""
    xs = activated(xs, call, conventions)
    space = space_of(call, conventions)
    if space == "logits":
        ps = [sigmoid(xs[0])] if binary else softmax(xs)
    else:
        ps = list(xs) if space == "probabilities" else [mp.exp(x) for x in xs]
    for rule in conventions:
        if rule.renormalise:
            whole = mp.fsum(ps)
            ps = [p / whole for p in ps]
        if rule.clip_low is not None:
            low, high = bounds(rule, call.dtype)
            ps = [min(max(p, low), high) for p in ps]
    return [ps[0], 1 - ps[0]] if binary else ps


def logarithm(p, call, conventions):
    """Log p, with what is added within it and its floor."""
    for rule in conventions:
        if rule.add:
            p = p + constant(rule.add, call.dtype)
    floors = [constant(rule.floor_log, call.dtype) for rule in conventions if rule.floor_log]
    return max([mp.log(p), *floors])


def smooth(q, classes, call, conventions):
    """A smoothed label."""
    share = mp.mpf(call.get("label_smoothing", 0.0))
    if any(rule.smoothing == "others" for rule in conventions):
        q = (1 - share) * q + share * (1 - q) / (classes - 1)
    else:
        q = (1 - share) * q + share / classes
    for rule in conventions:
        if rule.clip_labels:
            low, high = bounds(rule, call.dtype)
            q = min(max(q, low), high)
    return q


def targets(label, classes, call, conventions):
    """The smoothed distribution that a row is labelled with."""
    plain = plain_targets(label, classes, call)
    if call.spec.labels in {"sign", None}:
        return plain
    return [smooth(q, len(plain), call, conventions) for q in plain]


def plain_targets(label, classes, call):
    """The distribution before it is smoothed."""
    kind = call.spec.labels
    if kind == "binary" or (call.loss == "brier_loss" and call.axis is None):
        return [mp.mpf(float(label)), 1 - mp.mpf(float(label))]
    if kind == "sign":
        return [mp.mpf(label > 0), mp.mpf(label < 0)]
    if kind is None:
        return [mp.mpf(1)] * classes
    if kind == "index":
        return [mp.mpf(c == label) for c in range(classes)]
    if kind == "multi-hot":
        return [mp.mpf(float(q)) / int(sum(label)) for q in label]
    return [mp.mpf(float(q)) for q in label]


def row_loss(xs, label, weights, call, conventions):
    """One row's loss, before its sample weight, as its definition reads."""
    name = call.loss
    q = targets(label, len(xs), call, conventions)
    if name in ("hinge_loss", "squared_hinge_loss"):
        margin = max(mp.mpf(0), 1 - label * activated(xs, call, conventions)[0])
        return margin**2 if name == "squared_hinge_loss" else margin
    if name == "categorical_hinge_loss":
        zs = activated(xs, call, conventions)
        others = [z for c, z in enumerate(zs) if c != label]
        if any(rule.floor_scores for rule in conventions):
            others.append(mp.mpf(0))
        return max(mp.mpf(0), 1 + max(others) - zs[label])
    binary = elementwise(call)
    ps = probabilities(xs, call, conventions, binary)
    if name == "brier_loss":
        if binary:
            return (ps[0] - q[0]) ** 2
        return mp.fsum(w * (p - t) ** 2 for w, p, t in zip(weights, ps, q, strict=True))
    if name == "entropy":
        return -mp.fsum(p * logarithm(p, call, conventions) for p in ps)
    gamma = mp.mpf(call.get("gamma", 2.0)) if "focal" in name else mp.mpf(0)
    loss = mp.mpf(0)
    for p, t, w in zip(ps, q, weights, strict=True):
        if t * w != 0:
            loss -= w * t * (1 - p) ** gamma * logarithm(p, call, conventions)
            if name == "kl_divergence":
                loss += w * t * logarithm(t, call, conventions)
    return loss


def factors(call, at, shape, classes):
    """The weights of a row's classes."""
    if elementwise(call):
        alpha = call.get("alpha")
        if alpha is not None:
            return [mp.mpf(alpha), 1 - mp.mpf(alpha)]
        positive = call.get("pos_weight")
        if positive is None:
            return [mp.mpf(1)] * 2
        return [mp.mpf(float(np.broadcast_to(positive, shape).ravel()[at])), mp.mpf(1)]
    weights = [mp.mpf(1)] * classes
    for name in ("class_weight", "alpha"):
        if call.get(name) is not None:
            numbers = np.broadcast_to(call.get(name), (classes,))
            weights = [w * mp.mpf(float(x)) for w, x in zip(weights, numbers, strict=True)]
    return weights


def divisor(call, conventions, rows, scales, weights):
    """What the sum is divided by: rows are (distribution, label, counts)."""
    kind = {"mean": "count", "weighted_mean": "weights"}.get(call.reduction)
    if kind is None:
        return mp.mpf(1)
    for rule in conventions:
        kind = rule.divisor or kind
    if kind == "elements":
        return mp.mpf(call.predictions.size)
    if kind == "count":
        return mp.mpf(sum(counts for _, _, counts in rows))
    total = mp.mpf(0)
    for (q, label, counts), s, w in zip(rows, scales, weights, strict=True):
        if counts and (elementwise(call) or call.spec.labels is None):
            total += s
        elif counts:
            part = plain_targets(label, len(q), call) if kind == "target-weights" else q
            balance = w if call.get("class_weight") is not None else [1] * len(q)  # α is no weight
            total += s * mp.fsum(x * t for x, t in zip(balance, part, strict=True))
    return total


def evaluate(call, conventions=()):
    """The loss, the gradient and the conditions of a smooth and finite call."""
    with mp.workdps(DIGITS):
        return _evaluate(call, conventions)


def _evaluate(call, conventions):
    cells, where, labels, shape = _rows(call)
    scales = [mp.mpf(float(s)) for s in np.broadcast_to(call.get("sample_weight", 1.0), shape).ravel()]
    classes = len(call.get("weight")) if call.spec.layer else cells.shape[1]
    weights = [factors(call, at, shape, classes) for at in range(len(cells))]
    rows = []
    for label in labels:
        counts = not _ignored(call, label)
        rows.append((targets(label, classes, call, conventions) if counts else [], label, counts))
    by = divisor(call, conventions, rows, scales, weights)
    nats = mp.log(mp.mpf(call.get("base"))) if call.get("base") is not None else mp.mpf(1)
    losses, pulls = [mp.mpf(0)] * len(cells), [mp.mpf(0)] * len(cells)
    gradient = np.full(call.predictions.size, mp.mpf(0), dtype=object)
    spread = gradient.copy()
    for at, cell in enumerate(cells):
        q, label, counts = rows[at]
        if not counts or scales[at] == 0:
            continue
        xs = sizes = [mp.mpf(float(x)) for x in cell]
        if call.spec.layer:
            xs, sizes = _logits(call, xs)

        def one(*zs, at=at, label=label):
            return scales[at] * row_loss(list(zs), label, weights[at], call, conventions) / nats

        soft = [scales[at] * w * t / nats for w, t in zip(weights[at], q, strict=True)]
        if call.spec.labels in {None, "sign"}:
            soft = [mp.mpf(0)] * len(soft)
        losses[at] = one(*xs)
        slopes, spreads = _derivatives(one, xs, sizes, soft)
        pulls[at] = mp.fsum(abs(x * g) for x, g in zip(sizes, slopes, strict=True))
        if call.spec.layer:
            columns = [[mp.mpf(float(w)) for w in column] for column in call.get("weight").T]
            wide = [mp.fdot(map(abs, column), spreads) for column in columns]
            slopes = [mp.fdot(column, slopes) for column in columns]
            spreads = [abs(g) + x for g, x in zip(slopes, wide, strict=True)]
        gradient[where[at]] = [g / by for g in slopes]
        spread[where[at]] = [x / abs(by) for x in spreads]
    if call.reduction == "none":
        loss = np.array(losses, dtype=object).reshape(shape)
        condition = abs(loss) + np.array(pulls, dtype=object).reshape(shape)
    else:
        total = mp.fsum(losses) / by
        loss = np.array(total, dtype=object)
        condition = np.array(abs(total) + mp.fsum(pulls) / by, dtype=object)
    return Witness(loss, gradient.reshape(call.predictions.shape), condition, spread.reshape(call.predictions.shape))


def _rows(call):
    """The predictions of each row, their places, their labels, and the shape of the losses."""
    places = np.arange(call.predictions.size).reshape(call.predictions.shape)
    if elementwise(call):
        return call.predictions.reshape(-1, 1), places.reshape(-1, 1), call.labels.ravel().tolist(), places.shape
    moved = np.moveaxis(call.predictions, call.axis, -1)
    shape, classes = moved.shape[:-1], moved.shape[-1]
    cells = moved.reshape(-1, classes)
    if call.labels is None:
        labels = [None] * len(cells)
    elif call.spec.labels == "index":
        labels = call.labels.ravel().tolist()
    else:
        labels = np.moveaxis(call.labels, call.axis, -1).reshape(-1, classes).tolist()
    return cells, np.moveaxis(places, call.axis, -1).reshape(-1, classes), labels, shape


def _logits(call, features):
    """What a linear layer gives, and the sum of the sizes of what it adds up."""
    biases = call.get("bias", np.zeros(len(call.get("weight"))))
    rows = [[mp.mpf(float(w)) for w in row] for row in call.get("weight")]
    terms = [
        [*(h * w for h, w in zip(features, row, strict=True)), mp.mpf(float(b))]
        for row, b in zip(rows, biases, strict=True)
    ]
    return [mp.fsum(each) for each in terms], [mp.fsum(each, absolute=True) for each in terms]


def _derivatives(one, xs, sizes, soft):
    """The gradient of one row, and its condition."""
    n = len(xs)
    units = [tuple(int(i == c) for i in range(n)) for c in range(n)]
    slopes = [mp.diff(one, tuple(xs), unit) for unit in units]
    bends = {}
    for c in range(n):
        for j in range(c, n):
            orders = tuple(a + b for a, b in zip(units[c], units[j], strict=True))
            bends[c, j] = bends[j, c] = mp.diff(one, tuple(xs), orders)
    spreads = []
    for c in range(n):
        kappa = min(soft[c], mp.fsum(soft) - soft[c])
        reach = mp.fsum(abs(x * bends[c, j]) for j, x in enumerate(sizes))
        spreads.append(abs(slopes[c]) + reach + abs(kappa))
    return slopes, spreads


def _ignored(call, label):
    if call.get("ignore_index") is not None and label == call.get("ignore_index"):
        return True
    return call.spec.labels == "multi-hot" and not any(label)
