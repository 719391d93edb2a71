"""`python -m ceconform` is `ceconform`."""

from __future__ import annotations

from ceconform.cli import main

main()
