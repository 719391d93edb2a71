"""Functions: how far the exp, log and log1p of a backend are from exact, which a loss is made of.

They are asked as our losses ask them, in a process of their own, and measured against interval arithmetic.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from types import MappingProxyType

import flint
import numpy as np
from flint import arb

from ceconform.adapters import ours
from ceconform.adapters.ceconform import Portable
from ceconform.authoring.draws import Draws, Floats
from ceconform.authoring.tally import errors, short
from ceconform.authoring.units import flushed_below
from ceconform.formats import FORMATS, digits
from ceconform.report import Elementary, Implementation
from ceconform.verdict.comparison import Wanted

__all__ = ["FUNCTIONS", "arguments", "exact", "measure"]

FUNCTIONS: Mapping[str, Callable[[arb], arb]] = MappingProxyType({"exp": arb.exp, "log": arb.log, "log1p": arb.log1p})
_DTYPES = ("float64", "float32")
"""Half precision is computed in float32."""
_COUNT = 1 << 16
_BITS = 160
"""Of the exact numbers: float64 and its residual have 106."""
_EXPONENTS = MappingProxyType({"float64": (-700.0, 709.0), "float32": (-104.0, 88.0)})
"""Between which exp is asked; below -700, a float64 has too few digits left to tell its own error."""


def arguments(function: str, dtype: str) -> Floats:
    """What a function is asked: all that a loss may ask, and most where its last digits are hard.

    exp has uniform arguments on both sides of 0, and small ones; log has positive ones of every size, and uniform ones
    and near ones around 1; log1p has uniform ones from -1 to 1, and small ones.

    >>> arguments("exp", "float32").size
    262144
    """
    form, draws = FORMATS[dtype], Draws(dtype, len(function))
    small = draws.signs(_COUNT) * draws.scaled(_COUNT, -form.bits - 2, 0)
    if function == "exp":
        low, high = _EXPONENTS[dtype]
        parts = [draws.uniform(2 * _COUNT, low, 0), draws.uniform(_COUNT, 0, high), small]
    elif function == "log":
        sizes = draws.scaled(2 * _COUNT, form.emin - form.bits + 1, form.emax)
        parts = [sizes, draws.uniform(_COUNT, 0.25, 2), draws.rounded(1 + small / 4)]
    else:
        parts = [draws.uniform(2 * _COUNT, -1, 1), draws.uniform(_COUNT, -0.5, 0), small]
    return np.concatenate(parts)


@cache
def exact(function: str, dtype: str) -> Wanted:
    """The exact numbers there."""
    numbers = arguments(function, dtype)
    with flint.ctx.workprec(_BITS):
        balls = [FUNCTIONS[function](arb(number)) for number in numbers.tolist()]
        near = np.asarray([float(ball) for ball in balls])
        rest = np.asarray([float(ball - number) for ball, number in zip(balls, near.tolist(), strict=True)])
    rounded = Draws(dtype, 0).rounded(near)
    return Wanted(
        rounded=rounded,
        residual=near - rounded + rest,
        zero=near == 0,
        condition=np.abs(near),
        terms=1,
        shape=near.shape,
    )


def measure(
    name: str, implementation: Implementation, dtypes: Collection[str], devices: Collection[str] = ("cpu",)
) -> Iterator[Elementary]:
    """Measure what one of ours, asked for by this name, finds on its backend; of the others there is nothing."""
    adapter = ours().get(name)  # a third party's is not imported here: it may end the process
    if adapter is None or not issubclass(adapter, Portable):
        return
    # A framework may change how its process rounds; what measures it is another one.
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for device in (device for device in implementation.devices if device in devices):
            for dtype in (dtype for dtype in _DTYPES if dtype in dtypes and dtype in implementation.dtypes):
                for function in FUNCTIONS:
                    got = pool.submit(_ask, adapter, function, dtype, device).result()
                    yield _compare(implementation, function, dtype, device, got)


def _ask(portable: type[Portable], function: str, dtype: str, device: str) -> Floats:
    adapter = portable()
    adapter.namespace()  # float64 is JAX's to switch on
    return adapter.elementary(function, arguments(function, dtype), dtype, device)


def _compare(implementation: Implementation, function: str, dtype: str, device: str, got: Floats) -> Elementary:
    numbers, right = arguments(function, dtype), exact(function, dtype)
    flushes = bool(implementation.switches.get("flushes_subnormals"))
    fed = flushes & (np.abs(numbers) < flushed_below(dtype))
    found = errors(got, right, dtype, unit=None, sizes=np.zeros(got.shape), flushes=flushes, fed=fed)
    at = int(np.nanargmax(found.ulps))
    return Elementary(
        implementation=implementation.name,
        function=function,
        dtype=dtype,
        device=device,
        count=got.size,
        lost=int(found.lost.sum()),
        flushed=int(found.flushed.sum()),
        maximum=short(found.ulps[at]),
        worst=digits(float(numbers[at]), dtype),
    )
