"""Vectors: the corpus as plain JSON, for readers in any language that have no YAML and no arbitrary precision.

`cases/VECTORS.md` describes the files, `cases/vectors.schema.json` their schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.authoring.answers import digits
from ceconform.corpus import LOSSES, Case, Excerpt, Numbers, Seen
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence
from ceconform.corpus.excerpt import LONG, listed
from ceconform.corpus.numbers import number
from ceconform.formats import FORMATS, rounded
from ceconform.formats import digits as shortest

__all__ = ["FORMAT", "vector", "vectors"]

FORMAT = 1
"""The version of the files' format."""


def vectors(cases: Iterable[Case], loss: str, dtype: str, *, corpus: str) -> dict[str, Any]:
    """Write the questions about one loss in one dtype; `corpus` is the hash of the whole corpus."""
    form = FORMATS[dtype]
    return {
        "$schema": "../vectors.schema.json",
        "format": FORMAT,
        "corpus": corpus,
        "loss": loss,
        "dtype": dtype,
        "eps": form.eps.hex(),
        "smallest_subnormal": form.smallest_subnormal.hex(),
        "cases": [vector(case, dtype) for case in cases if case.loss == loss and dtype in case.dtypes],
    }


def vector(case: Case, dtype: str) -> dict[str, Any]:
    """Write one question with its answer, in one dtype.

    Examples
    --------
    >>> from ceconform.corpus import load, select
    >>> found = vector(select(load(), ["binary/clipping/certain-and-wrong"])[0], "float32")
    >>> found["expected"]["loss"]["hex"], found["predictions"]["decimal"]
    (['inf', '0x1.62e4300000000p-1'], ['0.0', '0.5'])
    """
    spec = LOSSES[case.loss]
    space = "logits" if case.activation else spec.predictions
    labels = case.label_dtype or ("int64" if spec.labels == "index" else dtype)
    found: dict[str, Any] = {
        "id": case.id,
        "description": case.description,
        "sources": dict(case.sources),
        "tags": list(case.tags),
        "space": space,
        "assumed": case.space == "default",
        "activation": case.activation,
        "predictions": _array(case, space, case.predictions, dtype),
        "labels": None if case.labels is None else _array(case, "labels", case.labels, labels),
        "gradient_by": case.gradient_by,
        "cotangent": None if case.cotangent is None else _array(case, "cotangent", case.cotangent, dtype),
        "parameters": {name: _parameter(case, name, dtype) for name in case.parameters},
        "expected": _expected(case, dtype),
        "acceptable": {name: _answer(rule["loss"], dtype) for name, rule in case.acceptable.items()},
    }
    if case.recognised_as:
        found["recognised_as"] = {
            "loss": case.recognised_as["loss"],
            "conventions": list(case.recognised_as["conventions"]),
        }
    if case.seen:
        found["seen"] = [_seen(seen) for seen in case.seen]
    return found


def _seen(seen: Seen) -> dict[str, Any]:
    """A wrong answer of which a thread tells, with its digits as they are told."""
    words = ("thread", "implementation", "version", "dtype", "device", "raised")
    found: dict[str, Any] = {name: getattr(seen, name) for name in words if getattr(seen, name)}
    if seen.figures is not None:
        part = "loss" if seen.part == "value" else "gradient"
        found[part] = {"shape": list(seen.figures.shape), "figures": seen.figures.ravel().tolist()}
    return found


def _parameter(case: Case, name: str, dtype: str) -> Any:
    """An array in the dtype, a number in binary64, a whole number or a word as it is."""
    value = case.parameters[name]
    if isinstance(value, np.ndarray):
        return _array(case, name, value, dtype)
    return {"hex": value.hex(), "decimal": shortest(value, "float64")} if isinstance(value, float) else value


def _array(case: Case, key: str, values: NDArray[Any], dtype: str) -> dict[str, Any]:
    """The numbers of a question: listed, or described where they are many."""
    head = {"dtype": dtype, "shape": list(values.shape)}
    floating = dtype in FORMATS
    if values.size > LONG and key in case.described:
        return {**head, "generator": _described(case.described[key], case.rounding if floating else "")}
    if not floating:
        return {**head, "values": [int(value) for value in values.ravel().tolist()]}
    numbers = [float(value) for value in values.ravel().tolist()]
    return {**head, "hex": [x.hex() for x in numbers], "decimal": [shortest(x, dtype) for x in numbers]}


def _described(node: Node, rounding: str) -> Any:
    """A description with exact numbers: hexadecimal where they are floating, rounded as its case says."""

    def write(text: str) -> Any:
        return rounded(number(text), rounding).hex() if rounding else int(number(text))

    match node:
        case Scalar(text):
            return write(text)
        case Sequence(items):
            return [_described(item, rounding) for item in items]
        case Mapping(items):
            ((name, body),) = items.items()
            return {name: _GENERATORS[name](body, write, rounding)}


def _linspace(body: Any, write: Callable[[str], Any], _: str) -> list[Any]:
    start, stop, count = (item.text for item in body.items)
    return [write(start), write(stop), int(count)]


def _repeat(body: Any, _: Callable[[str], Any], rounding: str) -> list[Any]:
    value, count = body.items
    return [_described(value, rounding), int(count.text)]


def _concat(body: Any, _: Callable[[str], Any], rounding: str) -> Any:
    return _described(body, rounding)


def _hashed(body: Any, _write: Callable[[str], Any], _rounding: str) -> dict[str, Any]:
    found = {key: int(node.text) for key, node in body.items.items() if key != "shape"}
    return {**found, "shape": [int(size.text) for size in body.items["shape"].items]}


_GENERATORS: dict[str, Callable[[Any, Callable[[str], Any], str], Any]] = {
    "concat": _concat,
    "hash": lambda *given: {"bits": 20, **_hashed(*given)},
    "integers": _hashed,
    "linspace": _linspace,
    "repeat": _repeat,
}


def _expected(case: Case, dtype: str) -> dict[str, Any]:
    """The right answer, rounded to the dtype, with its conditions; or the error."""
    expected = case.expected
    if expected.error or expected.loss is None:
        return {"error": expected.error}
    invalid = {"invalid": expected.invalid} if expected.invalid else {}
    parts = (("loss", expected.loss, expected.condition), ("gradient", expected.gradient, expected.gradient_condition))
    answers = {name: _answer(values, dtype, condition) for name, values, condition in parts if values is not None}
    return {**invalid, **answers, "terms": expected.terms}


def _answer(values: Numbers | Excerpt, dtype: str, condition: Numbers | Excerpt | None = None) -> dict[str, Any]:
    """Exact numbers: as a dtype rounds them, and to 40 digits; of very many what the case states of them."""
    found: dict[str, Any] = {"shape": list(values.shape)}
    if isinstance(values, Excerpt):
        found["at"] = list(values.places)
    numbers = listed(values).tolist()
    found |= {"hex": [rounded(x, dtype).hex() for x in numbers], "decimal": [digits(x) for x in numbers]}
    if condition is not None:
        found["condition"] = [digits(scale) for scale in listed(condition).tolist()]
    if isinstance(values, Excerpt):
        totals = {"sum": values.sum, "absolute_sum": values.absolute_sum}
        found |= {name: _total(total, condition) for name, total in totals.items()}
    return found


def _total(total: Decimal, condition: Numbers | Excerpt | None) -> dict[str, str]:
    """What all numbers add up to, in binary64; its condition is the sum of theirs."""
    found = {"hex": float(total).hex(), "decimal": digits(total)}
    return {**found, "condition": digits(condition.sum)} if isinstance(condition, Excerpt) else found
