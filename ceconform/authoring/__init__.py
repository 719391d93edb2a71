"""Making: lint, and the expected values that it writes."""

from __future__ import annotations
