"""Tests of one's own loss: a plain function is asked the cases of its loss, in pytest or in any other frame.

The function is asked in the process of the test, on the CPU: it may be a closure, be patched, be stepped through in a
debugger. So a crash of native code ends the test run; `ceconform run package.module:function` asks in a process of
its own, with a time limit. Warnings are not heard, and JAX has float64 during a call.
"""

from __future__ import annotations

from ceconform.errors import MissingDependencyError

try:
    from ceconform.testing.asserting import assert_conforms, cases
    from ceconform.testing.check import Check
    from ceconform.testing.choosing import checks
except ModuleNotFoundError as missing:
    raise MissingDependencyError(
        f"{missing}: `pip install 'ceconform[conformance]'` brings what ceconform.testing needs"
    ) from missing

__all__ = ["Check", "assert_conforms", "cases", "checks"]
