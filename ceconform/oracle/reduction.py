"""Reduction: what the sum of the losses is divided by, and what the conditions make of soft labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flint import arb, fmpq

from ceconform.corpus import Call
from ceconform.oracle.digits import Extended, sign
from ceconform.oracle.rows import Row
from ceconform.oracle.rules import Rules, fraction

__all__ = ["divisor", "kappa", "quotient", "unit"]


def divisor(call: Call, rules: Rules, rows: Sequence[Row]) -> fmpq | None:
    """What the sum is divided by; None if a weight in it is not a number, or that of a label that does not exist."""
    if call.reduction in {"none", "sum"}:
        return fmpq(1)
    kind = rules.divisor or ("count" if call.reduction == "mean" else "weights")
    counted = [row for row in rows if row.counts]
    if kind == "count":
        return fmpq(len(counted))
    if kind == "elements":
        return fmpq(call.predictions.size)
    weights = [row.weight if kind == "weights" else row.target_weight for row in counted]
    if any(weight is None for weight in weights):
        return None
    return sum((weight for weight in weights if weight is not None), fmpq(0))


def unit(call: Call) -> arb:
    """One unit of the loss in nats: the logarithm of the base."""
    base = call.get("base")
    return arb(1) if base is None else arb(fraction(float(base))).log()


def quotient(x: Extended, by: fmpq | None, nats: arb) -> Extended:
    """X / (by · nats) in the extended reals; 0 / 0 is NaN."""
    if by is None:
        return math.nan
    upward = 1.0 if (nats > 0) == (by >= 0) else -1.0
    if isinstance(x, float):
        return x * upward
    if by == 0:
        at = sign(x)
        return math.nan if at == 0 else at * upward * math.inf
    return x / (arb(by) * nats)


def kappa(row: Row, call: Call) -> dict[int, fmpq]:
    """min(u_c, U - u_c) for the weighted labels u and their sum U: what rounding beside a soft label can do."""
    if call.spec.labels in {None, "sign"} or row.dead or len(row.mass) < 2:  # noqa: PLR2004 - a hard label
        return {}
    whole = sum(row.mass.values(), fmpq(0))
    return {c: min(u, whole - u) for c, u in row.mass.items()}
