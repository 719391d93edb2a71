"""Seen: the wrong answer that a thread tells of, and which library gave it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ceconform.corpus import keys
from ceconform.corpus.arrays import Figures, printed
from ceconform.corpus.field import Field
from ceconform.formats import FORMATS

__all__ = ["Seen", "gives", "read_seen"]

Shape = tuple[int, ...]
THREAD = re.compile(r"[\w.-]+/[\w.-]+#\d+", re.ASCII)


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """One wrong answer, as a thread tells it: just one of `loss`, `grad` and `raised`."""

    thread: str
    """`pytorch/pytorch#195529`."""
    implementation: str
    """A library, `keras` on whatever backend, or an implementation, `keras[torch]`."""
    version: str = ""
    dtype: str = ""
    device: str = ""
    """The device, or the compiler, where the thread names one; these are empty where it does not."""
    loss: Figures | None = None
    """In the shape of the answer, with the digits that are told; None for an element of which nothing is."""
    grad: Figures | None = None
    raised: str = ""
    """The error that a valid input raised, in words of the thread."""

    @property
    def part(self) -> str:
        """What is wrong, in a verdict's word: the value or the gradient."""
        return "value" if self.grad is None else "gradient"

    @property
    def figures(self) -> Figures | None:
        """The numbers, None for an error."""
        return self.loss if self.grad is None else self.grad


def read_seen(case: Field, shapes: tuple[Shape, Shape] | None) -> tuple[Seen, ...]:
    """Read `seen`; `shapes` are those of loss and predictions, None where an error is expected."""
    if "seen" not in case:
        return ()
    field = case["seen"]
    if not field.keys():
        raise field.error("a thread or more")
    return tuple(_read(field[thread], thread, shapes) for thread in field.keys())  # noqa: SIM118 - a field is no dict


def _read(field: Field, thread: str, shapes: tuple[Shape, Shape] | None) -> Seen:
    if not THREAD.fullmatch(thread):
        raise field.error("a thread, such as pytorch/pytorch#195529", f"`{thread}`")
    field.only(keys.SEEN, ("implementation",))
    told = [key for key in keys.ANSWERS if key in field]
    if len(told) != 1:
        raise field.error(f"one of {', '.join(keys.ANSWERS)}", " and ".join(told) or "none")
    figures = {key: _figures(field[key], shapes and shapes[key == "grad"]) for key in ("loss", "grad") if key in field}
    return Seen(
        thread=thread,
        implementation=field["implementation"].text(),
        version=field["version"].text() if "version" in field else "",
        dtype=field["dtype"].choice(FORMATS) if "dtype" in field else "",
        device=field["device"].slug() if "device" in field else "",
        raised=field["raised"].text() if "raised" in field else "",
        loss=figures.get("loss"),
        grad=figures.get("grad"),
    )


def _figures(field: Field, shape: Shape | None) -> Figures:
    found = printed(field)
    if shape is not None and found.shape != shape:
        raise field.error(f"the shape {shape}", f"the shape {found.shape}")
    if all(figure is None for figure in found.ravel().tolist()):
        raise field.error("a figure or more")
    return found


def gives(figure: str, value: Decimal) -> bool:
    """Whether a number is the one that was told, to half a unit of the last digit that was; a 0 is a 0.

    >>> gives("0.57", Decimal("0.5748")), gives("0.0", Decimal("1e-9")), gives("nan", Decimal("nan"))
    (True, False, True)
    """
    told = Decimal(figure)
    if told.is_nan() or value.is_nan():
        return told.is_nan() and value.is_nan()
    if not told or not told.is_finite() or not value.is_finite():
        return told == value
    return abs(told - value) <= Decimal(5).scaleb(int(told.as_tuple().exponent) - 1)
