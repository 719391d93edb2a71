"""Backends: the array libraries that our losses run on. Each is imported when it is asked for, and not before."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.errors import ArgumentError, MissingDependencyError, UnknownNameError

__all__ = ["BACKENDS", "Backend", "get"]


@dataclass(frozen=True, kw_only=True)
class Backend:
    """One array library: how it is imported, where it computes, how numbers get in and out."""

    name: str
    module: str
    """What is imported, and what has the version."""
    compatible: str
    """The module with its Array API namespace."""
    dtypes: tuple[str, ...]
    find_devices: Callable[[Any], list[str]]
    """From the imported module: where it computes on this machine, as `cpu` and `cuda:0`, the CPU first."""
    make: Callable[[Any, NDArray[Any], str, str], Any]
    """From the imported module, numbers, dtype and device: an array."""
    read: Callable[[Any], NDArray[Any]]
    """From an array: its numbers."""
    find_switches: Callable[[Any], dict[str, Any]] = lambda _: {}
    autodiff: bool = False
    """Whether the library differentiates; `value_and_grad` works on all of them."""

    @property
    def installed(self) -> bool:
        """Whether the library is there; nothing is imported."""
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None

    def load(self) -> Any:
        """Import the library.

        Raises
        ------
        MissingDependencyError
            If it is not installed.
        """
        try:
            return importlib.import_module(self.module)
        except ImportError as error:
            raise MissingDependencyError(
                f"the backend {self.name!r} needs {self.module}: pip install 'ceconform[{self.name}]'"
            ) from error

    def version(self) -> str:
        """The version of the library."""
        return str(importlib.import_module(self.load().__name__.partition(".")[0]).__version__)

    def namespace(self) -> Any:
        """Return its Array API namespace, as array-api-compat completes it."""
        self.load()
        return importlib.import_module(self.compatible)

    def devices(self) -> list[str]:
        """Where it computes on this machine."""
        return self.find_devices(self.load())

    def asarray(self, values: NDArray[Any], dtype: str | None = None, device: str | None = None) -> Any:
        """Return an array of exactly these numbers; those of integers keep their dtype where none is given.

        Parameters
        ----------
        values
            Numbers, float64 or integer.
        dtype
            `float64`, `float32`, `float16`, `bfloat16` or the name of an integer dtype; that of the numbers if None.
        device
            One of `devices()`; the first of them if None.

        Raises
        ------
        ArgumentError
            If the library would make an array of another dtype, as JAX does of float64 without its x64 switch.
        """
        values = np.asarray(values)
        array = self.make(self.load(), values, dtype or values.dtype.name, device or self.devices()[0])
        got = str(array.dtype).rpartition(".")[2]
        if dtype not in {None, got}:
            raise ArgumentError(
                f"`dtype` must be one that {self.name} has as it is set up: expected {dtype}, got {got}"
            )
        return array

    def asnumpy(self, array: Any) -> NDArray[Any]:
        """Return the numbers of an array; bfloat16 comes as float32, which holds all of them."""
        return self.read(array)

    def switches(self) -> dict[str, Any]:
        """Return what changes its arithmetic; whether subnormal numbers are flushed to 0 is tried, not looked up."""
        return {"flushes_subnormals": self.flushes_subnormals(), **self.find_switches(self.load())}

    def flushes_subnormals(self, dtype: str = "float32") -> bool:
        """Whether half of the smallest normal number is 0."""
        smallest = self.asarray(np.asarray([float(np.finfo(dtype).smallest_normal)]), dtype)
        return bool(self.asnumpy(smallest * 0.5)[0] == 0)


def _numpy_like(module: Any, values: NDArray[Any], dtype: str, device: str) -> Any:
    del device
    return module.asarray(_rounded(values, dtype))


def _strict(module: Any, values: NDArray[Any], dtype: str, device: str) -> Any:
    del device
    return module.asarray(values, dtype=getattr(module, dtype))


def _torch(module: Any, values: NDArray[Any], dtype: str, device: str) -> Any:
    return module.asarray(np.array(values)).to(dtype=getattr(module, dtype), device=device)


def _jax(module: Any, values: NDArray[Any], dtype: str, device: str) -> Any:
    kind, _, number = device.partition(":")
    place = module.devices("gpu" if kind == "cuda" else kind)[int(number or 0)]
    return module.device_put(_rounded(values, dtype), place)


def _cupy(module: Any, values: NDArray[Any], dtype: str, device: str) -> Any:
    with module.cuda.Device(int(device.partition(":")[2] or 0)):
        return module.asarray(_rounded(values, dtype))


def _dask(module: Any, values: NDArray[Any], dtype: str, device: str) -> Any:
    del device
    return module.from_array(_rounded(values, dtype))


def _rounded(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Return the numbers in a dtype; NumPy has no bfloat16 of its own."""
    if dtype == "bfloat16":
        import ml_dtypes

        return values.astype(ml_dtypes.bfloat16)
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(dtype)


def _read_torch(array: Any) -> NDArray[Any]:
    array = array.detach().cpu()
    return np.asarray(array.float() if str(array.dtype) == "torch.bfloat16" else array)


def _read_jax(array: Any) -> NDArray[Any]:
    return np.asarray(array.astype("float32") if array.dtype.name == "bfloat16" else array)


def _torch_devices(torch: Any) -> list[str]:
    return ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]


def _jax_devices(jax: Any) -> list[str]:
    return ["cpu", *(f"cuda:{place.id}" for place in jax.devices() if place.platform in {"cuda", "gpu"})]


def _cupy_devices(cupy: Any) -> list[str]:
    return [f"cuda:{i}" for i in range(cupy.cuda.runtime.getDeviceCount())] if cupy.cuda.is_available() else []


def _torch_switches(torch: Any) -> dict[str, Any]:
    return {
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "matmul_precision": torch.get_float32_matmul_precision(),
        "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
    }


def _jax_switches(jax: Any) -> dict[str, Any]:
    return {
        "x64": bool(jax.config.jax_enable_x64),
        "matmul_precision": jax.config.jax_default_matmul_precision or "default",
        "platform": jax.default_backend(),
    }


def _strict_switches(strict: Any) -> dict[str, Any]:
    return dict(strict.get_array_api_strict_flags())


_FLOATS = ("float64", "float32")
_HALVES = (*_FLOATS, "float16")

BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {
        backend.name: backend
        for backend in (
            Backend(
                name="numpy",
                module="numpy",
                compatible="array_api_compat.numpy",
                dtypes=_HALVES,
                find_devices=lambda _: ["cpu"],
                make=_numpy_like,
                read=np.asarray,
            ),
            Backend(
                name="array_api_strict",
                module="array_api_strict",
                compatible="array_api_strict",
                dtypes=_FLOATS,
                find_devices=lambda _: ["cpu"],
                make=_strict,
                read=np.asarray,
                find_switches=_strict_switches,
            ),
            Backend(
                name="torch",
                module="torch",
                compatible="array_api_compat.torch",
                dtypes=(*_HALVES, "bfloat16"),
                find_devices=_torch_devices,
                make=_torch,
                read=_read_torch,
                find_switches=_torch_switches,
                autodiff=True,
            ),
            Backend(
                name="jax",
                module="jax",
                compatible="jax.numpy",
                dtypes=(*_HALVES, "bfloat16"),
                find_devices=_jax_devices,
                make=_jax,
                read=_read_jax,
                find_switches=_jax_switches,
                autodiff=True,
            ),
            Backend(
                name="cupy",
                module="cupy",
                compatible="array_api_compat.cupy",
                dtypes=_HALVES,
                find_devices=_cupy_devices,
                make=_cupy,
                read=lambda array: array.get(),
            ),
            Backend(
                name="dask",
                module="dask.array",
                compatible="array_api_compat.dask.array",
                dtypes=_HALVES,
                find_devices=lambda _: ["cpu"],
                make=_dask,
                read=lambda array: np.asarray(array.compute()),
            ),
        )
    }
)
"""By name. JAX has float64 where its x64 switch is on, which is the user's to decide."""


def get(name: str) -> Backend:
    """Return a backend by its name.

    Raises
    ------
    UnknownNameError
        For a name that is none.

    Examples
    --------
    >>> get("numpy").devices()
    ['cpu']
    """
    try:
        return BACKENDS[name]
    except KeyError:
        raise UnknownNameError(f"`backend` must be one of {', '.join(BACKENDS)}: got {name!r}") from None
