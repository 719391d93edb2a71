"""What `import ceconform` gives, and what it does not bring with it."""

from __future__ import annotations

import subprocess
import sys

import ceconform

FRAMEWORKS = (
    *("numpy", "torch", "jax", "cupy", "dask", "tensorflow", "keras", "tf_keras", "optax", "sklearn"),
    "array_api_strict",
)


def test_every_public_name_is_there_and_sorted():
    """`__all__` tells the truth."""
    assert list(ceconform.losses.__all__) == sorted(ceconform.losses.__all__)
    assert set(ceconform.__all__) == {*ceconform.losses.__all__, "value_and_grad"}
    for name in ceconform.__all__:
        assert callable(getattr(ceconform, name))
        assert getattr(ceconform, name).__doc__


def test_importing_imports_no_framework():
    """Not even NumPy: a process that imports ceconform pays for ceconform alone."""
    program = f"import sys, ceconform; print(*[name for name in {FRAMEWORKS} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
