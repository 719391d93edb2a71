"""Strategies: Hypothesis' questions to a loss, from plain ones, which they shrink to, to the hardest.

Shapes are few, because some libraries compile for every new one. Numbers that are hard for a dtype are as likely as
any others: its limits, its neighbours of 0 and 1, infinities, ties. One question in eight may also hold what is
invalid.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from ceconform.authoring.fuzzing import hard
from ceconform.corpus import LOSSES, REDUCTIONS, Case, Expected, Loss
from ceconform.corpus.keys import ACTIVATIONS, LABEL_DTYPES, PARAMETERS
from ceconform.corpus.shapes import labels_shape, loss_shape

__all__ = ["STATED", "questions"]

STATED = ("label_dtype", "activation")
"""What a question may state that is no parameter of the loss."""

_Shape = tuple[int, ...]
_ELEMENTS: tuple[_Shape, ...] = ((1,), (2,), (3,), (2, 2), (), (0,), (17,))
_ROWS: tuple[tuple[_Shape, int], ...] = (
    ((1, 2), -1),
    ((1, 3), -1),
    ((2, 3), -1),
    ((3,), -1),
    ((3, 2), 0),
    ((2, 3, 2), 1),
    ((1, 1), -1),
    ((0, 3), -1),
)
_WIDE: tuple[tuple[_Shape, int], ...] = (((1, 17), -1),)
_STRANGE = 7
"""One question in so many and one may hold what is invalid."""
_MOST = 3
"""Parameters that a question states beside the loss."""

_SCALARS = MappingProxyType(
    {
        "label_smoothing": (0.1, 0.5, 1.0, 1e-3, 1e-9, 0.0),
        "gamma": (1.0, 0.5, 0.0, 3.0, 1.5, 1e-3, 30.0),
        "alpha": (0.25, 0.5, 1.0, 0.0, 1e-6),
        "base": (2.0, 10.0, 0.5, 1 + 2.0**-40),
        "ignore_index": (0, 1, -100, -1, 255),
    }
)
_WRONG_SCALARS = MappingProxyType(
    {"label_smoothing": (-0.1, 1.5), "gamma": (-1.0,), "alpha": (-0.5, 2.0), "base": (1.0, 0.0, -2.0)}
)

_SIGNS, _WRONG_SIGNS = st.sampled_from([1.0, -1.0]), st.sampled_from([1.0, -1.0, 0.0, math.nan])
_HOT, _MASKED = st.sampled_from([1.0, 0.0]), st.just(-math.inf)


@st.composite
def questions(draw: st.DrawFn, loss: str, dtypes: tuple[str, ...], without: frozenset[str] = frozenset()) -> Case:
    """Draw a question to a loss, in one of these dtypes: a case without an answer, whose one dtype it is.

    The parameters `without` are not stated, nor is what else of `STATED` is among them.
    """
    drawn = _Drawn(draw, LOSSES[loss], draw(st.sampled_from(dtypes)), without)
    return drawn.case()


class _Drawn:
    """One question being drawn."""

    def __init__(self, draw: st.DrawFn, spec: Loss, dtype: str, without: frozenset[str]) -> None:
        self.draw, self.spec, self.dtype = draw, spec, dtype
        choices = [name for name in PARAMETERS if name in spec.parameters and name not in {"axis", "weight"}]
        choices += [] if spec.labels is None else ["label_dtype"]
        choices += [] if spec.layer else ["activation"]
        choices = [name for name in choices if name not in without]
        stated = st.lists(st.sampled_from(choices), unique=True, max_size=_MOST) if choices else st.just([])
        self.stated = draw(stated)
        self.strange = draw(st.integers(0, _STRANGE)) == _STRANGE

    def case(self) -> Case:
        """Shapes first, then numbers for them."""
        shape, axis, parameters = self.shape()
        label_dtype, activation = self.label_dtype(), self.activation(axis)
        hidden = shape
        if self.spec.layer:
            hidden = (*shape[:-1], 2)
            parameters["weight"] = self.array(
                (shape[-1], 2), hard.logits(self.dtype, strange=self.strange, finite=True)
            )
        predictions = self.array(hidden, self.predictions(activation))
        for name in PARAMETERS:
            if name in self.stated and not (name == "class_weight" and axis is None):
                parameters[name] = self.parameter(name, shape, axis)
        labels = self.labels(shape, axis, label_dtype, parameters.get("ignore_index"))
        return Case(
            id="fuzz/question",
            description="",
            loss=self.spec.name,
            predictions=predictions,
            labels=labels,
            parameters=MappingProxyType({name: parameters[name] for name in PARAMETERS if name in parameters}),
            sources=MappingProxyType({}),
            expected=Expected(),
            rounding=self.dtype,
            dtypes=(self.dtype,),
            label_dtype=label_dtype,
            activation=activation,
        )

    def shape(self) -> tuple[tuple[int, ...], int | None, dict[str, Any]]:
        """The predictions' shape and the class axis, which is stated where it is not the last."""
        if self.spec.labels in {"binary", "sign"}:
            return self.draw(st.sampled_from(_ELEMENTS)), None, {}
        if self.spec.name == "brier_loss" and self.draw(st.booleans()):
            return self.draw(st.sampled_from(_ELEMENTS)), None, {"axis": None}
        known = (*_ROWS, *_WIDE)
        if "axis" not in self.spec.parameters:
            known = tuple(each for each in known if each[1] == -1)
        shape, axis = self.draw(st.sampled_from(known))
        return shape, axis, {} if axis == -1 else {"axis": axis}

    def array(self, shape: tuple[int, ...], numbers: st.SearchStrategy[float]) -> NDArray[np.float64]:
        """An array of drawn numbers."""
        count = math.prod(shape)
        drawn = self.draw(st.lists(numbers, min_size=count, max_size=count))
        return np.asarray(drawn, dtype=np.float64).reshape(shape)

    def activation(self, axis: int | None) -> str | None:
        """What is applied to logits before the loss, whether it belongs there or not."""
        if "activation" not in self.stated:
            return None
        by_element = self.spec.labels in {"binary", "sign"} or axis is None
        return self.draw(st.sampled_from(("sigmoid", "log_sigmoid") if by_element else ACTIVATIONS))

    def predictions(self, activation: str | None) -> st.SearchStrategy[float]:
        """Numbers of the space that the loss takes, or logits for an activation."""
        match "logits" if activation else self.spec.predictions:
            case "probabilities":
                return hard.probabilities(self.dtype, strange=self.strange)
            case "log_probabilities":
                return hard.log_probabilities(self.dtype, strange=self.strange)
        return hard.logits(self.dtype, strange=self.strange, finite=self.spec.layer)

    def weights(self) -> st.SearchStrategy[float]:
        """Weights of any kind."""
        return hard.weights(self.dtype, strange=self.strange)

    def shares(self) -> st.SearchStrategy[float]:
        """Labels that need not be whole."""
        return hard.shares(self.dtype, strange=self.strange)

    def parameter(self, name: str, shape: tuple[int, ...], axis: int | None) -> Any:
        """The value of a parameter."""
        classes = 0 if axis is None else shape[axis]
        match name:
            case "reduction":
                return self.draw(st.sampled_from(REDUCTIONS[1:]))
            case "class_weight":
                return self.array((classes,), self.weights())
            case "bias":
                return self.array((classes,), hard.logits(self.dtype, finite=True) | _MASKED)
            case "alpha" if axis is not None and self.draw(st.booleans()):
                return self.array((classes,), self.weights())
            case "sample_weight":
                return self.array(self.part_of(loss_shape(self.spec, shape, axis)), self.weights())
            case "pos_weight":
                return self.array(self.part_of(shape), self.weights())
        wrong = _WRONG_SCALARS.get(name, ()) if self.strange else ()
        return self.draw(st.sampled_from((*_SCALARS[name], *wrong)))

    def part_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts to another."""
        parts = dict.fromkeys((shape, shape[-1:], (), *([(*shape[:-1], 1)] if shape else [])))
        return self.draw(st.sampled_from(list(parts)))

    def label_dtype(self) -> str | None:
        """A dtype that labels are not usually of."""
        if "label_dtype" not in self.stated:
            return None
        able: tuple[str, ...] = LABEL_DTYPES
        if self.spec.labels == "sign":
            able = tuple(name for name in able if name.startswith("int"))
        if self.spec.labels == "index":
            able = tuple(name for name in able if name not in {"bool", "int64"})
        return self.draw(st.sampled_from(able))

    def labels(self, shape: tuple[int, ...], axis: int | None, dtype: str | None, ignored: int | None) -> Any:
        """Labels of the kind that the loss takes; with a dtype of their own they are whole."""
        kind = self.spec.labels
        if kind is None:
            return None
        target = labels_shape(self.spec, shape, axis)
        if kind == "index":
            return self.indices(target, shape[-1 if axis is None else axis], dtype or "int64", ignored)
        if kind == "sign":
            found = self.array(target, _WRONG_SIGNS if self.strange else _SIGNS)
        elif kind == "distribution" and axis is not None:
            found = self.distributions(target, axis, soft=dtype is None)
        else:
            soft = kind != "multi-hot" and dtype is None
            found = self.array(target, self.shares() if soft else _HOT)
        return found if dtype is None else np.asarray(np.where(np.isnan(found), 0.0, found), dtype=dtype)

    def distributions(self, shape: tuple[int, ...], axis: int, *, soft: bool) -> NDArray[np.float64]:
        """Rows: one class, equal parts of two, of four, or whatever comes."""
        rows = math.prod(shape) // shape[axis] if shape[axis] else 0
        found = [self.row(shape[axis], soft=soft) for _ in range(rows)]
        lying = tuple(np.delete(shape, axis).tolist())
        return np.moveaxis(np.asarray(found, dtype=np.float64).reshape(*lying, shape[axis]), -1, axis).copy()

    def row(self, classes: int, *, soft: bool) -> list[float]:
        """One row of labels."""
        form = self.draw(st.sampled_from(["one", "halves", "quarters", "any"] if soft else ["one"]))
        if form == "any":
            return self.draw(st.lists(self.shares(), min_size=classes, max_size=classes))
        parts = {"one": (1.0,), "halves": (0.5, 0.5), "quarters": (0.25, 0.5, 0.25)}[form]
        row = [0.0] * classes
        first = self.draw(st.integers(0, classes - 1))
        for place, part in enumerate(parts):
            row[(first + place) % classes] += part
        return row

    def indices(self, shape: tuple[int, ...], classes: int, dtype: str, ignored: int | None) -> NDArray[Any]:
        """Class indices that the dtype holds, the ignored one among them."""
        limits = np.iinfo(dtype)
        able = list(range(classes))
        able += [] if ignored is None else [ignored]
        able += [-1, classes, -100] if self.strange else []
        able = [index for index in dict.fromkeys(able) if limits.min <= index <= limits.max]
        count = math.prod(shape)
        drawn = self.draw(st.lists(st.sampled_from(able), min_size=count, max_size=count))
        return np.asarray(drawn, dtype=dtype).reshape(shape)
