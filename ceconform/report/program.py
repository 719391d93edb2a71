"""Programs: a result as a few lines of Python, or of JavaScript, that import only the library."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.adapters import Dialect
from ceconform.corpus import LOSSES, Case
from ceconform.formats import digits

__all__ = ["literal", "program"]

_WIDTH = 100
_JAVASCRIPT: Mapping[str, str] = MappingProxyType({"inf": "Infinity", "nan": "NaN", "True": "true", "False": "false"})


def program(
    dialect: Mapping[str, str],
    expression: str,
    case: Case,
    dtype: str,
    device: str,
    *,
    gradient: bool = True,
) -> str:
    """Write a standalone program that makes the call and prints its loss, and its gradient where there is one.

    Parameters
    ----------
    dialect
        How the library is spoken: `imports`, `array`, `gradient`, `show` and `language`, as a report's header has
        them.
    expression
        The call in the library's own words; the arrays that it names are written as literals.
    gradient
        Whether to print the gradient too, if the dialect has one.
    """
    speech = Dialect(**dialect)
    if speech.language == "javascript":
        return _javascript(speech, expression, case, dtype, device, gradient=gradient)
    arrays = _arrays(case, dtype)
    used = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
    used |= {"cotangent"} if gradient else set()
    bodies = []
    for name, (values, kind) in arrays.items():
        if name in used:
            text = case.generators.get(name) or literal(values, kind)
            bodies.append(f"{name} = {speech.array.format(values=text, dtype=kind, device=device)}")
    steps = _steps(speech, expression, case, next(iter(arrays))) if gradient else ""
    loss = f"loss = {expression}"
    shown = speech.show.format(name="loss")
    if steps:
        shows = [shown, speech.show.format(name="gradient")]
        # Some libraries set the loss on the way to its gradient.
        bodies += [steps, *shows] if re.search(r"^(\w+, )*loss\b.*=", steps, re.MULTILINE) else [loss, steps, *shows]
    else:
        bodies += [loss, shown]
    body = "\n".join(bodies)
    return "\n".join([*_imports(body, speech.imports), "", body, ""])


def _javascript(speech: Dialect, expression: str, case: Case, dtype: str, device: str, *, gradient: bool) -> str:
    """The same in JavaScript, an ES module; its class indices are int32, where a case does not state them."""
    arrays = _arrays(case, dtype)
    used = set(re.findall(r"(?<![.\w])[a-z_]\w*", expression)) | ({"cotangent"} if gradient else set())
    body = []
    for name, (values, kind) in arrays.items():
        if name in used:
            text = literal(values, kind) if values.size else "[]"
            text = re.sub(r"\b(inf|nan|True|False)\b", lambda word: _JAVASCRIPT[word[0]], text)
            known = kind if case.label_dtype or kind != "int64" else "int32"
            made = speech.array.format(values=text, shape=[*values.shape], dtype=known, device=device)
            body.append(f"const {name} = {made};")
    body += [f"const loss = {expression};", speech.show.format(name="loss")]
    steps = _steps(speech, expression, case, next(iter(arrays))) if gradient else ""
    if steps:
        body += [steps, speech.show.format(name="gradient")]
    used = set(re.findall(r"\w+", expression))
    imports, *functions = speech.imports.split("\n\n")
    needed = [text for text in functions if not used.isdisjoint(re.findall(r"^(?:async )?function (\w+)", text))]
    return "\n\n".join([imports, *needed, "\n".join([*body, ""])])


def _steps(speech: Dialect, expression: str, case: Case, predictions: str) -> str:
    """How the gradient is asked for; empty where the dialect cannot say it."""
    by = predictions if case.gradient_by == "predictions" else case.gradient_by
    return speech.differentiate(expression, by, cotangent=case.cotangent is not None)


def _imports(body: str, imports: str) -> Iterator[str]:
    names = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    special = [name for name in ("inf", "nan") if name in names]
    if special:
        yield f"from math import {', '.join(special)}"
        yield ""
    if "np" in names and "import numpy as np" not in imports:
        yield "import numpy as np"
    yield imports


def _arrays(case: Case, dtype: str) -> dict[str, tuple[NDArray[Any], str]]:
    """The arrays of a case, by the names that a source gives them, the predictions first."""
    spec = LOSSES[case.loss]
    arrays: dict[str, tuple[NDArray[Any], str]] = {
        spec.predictions if case.activation is None else "logits": (case.predictions, dtype)
    }
    if case.labels is not None:
        arrays["labels"] = case.labels, case.label_dtype or ("int64" if spec.labels == "index" else dtype)
    for name, value in case.parameters.items():
        if isinstance(value, np.ndarray):
            arrays[name] = value, dtype
    if case.cotangent is not None:
        arrays["cotangent"] = case.cotangent, dtype
    return arrays


def literal(values: NDArray[Any], dtype: str) -> str:
    """Write an array as nested lists of numbers that the dtype reads back exactly.

    >>> literal(np.float32([[0.1, np.inf]]), "float32")
    '[[0.1, inf]]'
    """
    if not values.size and values.ndim > 1:
        return f"np.zeros({values.shape})"  # lists cannot say how wide no rows are
    text = _nested(values.tolist(), dtype)
    if len(text) <= _WIDTH or values.ndim == 0:
        return text
    if values.ndim == 1:
        return f"[\n{textwrap.fill(text[1:-1], _WIDTH, initial_indent='    ', subsequent_indent='    ')},\n]"
    rows = ",\n".join(textwrap.indent(literal(row, dtype), "    ") for row in values)
    return f"[\n{rows},\n]"


def _nested(values: Any, dtype: str) -> str:
    if isinstance(values, list):
        return f"[{', '.join(_nested(each, dtype) for each in values)}]"
    if dtype.startswith(("int", "uint", "bool")):
        return str(int(values)) if values == values // 1 else repr(values)
    # A library reads a literal as a float64 first: the short digits must survive that, as they do in nearly all cases.
    short = digits(values, dtype)
    survives = dtype == "float64" or (dtype == "float32" and np.float32(float(short)) == values)
    return short if survives or not np.isfinite(values) else repr(float(values))
