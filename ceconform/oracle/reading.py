"""Reading: a row's predictions become faces, through activations, spaces, renormalising and clipping."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from flint import arb

from ceconform.oracle.digits import Rational, ball, is_float, sign
from ceconform.oracle.faces import (
    Beyond,
    Face,
    Infinite,
    Probability,
    Quotient,
    Value,
    logarithm,
    opposite,
    probability,
    sigmoid,
    softmax,
)
from ceconform.oracle.jets import value_of
from ceconform.oracle.pool import Pool
from ceconform.oracle.rules import Clip, Rules

__all__ = ["Refused", "chain", "read_classes", "read_logits", "read_pair"]

_SAME = frozenset(
    {
        ("log_sigmoid", "log_probabilities"),
        ("log_softmax", "log_probabilities"),
        ("log_softmax", "log_softmax"),
        ("log_softmax", "logits"),
        ("sigmoid", "probabilities"),
        ("softmax", "probabilities"),
    }
)
"""What changes nothing after what, exactly: so softmax and then -log p is computed as the logits' loss is."""


class Refused(ArithmeticError):  # noqa: N818 - it makes the row NaN
    """The row is NaN: an input out of range (the argument names the range), or an indefinite form (no argument)."""


def chain(names: Sequence[str]) -> list[str]:
    """Activations, and at last a space, without those that change nothing after the one before."""
    kept: list[str] = []
    for name in names:
        if not kept or (kept[-1], name) not in _SAME:
            kept.append(name)
    return kept


def _variables(pool: Pool, values: Sequence[Rational]) -> list[Value]:
    """Each prediction as its own variable."""
    return [x if is_float(x, math.isinf) else pool.tape.variable(ball(x)) for x in values]


def _distances(pool: Pool, values: Sequence[Rational]) -> list[Value]:
    """The distances to the largest prediction as variables: what a softmax depends on."""
    top = max(values)
    if is_float(top, math.isinf):
        return [x if is_float(x, math.isinf) else ball(x) for x in values]
    pool.pivot = values.index(top)
    if all(isinstance(x, float) for x in values):
        base = ball(top)
        distances = [x if math.isinf(x) else arb(x) - base for x in values]
    else:
        distances = [x if is_float(x, math.isinf) else _distance(x, top) for x in values]
    variable = pool.tape.variable
    return [x if isinstance(x, float) else arb(0) if c == pool.pivot else variable(x) for c, x in enumerate(distances)]


def _distance(x: Rational, top: Rational) -> arb:
    """The difference of two finite numbers; of a layer's logits exactly, which may need more bits than there are."""
    return ball(x - top) if isinstance(x, Fraction) and isinstance(top, Fraction) else ball(x) - ball(top)


def _faces(pool: Pool, name: str, numbers: list[Value], rules: Rules, needed: Collection[int]) -> dict[int, Face]:
    """The numbers of some classes, as an activation takes them, or as the space reads them."""
    if name.endswith("sigmoid"):
        return {c: sigmoid(numbers[c]) for c in needed}
    if name.endswith("softmax") or name == "logits":
        faces = softmax(numbers, pool.tape, needed, pool.pivot)
        if faces is None:
            raise Refused
        return faces
    if name == "probabilities":
        if rules.checked:
            _check(numbers, "probability-range", low=0, high=1)
        return {c: probability(numbers[c]) for c in needed}
    if rules.checked:
        _check([numbers[c] for c in needed], "log-probability-range", low=None, high=0)
    return {c: logarithm(numbers[c]) for c in needed}


def _check(numbers: Sequence[Value], reason: str, *, low: int | None, high: int) -> None:
    for x in numbers:
        if isinstance(x, float):
            outside = x > high or (low is not None and x < low)
        else:
            outside = sign(value_of(x) - high) > 0 or (low is not None and sign(value_of(x) - low) < 0)
        if outside:
            raise Refused(reason)


def _activated(pool: Pool, name: str, numbers: list[Value], rules: Rules) -> list[Value]:
    """What an activation hands on: probabilities, or their logarithms."""
    faces = _faces(pool, name, numbers, rules, range(len(numbers))).values()
    if not name.startswith("log_"):
        return [face.p for face in faces]
    logs = [face.log for face in faces]
    return [-x.value if isinstance(x, Infinite) else x for x in logs]


def read_logits(pool: Pool, values: Sequence[Rational], rules: Rules) -> list[Value]:
    """The logits of a margin loss."""
    numbers = _variables(pool, values)
    for name in rules.activations:
        numbers = _activated(pool, name, numbers, rules)
    return numbers


def read_classes(pool: Pool, values: Sequence[Rational], rules: Rules, needed: Collection[int]) -> dict[int, Face]:
    """The probabilities of some of a row's classes: at least of those in `needed`, which have a term in the loss."""
    *activations, space = chain([*rules.activations, rules.space])
    first = [*activations, space][0]
    from_softmax = first.endswith("softmax") or first == "logits"
    numbers = _distances(pool, values) if from_softmax else _variables(pool, values)
    pivot = pool.pivot
    for name in activations:
        numbers = _activated(pool, name, numbers, rules)
        pool.pivot = None  # these are no predictions: their largest is found anew
    faces = _faces(pool, space, numbers, rules, range(len(values)) if None in rules.steps else needed)
    pool.pivot = pivot
    for step in rules.steps:
        faces = _renormalised(pool, faces) if step is None else {c: _clipped(p, step) for c, p in faces.items()}
    return faces


def read_pair(pool: Pool, values: Sequence[Rational], rules: Rules) -> dict[int, Face]:
    """The probability of the positive label and that of the negative one, for a binary row."""
    numbers = _variables(pool, values)
    names = chain([*rules.activations, rules.space])
    for name in names[:-1]:
        numbers = _activated(pool, name, numbers, rules)
    if names[-1] == "logits" or names[-1].endswith("sigmoid"):
        yes, no = sigmoid(numbers[0]), sigmoid(-numbers[0], -1.0)
    else:
        yes = _faces(pool, names[-1], numbers, rules, (0,))[0]
        no = opposite(yes)
    for step in rules.steps:
        if step is not None:
            clipped = _clipped(yes, step)
            no = no if clipped is yes else opposite(clipped)
            yes = clipped
    return {0: yes, 1: no}


def _renormalised(pool: Pool, faces: Mapping[int, Face]) -> dict[int, Face]:
    parts = {c: face.p for c, face in faces.items()}
    finite = {c: p for c, p in parts.items() if not isinstance(p, float)}
    if len(finite) < len(parts):
        raise Refused
    whole = pool.tape.total(finite)
    if sign(value_of(whole)) == 0:
        raise Refused
    return {c: Quotient(p, whole) for c, p in finite.items()}


def _clipped(face: Face, bounds: Clip) -> Face:
    """The nearer bound, a constant, where p lies outside."""
    if isinstance(face, Beyond):
        bound = bounds.high if face.p > 0 else bounds.low
        return face if bound is None else Probability(arb(bound))
    p = value_of(face.p)
    if bounds.low is not None and sign(p - arb(bounds.low)) < 0:
        return Probability(arb(bounds.low))
    if bounds.high is not None and sign(p - arb(bounds.high)) > 0:
        return Probability(arb(bounds.high))
    return face
