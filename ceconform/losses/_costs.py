"""What a probability costs, as a convention takes its logarithm.

A rate is the derivative of a cost times the mass of its label, which is divided by the probability itself: 1/p alone is
infinite where p is smaller than about 1/max, and mass/p need not be.
"""

from __future__ import annotations

from typing import Any

from ceconform.losses._kernel import per, times
from ceconform.losses._rules import Logarithm

__all__ = ["cost", "focal", "focal_rate", "positive", "rate"]


def cost(xp: Any, p: Any, log: Any, logarithm: Logarithm) -> Any:
    """Return -log p, as the convention takes the logarithm; `log` is log p, accurately."""
    if logarithm.add is not None:
        log = xp.log(p + logarithm.add)
    return -log if logarithm.floor is None else -xp.where(log < logarithm.floor, logarithm.floor, log)


def rate(xp: Any, mass: Any, p: Any, log: Any, logarithm: Logarithm) -> Any:
    """Return mass times the derivative of `cost`, -mass/p."""
    if logarithm.add is not None:
        p = p + logarithm.add
        log = xp.log(p)
    slope = -per(xp, mass, p)
    return slope if logarithm.floor is None else xp.where(log < logarithm.floor, 0.0, slope)


def positive(xp: Any, p: Any) -> Any:
    """Return p with one zero: 1/-0 has the wrong sign, and XLA, to which subnormals are 0, has a logarithm for them."""
    return xp.where(p == 0, 0.0, p)


def focal(complement: Any, cost: Any, gamma: float) -> Any:
    """Return (1 - p)^γ · cost."""
    return cost if gamma == 0 else complement**gamma * cost


def focal_rate(xp: Any, mass: Any, complement: Any, cost: Any, rate: Any, gamma: float, *, plain: bool) -> Any:
    """Return mass times the derivative of `focal` by p; `rate` is mass times that of the cost."""
    if gamma == 0:
        return rate
    if plain and gamma >= 1:
        found = complement ** (gamma - 1) * (complement * rate - gamma * (mass * cost))
    elif plain:
        # -log p/(1 - p) is 1 at p = 1, where (1 - p)^(γ - 1) may be infinite.
        steady = xp.where(complement == 0, 1.0, complement)
        ratio = xp.where(complement == 0, 1.0, cost / steady)
        found = complement**gamma * (rate - gamma * (mass * ratio))
    else:
        found = complement**gamma * rate - gamma * times(xp, mass * cost, complement ** (gamma - 1))
    return xp.where(mass == 0, 0.0, found)
