"""Generators: big arrays that are described, not listed, and that any language rebuilds bit by bit.

Every element is an exact binary number: nothing here rounds, and the reader refuses a description whose
elements the case's `rounding` cannot hold. Each generator also writes itself as plain Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "KEYS",
    "MAX_ELEMENTS",
    "concatenated",
    "hashed",
    "hashed_integers",
    "linspace",
    "mix",
    "repeated",
]

MAX_ELEMENTS = 2**20
"""Of an array, and of all arrays of a file: a file of somebody else's may ask for more than there is memory."""
GOLDEN = 0x9E3779B97F4A7C15
MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_BOUND = 2**16

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "concat": (),
        "hash": ("seed", "shape", "low", "high", "bits"),
        "integers": ("seed", "shape", "low", "high"),
        "linspace": (),
        "repeat": (),
    }
)
"""The generators, and the keys of those that are described by a mapping."""


def mix(seed: int, count: int) -> NDArray[np.uint64]:
    """The first outputs of the splitmix64 generator that starts at `seed`.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    >>> [int(x) for x in mix(1234567, 2)]
    [6457827717110365317, 3203168211198807973]
    """
    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(seed)
    first, second = map(np.uint64, MULTIPLIERS)
    state = (state ^ (state >> np.uint64(30))) * first
    state = (state ^ (state >> np.uint64(27))) * second
    return state ^ (state >> np.uint64(31))


def _check(problem: bool, message: str) -> None:
    if problem:
        raise ValueError(message)


def _count(shape: tuple[int, ...]) -> int:
    count = math.prod(shape)
    _check(count > MAX_ELEMENTS, f"at most {MAX_ELEMENTS} elements")
    return count


def _nested(shape: tuple[int, ...], element: Callable[[str], str]) -> str:
    """Nested comprehensions over the row-major index, which `element` is given as an expression."""
    names = [f"i{axis}" for axis in range(len(shape))]
    index = names[0] if names else "0"
    for name, size in zip(names[1:], shape[1:], strict=True):
        index = f"({index}) * {size} + {name}" if " " in index else f"{index} * {size} + {name}"
    text = element(index)
    for name, size in zip(reversed(names), reversed(shape), strict=True):
        text = f"[{text} for {name} in range({size})]"
    return text if shape else f"({text})"


def _mixed(seed: int, index: str, result: str) -> str:
    """The element that `result` makes of the splitmix64 output z, in one expression."""
    first, second = MULTIPLIERS
    steps = (
        f"({seed} + ({index} + 1) * {GOLDEN:#x}) % 2**64",
        f"(z ^ z >> 30) * {first:#x} % 2**64",
        f"(z ^ z >> 27) * {second:#x} % 2**64",
        "z ^ z >> 31",
    )
    return f"next({result} {' '.join(f'for z in [{step}]' for step in steps)})"


def linspace(start: Fraction, stop: Fraction, count: int) -> tuple[NDArray[np.float64], str]:
    """Equal steps from start to stop, both included: start + i (stop - start) / (count - 1).

    Raises
    ------
    ValueError
        If there are fewer than two elements, or start or step is no binary number of at most 52 bits.

    Examples
    --------
    >>> linspace(Fraction(-1), Fraction(1), 5)[0]
    array([-1. , -0.5,  0. ,  0.5,  1. ])
    """
    _check(count < 2, "a count of 2 or more")  # noqa: PLR2004 - the two ends
    _count((count,))
    step = (stop - start) / (count - 1)
    common = math.lcm(start.denominator, step.denominator)
    _check(common & (common - 1) != 0, "a start and a step that are binary fractions, such as 0.125")
    _check(
        max(abs(start), abs(stop), abs(stop - start)) * common > 2**52,
        "a start and a step of at most 52 bits together",
    )
    values = float(start) + np.arange(count, dtype=np.float64) * float(step)
    return values, f"[{float(start)!r} + i * {float(step)!r} for i in range({count})]"


def hashed(seed: int, shape: tuple[int, ...], low: int, high: int, bits: int) -> tuple[NDArray[np.float64], str]:
    """Uniform numbers strictly between low and high: low + (high - low) (2 m + 1) / 2**(bits + 1).

    m holds the `bits` upper bits of the splitmix64 output of the element's row-major index.

    >>> hashed(1, (2,), 0, 1, 4)[0]
    array([0.59375, 0.71875])
    """
    _check(not 0 <= seed < 2**63, "a seed from 0 to 2**63 - 1")
    _check(not -_BOUND <= low < high <= _BOUND, f"whole bounds, -{_BOUND} <= low < high <= {_BOUND}")
    _check(not 1 <= bits <= 32, "1 to 32 bits")  # noqa: PLR2004 - (high - low) (2 m + 1) stays below 2**53
    upper = (mix(seed, _count(shape)) >> np.uint64(64 - bits)).astype(np.float64)
    values = low + (high - low) * (2 * upper + 1) / 2.0 ** (bits + 1)
    result = f"{low} + {high - low} * (2 * (z >> {64 - bits}) + 1) / {2 ** (bits + 1)}"
    return values.reshape(shape), _nested(shape, lambda index: _mixed(seed, index, result))


def hashed_integers(seed: int, shape: tuple[int, ...], low: int, high: int) -> tuple[NDArray[np.float64], str]:
    """Uniform whole numbers from low to high - 1: low + floor((high - low) m / 2**32).

    m holds the 32 upper bits of the splitmix64 output of the element's row-major index.

    >>> hashed_integers(1, (6,), 0, 10)[0]
    array([5., 7., 9., 4., 4., 7.])
    """
    _check(not 0 <= seed < 2**63, "a seed from 0 to 2**63 - 1")
    _check(not (-(2**31) <= low < high < 2**31), "whole bounds, -2**31 <= low < high < 2**31")
    _check(high - low >= 2**31, "bounds less than 2**31 apart")
    upper = mix(seed, _count(shape)) >> np.uint64(32)
    values = low + ((upper * np.uint64(high - low)) >> np.uint64(32)).astype(np.float64)
    result = f"{low} + ((z >> 32) * {high - low} >> 32)"
    return values.reshape(shape), _nested(shape, lambda index: _mixed(seed, index, result))


def repeated(value: NDArray[np.float64], text: str, count: int) -> tuple[NDArray[np.float64], str]:
    """Stack `count` copies of a value along a new first axis; `text` is its expression.

    >>> repeated(np.array([1.0, 2.0]), "[1.0, 2.0]", 0)[0].shape
    (0, 2)
    """
    _check(count < 0, "a count of 0 or more")
    _count((count, *value.shape))
    return np.tile(value, (count, *(1,) * value.ndim)), f"[{text}] * {count}"


def concatenated(parts: tuple[tuple[NDArray[np.float64], str], ...]) -> tuple[NDArray[np.float64], str]:
    """Join arrays, each with its expression, along their first axis.

    >>> concatenated(((np.array([1.0]), "[1.0]"), (np.array([2.0, 3.0]), "[2.0, 3.0]")))
    (array([1., 2., 3.]), '[*[1.0], *[2.0, 3.0]]')
    """
    _check(not parts, "one array or more")
    _check(len({values.shape[1:] for values, _ in parts}) > 1, "arrays that differ along their first axis only")
    _check(any(values.ndim == 0 for values, _ in parts), "arrays, not numbers")
    _count((sum(len(values) for values, _ in parts), *parts[0][0].shape[1:]))
    return np.concatenate([values for values, _ in parts]), f"[{', '.join(f'*{text}' for _, text in parts)}]"
