"""How fast our losses are beside each framework's own: `python -m benchmarks`."""

from __future__ import annotations
