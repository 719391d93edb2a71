"""Making: lint, the expected values that it writes, and the grids on which a sweep measures accuracy."""

from __future__ import annotations
