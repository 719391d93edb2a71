"""Reductions: whether a wrong scalar is the right losses, put together in another way."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from ceconform.corpus import REDUCTIONS, Case
from ceconform.errors import CaseError
from ceconform.oracle import Exact, evaluate
from ceconform.verdict.comparison import compare, wanted

__all__ = ["other_reduction"]


@lru_cache(maxsize=4096)
def _reduced(case: Case, reduction: str) -> Exact | None:
    call = case.call("float64")  # the definition is the same in each dtype
    parameters = MappingProxyType({**call.parameters, "reduction": reduction})
    try:
        return evaluate(replace(call, parameters=parameters))
    except CaseError:
        return None


def other_reduction(case: Case, dtype: str, value: tuple[float, ...]) -> str:
    """Name the reduction, other than the one asked for, whose value this is; empty if there is none.

    Only a scalar has one, and 0 and NaN tell nothing.
    """
    asked = case.parameters.get("reduction", "none")
    if asked == "none" or len(value) != 1 or not value[0]:
        return ""
    for reduction in REDUCTIONS:
        if reduction in {"none", asked}:
            continue
        exact = _reduced(case, reduction)
        if exact is None or exact.loss.size != 1:
            continue
        if not compare(value, wanted(exact.loss, exact.condition, exact.terms, dtype), dtype).kind:
            return reduction
    return ""
