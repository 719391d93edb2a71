"""A draft: a question with its exact answer as the text of a case, as lint would leave it."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from typing import Any

import numpy as np

from ceconform.authoring.answers import acceptable, expected, written
from ceconform.authoring.formatting import format_document
from ceconform.corpus import LOSSES, Case
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence
from ceconform.formats import digits, fits
from ceconform.oracle import Exact

__all__ = ["draft", "heading", "rounding"]

_FAMILIES: MappingOf[str, str] = {
    "binary": "binary",
    "brier": "divergence",
    "categorical": "categorical",
    "entropy": "divergence",
    "hinge": "margin",
    "kl": "divergence",
    "linear": "linear",
    "multilabel": "multilabel",
    "nll": "nll",
    "soft": "margin",
    "sparse": "sparse",
    "squared": "margin",
}
"""The first word of a loss, and where cases/README.md defines it."""


def heading(about: str) -> str:
    """The beginning of a file of drafts, up to its first case."""
    return format_document(_file(about, {}), "").rstrip() + "\n"


def draft(case: Case, exact: Exact, slug: str, *, comments: tuple[str, ...] = ()) -> str:
    """Write a case as it stands below `cases:`; the comments stand above it.

    `case` is drawn: its arrays are numbers of its rounding, and no generator made them.
    """
    whole = format_document(_file("", {slug: _case(case, exact)}), "")
    above = "".join(f"  # {' '.join(comment.split())}\n" for comment in comments)
    return above + whole.partition("cases:\n")[2]


def rounding(case: Case) -> str:
    """The widest of the usual formats in which the case's numbers are as short: float32 wherever it serves."""
    dtype = case.rounding
    numbers = [x for array in _arrays(case) for x in array.ravel().tolist()]
    if dtype == "float64":
        return "float32" if fits(np.asarray(numbers, dtype=np.float64), "float32") else dtype
    same = all(digits(x, dtype) == digits(x, "float32") for x in numbers)
    return "float32" if same else dtype


def _arrays(case: Case) -> list[Any]:
    labels = () if case.labels is None or case.labels.dtype != np.float64 else (case.labels,)
    return [case.predictions, *labels, *(x for x in case.parameters.values() if isinstance(x, np.ndarray))]


def _file(about: str, cases: dict[str, Node]) -> Mapping:
    items: dict[str, Node] = {"about": Scalar(about), "cases": Mapping(cases, dict.fromkeys(cases, 1))}
    return Mapping(items, dict.fromkeys(items, 1))


def _case(case: Case, exact: Exact) -> Mapping:
    spec, dtype = LOSSES[case.loss], rounding(case)
    definition = "focal" if "focal" in case.loss else _FAMILIES[case.loss.partition("_")[0]]
    sources = {"definition": f"cases/README.md#{definition}", **case.sources}
    items: dict[str, Node] = {
        "description": Scalar(case.description),
        "sources": Mapping({name: Scalar(text) for name, text in sources.items()}, {}),
        "loss": Scalar(case.loss),
    }
    if dtype != "float32":
        items["rounding"] = Scalar(dtype)
    if case.activation is not None:
        items["activation"] = Scalar(case.activation)
    items[spec.predictions if case.activation is None else "logits"] = _node(case.predictions, dtype)
    if case.labels is not None:
        items["labels"] = _node(case.labels, dtype)
    if case.label_dtype is not None:
        items["label_dtype"] = Scalar(case.label_dtype)
    for name, value in case.parameters.items():
        items[name] = _node(value, dtype)
    items["expected"] = written(expected(case, exact))
    others = acceptable(case, exact)
    if others.items:
        items["acceptable"] = others
    return Mapping(items, {})


def _node(value: Any, dtype: str) -> Node:
    if isinstance(value, np.ndarray):
        if value.size == 0 and value.ndim > 1:
            return _nothing(value)
        return _nested(value.tolist(), dtype if value.dtype == np.float64 else "")
    if value is None:
        return Scalar("null")
    return _nested(value, "float64" if isinstance(value, float) else "")


def _nothing(value: Any) -> Node:
    """No rows, for which a list cannot say how wide they are."""
    row = _nested(np.zeros(value.shape[1:]).tolist(), "float32")
    return Mapping({"repeat": Sequence((row, Scalar(str(len(value)))))}, {})


def _nested(value: Any, dtype: str) -> Node:
    if isinstance(value, list):
        return Sequence(tuple(_nested(each, dtype) for each in value))
    if not dtype:
        return Scalar(str(int(value)) if not isinstance(value, str) else value)
    return Scalar(digits(value, dtype).removesuffix(".0").replace("e+", "e"))
