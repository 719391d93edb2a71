"""Answers: what the oracle says of a case, as the nodes that stand under `expected` and `acceptable`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

import numpy as np

from ceconform.authoring.places import label_places, stated
from ceconform.conventions import CONVENTIONS, Convention
from ceconform.corpus import Call, Case, Excerpt, Expected, Numbers
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence
from ceconform.corpus.excerpt import excerpt
from ceconform.errors import CaseError
from ceconform.libraries import LIBRARIES, resolve
from ceconform.oracle import Exact, evaluate

__all__ = ["acceptable", "digits", "exact", "expected", "losses", "recognised", "relevant", "written"]

DIGITS = 40
_FORTY = Context(prec=DIGITS)
_SIX_UP = Context(prec=6, rounding=ROUND_CEILING)
_PLAIN_EXPONENTS = range(-5, 21)


def digits(value: Decimal, context: Context = _FORTY) -> str:
    """Write a number in as few digits as it takes.

    >>> digits(Decimal("100.0")), digits(Decimal("1.50E-9"))
    ('100', '1.5e-9')
    """
    if not value.is_finite():
        return "nan" if value.is_nan() else ("inf" if value > 0 else "-inf")
    value = context.plus(value)
    if value == 0:
        return "0"
    if value.adjusted() in _PLAIN_EXPONENTS:
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    sign, figures, _ = value.as_tuple()
    text = "".join(map(str, figures)).rstrip("0")
    return f"{'-' * sign}{text[0]}{'.' * (len(text) > 1)}{text[1:]}e{value.adjusted()}"


def exact(case: Case) -> Exact:
    """Ask the oracle; the answer does not depend on the dtype, since all of them get the same numbers."""
    return evaluate(case.call("float64"))


def expected(case: Case, answer: Exact) -> Expected:
    """State an answer as the case's file does: long ones by their numbers at some places, and their sums."""
    loss, gradient = stated(answer.loss), stated(answer.gradient, label_places(case))
    return Expected(
        loss=loss,
        gradient=gradient,
        condition=_beside(answer.condition, loss),
        gradient_condition=_beside(answer.gradient_condition, gradient),
        terms=answer.terms,
        invalid=answer.invalid,
    )


def _beside(condition: Numbers, of: Numbers | Excerpt) -> Numbers | Excerpt:
    return excerpt(condition, of.places) if isinstance(of, Excerpt) else condition


def written(answer: Expected) -> Mapping:
    """Write an answer; conditions scale tolerances, so six digits do, rounded up."""
    items: dict[str, Node] = {"invalid": Scalar(answer.invalid)} if answer.invalid else {}
    parts = {"loss": answer.loss, "grad": answer.gradient}
    items |= {key: losses(numbers) for key, numbers in parts.items() if numbers is not None}
    scales = {"condition": answer.condition, "grad_condition": answer.gradient_condition}
    items |= {key: _scales(numbers) for key, numbers in scales.items() if numbers is not None}
    items["terms"] = Scalar(str(answer.terms))
    return Mapping(items, {})


def relevant(case: Case) -> Iterator[tuple[str, tuple[Convention, ...]]]:
    """Give the conventions that a loss can be computed by, each alone; then each library's own tuple.

    Those that describe a mistake (an activation too many, the wrong space) or a narrower dtype are left out:
    they make no answer right.
    """
    for name, rule in CONVENTIONS.items():
        if case.loss in rule.losses and not (rule.activation or rule.taken_as or rule.precision or rule.flush):
            yield name, (rule,)
    for library in LIBRARIES:
        whole = library.partition("[")[0]  # `keras[tensorflow]` is worth saying where it is not as `keras`
        rules = resolve(library, case.loss)
        if rules and (whole == library or whole not in LIBRARIES or rules != resolve(whole, case.loss)):
            yield library, rules


def acceptable(case: Case, answer: Exact) -> Mapping:
    """Write the losses that conventions give where they differ from the answer; constants are binary64."""
    items: dict[str, Node] = {}
    right = losses(stated(answer.loss))
    known: dict[tuple[Convention, ...], Node] = {(): right}
    for name, rules in relevant(case) if not answer.invalid else ():
        at_work = tuple(rule for rule in rules if _bears(rule, case, answer))
        try:
            if at_work not in known:
                known[at_work] = losses(
                    stated(evaluate(case.call("float64"), conventions=at_work, gradient=False).loss)
                )
        except CaseError:
            continue  # the convention has no meaning for this question
        if known[at_work] != right:
            items[name] = Mapping({"loss": known[at_work]}, {})
    return Mapping(items, {})


def _bears(rule: Convention, case: Case, answer: Exact) -> bool:
    """Whether a convention has any bearing on a question; each states one thing, or one and its constants."""
    reduction = case.parameters.get("reduction", "none")
    mean = reduction in {"mean", "weighted_mean"}
    return (
        not (rule.divisor and not mean)
        and not (rule.divisor == "count" and reduction == "mean")
        and not (rule.empty and not (mean and answer.loss.item().is_nan()))
        and not (rule.smoothing and not case.parameters.get("label_smoothing"))
    )


def recognised(case: Case) -> Exact:
    """Ask for the loss that was meant, under the conventions that the case is recognised by."""
    call = case.call("float64")
    meant = Call(
        loss=case.recognised_as["loss"],
        predictions=call.predictions,
        labels=call.labels,
        parameters=call.parameters,
        dtype=call.dtype,
        label_dtype=call.label_dtype,
    )
    rules = tuple(CONVENTIONS[name] for name in case.recognised_as["conventions"])
    return evaluate(meant, conventions=rules, gradient=False)


def losses(values: Numbers | Excerpt) -> Node:
    """Write losses, or gradients."""
    if not isinstance(values, Excerpt):
        return _node(values, digits)
    items = {
        "at": Sequence(tuple(Scalar(str(place)) for place in values.places)),
        "numbers": _node(values.numbers, digits),
        "sum": Scalar(digits(values.sum)),
        "absolute_sum": Scalar(digits(values.absolute_sum)),
    }
    return Mapping(items, {})


def _scales(values: Numbers | Excerpt) -> Node:
    if not isinstance(values, Excerpt):
        return _node(values, _scale)
    return Mapping({"numbers": _node(values.numbers, _scale), "sum": Scalar(_scale(values.sum))}, {})


def _scale(value: Decimal) -> str:
    return digits(value, _SIX_UP)


def _node(values: Numbers, write: Callable[[Decimal], str]) -> Node:
    def node(item: Any) -> Node:
        return Sequence(tuple(map(node, item))) if isinstance(item, list) else Scalar(write(item))

    return node(np.asarray(values, dtype=object).tolist())
