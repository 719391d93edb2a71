"""Grids: the adversarial inputs on which accuracy is measured, as cases that nobody stores.

A grid is a case of many elements or rows, without an expected answer: the oracle gives it. Each dtype has its own, in
its own numbers. Shapes are few, because some libraries compile for every new one.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.authoring import elements, rows
from ceconform.authoring.draws import Draws
from ceconform.authoring.inputs import Inputs
from ceconform.corpus import LOSSES, Case, Expected
from ceconform.errors import UnknownNameError
from ceconform.formats import FORMATS

__all__ = ["GAMMAS", "VALUE_ALONE", "fingerprint", "grids"]

GAMMAS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
VALUE_ALONE = "value-alone"
"""The tag of a grid whose gradient is not measured."""
SWEPT = tuple(name for name, spec in LOSSES.items() if not spec.layer)
"""Not a linear layer's loss: what its products lose before the loss has logits is no matter of the last place."""
_REDUCTIONS = ("sum", "mean", "weighted_mean")


def grids(losses: Iterable[str] = (), dtypes: Iterable[str] = ()) -> tuple[Case, ...]:
    """Every grid of these losses in these dtypes; of all, if none are named.

    Raises
    ------
    UnknownNameError
        For a loss or a dtype that nobody knows.

    Examples
    --------
    >>> [case.id for case in grids(["hinge_loss"], ["float16"])][:2]
    ['sweep/hinge_loss/float16/margins', 'sweep/hinge_loss/float16/weights']
    """
    names, formats = tuple(losses) or SWEPT, tuple(dtypes) or tuple(FORMATS)
    for wanted, known in ((names, SWEPT), (formats, FORMATS)):
        for name in wanted:
            if name not in known:
                raise UnknownNameError(f"expected one of {', '.join(known)}; got {name!r}")
    return tuple(case for loss in names for dtype in formats for case in _cases(loss, dtype))


def fingerprint(cases: Sequence[Case]) -> str:
    """A hash of what is asked: two sweeps with the same one are comparable.

    >>> fingerprint(grids(["hinge_loss"], ["float16"])) == fingerprint(grids(["hinge_loss"], ["float16"]))
    True
    """
    digest = hashlib.sha256()
    for case in cases:
        digest.update(case.id.encode())
        for array in (case.predictions, case.labels, *case.parameters.values()):
            digest.update(array.tobytes() if isinstance(array, np.ndarray) else repr(array).encode())
    return digest.hexdigest()[:16]


def _cases(loss: str, dtype: str) -> Iterator[Case]:
    for inputs in _of(loss, dtype):
        yield Case(
            id=f"sweep/{loss}/{dtype}/{inputs.name}",
            description=inputs.name,
            loss=loss,
            predictions=inputs.predictions,
            labels=inputs.labels,
            parameters=MappingProxyType(dict(inputs.parameters)),
            sources={},
            expected=Expected(),
            rounding=dtype,
            tags=(VALUE_ALONE,) if inputs.value_alone else (),
            dtypes=(dtype,),
        )


def _of(loss: str, dtype: str) -> Iterator[Inputs]:
    """The plain inputs, then the same through every parameter and reduction that the loss has."""
    draws = Draws(dtype, zlib.crc32(loss.encode()))
    spec = LOSSES[loss]
    binary = spec.labels in {"binary", "sign"}
    if "focal" in loss:
        plain = list((elements if binary else rows).focal(draws, spec))
        for gamma in GAMMAS:
            yield from (each.having(f"{each.name}/gamma-{gamma:g}", gamma=gamma) for each in plain)
        yield plain[0].having("alpha", gamma=2.0, alpha=0.25)
        yield from _reduced(draws, plain[0].having("", gamma=2.0))
        return
    plain = list((elements if binary else rows).plain(draws, spec))
    yield from plain
    if spec.name == "brier_loss":
        yield from elements.squares(draws)
    first = next(each for each in plain if not each.value_alone)
    count = len(first.predictions)
    if "pos_weight" in spec.parameters:
        yield first.having("pos-weight", pos_weight=draws.scaled(count, -12, 12))
    if "class_weight" in spec.parameters:
        yield first.having("class-weight", class_weight=draws.scaled(first.predictions.shape[1], -12, 12))
    yield first.having("weights", sample_weight=draws.scaled(count, -12, 12))
    if "label_smoothing" in spec.parameters and loss != "kl_divergence":
        yield first.having("smoothing", label_smoothing=0.1)
    yield from _reduced(draws, first)
    yield from (elements if binary else rows).long(draws, spec)


def _reduced(draws: Draws, first: Inputs) -> Iterator[Inputs]:
    weights: NDArray[Any] = draws.scaled(len(first.predictions), -4, 4)
    for reduction in _REDUCTIONS:
        weighted = {"sample_weight": weights} if reduction == "weighted_mean" else {}
        yield first.having(reduction.replace("_", "-"), reduction=reduction, **weighted)
