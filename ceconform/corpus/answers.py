"""Answers: what a case file states about the right value, and about those that a convention gives."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import keys
from ceconform.corpus.arrays import numbers
from ceconform.corpus.case import Expected, Numbers
from ceconform.corpus.field import Field
from ceconform.corpus.questions import LOSSES, Loss
from ceconform.libraries import LIBRARIES

__all__ = ["read_acceptable", "read_expected", "read_recognised_as"]

Shape = tuple[int, ...]
_BY_LOSS = ("loss", "condition")
_BY_GRADIENT = ("grad", "grad_condition")
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
        field.only(keys.EXPECTED, (*_BY_LOSS, *_BY_GRADIENT, "terms"))
    found = {key: _shaped(field[key], shapes[0]) for key in _BY_LOSS if key in field}
    found |= {key: _shaped(field[key], shapes[1]) for key in _BY_GRADIENT if key in field}
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
        found[name] = MappingProxyType({"loss": _shaped(field[name]["loss"], shape)})
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


def _shaped(field: Field, shape: Shape) -> Numbers:
    values = numbers(field)
    if values.shape != shape:
        if values.size == 0 and 0 in shape:  # `[]` stands for every empty array
            return values.reshape(shape)
        raise field.error(f"the shape {shape}", f"the shape {values.shape}")
    return values
