"""The backends that a test of the losses runs on: each library, on each device that this machine has."""

from __future__ import annotations

import os
import signal

import hypothesis
import pytest

from ceconform import backends

hypothesis.settings.register_profile("ceconform", deadline=None)  # how long a call takes says how busy the machine is
hypothesis.settings.load_profile("ceconform")

# The tests share the cores: threads that wait for each other sleep meanwhile, and no pool of compilers is started.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a script: no command would hear Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

PLACES = [
    pytest.param(("numpy", "cpu"), id="numpy"),
    pytest.param(("array_api_strict", "cpu"), id="array_api_strict"),
    pytest.param(("torch", "cpu"), id="torch"),
    pytest.param(("jax", "cpu"), id="jax"),
    pytest.param(("torch", "cuda:0"), id="torch-cuda", marks=pytest.mark.gpu),
    pytest.param(("jax", "cuda:0"), id="jax-cuda", marks=pytest.mark.gpu),
    pytest.param(("cupy", "cuda:0"), id="cupy", marks=pytest.mark.gpu),
]


def prepared(name: str, device: str = "cpu") -> backends.Backend:
    """A backend as the tests want it: the strictest flags, float64 on; or a skip that says what is missing."""
    backend = backends.get(name)
    if not backend.installed:
        pytest.skip(f"{name} is not installed")
    if device not in backend.devices():
        pytest.skip(f"{name} has no device {device} on this machine")
    if name == "array_api_strict":
        backend.load().set_array_api_strict_flags(boolean_indexing=False, data_dependent_shapes=False)
    if name == "jax":
        backend.load().config.update("jax_enable_x64", True)
    return backend


@pytest.fixture(params=PLACES)
def place(request):
    """A backend and one of its devices."""
    name, device = request.param
    return prepared(name, device), device


@pytest.fixture
def backend(place):
    """The backend."""
    return place[0]


@pytest.fixture
def device(place):
    """The device, in the words of `Backend.devices`."""
    return place[1]


@pytest.fixture
def xp(backend):
    """The Array API namespace of the backend."""
    return backend.namespace()


@pytest.fixture
def torch():
    """PyTorch."""
    return prepared("torch").load()


@pytest.fixture
def jax():
    """JAX with float64."""
    return prepared("jax").load()
