"""Reading: a document to its cases, each key checked against what the loss takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ceconform.corpus import keys
from ceconform.corpus.answers import read_acceptable, read_expected, read_recognised_as
from ceconform.corpus.arrays import Array, floats, integers, printed
from ceconform.corpus.case import Case
from ceconform.corpus.defaults import over, read_defaults
from ceconform.corpus.document import Mapping, Sequence
from ceconform.corpus.field import SLUG, Field
from ceconform.corpus.generators import MAX_ELEMENTS
from ceconform.corpus.gradient import read_cotangent, read_gradient_by
from ceconform.corpus.questions import LOSSES, REDUCTIONS
from ceconform.corpus.seen import read_seen
from ceconform.corpus.shapes import broadcasts, labels_shape, loss_shape
from ceconform.formats import FORMATS, holders

__all__ = ["read_cases"]

_ARRAYS = ("weight", "bias", "class_weight", "pos_weight", "sample_weight")
_NUMBERS = ("label_smoothing", "gamma", "base")


def read_cases(document: Mapping, path: Path, prefix: str, *, answered: bool = True) -> Iterator[Case]:
    """Read each case of a document; `prefix` is its id without the slug.

    Raises
    ------
    CorpusError
        For the first thing that is wrong.
    """
    root = Field(path, "(file)", document, document.line)
    root.only(keys.FILE, ("about", "cases"))
    root["about"].text()
    defaults = read_defaults(root)
    slugs = root["cases"].keys()
    if not slugs:
        raise root["cases"].error("one case or more")
    elements = 0
    for slug in slugs:
        stated = root["cases"][slug]
        if not SLUG.fullmatch(slug):
            raise stated.error("a slug, lower-case words joined by hyphens", f"`{slug}`")
        stated.only(keys.CASE, ("description",))
        merged = Field(path, stated.key, over(defaults, stated.mapping()), stated.line)
        reader = _Reader(path, merged, prefix, slug)
        yield reader.case(answered=answered)
        elements += sum(array.values.size for array in reader.arrays.values())
        if elements > MAX_ELEMENTS:
            raise stated.error(f"at most {MAX_ELEMENTS} numbers in a file", "more")


class _Reader:
    """One case being read."""

    def __init__(self, path: Path, field: Field, prefix: str, slug: str) -> None:
        self.path = path
        self.field = field
        self.prefix = prefix
        self.slug = slug
        field.only(keys.CASE, ("description", "sources", "loss"))
        self.loss = LOSSES[field["loss"].choice(LOSSES)]
        self.rounding = field["rounding"].choice(FORMATS) if "rounding" in field else "float32"
        self.error = ""
        if "expected" in field and "error" in field["expected"]:
            self.error = field["expected"]["error"].choice(keys.ERRORS)
        items = field.mapping().items
        self.stated = [key for key in keys.PARAMETERS if key in items]
        self.arrays: dict[str, Array] = {}

    def case(self, *, answered: bool) -> Case:
        field = self.field
        activation = field["activation"].choice(keys.ACTIVATIONS) if "activation" in field else None
        if activation and self.loss.layer:
            raise field["activation"].error(f"no activation, which {self.loss.name} does not take", activation)
        space = "logits" if activation else self.loss.predictions
        self.only_what_the_loss_takes(space)
        predictions = self.floats(space)
        labels, label_dtype = self.labels()
        parameters = self.parameters()
        shape = self.shapes(space, parameters)
        gradient_by = read_gradient_by(field, self.loss, self.arrays, self.error)
        differentiated = predictions if gradient_by == "predictions" else self.arrays[gradient_by].values
        shapes = None if self.error else (shape, differentiated.shape)
        cotangent = read_cotangent(field, shape, parameters.get("reduction", "none"), self.rounding)
        self.arrays |= {} if cotangent is None else {"cotangent": cotangent}
        expected = read_expected(field, shapes, answered=answered)
        return Case(
            id=f"{self.prefix}/{self.slug}",
            description=field["description"].text(),
            loss=self.loss.name,
            predictions=predictions,
            labels=labels,
            parameters=MappingProxyType(parameters),
            sources=self.sources(),
            expected=expected,
            rounding=self.rounding,
            tags=self.slugs("tags"),
            dtypes=self.dtypes(),
            label_dtype=label_dtype,
            activation=activation,
            gradient_by=gradient_by,
            cotangent=None if cotangent is None else cotangent.values,
            space=field["space"].choice(("stated", "default")) if "space" in field else "stated",
            cited=self.cited(shape, differentiated.shape),
            seen=read_seen(field, shapes),
            recognised_as=read_recognised_as(field),
            acceptable=read_acceptable(field, shape),
            generators=MappingProxyType(
                {name: array.expression for name, array in self.arrays.items() if array.expression}
            ),
            described=MappingProxyType(
                {name: array.described for name, array in self.arrays.items() if array.described is not None}
            ),
            formerly=self.formerly(),
            path=self.path,
            line=field.line,
        )

    def only_what_the_loss_takes(self, space: str) -> None:
        """Refuse a parameter or a space that the loss does not have."""
        loss, field = self.loss, self.field
        items = field.mapping().items
        for key in keys.SPACES:
            if key != space and key in items:
                wanted = f"{space}, which {loss.name} takes"
                raise field[key].error(wanted if "activation" not in field else "logits, for an activation", key)
        if space not in field:
            raise field.error(f"the key {space}", "a mapping without it")
        if loss.layer and "weight" not in field:
            raise field.error("the key weight", "a mapping without it")
        for key in self.stated:
            if key not in loss.parameters:
                wanted = f"a parameter of {loss.name} ({', '.join(loss.parameters)})"
                raise field[key].error(wanted, key)
        if loss.labels is None:
            for key in ("labels", "label_dtype"):
                if key in items:
                    raise field[key].error(f"no labels, which {loss.name} does not take", key)
        elif "labels" not in items:
            raise field.error("the key labels", "a mapping without it")

    def floats(self, key: str, rounding: str | None = None) -> np.ndarray[Any, np.dtype[np.float64]]:
        self.arrays[key] = floats(self.field[key], rounding or self.rounding)
        return self.arrays[key].values

    def labels(self) -> tuple[Any, str | None]:
        """Labels of the stated dtype, class indices of int64, other labels rounded like the predictions."""
        if self.loss.labels is None:
            return None, None
        dtype = None
        if "label_dtype" in self.field:
            wrong = keys.WRONG_LABEL_DTYPES if self.error == "dtype" else ()
            dtype = self.field["label_dtype"].choice((*keys.LABEL_DTYPES, *wrong))
        if dtype in keys.WRONG_LABEL_DTYPES:
            return self.floats("labels", dtype), dtype
        if dtype is None and self.loss.labels != "index":
            return self.floats("labels"), None
        self.arrays["labels"] = integers(self.field["labels"], dtype or "int64")
        return self.arrays["labels"].values, dtype

    def parameters(self) -> dict[str, Any]:
        """The parameters that the case states: weights as arrays, numbers in binary64."""
        field = self.field
        found: dict[str, Any] = {}
        for key in self.stated:
            if key in _ARRAYS or (
                key == "alpha" and isinstance(field[key].node, Sequence) and self.loss.labels != "binary"
            ):
                found[key] = self.floats(key)
            elif key in (*_NUMBERS, "alpha"):
                found[key] = self.scalar(key)
            elif key == "axis" and self.loss.name == "brier_loss" and field[key].raw() in {"null", "~"}:
                found[key] = None
            elif key in ("axis", "ignore_index"):
                found[key] = field[key].integer()
            else:
                found[key] = field[key].raw() if self.error == "reduction" else field[key].choice(REDUCTIONS)
        return found

    def scalar(self, key: str) -> float:
        """One binary64 number."""
        value = floats(self.field[key], "float64").values
        if value.ndim:
            raise self.field[key].error("a number")
        return float(value)

    def shapes(self, space: str, parameters: dict[str, Any]) -> tuple[int, ...]:
        """The shape of the loss; wrong shapes are refused, but where the answer is an error."""
        if self.error:
            return ()
        loss, field = self.loss, self.field
        shape = self.arrays[space].values.shape
        axis: int | None = parameters.get("axis", -1) if "axis" in loss.parameters or loss.layer else None
        if axis is not None and not -len(shape) <= axis < len(shape):
            key = "axis" if "axis" in field else space
            raise field[key].error(f"an axis of the {space}, whose shape is {shape}", f"axis {axis}")
        unreduced = loss_shape(loss, shape, axis)
        if "labels" in self.arrays:
            self.same("labels", labels_shape(loss, shape, axis))
        if axis is not None:
            classes = self.layer(shape[-1]) if loss.layer else shape[axis]
            if not classes:
                raise field[space].error(f"a class or more along axis {axis}", f"the shape {shape}")
            for key in ("bias", "class_weight", "alpha"):
                if key in self.arrays:
                    self.same(key, (classes,))
        for key, target in (("sample_weight", unreduced), ("pos_weight", shape)):
            if key in self.arrays and not broadcasts(self.arrays[key].values.shape, target):
                got = f"the shape {self.arrays[key].values.shape}"
                raise field[key].error(f"a shape that broadcasts to {target}", got)
        return unreduced if parameters.get("reduction", "none") == "none" else ()

    def layer(self, features: int) -> int:
        """The classes of a linear layer, whose numbers are finite but for the bias of a masked class."""
        shape = self.arrays["weight"].values.shape
        if len(shape) != 2 or shape[0] == 0 or shape[1] != features:  # noqa: PLR2004 - classes and features
            raise self.field["weight"].error(f"the shape (C, {features})", f"the shape {shape}")
        for key in (self.loss.predictions, "weight"):
            if np.isinf(self.arrays[key].values).any():
                raise self.field[key].error("finite numbers, or NaN", "an infinity")
        return int(shape[0])

    def same(self, key: str, shape: tuple[int, ...]) -> None:
        if self.arrays[key].values.shape != shape:
            got = f"the shape {self.arrays[key].values.shape}"
            raise self.field[key].error(f"the shape {shape}", got)

    def dtypes(self) -> tuple[str, ...]:
        """The dtypes that represent every floating array exactly, or those of them that the case names."""
        able = holders(*(array.values for array in self.arrays.values() if array.values.dtype == np.float64))
        if "dtypes" not in self.field:
            return able
        stated = [each.choice(FORMATS) for each in self.field["dtypes"]]
        for each in self.field["dtypes"]:
            if each.raw() not in able:
                raise each.error(f"a dtype that represents the inputs, {', '.join(able)}")
        return tuple(dtype for dtype in able if dtype in stated)

    def sources(self) -> MappingProxyType[str, str]:
        field = self.field["sources"]
        if not field.keys():
            raise field.error("one source or more")
        return MappingProxyType({name: field[name].text() for name in field.keys()})  # noqa: SIM118 - a field is no dict

    def slugs(self, key: str) -> tuple[str, ...]:
        if key not in self.field:
            return ()
        words = tuple(each.slug() for each in self.field[key])
        if len(set(words)) < len(words):
            raise self.field[key].error("each word once", ", ".join(words))
        return words

    def formerly(self) -> tuple[str, ...]:
        if "formerly" not in self.field:
            return ()
        for each in self.field["formerly"]:
            parts = each.raw().split("/")
            if len(parts) < 2 or not all(map(SLUG.fullmatch, parts)):  # noqa: PLR2004 - a file and a slug
                raise each.error("an id, such as binary/clipping/certain-and-wrong")
        return tuple(each.raw() for each in self.field["formerly"])

    def cited(self, shape: tuple[int, ...], differentiated: tuple[int, ...]) -> MappingProxyType[str, Any]:
        if "cited" not in self.field:
            return MappingProxyType({})
        field = self.field["cited"]
        field.only(("loss", "grad"))
        if self.error or not field.keys():
            raise field.error("a loss or a grad, of a case that has an answer")
        found = {key: printed(field[key]) for key in field.keys()}  # noqa: SIM118 - a field is no dict
        for key, wanted in (("loss", shape), ("grad", differentiated)):
            if key in found and found[key].shape != wanted:
                raise field[key].error(f"the shape {wanted}", f"the shape {found[key].shape}")
        return MappingProxyType(found)
