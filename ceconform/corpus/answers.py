"""Answers: what a case file states about the right value, and about those that a convention gives."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import keys
from ceconform.corpus.arrays import numbers
from ceconform.corpus.case import Expected
from ceconform.corpus.document import Mapping
from ceconform.corpus.excerpt import Excerpt, Numbers
from ceconform.corpus.field import Field
from ceconform.corpus.questions import LOSSES, Loss
from ceconform.libraries import LIBRARIES

__all__ = ["read_acceptable", "read_expected", "read_recognised_as"]

Shape = tuple[int, ...]
_PARTS = (("loss", "condition"), ("grad", "grad_condition"))
"""Numbers, and the conditions of each."""
_RULES = (*CONVENTIONS, *LIBRARIES)


def read_expected(case: Field, shapes: tuple[Shape, Shape] | None, *, answered: bool) -> Expected:
    """Read `expected`; `shapes` are those of loss and predictions, None where an error is expected."""
    if "expected" not in case:
        if answered:
            raise case.error("the key expected, which `ceconform lint --fix` writes", "a mapping without it")
        return Expected()
    field = case["expected"]
    field.only(keys.EXPECTED)
    if shapes is None:
        field.only(("error",))
        return Expected(error=field["error"].choice(keys.ERRORS))
    if answered:
        field.only(keys.EXPECTED, (*(key for part in _PARTS for key in part), "terms"))
    found: dict[str, Numbers | Excerpt] = {}
    for (key, scale), shape in zip(_PARTS, shapes, strict=True):
        if key in field:
            found[key] = _stated(field[key], shape)
        if scale in field:
            found[scale] = _scale(field[scale], shape, found.get(key))
    terms = field["terms"].integer() if "terms" in field else 0
    if terms < 0:
        raise field["terms"].error("0 terms or more")
    return Expected(
        loss=found.get("loss"),
        gradient=found.get("grad"),
        condition=found.get("condition"),
        gradient_condition=found.get("grad_condition"),
        terms=terms,
        invalid=field["invalid"].choice(keys.INVALID) if "invalid" in field else "",
    )


def read_acceptable(case: Field, shape: Shape) -> MappingProxyType[str, Any]:
    """Read `acceptable`: by the name of a convention or of a library, the loss that it gives."""
    if "acceptable" not in case:
        return MappingProxyType({})
    field = case["acceptable"]
    field.only(_RULES)
    found = {}
    for name in field.keys():  # noqa: SIM118 - a field is no dict
        field[name].only(("loss",), ("loss",))
        found[name] = MappingProxyType({"loss": _stated(field[name]["loss"], shape)})
    return MappingProxyType(found)


def read_recognised_as(case: Field) -> MappingProxyType[str, Any]:
    """Read `recognised_as`: the loss that was meant, and the conventions under which it gives this number."""
    if "recognised_as" not in case:
        return MappingProxyType({})
    field = case["recognised_as"]
    field.only(("loss", "conventions"), ("loss", "conventions"))
    loss = field["loss"].choice(LOSSES)
    conventions = tuple(_convention(each, LOSSES[loss]) for each in field["conventions"])
    return MappingProxyType({"loss": loss, "conventions": conventions})


def _convention(field: Field, loss: Loss) -> str:
    name = field.choice(CONVENTIONS)
    if loss.name not in CONVENTIONS[name].losses:
        raise field.error(f"a convention that speaks of {loss.name}")
    return name


def _stated(field: Field, shape: Shape) -> Numbers | Excerpt:
    """All numbers, or an excerpt."""
    if not isinstance(field.node, Mapping):
        return _shaped(field, shape)
    field.only(keys.EXCERPT, keys.EXCERPT)
    places = tuple(each.integer() for each in field["at"])
    if not places or [*places] != sorted({*places}) or not 0 <= places[0] <= places[-1] < math.prod(shape):
        raise field["at"].error(f"ascending places among {math.prod(shape)} numbers, counted from 0")
    return Excerpt(
        shape=shape,
        places=places,
        numbers=_shaped(field["numbers"], (len(places),)),
        sum=_shaped(field["sum"], ()).item(),
        absolute_sum=_shaped(field["absolute_sum"], ()).item(),
    )


def _scale(field: Field, shape: Shape, of: Numbers | Excerpt | None) -> Numbers | Excerpt:
    """The conditions of what is stated, and their sum if that is an excerpt."""
    if not isinstance(of, Excerpt):
        return _shaped(field, shape)
    field.only(("numbers", "sum"), ("numbers", "sum"))
    total = _shaped(field["sum"], ()).item()
    numbers = _shaped(field["numbers"], of.numbers.shape)
    return Excerpt(shape=shape, places=of.places, numbers=numbers, sum=total, absolute_sum=total)


def _shaped(field: Field, shape: Shape) -> Numbers:
    values = numbers(field)
    if values.shape != shape:
        if values.size == 0 and 0 in shape:  # `[]` stands for every empty array
            return values.reshape(shape)
        raise field.error(f"the shape {shape}", f"the shape {values.shape}")
    return values
