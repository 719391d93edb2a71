"""Arrays: nested lists of text, or generators in their place, as NumPy arrays of exactly these numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import generators
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence, Words
from ceconform.corpus.field import Field
from ceconform.corpus.numbers import DECIMAL, MAX_DIGITS, number
from ceconform.formats import fits, rounded

__all__ = ["Array", "Figures", "floats", "integers", "numbers", "printed"]

_BEYOND = 999_999
"""The largest exponent of an answer, which is that of decimals."""
Figures = NDArray[np.object_]
"""Numbers as somebody printed them: text, and None for an element that is not there."""


class Array(NamedTuple):
    """The numbers of a field; where a generator made them, plain Python for them and their description."""

    values: NDArray[Any]
    expression: str = ""
    described: Node | None = None


class _Part(NamedTuple):
    """A list (or a number) with its shape; `made` says that a generator stands in it."""

    values: Any
    shape: tuple[int, ...]
    made: str = ""

    def spelt(self) -> str:
        return self.made or _spell(self.values)

    def pair(self) -> tuple[NDArray[np.float64], str]:
        return np.asarray(self.values, dtype=np.float64).reshape(self.shape), self.spelt()


def floats(field: Field, rounding: str) -> Array:
    """Floating numbers, each rounded once to `rounding`; a generated one must need no rounding."""
    array = _array(field, partial(_float, rounding), np.dtype(np.float64))
    if array.expression and not fits(array.values, rounding):
        raise field.error(f"generated numbers that {rounding} represents exactly", "some that it would round")
    return array


def integers(field: Field, dtype: str) -> Array:
    """Whole numbers that an integer dtype, or bool, holds."""
    wide = _array(field, _integer, np.dtype(object))
    low, high = (0, 1) if dtype == "bool" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    for value in wide.values.ravel().tolist():
        if not low <= value <= high or value != int(value):
            raise field.error(f"whole numbers that {dtype} holds, {low} to {high}", f"{value}")
    return wide._replace(values=wide.values.astype(dtype))


def numbers(field: Field) -> NDArray[np.object_]:
    """Decimal numbers of an answer, as they stand."""
    return _filled(_read(field, _decimal, generated=False), np.dtype(object))


def printed(field: Field) -> Figures:
    """Figures as a source prints them; None for `null` or `~`, an element that it does not print."""
    return _filled(_read(field, _figure, generated=False), np.dtype(object))


@lru_cache(maxsize=65_536)
def _float(rounding: str, text: str) -> float:
    return rounded(number(text), rounding)


@lru_cache(maxsize=65_536)
def _integer(text: str) -> int:
    value = number(text)
    if isinstance(value, float):
        if value == 0:
            return 0
        raise ValueError(text)
    if value.denominator != 1:
        raise ValueError(text)
    return int(value)


@lru_cache(maxsize=65_536)
def _decimal(text: str) -> Decimal:
    if text in {"inf", "-inf", "nan"}:
        return Decimal(text)
    exponent = text.lower().partition("e")[2]
    if len(text) > MAX_DIGITS or not DECIMAL.fullmatch(text) or (exponent and abs(int(exponent)) > _BEYOND):
        raise ValueError(text)
    return Decimal(text)


def _figure(text: str) -> str | None:
    if text in {"null", "~"}:
        return None
    _decimal(text)
    return text


def _array(field: Field, convert: Callable[[str], Any], dtype: np.dtype[Any]) -> Array:
    part = _read(field, convert, generated=True)
    return Array(values=_filled(part, dtype), expression=part.made, described=field.node if part.made else None)


def _filled(part: _Part, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.array(part.values, dtype=dtype)


def _read(field: Field, convert: Callable[[str], Any], *, generated: bool) -> _Part:
    try:
        values, shape = _plain(field.node, convert)
    except (ValueError, AttributeError):  # no number; no scalar
        pass
    else:
        return _Part(values, shape)
    return _part(field, convert, generated=generated)  # a generator, or an error that is to be placed


def _plain(node: Node, convert: Callable[[str], Any]) -> tuple[Any, tuple[int, ...]]:
    """Numbers in nested lists, and their shape; an error of any kind where something else stands."""
    if isinstance(node, Words):
        return list(map(convert, node.texts)), (len(node.texts),)
    if isinstance(node, Scalar):
        return convert(node.text), ()
    if isinstance(node, Mapping):
        raise ValueError(node)  # noqa: TRY004 - what any other text than a number raises
    items = node.items
    if not items:
        return [], (0,)
    if isinstance(items[0], Scalar):
        return [convert(item.text) for item in items], (len(items),)
    parts = [_plain(item, convert) for item in items]
    shape = parts[0][1]
    for part in parts:
        if part[1] != shape:
            raise ValueError(part)
    return [values for values, _ in parts], (len(parts), *shape)


def _part(field: Field, convert: Callable[[str], Any], *, generated: bool) -> _Part:
    node = field.node
    if isinstance(node, Mapping):
        if not generated:
            raise field.error("a list of numbers")
        return _generator(field, convert)
    if not isinstance(node, Sequence):
        return _Part(_scalar(field, convert), ())
    if all(isinstance(item, Scalar) for item in node.items):
        values = [_scalar(item, convert) for item in field]  # finds and names the one that is no number
        return _Part(values, (len(values),))
    parts = [_part(item, convert, generated=generated) for item in field]
    for item, part in zip(field, parts, strict=True):
        if part.shape != parts[0].shape:
            raise item.error(f"the shape {parts[0].shape} of its first neighbour", f"the shape {part.shape}")
    made = f"[{', '.join(part.spelt() for part in parts)}]" if any(part.made for part in parts) else ""
    return _Part([part.values for part in parts], (len(parts), *(parts[0].shape if parts else ())), made)


def _scalar(field: Field, convert: Callable[[str], Any]) -> Any:
    try:
        return convert(field.raw())
    except ValueError:
        raise field.error("a whole number" if convert is _integer else "a number") from None


def _generator(field: Field, convert: Callable[[str], Any]) -> _Part:
    field.only(generators.KEYS)
    if len(field.keys()) != 1:
        raise field.error("one generator")
    name = field.keys()[0]
    try:
        values, text = _GENERATORS[name](field[name], convert)
    except ValueError as error:
        raise field.error(str(error), "a description of something else") from None
    return _Part(values, values.shape, text)


def _linspace(field: Field, _: Callable[[str], Any]) -> tuple[NDArray[np.float64], str]:
    ends = tuple(field)
    if len(ends) != 3:  # noqa: PLR2004 - start, stop, count
        raise field.error("[start, stop, count]")
    return generators.linspace(ends[0].exact(), ends[1].exact(), ends[2].integer())


def _repeat(field: Field, convert: Callable[[str], Any]) -> tuple[NDArray[np.float64], str]:
    both = tuple(field)
    if len(both) != 2:  # noqa: PLR2004 - value, count
        raise field.error("[value, count]")
    return generators.repeated(*_part(both[0], convert, generated=True).pair(), both[1].integer())


def _concat(field: Field, convert: Callable[[str], Any]) -> tuple[NDArray[np.float64], str]:
    parts: list[tuple[NDArray[np.float64], str]] = []
    for each in field:
        parts.append(_part(each, convert, generated=True).pair())
        if sum(values.size for values, _ in parts) > generators.MAX_ELEMENTS:
            raise each.error(f"at most {generators.MAX_ELEMENTS} elements in all", "more")
    return generators.concatenated(tuple(parts))


def _shape(field: Field) -> tuple[int, ...]:
    shape = tuple(size.integer() for size in field)
    if not shape or min(shape) < 0:
        raise field.error("sizes of 0 or more")
    return shape


def _hash(field: Field, _: Callable[[str], Any]) -> tuple[NDArray[np.float64], str]:
    field.only(generators.KEYS["hash"], ("seed", "shape", "low", "high"))
    bits = field["bits"].integer() if "bits" in field else 20
    bounds = field["low"].integer(), field["high"].integer()
    return generators.hashed(field["seed"].integer(), _shape(field["shape"]), *bounds, bits)


def _integers(field: Field, _: Callable[[str], Any]) -> tuple[NDArray[np.float64], str]:
    field.only(generators.KEYS["integers"], generators.KEYS["integers"])
    bounds = field["low"].integer(), field["high"].integer()
    return generators.hashed_integers(field["seed"].integer(), _shape(field["shape"]), *bounds)


_GENERATORS = {
    "concat": _concat,
    "hash": _hash,
    "integers": _integers,
    "linspace": _linspace,
    "repeat": _repeat,
}


def _spell(values: Any) -> str:
    """Write literal numbers as plain Python."""
    if isinstance(values, list):
        return f"[{', '.join(map(_spell, values))}]"
    return repr(values) if math.isfinite(values) else f'float("{values}")'
