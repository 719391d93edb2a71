"""What a probability costs, as a convention takes its logarithm."""

from __future__ import annotations

from typing import Any

from ceconform.losses._kernel import times
from ceconform.losses._rules import Logarithm

__all__ = ["cost", "focal", "positive"]


def cost(xp: Any, p: Any, log: Any, logarithm: Logarithm) -> tuple[Any, Any]:
    """Return -log p and its derivative -1/p, as the convention takes the logarithm; `log` is log p, accurately."""
    if logarithm.add is not None:
        p = p + logarithm.add
        log = xp.log(p)
    if logarithm.floor is None:
        return -log, -1 / p
    low = log < logarithm.floor
    return -xp.where(low, logarithm.floor, log), xp.where(low, 0.0, -1 / p)


def positive(xp: Any, p: Any) -> Any:
    """Return p with one zero: 1/-0 has the wrong sign, and XLA, to which subnormals are 0, has a logarithm for them."""
    return xp.where(p == 0, 0.0, p)


def focal(xp: Any, complement: Any, cost: Any, rate: Any, gamma: float, *, plain: bool) -> tuple[Any, Any]:
    """Return (1 - p)^γ · cost and its derivative by p."""
    if gamma == 0:
        return cost, rate
    factor = complement**gamma
    if plain and gamma >= 1:
        return factor * cost, complement ** (gamma - 1) * (complement * rate - gamma * cost)
    if plain:
        # -log p/(1 - p) is 1 at p = 1, where (1 - p)^(γ - 1) may be infinite.
        steady = xp.where(complement == 0, 1.0, complement)
        ratio = xp.where(complement == 0, 1.0, cost / steady)
        return factor * cost, factor * (rate - gamma * ratio)
    return factor * cost, factor * rate - gamma * times(xp, cost, complement ** (gamma - 1))
