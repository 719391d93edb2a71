"""Portable, exact cross-entropy losses, and a conformance suite for everybody's."""

from __future__ import annotations

from ceconform.losses import *  # noqa: F403
from ceconform.losses import __all__

__version__ = "0.1.0"
