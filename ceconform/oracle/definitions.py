"""The definitions: what each loss is, as a sum of terms over the classes of a row."""

from __future__ import annotations

import math

from flint import arb, fmpq

from ceconform.corpus import Call
from ceconform.oracle.digits import sign
from ceconform.oracle.faces import OWN, Face, Infinite, Probability, Value
from ceconform.oracle.jets import Jet, Number, power, value_of
from ceconform.oracle.pool import Pool
from ceconform.oracle.rows import Row
from ceconform.oracle.rules import Rules

__all__ = ["MARGINS", "brier", "categorical_hinge", "cross_entropy", "entropy", "floored", "hinge"]

MARGINS = frozenset({"hinge_loss", "squared_hinge_loss", "categorical_hinge_loss"})


def _surprisal(face: Face, rules: Rules) -> Number | Infinite:
    """-log p, with what the conventions add within the logarithm and the floor under it."""
    logarithm = face.log if rules.add is None else Probability(face.p + arb(rules.add)).log
    if rules.floor_log is not None:
        floor = arb(rules.floor_log)
        if isinstance(logarithm, Infinite):
            return -floor if logarithm.value == math.inf else logarithm
        if sign(value_of(logarithm) - floor) < 0:
            return -floor
    return logarithm if isinstance(logarithm, Infinite) else -logarithm


def cross_entropy(pool: Pool, row: Row, faces: dict[int, Face], call: Call, rules: Rules) -> None:
    """Σ u_c (1 - p_c)^γ (-log p_c) over u_c ≠ 0; γ = 0 but for the focal losses; for kl_divergence + Σ u_c log q_c."""
    gamma = float(call.get("gamma", 2.0)) if "focal" in call.loss else 0.0
    still = rules.gradient_floor is not None and call.loss == "binary_cross_entropy"
    for c, mass in row.mass.items():
        surprisal = _surprisal(faces[c], rules)
        if gamma != 0:
            surprisal = _focused(pool, c, faces[c], surprisal, gamma)
        if still:  # the derivative is that of `floored`
            infinite = isinstance(surprisal, Infinite)
            surprisal = Infinite(value=surprisal.value) if infinite else value_of(surprisal)
        pool.add(c, surprisal, mass)
        if call.loss == "kl_divergence":
            certainty = _surprisal(Probability(arb(row.target.get(c, fmpq(0)))), rules)
            negative = Infinite(value=-certainty.value) if isinstance(certainty, Infinite) else -certainty
            pool.add(c, negative, mass)
    if call.loss == "kl_divergence":
        for c, mass in row.moved.items():
            pool.add(c, arb(1), mass)


def _focused(pool: Pool, c: int, face: Face, surprisal: Number | Infinite, gamma: float) -> Number | Infinite:
    """(1 - p)^γ · surprisal.

    Where 1 - p is 0 and γ no integer, its derivatives are those of the power (1 - p)^γ, or of (1 - p)^(γ+1) where the
    surprisal is 0 with it.
    """
    if isinstance(surprisal, Infinite):
        return surprisal if surprisal.value == math.inf else Infinite(value=math.nan)
    rest = face.rest
    at = sign(value_of(rest))
    if at > 0 or gamma.is_integer():
        return power(rest, gamma) * surprisal
    if at < 0:
        return Infinite(value=math.nan)
    order = gamma + 1 if value_of(surprisal).is_zero() else gamma
    if isinstance(rest, Jet) and 0 in rest.first:
        if order < 1:
            upward = sign(rest.first[0]) * sign(value_of(surprisal))
            return Infinite(value=0.0, slopes={OWN: upward * math.inf})
        if order < 2:  # noqa: PLR2004 - the second derivative of a power below 2
            pool.bend(c)
    return arb(0)


def floored(pool: Pool, row: Row, p: Number, rules: Rules) -> None:
    """Binary cross entropy's derivative by p, replaced by (p - t) / max(p (1 - p), floor), weights included."""
    if not isinstance(p, Jet) or rules.gradient_floor is None:
        return
    yes, no = (arb(row.mass.get(c, fmpq(0))) for c in (0, 1))
    spread = p * (1 - p)
    if rules.gradient_floor == 0 and sign(value_of(spread)) == 0:  # a floor that half precision rounds to nothing
        upward = sign(value_of(p * (yes + no) - yes))
        pool.add(0, Infinite(value=0.0, slopes={0: upward * math.inf if upward else math.nan}))
        return
    if sign(value_of(spread) - arb(rules.gradient_floor)) < 0:
        slope = (p * (yes + no) - yes) / arb(rules.gradient_floor)
    else:
        slope = (p * (yes + no) - yes) / spread
    chained = slope * Jet(p.first[0], {0: 2 * p.second.get((0, 0), arb(0))})
    pool.add(0, Jet(arb(0), {0: chained.value}, {(0, 0): chained.first.get(0, arb(0)) / 2}))


def entropy(pool: Pool, row: Row, faces: dict[int, Face], rules: Rules) -> None:
    """-Σ p log p, where 0 log 0 = 0, with a slope of +inf."""
    for c, mass in row.mass.items():
        surprisal = _surprisal(faces[c], rules)
        if not isinstance(surprisal, Infinite):
            pool.add(c, faces[c].p * surprisal, mass)
        elif surprisal.value == math.inf:
            pool.add(c, Infinite(value=0.0, slopes={c: -s for c, s in surprisal.slopes.items() if math.isinf(s)}))
        else:
            pool.add(c, surprisal, mass)


def brier(pool: Pool, row: Row, faces: dict[int, Face]) -> None:
    """Σ w_c (p_c - q_c)²; for a derivative by the labels q -2 w_c (p_c - q_c)."""
    for c, face in faces.items():
        weight = row.scale if row.class_weight is None else row.scale * row.class_weight.get(c, fmpq(0))
        distance = face.p - arb(row.target.get(c, fmpq(0)))
        pool.add(c, power(distance, 2), weight)
        pool.add(c, distance, -2 * row.moved.get(c, fmpq(0)))


def hinge(pool: Pool, row: Row, logit: Value, call: Call) -> None:
    """max(0, 1 - y z), or its square; the derivative at the kink is 0."""
    squared = call.loss == "squared_hinge_loss"
    if isinstance(logit, float):
        if logit * row.label < 0:
            slope = -row.label * (math.inf if squared else 1.0)
            pool.add(0, Infinite(value=math.inf, slopes={0: slope}), row.scale)
        return
    margin = 1 - logit * arb(row.label)
    if sign(value_of(margin)) > 0:
        pool.add(0, power(margin, 2) if squared else margin, row.scale)


def categorical_hinge(pool: Pool, row: Row, logits: list[Value], rules: Rules) -> bool:
    """max(0, 1 + max_{c≠y} z_c - z_y); the best wrong classes share the derivative. False where it is inf - inf."""
    right = logits[row.label]
    floor: Value = arb(0) if rules.floor_scores else -math.inf
    wrong = {c: z if _compare(z, floor) > 0 else floor for c, z in enumerate(logits) if c != row.label}
    best = _largest(wrong)
    top = wrong[best[0]] if best else -math.inf
    if isinstance(top, float) and isinstance(right, float) and top == right:
        return False
    share = 1 / len(best) if best else 0.0
    if (isinstance(top, float) and top > 0) or (isinstance(right, float) and right < 0):
        pool.add(row.label, Infinite(value=math.inf, slopes={OWN: -1.0}), row.scale)
        for c in best:
            pool.slope(c, arb(row.scale) / len(best))
        return True
    if isinstance(top, float) or isinstance(right, float):
        return True
    margin = value_of(top) - value_of(right) + 1
    if share and sign(margin) > 0:
        pool.add(row.label, 1 - right, row.scale)
        for c in best:
            pool.add(c, wrong[c] / len(best), row.scale)
    return True


def _largest(logits: dict[int, Value]) -> list[int]:
    """The classes that share the maximum."""
    best: list[int] = []
    for c, z in logits.items():
        order = 1 if not best else _compare(z, logits[best[0]])
        if order > 0:
            best = [c]
        elif order == 0:
            best.append(c)
    return best


def _compare(a: Value, b: Value) -> int:
    if isinstance(a, float) or isinstance(b, float):
        x, y = (v if isinstance(v, float) else 0.0 for v in (a, b))
        return (x > y) - (x < y)
    return sign(value_of(a) - value_of(b))
