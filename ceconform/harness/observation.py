"""An observation: what an implementation answered to one call by one route."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Answer", "Observation"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One array as an implementation gave it, or the error that it raised instead."""

    values: tuple[float, ...] = ()
    """Flat, in row-major order; every dtype that is asked widens to float64 exactly."""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    device: str = ""
    raised: str = ""
    """`TypeName: message`, if the library raised."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What came of asking one call by one route.

    `status` is `answered` (the library returned or raised), `unsupported` (it cannot say the call: `reason`), `error`
    (the adapter failed: `reason`), `crash` (the process died: `reason`) or `timeout`.
    """

    status: str
    via: str = ""
    """The entry point, `F.cross_entropy`."""
    expression: str = ""
    """The library's own words, `F.cross_entropy(logits, labels, reduction='none')`."""
    value: Answer | None = None
    gradient: Answer | None = None
    """None where the library has no autodiff, or `no_gradient` says why."""
    no_gradient: str = ""
    reason: str = ""
    seconds: float = 0.0
