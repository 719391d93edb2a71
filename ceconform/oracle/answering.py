"""Answering: one row's loss, gradient and conditions at the working precision."""

from __future__ import annotations

from flint import arb

from ceconform.corpus import Call
from ceconform.oracle import definitions
from ceconform.oracle.pool import Answer, Pool, undefined
from ceconform.oracle.reading import Refused, read_classes, read_logits, read_pair
from ceconform.oracle.rows import Row, by_element
from ceconform.oracle.rules import Rules

__all__ = ["answer"]


def answer(row: Row, call: Call, rules: Rules, *, derivatives: bool) -> tuple[Answer, str]:
    """The answer, and what is wrong with the row if anything is."""
    if row.dead:
        return Answer(loss=arb(0)), ""
    if row.invalid is not None:
        return undefined(len(row.values)), row.invalid
    pool = Pool(derivatives=derivatives, alone=by_element(call))
    try:
        _terms(pool, row, call, rules)
    except Refused as refused:
        return undefined(len(row.values)), str(refused)
    return pool.answer(row.sizes), ""


def _terms(pool: Pool, row: Row, call: Call, rules: Rules) -> None:
    """Put the terms of the loss into the pool."""
    if call.loss in {"hinge_loss", "squared_hinge_loss"}:
        definitions.hinge(pool, row, read_logits(pool, row.values, rules)[0], call)
        return
    if call.loss == "categorical_hinge_loss":
        if not definitions.categorical_hinge(pool, row, read_logits(pool, row.values, rules), rules):
            raise Refused
        return
    pair = by_element(call)
    needed = range(len(row.values)) if call.loss == "brier_loss" else row.mass
    faces = read_pair(pool, row.values, rules) if pair else read_classes(pool, row.values, rules, needed)
    if call.loss == "brier_loss":
        definitions.brier(pool, row, {0: faces[0]} if pair else faces)
    elif call.loss == "entropy":
        definitions.entropy(pool, row, faces, rules)
    else:
        definitions.cross_entropy(pool, row, faces, call, rules)
        if call.loss == "binary_cross_entropy" and rules.gradient_floor is not None:
            definitions.floored(pool, row, faces[0].p, rules)
