"""Array libraries: import, devices, dtypes, numbers in and out, numeric switches."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ceconform import backends
from ceconform.errors import ArgumentError, MissingDependencyError, UnknownNameError

EXACT = np.asarray([1.0, -0.5, np.inf, np.nan, 2.0**-14])


def test_numbers_come_back_as_they_went_in(backend, device):
    """Every dtype of every backend holds these exactly."""
    for dtype in backend.dtypes:
        array = backend.asarray(EXACT, dtype, device)
        assert dtype == str(array.dtype).rpartition(".")[2]
        np.testing.assert_array_equal(EXACT, backend.asnumpy(array).astype(np.float64))


def test_bfloat16_is_rounded_once(torch, jax):
    """0.1 has eight bits there, in both libraries that have it."""
    del torch, jax
    for name in ("torch", "jax"):
        backend = backends.get(name)
        assert float(backend.asnumpy(backend.asarray(np.asarray([0.1]), "bfloat16"))[0]) == 0.10009765625


def test_integers_keep_their_dtype(backend, device):
    """Class indices are not turned into numbers with a fraction."""
    array = backend.asarray(np.asarray([0, 1], dtype=np.int64), None, device)
    assert backend.asnumpy(array).dtype.kind == "i"


def test_the_namespace_is_of_the_array_api(backend, xp):
    """It has what the standard names."""
    assert xp is backend.namespace()
    assert callable(xp.isdtype)
    assert callable(xp.expand_dims)


def test_switches_are_plain_data(backend):
    """They go into a report: subnormals are tried, the rest is looked up."""
    switches = backend.switches()
    assert isinstance(switches["flushes_subnormals"], bool)
    assert all(isinstance(value, bool | int | str | tuple) for value in switches.values())


def test_xla_flushes_subnormals_on_the_cpu_and_numpy_does_not(jax):
    """What the judging makes allowance for."""
    del jax
    assert not backends.get("numpy").flushes_subnormals()
    assert backends.get("jax").flushes_subnormals()


def test_a_dtype_that_would_be_another_is_refused(jax):
    """Without its x64 switch JAX makes float32 of float64."""
    with jax.enable_x64(False), pytest.raises(ArgumentError, match="expected float64, got float32"):
        backends.get("jax").asarray(np.asarray([0.1]), "float64")


def test_versions_are_versions(backend):
    """Of the library that is there."""
    assert backend.version()[0].isdigit()


def test_every_backend_is_named_as_its_key():
    """The folder listing of array libraries."""
    assert {"numpy", "array_api_strict", "torch", "jax", "cupy", "dask"} == set(backends.BACKENDS)
    assert all(name == backend.name for name, backend in backends.BACKENDS.items())


def test_an_unknown_name_and_a_missing_library():
    """The messages say which names there are, and which extra brings the library."""
    with pytest.raises(UnknownNameError, match="`backend` must be one of numpy, array_api_strict"):
        backends.get("mxnet")
    absent = dataclasses.replace(backends.get("numpy"), name="absent", module="no_such_library")
    assert not absent.installed
    with pytest.raises(MissingDependencyError, match=r"pip install 'ceconform\[absent\]'"):
        absent.namespace()
