"""Reducing: the questions that are one step simpler than a question, simplest steps last.

Hypothesis shrinks what it drew; these steps know what a question is made of, and take away a parameter, a row, a class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import LOSSES, Case
from ceconform.formats import fits

__all__ = ["simpler"]

_KEPT = frozenset({"axis", "weight"})
_BY_CLASS = ("class_weight", "alpha", "bias", "weight")
_PLAIN: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "hidden": (0.0, 1.0),
        "logits": (0.0, 1.0),
        "log_probabilities": (-1.0,),
        "probabilities": (0.5,),
    }
)


def simpler(case: Case) -> Iterator[Case]:
    """Give the questions that lack one thing of this one: a parameter, a row, a class, an odd number.

    Examples
    --------
    >>> from ceconform.corpus import Expected
    >>> question = Case(id="", description="", loss="hinge_loss", predictions=np.array([7.0]), expected=Expected(),
    ...     labels=np.array([1.0]), parameters={"reduction": "sum"}, sources={}, dtypes=("float32",))
    >>> [(dict(each.parameters), each.predictions.tolist()) for each in simpler(question)]
    [({}, [7.0]), ({'reduction': 'sum'}, [0.0]), ({'reduction': 'sum'}, [1.0])]
    """
    yield from _without_parameters(case)
    yield from _without_rows(case)
    yield from _without_classes(case)
    yield from _plainer(case)


def _without_parameters(case: Case) -> Iterator[Case]:
    for name in case.parameters:
        if name not in _KEPT:
            yield _with(case, parameters={key: x for key, x in case.parameters.items() if key != name})
    if case.activation is not None and _space(case) == LOSSES[case.loss].predictions:
        yield replace(case, activation=None)
    if case.label_dtype is not None and case.labels is not None:
        usual = "int64" if LOSSES[case.loss].labels == "index" else "float64"
        yield replace(case, labels=case.labels.astype(usual), label_dtype=None)
    if case.dtypes != ("float32",) and all(fits(array, "float32") for array in _floats(case)):
        yield replace(case, dtypes=("float32",), rounding="float32")


def _floats(case: Case) -> Iterator[NDArray[np.float64]]:
    for array in (case.predictions, case.labels, *case.parameters.values()):
        if isinstance(array, np.ndarray) and array.dtype == np.float64:
            yield array


def _space(case: Case) -> str:
    """Of the predictions: logits, where an activation comes before the loss."""
    return LOSSES[case.loss].predictions if case.activation is None else "logits"


def _class_axis(case: Case) -> int | None:
    """The axis of the classes in the predictions, from the front."""
    spec, x = LOSSES[case.loss], case.predictions
    axis = case.parameters.get("axis", -1)
    return None if spec.labels in {"binary", "sign"} or axis is None else int(axis) % x.ndim


def _without_rows(case: Case) -> Iterator[Case]:
    x, classes = case.predictions, _class_axis(case)
    by_index = LOSSES[case.loss].labels == "index"
    losses = x.ndim - (classes is not None)
    for axis in range(x.ndim):
        if axis == classes or x.shape[axis] == 1:
            continue
        place = axis - (classes is not None and axis > classes)
        for row in range(x.shape[axis]):
            labels = case.labels
            if labels is not None:
                labels = np.delete(labels, row, place if by_index else axis)
            parameters = dict(case.parameters)
            for name, ndim, where in (("sample_weight", losses, place), ("pos_weight", x.ndim, axis)):
                if isinstance(parameters.get(name), np.ndarray):
                    parameters[name] = _cut(parameters[name], row, where - ndim)
            yield _with(case, predictions=np.delete(x, row, axis), labels=labels, parameters=parameters)


def _cut(weights: NDArray[np.float64], row: int, axis: int) -> NDArray[np.float64]:
    """Leave out what belongs to a row; the axis, from the back, may not be there or be broadcast."""
    there = weights.ndim >= -axis and weights.shape[axis] > 1
    return np.delete(weights, row, axis) if there else weights


def _without_classes(case: Case) -> Iterator[Case]:
    spec, axis = LOSSES[case.loss], _class_axis(case)
    if axis is None:
        return
    count = len(case.parameters["weight"]) if spec.layer else case.predictions.shape[axis]
    for c in range(count) if count > 2 else ():  # noqa: PLR2004 - a choice of one class is none
        labels: Any = case.labels
        if spec.labels == "index":
            if np.any(labels == c):
                continue
            labels = np.where((labels > c) & (labels < count), labels - 1, labels).astype(labels.dtype)
        elif labels is not None:
            labels = np.delete(labels, c, axis)
        parameters = {
            name: np.delete(x, c, 0) if name in _BY_CLASS and isinstance(x, np.ndarray) else x
            for name, x in case.parameters.items()
        }
        x = case.predictions if spec.layer else np.delete(case.predictions, c, axis)
        yield _with(case, predictions=x, labels=labels, parameters=parameters)


def _plainer(case: Case) -> Iterator[Case]:
    for numbers in _with_plain(case.predictions, _PLAIN[_space(case)]):
        yield _with(case, predictions=numbers)
    for name, value in case.parameters.items():
        if isinstance(value, np.ndarray):
            for numbers in _with_plain(value, (1.0,)):
                yield _with(case, parameters={**case.parameters, name: numbers})


def _with_plain(array: NDArray[np.float64], plain: tuple[float, ...]) -> Iterator[NDArray[np.float64]]:
    """The array with one number more that is plain."""
    for place in np.ndindex(array.shape):
        known = plain.index(array[place]) if array[place] in plain else len(plain)
        for number in plain[:known]:
            found = array.copy()
            found[place] = number
            yield found


def _with(case: Case, **changes: Any) -> Case:
    if "parameters" in changes:
        changes["parameters"] = MappingProxyType(changes["parameters"])
    return replace(case, **changes)
