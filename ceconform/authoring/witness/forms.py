"""Closed forms: one row's loss with its first and second derivatives, in the extended reals of mpmath.

The formulas are those of the definitions, differentiated by hand. A binary loss on logits is the softmax loss of the
logits z and 0; the edges are limits of the formulas, so they need few words of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import mpmath as mp

__all__ = [
    "DIGITS",
    "ROUNDING",
    "Local",
    "brier",
    "categorical_hinge",
    "divergence",
    "entropy",
    "hinge",
    "log_likelihood",
    "of_logit",
    "of_logits",
    "of_probabilities",
    "of_probability",
    "reach",
    "softmax",
    "times",
    "total",
    "undefined",
    "without_each",
]

DIGITS = 400
"""Enough for 1 - p at the smallest number of binary64; what cancels to fewer digits than `ROUNDING` leaves is 0."""
ROUNDING = mp.mpf(10) ** -(DIGITS - 30)


class Local(NamedTuple):
    """A loss near its predictions."""

    loss: mp.mpf
    slopes: list[mp.mpf]
    """The gradient."""
    bend: Callable[[int, int], mp.mpf]
    """The second derivative by predictions j and k."""
    outer: tuple[mp.mpf, Sequence[mp.mpf]] | None = None
    """(U, p) where it is -U p_j p_k for j ≠ k, so that a row of a thousand classes needs no thousand squared."""


def times(a: mp.mpf, b: mp.mpf) -> mp.mpf:
    """A product in which 0 · inf is 0."""
    return mp.mpf(0) if a == 0 or b == 0 else a * b


def total(numbers: Sequence[mp.mpf], rounding: mp.mpf = ROUNDING) -> mp.mpf:
    """A sum: what cancels but for rounding is 0."""
    found = sum(numbers, mp.mpf(0))
    if mp.isfinite(found) and abs(found) <= rounding * sum(map(abs, numbers)):
        return mp.mpf(0)
    return found


def without_each(parts: Sequence[mp.mpf]) -> list[mp.mpf]:
    """The sum of all the others, for each of some parts of one sign; nothing cancels."""
    if not parts:
        return []
    whole = sum(parts, mp.mpf(0))
    largest = max(range(len(parts)), key=lambda c: abs(parts[c]))
    others = [whole - part if part else whole for part in parts]  # most are 0 where a row has one label
    others[largest] = sum((*parts[:largest], *parts[largest + 1 :]), mp.mpf(0))
    return others


def softmax(zs: Sequence[mp.mpf]) -> tuple[list[mp.mpf], list[mp.mpf], list[mp.mpf]] | None:
    """P, 1 - p and log p of each class; None where the definition is indefinite."""
    top = max(range(len(zs)), key=lambda c: zs[c])
    if zs[top] == -mp.inf or sum(z == mp.inf for z in zs) > 1:
        return None
    if zs[top] == mp.inf:
        one = [mp.mpf(c == top) for c in range(len(zs))]
        return one, [1 - p for p in one], [mp.mpf(0) if p else -mp.inf for p in one]
    powers = [mp.exp(z - zs[top]) for z in zs]
    others = without_each(powers)
    whole = 1 + others[top]
    logarithm = mp.log1p(others[top])
    return [e / whole for e in powers], [o / whole for o in others], [z - zs[top] - logarithm for z in zs]


def undefined(count: int) -> Local:
    """NaN for everything."""
    return Local(mp.nan, [mp.nan] * count, lambda _j, _k: mp.nan)


def reach(local: Local, xs: Sequence[mp.mpf]) -> list[mp.mpf]:
    """Σ_k |x_k ∂²loss/∂x_j∂x_k| for each j, where 0 · inf counts 0."""
    sizes = [abs(x) for x in xs]
    classes = range(len(xs))
    if local.outer is None:
        return [sum((times(sizes[k], abs(local.bend(j, k))) for k in classes), mp.mpf(0)) for j in classes]
    whole, ps = local.outer
    others = without_each([times(x, p) for x, p in zip(sizes, ps, strict=True)])
    return [times(sizes[j], abs(local.bend(j, j))) + times(whole * ps[j], others[j]) for j in classes]


def of_logits(zs: Sequence[mp.mpf], u: Sequence[mp.mpf], gamma: mp.mpf) -> Local:
    """Σ u_c (1 - p_c)^γ (-log p_c) at p = softmax(z).

    With f the loss of one class, a = u p f' and b = u (p f' + p² f''), so that ∂a_c/∂z_k = b_c (δ_ck - p_k).
    """
    found = softmax(zs)
    if found is None:
        return undefined(len(zs))
    ps, rests, logs = found
    columns = list(zip(u, ps, rests, logs, strict=True))
    loss = sum((w * times(r**gamma, -log) for w, _, r, log in columns if w), mp.mpf(0))
    if gamma == 0:
        a = [-w if w else w for w in u]
    else:
        a = [w * _once(p, r, log, gamma) if w else w for w, p, r, log in columns]
    whole, others = sum(a, mp.mpf(0)), without_each(a)
    pulled = zip(a, ps, rests, others, strict=True)
    slopes = [total([x * r, -p * other]) if x else -p * other for x, p, r, other in pulled]
    if gamma == 0:  # every b is 0

        def even(j: int, k: int) -> mp.mpf:
            return -ps[j] * rests[j] * whole if j == k else ps[j] * ps[k] * whole

        return Local(loss, slopes, even, (-whole, ps))
    b = [w * _twice(p, r, log, gamma) if w else w for w, p, r, log in columns]

    def bend(j: int, k: int) -> mp.mpf:
        rest = sum((x for c, x in enumerate(b) if c not in {j, k}), mp.mpf(0))
        if j == k:
            return b[j] * rests[j] ** 2 + ps[j] ** 2 * rest - ps[j] * rests[j] * whole
        return ps[j] * ps[k] * (whole + rest) - b[j] * ps[k] * rests[j] - ps[j] * b[k] * rests[k]

    return Local(loss, slopes, bend)


def _once(p: mp.mpf, rest: mp.mpf, log: mp.mpf, gamma: mp.mpf) -> mp.mpf:
    """P f' = γ p (1 - p)^(γ-1) log p - (1 - p)^γ for γ > 0, and its limits."""
    if p == 0 or rest == 0:
        return mp.mpf(-1 if p == 0 else 0)
    return gamma * p * rest ** (gamma - 1) * log - rest**gamma


def _twice(p: mp.mpf, rest: mp.mpf, log: mp.mpf, gamma: mp.mpf) -> mp.mpf:
    """P f' + p² f''; what it is at the ends meets a factor of 0."""
    if p == 0 or rest == 0:
        return mp.mpf(0)
    straight = gamma * p * rest ** (gamma - 1) * (log + 2)
    return straight - gamma * (gamma - 1) * p**2 * rest ** (gamma - 2) * log


def _separable(terms: Sequence[Sequence[mp.mpf]]) -> Local:
    """A sum of (value, slope, bend), one for each prediction."""
    values, slopes, bends = zip(*terms, strict=True)
    return Local(total(values), list(slopes), lambda j, k: bends[j] if j == k else mp.mpf(0), _apart(len(slopes)))


def _apart(count: int) -> tuple[mp.mpf, list[mp.mpf]]:
    """No prediction changes the derivative by another."""
    return mp.mpf(0), [mp.mpf(0)] * count


def _surprisal(p: mp.mpf, rest: mp.mpf, gamma: mp.mpf) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """(1 - p)^γ (-log p), and both derivatives by p."""
    if p == 0:
        return mp.inf, -mp.inf, mp.inf
    if rest == 0:
        bend = 1 if gamma == 0 else 2 if gamma == 1 else mp.inf if gamma < 1 else 0
        return mp.mpf(0), mp.mpf(-1 if gamma == 0 else 0), mp.mpf(bend)
    log = mp.log1p(-rest) if rest < p else mp.log(p)
    if gamma == 0:
        return -log, -1 / p, 1 / p**2
    slope = gamma * rest ** (gamma - 1) * log - rest**gamma / p
    bend = 2 * gamma * rest ** (gamma - 1) / p + rest**gamma / p**2
    return -(rest**gamma) * log, slope, bend - gamma * (gamma - 1) * rest ** (gamma - 2) * log


def of_probabilities(ps: Sequence[mp.mpf], u: Sequence[mp.mpf], gamma: mp.mpf) -> Local:
    """Σ u_c (1 - p_c)^γ (-log p_c) over u_c ≠ 0."""
    return _separable(
        [[times(w, x) for x in _surprisal(p, 1 - p, gamma)] if w else [w] * 3 for p, w in zip(ps, u, strict=True)]
    )


def of_probability(ps: Sequence[mp.mpf], u: Sequence[mp.mpf], gamma: mp.mpf) -> Local:
    """The same for p and 1 - p, by p."""
    yes = [times(u[0], x) for x in _surprisal(ps[0], 1 - ps[0], gamma)]
    no = [times(u[1], x) for x in _surprisal(1 - ps[0], ps[0], gamma)]
    return Local(yes[0] + no[0], [total([yes[1], -no[1]])], lambda _j, _k: yes[2] + no[2])


def of_logit(zs: Sequence[mp.mpf], u: Sequence[mp.mpf], gamma: mp.mpf) -> Local:
    """The loss on the probability σ(z): that of the logits z and 0, by the first."""
    both = of_logits([zs[0], mp.mpf(0)], u, gamma)
    return Local(both.loss, both.slopes[:1], both.bend)


def divergence(ps: Sequence[mp.mpf], u: Sequence[mp.mpf], q: Sequence[mp.mpf]) -> Local:
    """Σ u_c (log q_c - log p_c)."""
    cross = of_probabilities(ps, u, mp.mpf(0))
    parts = [_surprisal(p, 1 - p, mp.mpf(0))[0] * w for p, w in zip(ps, u, strict=True) if w]
    return cross._replace(loss=total([*parts, *(w * mp.log(t) for w, t in zip(u, q, strict=True) if w)]))


def log_likelihood(logs: Sequence[mp.mpf], u: Sequence[mp.mpf]) -> Local:
    """-Σ u_c ℓ_c."""
    return _separable([(times(w, -x), -w, mp.mpf(0)) if w else (w, w, w) for x, w in zip(logs, u, strict=True)])


def entropy(ps: Sequence[mp.mpf], scale: mp.mpf) -> Local:
    """-Σ p_c log p_c, with a slope of inf at 0."""
    logs = [mp.log(p) if p else -mp.inf for p in ps]
    return _separable(
        [
            (-scale * times(p, log), total([-scale * log, -scale]), -scale / p if p else -mp.inf)
            for p, log in zip(ps, logs, strict=True)
        ]
    )


def brier(ps: Sequence[mp.mpf], weights: Sequence[mp.mpf], q: Sequence[mp.mpf]) -> Local:
    """Σ w_c (p_c - q_c)²."""
    gaps = [total([p, -t]) for p, t in zip(ps, q, strict=True)]
    return _separable([(w * gap**2, 2 * w * gap, 2 * w) for w, gap in zip(weights, gaps, strict=True)])


def hinge(zs: Sequence[mp.mpf], label: mp.mpf, scale: mp.mpf, power: int) -> Local:
    """max(0, 1 - s z)^power; flat at the kink."""
    margin = 1 - label * zs[0]
    if margin <= 0:
        return _separable([(mp.mpf(0), mp.mpf(0), mp.mpf(0))])
    slope = -label * scale * (1 if power == 1 else 2 * margin)
    return _separable([(scale * margin**power, slope, scale * mp.mpf(0 if power == 1 else 2))])


def categorical_hinge(zs: Sequence[mp.mpf], label: int, scale: mp.mpf) -> Local:
    """max(0, 1 + max over c ≠ y of z_c - z_y); flat at the kink, and the largest of the others share its slope."""
    flat = [mp.mpf(0)] * len(zs)
    best = max((z for c, z in enumerate(zs) if c != label), default=-mp.inf)
    if mp.isinf(best) and best == zs[label]:
        return undefined(len(zs))
    margin = 1 + best - zs[label]
    if margin <= 0:
        return Local(mp.mpf(0), flat, lambda _j, _k: mp.mpf(0), _apart(len(zs)))
    ties = [c for c, z in enumerate(zs) if c != label and z == best]
    slopes = flat.copy()
    for c in ties:
        slopes[c] = scale / len(ties)
    slopes[label] = -scale
    return Local(scale * margin, slopes, lambda _j, _k: mp.mpf(0), _apart(len(zs)))
