"""What an adapter is: it writes a call as the source that a user of the library would write.

The source is what the worker runs and what `explain` prints, so a report's program is the call that was made. An
adapter translates and never repairs: no clipping, no casting, no reduction of its own. It never sees the answer.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import Call
from ceconform.errors import CeconformError

__all__ = ["LANGUAGES", "Adapter", "Dialect", "Question", "Source", "Unsupported", "spell"]


LANGUAGES = ("python", "javascript")
"""In which a program that shows an answer can be written."""


class Unsupported(CeconformError):  # noqa: N818 - it is an answer, not an error
    """The library cannot say this call; the message is the reason, which is data."""


class Source(str):
    """Python source, as against a string value."""

    __slots__ = ("_via",)
    _via: str

    @property
    def via(self) -> str:
        """The entry point that the source calls: `F.cross_entropy`."""
        return getattr(self, "_via", "") or self.partition("(")[0]

    def by(self, via: str) -> Source:
        """The same source under another entry point's name."""
        named = Source(self)
        named._via = via
        return named


def spell(function: str, /, *arguments: Any, **keywords: Any) -> Source:
    """Write a call: sources stand as they are, values as literals, keywords that are None are left out.

    >>> spell("F.cross_entropy", Source("logits"), Source("labels"), weight=None, reduction="sum")
    "F.cross_entropy(logits, labels, reduction='sum')"
    """

    def word(value: Any) -> str:
        return str(value) if isinstance(value, Source) else repr(value)

    named = (f"{name}={word(value)}" for name, value in keywords.items() if value is not None)
    return Source(f"{function}({', '.join([*map(word, arguments), *named])})")


class Question:
    """A call as an adapter reads it: arrays by the names that they have in the source, parameters by value."""

    def __init__(self, call: Call, activations: Mapping[str, str]) -> None:
        self.call = call
        self.loss = call.loss
        self.dtype = call.dtype
        self.device = call.device
        self.axis = call.axis
        self.reduction = call.reduction
        self.ndim = call.predictions.ndim
        self.matrix = call.predictions.ndim == 2  # noqa: PLR2004 - rows and classes
        self.default_space = call.space == "default"
        self.predictions = Source(call.spec.predictions if call.activation is None else "logits")
        self.labels = Source("labels")
        self._activations = activations

    @property
    def classes(self) -> int:
        """How many classes there are."""
        if not self.ndim or self.axis is None:
            return 1
        if not -self.ndim <= self.axis < self.ndim:
            raise Unsupported(f"the library is told of classes, and there is no axis {self.axis} to count them along")
        return int(self.call.predictions.shape[self.axis])

    @property
    def by(self) -> Source:
        """What the gradient is by."""
        return self.predictions if self.call.gradient_by == "predictions" else Source(self.call.gradient_by)

    @property
    def x(self) -> Source:
        """What the loss is given: the predictions, or a pairing's activation of them."""
        return self.activated(self.predictions)

    def activated(self, x: Source) -> Source:
        """The same for predictions in another layout: the pairing's activation, if there is one, goes on top."""
        if self.call.activation is None:
            return x
        if self.call.activation not in self._activations:
            raise Unsupported(f"the library has no {self.call.activation}")
        return Source(self._activations[self.call.activation].format(x=x, axis=self.axis))

    @property
    def classes_last(self) -> bool:
        """Whether the classes stand on the last axis, where most libraries want them."""
        return self.axis is None or not self.ndim or self.axis in {-1, self.ndim - 1}

    @property
    def hard(self) -> bool:
        """Whether every label is 0 or 1, and no smoothing softens it."""
        labels = self.call.labels
        return labels is not None and bool(np.isin(labels, (0, 1)).all()) and not self.get("label_smoothing")

    def reduction_as(self, names: Mapping[str, str]) -> str:
        """The library's name of the reduction; one that nobody knows is handed on, for the library to refuse."""
        if self.reduction not in names and self.reduction in names.values():
            raise Unsupported(f"{self.reduction!r} is a reduction of the library's own")
        return names.get(self.reduction, self.reduction)

    @property
    def weighted(self) -> bool:
        """Whether any weights are stated, so that the two means differ."""
        return not {"class_weight", "sample_weight"}.isdisjoint(self.call.parameters)

    def get(self, parameter: str, default: Any = None) -> Any:
        """A parameter: the name of an array, the value of a number, the default where the case does not state it."""
        value = self.call.get(parameter, default)
        return Source(parameter) if isinstance(value, np.ndarray) else value

    def only(self, *parameters: str) -> None:
        """Refuse any other parameter that the case states (`axis` and `reduction` are the adapter's to look at)."""
        for name in self.call.parameters:
            if name not in {"axis", "reduction", *parameters}:
                raise Unsupported(f"the library's {self.loss} has no parameter {name}")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a standalone program is written for a library: data, so that a report can print it without the library."""

    imports: str
    """`import torch\\nimport torch.nn.functional as F`."""
    array: str
    """A template with `{values}`, `{dtype}`, `{device}`, for nested lists and for NumPy arrays alike:
    `torch.tensor({values}, dtype=torch.{dtype})`. There is `{shape}` too, for a language whose lists have none."""
    gradient: str = ""
    """A template that sets `gradient`, and may set `loss`; empty where the library has no autodiff. It has
    `{expression}`, `{x}` (the name of what the gradient is by; without it that is the predictions alone), and the
    expression's halves, `{function}` and `{arguments}`."""
    cotangent: str = ""
    """The same of the losses times `cotangent`, an array of one number for each; empty where nothing says it."""
    show: str = "print({name})"
    """A template with `{name}` that prints an array's values as a nested list of round-trip digits."""
    language: str = "python"
    """`python` or `javascript`, in which the templates are written."""

    def unable(self, call: Call) -> str:
        """Why this gradient cannot be asked for; empty if it can. Who has none at all may still answer the value."""
        elsewhere = call.gradient_by != "predictions"
        if (elsewhere or call.cotangent is not None) and not self.gradient:
            return "the library has no autodiff"
        if call.cotangent is not None and not self.cotangent:
            return "the gradient is that of the losses' sum alone"
        if elsewhere and "{x}" not in self.gradient:
            return "the gradient is by the predictions alone"
        return ""

    def differentiate(self, expression: str, x: str, *, cotangent: bool = False) -> str:
        """The source of the gradient."""
        template = self.cotangent if cotangent else self.gradient
        if self.language != "python":
            return template.format(expression=expression, x=x)
        function = _called(expression)
        arguments = expression[len(function) + 1 : -1]
        return template.format(expression=expression, x=x, function=function, arguments=arguments)


@lru_cache(maxsize=4096)
def _called(expression: str) -> str:
    """The source of the function that a Python expression calls; empty where it calls none."""
    call = ast.parse(expression, mode="eval").body
    return ast.get_source_segment(expression, call.func) or "" if isinstance(call, ast.Call) else ""


class Adapter:
    """One library. A subclass has a method for each loss that the library computes.

    Such a method takes a `Question` and yields one `Source` for each route (a function, its class form, …), or raises
    `Unsupported`.
    """

    name: ClassVar[str]
    """`torch`, `keras[jax]`."""
    distribution: ClassVar[str]
    """Whose version goes into the report."""
    dialect: ClassVar[Dialect]
    dtypes: ClassVar[tuple[str, ...]] = ("float64", "float32")
    activations: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """For the pairings: a template with `{x}` and `{axis}` for each of sigmoid, softmax, log_sigmoid, log_softmax."""
    conventions: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    """What the library documents: loss to names of conventions."""
    since: ClassVar[str] = ""
    """The first release that has every name and parameter in the sources: what an older one has not is unsupported,
    what this one and later ones have not is the adapter's error. Empty: any release has them."""

    @cached_property
    def _installed(self) -> tuple[int, ...]:
        return _release(self.version())

    def predates(self, release: str) -> bool:
        """Whether the installed release of the library is older than that one."""
        return self._installed < _release(release)

    def version(self) -> str:
        """The version of the library."""
        return importlib.metadata.version(self.distribution)

    def devices(self) -> list[str]:
        """Where the library can compute on this machine."""
        return ["cpu"]

    def switches(self) -> dict[str, Any]:
        """What changes its arithmetic: x64, TF32, matmul precision, threads, flushing of subnormals."""
        return {}

    def compiling(self) -> float:
        """Seconds that the library has compiled in this process, where it tells."""
        return 0.0

    def namespace(self) -> dict[str, Any]:
        """The names that the sources use: those of the dialect's imports."""
        names: dict[str, Any] = {}
        exec(self.dialect.imports, names)  # noqa: S102 - our own text, and the very lines that `explain` prints
        return names

    def asnumpy(self, array: Any) -> NDArray[np.float64]:
        """The numbers of an array, widened to float64."""
        return np.asarray(array).astype(np.float64)

    def describe(self, array: Any) -> tuple[tuple[int, ...], str, str]:
        """The shape, dtype and device of an array, in our words."""
        return tuple(array.shape), str(array.dtype).rpartition(".")[2], "cpu"

    def routes(self, question: Question) -> Iterator[Source]:
        """Every way in which the library computes the question's loss."""
        method = getattr(self, question.loss, None)
        if method is None:
            raise Unsupported(f"the library has no {question.loss}")
        yield from method(question)


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a release, which compare: 1.10 is later than 1.9.

    >>> _release("0.2.10rc1") > _release("0.2.9")
    True
    """
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
