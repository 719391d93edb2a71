"""The schema of a case file, for editors and for readers in other languages: made from what the losses take.

A number may be text or a YAML number there, because an editor sees `0.5` as a number; ours reads its text.
"""

from __future__ import annotations

from typing import Any

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import keys
from ceconform.corpus.questions import LOSSES, REDUCTIONS, Loss
from ceconform.formats import FORMATS
from ceconform.libraries import LIBRARIES

__all__ = ["schema"]

_DECIMAL = r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"
_HEXADECIMAL = r"[-+]?0x[0-9a-fA-F]+(\.[0-9a-fA-F]*)?(p[-+]?[0-9]+)?"
_SLUG = "[a-z0-9]+(-[a-z0-9]+)*"
_THREAD = r"^[\w.-]+/[\w.-]+#[0-9]+$"
_TEXT = {"type": "string", "minLength": 1}
_INTEGER = {"type": ["integer", "string"], "pattern": "^[-+]?[0-9]+$"}


def schema() -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of a case file.

    >>> schema()["required"]
    ['about', 'cases']
    """
    of_case = _of_case()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of cases",
        "description": "Questions about cross-entropy losses, each with its one right answer; see README.md.",
        **_closed(
            {
                "about": _TEXT,
                "defaults": _closed({key: of_case[key] for key in keys.DEFAULTS}),
                "cases": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": f"^{_SLUG}$"},
                    "additionalProperties": _ref("case"),
                },
            },
            "about",
            "cases",
        ),
        "$defs": {
            "number": {
                "type": ["number", "string"],
                "pattern": f"^({_DECIMAL}|{_HEXADECIMAL}|[-+]?inf|nan)$",
            },
            "numbers": {"anyOf": [_ref("number"), _list(_ref("numbers"))]},
            "answer": {"anyOf": [_ref("numbers"), _excerpt(*keys.EXCERPT)]},
            "scale": {"anyOf": [_ref("numbers"), _excerpt("numbers", "sum")]},
            "figures": {"anyOf": [{"type": "null"}, {"enum": ["null", "~"]}, _ref("number"), _list(_ref("figures"))]},
            "array": {"anyOf": [_ref("number"), _list(_ref("array")), _ref("generator")]},
            "generator": _generator(),
            "case": {
                **_closed(of_case, "description"),
                "allOf": [_only_of(loss) for loss in LOSSES.values()],
            },
        },
    }


def _of_case() -> dict[str, Any]:
    """Each key of a case."""
    answer = {"loss": _ref("answer"), "grad": _ref("answer")}
    of_case: dict[str, Any] = {
        **{key: _ref("array") for key in (*keys.SPACES, "labels", *keys.PARAMETERS, "cotangent")},
        "description": _TEXT,
        "formerly": _list({"type": "string", "pattern": f"^{_SLUG}(/{_SLUG})+$"}),
        "sources": {"type": "object", "minProperties": 1, "additionalProperties": _TEXT},
        "tags": _list({"type": "string", "pattern": f"^{_SLUG}$"}),
        "loss": {"enum": list(LOSSES)},
        "activation": {"enum": list(keys.ACTIVATIONS)},
        "space": {"enum": ["stated", "default"]},
        "rounding": {"enum": list(FORMATS)},
        "dtypes": _list({"enum": list(FORMATS)}),
        "label_dtype": {"enum": [*keys.LABEL_DTYPES, *keys.WRONG_LABEL_DTYPES]},
        **{key: _ref("number") for key in ("label_smoothing", "gamma", "base")},
        "axis": {"anyOf": [_INTEGER, {"type": "null"}, {"enum": ["null", "~"]}]},
        "ignore_index": _INTEGER,
        "reduction": {
            **_TEXT,
            "description": f"{', '.join(REDUCTIONS)}; another word where that is the expected error.",
        },
        "gradient_by": {"enum": list(keys.GRADIENT_BY)},
        "cited": _closed({key: _ref("figures") for key in answer}),
        "seen": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": _THREAD},
            "additionalProperties": _seen(),
        },
        "recognised_as": _closed(
            {"loss": {"enum": list(LOSSES)}, "conventions": _list({"enum": list(CONVENTIONS)})},
            "loss",
            "conventions",
        ),
        "expected": _closed(
            {
                **answer,
                "error": {"enum": list(keys.ERRORS)},
                "invalid": {"enum": list(keys.INVALID)},
                "condition": _ref("scale"),
                "grad_condition": _ref("scale"),
                "terms": _INTEGER,
            }
        ),
        "acceptable": _closed({name: _closed({"loss": answer["loss"]}, "loss") for name in (*CONVENTIONS, *LIBRARIES)}),
    }
    return {key: of_case[key] for key in keys.CASE}


def _seen() -> dict[str, Any]:
    """A wrong answer: one of numbers and an error."""
    closed = _closed(
        {
            "implementation": _TEXT,
            "version": {"type": ["string", "number"], "minLength": 1},
            "raised": _TEXT,
            "dtype": {"enum": list(FORMATS)},
            "device": {"type": "string", "pattern": f"^{_SLUG}$"},
            **{key: _ref("figures") for key in ("loss", "grad")},
        },
        "implementation",
    )
    return {**closed, "oneOf": [{"required": [key]} for key in keys.ANSWERS]}


def _only_of(loss: Loss) -> dict[str, Any]:
    """Of a case that states its loss: the keys that have a meaning there."""
    others = {*keys.SPACES} - {loss.predictions, "logits"} | {*keys.PARAMETERS} - {*loss.parameters}
    others |= set() if loss.labels else {"labels", "label_dtype"}
    others |= {"logits", "activation"} if loss.layer else set()
    return {
        "if": {"properties": {"loss": {"const": loss.name}}, "required": ["loss"]},
        "then": {"properties": {key: False for key in keys.CASE if key in others}},
    }


def _excerpt(*names: str) -> dict[str, Any]:
    """Some of very many numbers, and what all add up to."""
    kinds = {"at": _list(_INTEGER), "numbers": _list(_ref("number"))}
    return _closed({name: kinds.get(name, _ref("number")) for name in names}, *names)


def _generator() -> dict[str, Any]:
    shape = _list(_INTEGER)
    numbers = dict.fromkeys(("seed", "low", "high"), _INTEGER)
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "concat": _list(_ref("array")),
            "hash": _closed({**numbers, "shape": shape, "bits": _INTEGER}, *numbers, "shape"),
            "integers": _closed({**numbers, "shape": shape}, *numbers, "shape"),
            "linspace": _tuple(_ref("number"), _ref("number"), _INTEGER),
            "repeat": _tuple(_ref("array"), _INTEGER),
        },
    }


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    closed: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**closed, "required": list(required)} if required else closed


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _tuple(*items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "prefixItems": list(items), "items": False, "minItems": len(items)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}
