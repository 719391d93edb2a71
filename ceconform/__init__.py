"""Portable, exact cross-entropy losses, and a conformance suite for everybody's."""

from __future__ import annotations

from ceconform import losses as _losses
from ceconform.losses import *  # noqa: F403 - the public losses, as `losses` lists them
from ceconform.losses._evaluation import value_and_grad

__all__ = [*_losses.__all__, "value_and_grad"]  # noqa: PLE0604 - one list, kept where the losses are

__version__ = "0.1.0"
