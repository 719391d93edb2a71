"""Hosts: the array libraries whose arrays a plain function under test may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ceconform.adapters._adapter import Adapter
from ceconform.adapters._gradients import (
    JAX,
    JAX_COTANGENT,
    TENSORFLOW,
    TENSORFLOW_COTANGENT,
    TORCH,
    TORCH_COTANGENT,
)
from ceconform.adapters.ceconform import OnCuPy, OnNumPy, OnStrict
from ceconform.adapters.optax import Optax
from ceconform.adapters.tensorflow import TensorFlow
from ceconform.adapters.torch import Torch
from ceconform.errors import UnknownNameError

__all__ = ["HOSTS", "Host", "host"]


@dataclass(frozen=True, kw_only=True)
class Host:
    """How arrays of one library are made, read and differentiated."""

    name: str
    adapter: type[Adapter]
    """Whose arrays, devices and switches these are; its losses are not asked."""
    imports: str
    setup: str = ""
    """What a process of its own runs after the imports."""
    within: Callable[[], AbstractContextManager[Any]] = nullcontext
    """What stands for the setup in somebody else's process, around each call."""
    gradient: str = ""
    """As in a `Dialect`; empty where there is no autodiff."""
    cotangent: str = ""
    activations: Mapping[str, str] = field(default_factory=dict)
    conventions: tuple[str, ...] = ()
    """What the library documents of its arithmetic, whatever function stands on it."""


def _double() -> AbstractContextManager[Any]:
    """JAX with float64 for a while, which has moved from one release to another."""
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)  # type: ignore[no-any-return]
    from jax.experimental import enable_x64

    return enable_x64()  # type: ignore[no-any-return]


HOSTS: Mapping[str, Host] = MappingProxyType(
    {
        each.name: each
        for each in (
            Host(name="numpy", adapter=OnNumPy, imports="import numpy as np"),
            Host(
                name="torch",
                adapter=Torch,
                imports="import torch",
                gradient=TORCH,
                cotangent=TORCH_COTANGENT,
                activations={**Torch.activations, "log_sigmoid": "torch.nn.functional.logsigmoid({x})"},
            ),
            Host(
                name="jax",
                adapter=Optax,
                imports="import jax\nimport jax.numpy as jnp\nimport numpy as np",
                setup="jax.config.update('jax_enable_x64', True)",
                within=_double,
                gradient=JAX,
                cotangent=JAX_COTANGENT,
                activations=Optax.activations,
                conventions=("subnormals-are-zero",),
            ),
            Host(
                name="tensorflow",
                adapter=TensorFlow,
                imports="import numpy as np\nimport tensorflow as tf",
                gradient=TENSORFLOW,
                cotangent=TENSORFLOW_COTANGENT,
                activations=TensorFlow.activations,
            ),
            Host(name="cupy", adapter=OnCuPy, imports="import cupy as cp"),
            Host(
                name="array_api_strict", adapter=OnStrict, imports="import array_api_strict as xp\nimport numpy as np"
            ),
        )
    }
)
"""By name."""


def host(name: str) -> Host:
    """Return a host by its name.

    Raises
    ------
    UnknownNameError
        For a name that is none.
    """
    if name not in HOSTS:
        raise UnknownNameError(f"expected as the backend of a function one of {', '.join(HOSTS)}; got {name!r}")
    return HOSTS[name]
