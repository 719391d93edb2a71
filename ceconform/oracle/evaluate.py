"""Evaluating: a call's exact loss, gradient and conditions, with as much precision as the digits ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import flint
import numpy as np
from flint import arb, fmpq

from ceconform.conventions import Convention
from ceconform.corpus import REDUCTIONS, Call, Numbers
from ceconform.errors import CaseError
from ceconform.oracle.answering import answer
from ceconform.oracle.digits import PRECISIONS, Extended, Undecided, decimal
from ceconform.oracle.exact import Exact
from ceconform.oracle.layers import Layer, read_layer
from ceconform.oracle.pool import Answer
from ceconform.oracle.reduction import divisor, kappa, quotient, unit
from ceconform.oracle.rows import Row, by_element, read
from ceconform.oracle.rules import Rules, fraction, interpret
from ceconform.oracle.sensitivity import changes

__all__ = ["evaluate", "evaluate_by"]

_ZERO, _NAN = Decimal(0), Decimal("nan")
_NOTHING: Numbers = np.empty(0, dtype=object)


def evaluate(
    call: Call, *, conventions: tuple[Convention, ...] = (), gradient: bool = True, narrow: bool = False
) -> Exact:
    """Evaluate a call in exact arithmetic.

    Parameters
    ----------
    call
        The loss, its inputs and its parameters. `space` and `device` say nothing here; `dtype` matters for the
        constants of conventions alone.
    conventions
        Applied together, in this order, in place of the plain definition.
    gradient
        False leaves the gradient and the conditions out (empty arrays), which is several times faster.
    narrow
        Round the conventions' constants to half precision, for a library that computes in it, and not to float32.

    Returns
    -------
    Exact
        Forty digits each. NaN marks what an invalid input touches.

    Raises
    ------
    CaseError
        For a question without an answer: an unknown reduction, shapes that do not fit, an activation without an axis.

    Examples
    --------
    >>> import numpy as np
    >>> from ceconform.corpus import Call
    >>> call = Call(loss="nll_loss", predictions=np.array([[-0.5, -1.0]]), labels=np.array([1]))
    >>> str(evaluate(call).loss[0])
    '1'
    """
    return evaluate_by(interpret(call, conventions, narrow=narrow), call, gradient=gradient)


def evaluate_by(rules: Rules, call: Call, *, gradient: bool = True) -> Exact:
    """Evaluate a call by rules, whatever conventions and dtype they were read from: equal rules give equal answers."""
    layer, wrong = _read(call)
    rows, shape = read(call, rules, layer)
    work = _Work(call, rules, rows, shape, layer, gradient=gradient)
    if wrong:
        return work.nothing(wrong)
    for precision in PRECISIONS:
        with flint.ctx.workprec(precision):
            if work.settled():
                break
    return work.exact()


@lru_cache(maxsize=16)
def _read(call: Call) -> tuple[Layer | None, str]:
    """What of a valid call is the same by whatever rules: its layer, and what is wrong with its parameters."""
    _validate(call)
    return read_layer(call), _wrong_parameter(call)


class _Work:
    """The digits found so far: a row that is settled is not looked at again."""

    def __init__(
        self,
        call: Call,
        rules: Rules,
        rows: Sequence[Row],
        shape: tuple[int, ...],
        layer: Layer | None,
        *,
        gradient: bool,
    ) -> None:
        self.layer = layer
        self.call, self.rules, self.rows, self.derivatives = call, rules, rows, gradient
        self.each = call.reduction == "none"
        self.divisor = divisor(call, rules, rows)
        self.empty = self.divisor == 0 and rules.empty_is_zero
        self.pending = list(range(len(rows)))
        self.answers: list[Answer | None] = [None] * len(rows)
        self.invalid: dict[int, str] = {}
        self.by_predictions = call.gradient_by == "predictions"
        self.changes = [] if self.by_predictions or not gradient else changes(call, rules, rows, layer)
        self.unsettled = list(range(len(self.changes)))
        self.cotangent = [fmpq(1)] * len(rows)
        if call.cotangent is not None:
            self.cotangent = [fraction(float(factor)) for factor in np.asarray(call.cotangent).ravel().tolist()]
        self.loss = np.full(shape if self.each else (), _ZERO, dtype=object)
        self.condition = self.gradient = self.curvature = _NOTHING
        if gradient:
            self.condition = self.loss.copy()
            self.gradient = np.full(call.by.shape, _ZERO, dtype=object)
            self.curvature = self.gradient.copy()

    def settled(self) -> bool:
        """Work at the current precision; whether that was enough."""
        nats = unit(self.call)
        self.pending = [at for at in self.pending if not self._row(at, nats)]
        self.unsettled = [at for at in self.unsettled if not self._change(at, nats)]
        if not self.each and not self._total(nats):
            self.pending = list(range(len(self.rows)))
        return not self.pending and not self.unsettled

    def _row(self, at: int, nats: arb) -> bool:
        row = self.rows[at]
        try:
            found, invalid = answer(row, self.call, self.rules, derivatives=self.derivatives)
        except Undecided:
            return False
        self.answers[at] = found
        self.invalid[at] = invalid
        enough = True
        if self.each:
            enough = _put(self.loss, at, quotient(found.loss, fmpq(1), nats))
            if self.derivatives:
                enough &= _put(self.condition, at, _condition(found.loss, found.pull, fmpq(1), nats))
        if not self.derivatives or not self.by_predictions or self.empty or row.dead or self.cotangent[at] == 0:
            return enough
        soft = kappa(row, self.call)
        if self.layer is not None:
            found, soft = self.layer.carried(found, soft), {}
        everywhere = range(len(row.positions))
        known = found.gradient.keys() | found.curvature.keys() | (soft.keys() & set(everywhere))
        for c in everywhere if self.divisor is None else known:
            position, slope = row.positions[c], found.gradient.get(c, arb(0))
            spread = _finite(found.curvature.get(c, arb(0)), soft.get(c))
            if self.divisor == 0 and not isinstance(slope, float) and slope.is_zero():
                continue  # nothing of it is left where it was 0, whatever the divisor
            by = self.divisor if self.divisor is None else self.divisor / self.cotangent[at]
            enough &= _put(self.gradient, position, quotient(slope, by, nats))
            enough &= _put(self.curvature, position, _condition(slope, spread, by, nats))
        return enough

    def _change(self, at: int, nats: arb) -> bool:
        """The derivative by one label or weight: a loss, and conditioned as one."""
        if self.empty or not self.changes[at]:
            return True
        rules = self.rules._replace(gradient_floor=None)  # which is of the derivative by the prediction
        try:
            found = [answer(row, self.call, rules, derivatives=True)[0] for row in self.changes[at]]
        except Undecided:
            return False
        slope, pull = _sum([each.loss for each in found]), _sum([each.pull for each in found])
        if self.divisor == 0:  # which changes as well
            slope = math.nan
        enough = _put(self.gradient, at, quotient(slope, self.divisor, nats))
        return enough & _put(self.curvature, at, _condition(slope, pull, self.divisor, nats))

    def _total(self, nats: arb) -> bool:
        if any(found is None for found in self.answers):
            return False
        found = [each for each in self.answers if each is not None]
        if self.empty:
            return True
        loss = quotient(_sum([each.loss for each in found]), self.divisor, nats)
        if not self.derivatives:
            return _put(self.loss, 0, loss)
        pull = _sum([each.pull for each in found])
        spread = _condition(_sum([each.loss for each in found]), pull, self.divisor, nats)
        return _put(self.loss, 0, loss) & _put(self.condition, 0, spread)

    def nothing(self, wrong: str) -> Exact:
        """NaN everywhere, for a parameter out of range."""
        for numbers in (self.loss, self.condition, self.gradient, self.curvature):
            numbers[...] = _NAN
        self.invalid = {0: wrong}
        return self.exact()

    def exact(self) -> Exact:
        """What was found."""
        call = self.call
        classes = 1 if by_element(call) or call.axis is None else call.predictions.shape[call.axis]
        logits = 1 if self.layer is None else len(self.layer.weight)  # each a sum over the predictions of its row
        return Exact(
            loss=self.loss,
            gradient=self.gradient,
            condition=self.condition,
            gradient_condition=self.curvature,
            terms=max(1, logits * (classes if self.each else call.predictions.size)),
            invalid=next((wrong for _, wrong in sorted(self.invalid.items()) if wrong), ""),
        )


def _put(numbers: Numbers, at: int, x: Extended) -> bool:
    digits = decimal(x)
    if digits is not None:
        numbers.reshape(-1)[at] = digits
    return digits is not None


def _sum(numbers: Sequence[Extended]) -> Extended:
    infinite = sum(x for x in numbers if isinstance(x, float))
    return infinite if infinite != 0 else sum((x for x in numbers if not isinstance(x, float)), arb(0))


def _finite(spread: Extended, soft: fmpq | None) -> Extended:
    return spread if isinstance(spread, float) or soft is None else spread + arb(soft)


def _condition(x: Extended, spread: Extended, by: fmpq | None, nats: arb) -> Extended:
    """(|x| + spread) / |by · nats|."""
    if isinstance(x, float) or isinstance(spread, float):
        numbers = [y for y in (x, spread) if isinstance(y, float)]
        return math.nan if by is None or any(map(math.isnan, numbers)) else math.inf
    return quotient(abs(x) + spread, by if by is None else abs(by), abs(nats))


def _validate(call: Call) -> None:
    if call.reduction not in REDUCTIONS:
        raise CaseError(f"`reduction` must be one of {', '.join(REDUCTIONS)}; got {call.reduction!r}")
    shape: tuple[int, ...] = call.predictions.shape
    if call.spec.labels == "index":
        axis = -1 if call.axis is None else call.axis
        shape = tuple(np.delete(shape, axis))
    labels = None if call.labels is None else np.shape(call.labels)
    if call.spec.labels is not None and labels != shape:
        raise CaseError(f"`labels` must have the shape {shape}; got {labels}")
    if by_element(call) and call.activation in {"softmax", "log_softmax"}:
        raise CaseError(f"`activation` {call.activation} needs a class axis; {call.loss} has none")
    _validate_gradient(call)


def _validate_gradient(call: Call) -> None:
    """Refuse a gradient by what the loss has no derivative by, and a cotangent of what is reduced."""
    by = call.gradient_by
    known = call.spec.labels in {"binary", "distribution"} if by == "labels" else by in call.parameters
    if by != "predictions" and not known:
        raise CaseError(f"{call.loss} has no gradient by `{by}` here")
    if call.cotangent is not None and call.reduction != "none":
        raise CaseError(f"`cotangent` needs the reduction none; got {call.reduction!r}")


def _wrong_parameter(call: Call) -> str:
    """`parameter-range` for γ < 0, ε or a binary α outside [0, 1], a base that is no base of a logarithm."""
    gamma, share, base = call.get("gamma", 2.0), call.get("label_smoothing", 0.0), call.get("base")
    alpha = call.get("alpha") if by_element(call) else None
    right = (
        0 <= gamma < math.inf
        and 0 <= share <= 1
        and (base is None or (0 < base < math.inf and base != 1))
        and (alpha is None or 0 <= alpha <= 1)
    )
    return "" if right else "parameter-range"
