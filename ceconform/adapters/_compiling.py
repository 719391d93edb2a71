"""Compiling: how long JAX has compiled in this process, by its own account."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["by_jax"]

_EVENTS = "/jax/core/compile/"
"""Tracing, lowering, and compiling or reading what was compiled before."""


class _Heard:
    """What JAX has said of itself."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def hear(self, event: str, duration: float, **_: Any) -> None:
        """Add the duration of what is part of compiling."""
        if event.startswith(_EVENTS):
            self.seconds += duration


@lru_cache(maxsize=1)
def _heard() -> _Heard:
    """Listen from now on."""
    import jax

    heard = _Heard()
    jax.monitoring.register_event_duration_secs_listener(heard.hear)
    return heard


def by_jax() -> float:
    """Seconds since this was asked first; what is traced within another trace counts twice."""
    return _heard().seconds
