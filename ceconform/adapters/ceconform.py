"""Our own losses, on each backend, eager and compiled: judged like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ceconform import __version__, backends
from ceconform.adapters._adapter import Adapter, Dialect, Question, Source, spell
from ceconform.adapters._compiling import by_jax
from ceconform.adapters._gradients import TORCH, TORCH_COTANGENT
from ceconform.libraries import flushing

__all__ = ["ADAPTERS"]

_ANALYTIC = "loss, gradient = ceconform.value_and_grad({function})({arguments})"
"""The gradient where the backend has no autodiff."""


class Portable(Adapter):
    """Every loss of the corpus, with every parameter, under the names of the corpus.

    The pairings are unsupported: ours has no activations, because the name of a loss says what it takes.
    """

    distribution = "ceconform"
    backend: ClassVar[str]

    def version(self) -> str:
        """Ours, and the backend's."""
        return f"{__version__} ({self.backend} {backends.get(self.backend).version()})"

    def devices(self) -> list[str]:
        """Where the backend computes."""
        return backends.get(self.backend).devices()

    def switches(self) -> dict[str, Any]:
        """Those of the backend."""
        return backends.get(self.backend).switches()

    def asnumpy(self, array: Any) -> NDArray[np.float64]:
        """As the backend does it."""
        return backends.get(self.backend).asnumpy(array).astype(np.float64)

    def routes(self, question: Question) -> Iterator[Source]:
        """One function a loss; `reduction` is always said, because ours is `mean` where the corpus has `none`."""
        labels = () if question.call.labels is None else (question.labels,)
        parameters = {"reduction": "none"} | {name: question.get(name) for name in question.call.parameters}
        if question.call.spec.layer:
            labels = (Source("weight"), *labels)
            del parameters["weight"]
        if question.axis is None:
            parameters["axis"] = Source("None")  # it has a meaning of its own
        yield self.spell(f"ceconform.{question.loss}", question.x, *labels, **parameters)

    def spell(self, function: str, *arrays: Source, **parameters: Any) -> Source:
        """The call as a user of the backend writes it."""
        return spell(function, *arrays, **parameters)

    def elementary(self, function: str, numbers: NDArray[np.float64], dtype: str, device: str) -> NDArray[np.float64]:
        """What the backend's own `exp`, `log` or `log1p` makes of numbers."""
        backend = backends.get(self.backend)
        compute = self.compiled(getattr(backend.namespace(), function))
        return self.asnumpy(compute(backend.asarray(numbers, dtype, device)))

    def compiled(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The function as the losses are asked: eager, here."""
        return function


class OnNumPy(Portable):
    """On NumPy arrays."""

    name = "ceconform[numpy]"
    backend = "numpy"
    dtypes = ("float64", "float32", "float16")
    dialect = Dialect(
        imports="import numpy as np\n\nimport ceconform",
        array="np.array({values}, dtype=np.{dtype})",
        gradient=_ANALYTIC,
        show="print({name}.tolist())",
    )


class OnStrict(Portable):
    """On the strictest arrays that the standard allows: what runs here runs on every conforming library."""

    name = "ceconform[array_api_strict]"
    backend = "array_api_strict"
    dialect = Dialect(
        imports=(
            "import array_api_strict as xp\nimport numpy as np\n\nimport ceconform\n\n"
            "xp.set_array_api_strict_flags(boolean_indexing=False, data_dependent_shapes=False)"
        ),
        array="xp.asarray({values}, dtype=xp.{dtype})",
        gradient=_ANALYTIC,
        show="print(np.asarray({name}).tolist())",
    )


class OnTorch(Portable):
    """On PyTorch tensors, with PyTorch's autograd."""

    name = "ceconform[torch]"
    backend = "torch"
    dtypes = ("float64", "float32", "float16", "bfloat16")
    dialect = Dialect(
        imports="import torch\n\nimport ceconform",
        array="torch.tensor({values}, dtype=torch.{dtype}, device={device!r})",
        gradient=TORCH,
        cotangent=TORCH_COTANGENT,
        show="print({name}.tolist())",
    )


class OnJAX(Portable):
    """On JAX arrays, with JAX's autodiff and float64 switched on."""

    name = "ceconform[jax]"
    backend = "jax"
    conventions = flushing({})
    dtypes = ("float64", "float32", "float16", "bfloat16")
    dialect = Dialect(
        imports="import jax\nimport jax.numpy as jnp\n\nimport ceconform\n\njax.config.update('jax_enable_x64', True)",
        array="jnp.asarray({values}, dtype=jnp.{dtype})",
        gradient="gradient = jax.grad(lambda {x}: jnp.sum({expression}))({x})",
        cotangent="gradient = jax.grad(lambda {x}: jnp.sum(cotangent * {expression}))({x})",
        show="print({name}.tolist())",
    )

    def compiling(self) -> float:
        """As JAX tells it."""
        return by_jax()


class CompiledTorch(OnTorch):
    """Compiled by PyTorch, the gradient too, into one graph for each shape."""

    name = "ceconform[torch-compiled]"
    dialect = replace(
        OnTorch.dialect,
        # A graph that is one too many would be an error, of one loss or of all.
        imports=(
            f"{OnTorch.dialect.imports}\n\ntorch._dynamo.config.recompile_limit = 10_000\n"
            "torch._dynamo.config.accumulated_recompile_limit = 10_000"
        ),
    )

    def spell(self, function: str, *arrays: Source, **parameters: Any) -> Source:
        """Arguments that are no arrays are constants of the graph by themselves."""
        return spell(f"torch.compile({function}, fullgraph=True, dynamic=False)", *arrays, **parameters).by(function)

    def compiled(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """By PyTorch."""
        compiled: Callable[[Any], Any] = backends.get(self.backend).load().compile(function, fullgraph=True)
        return compiled


class CompiledJAX(OnJAX):
    """Compiled by JAX, value and gradient each as one program."""

    name = "ceconform[jax-compiled]"
    dialect = replace(
        OnJAX.dialect,
        imports=f"from functools import partial\n\n{OnJAX.dialect.imports}",
        gradient=(
            "total = lambda *arrays, **named: jnp.sum({function}(*arrays, **named))\n"
            "gradient = jax.jit(jax.grad(total))({arguments})"
        ),
        cotangent=(
            "total = lambda *arrays, **named: jnp.sum(cotangent * {function}(*arrays, **named))\n"
            "gradient = jax.jit(jax.grad(total))({arguments})"
        ),
    )

    def spell(self, function: str, *arrays: Source, **parameters: Any) -> Source:
        """Every array is an argument; what is no array is bound before, because JAX would trace it."""
        named = {name: value for name, value in parameters.items() if isinstance(value, Source)}
        bound = {name: value for name, value in parameters.items() if name not in named}
        compiled = f"jax.jit({spell('partial', Source(function), **bound)})"
        return spell(compiled, *arrays, **named).by(function)

    def compiled(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """By JAX."""
        compiled: Callable[[Any], Any] = backends.get(self.backend).load().jit(function)
        return compiled


class OnCuPy(Portable):
    """On CuPy arrays, on a CUDA device."""

    name = "ceconform[cupy]"
    backend = "cupy"
    dtypes = ("float64", "float32", "float16")
    dialect = Dialect(
        imports="import cupy as cp\n\nimport ceconform",
        array="cp.asarray({values}, dtype=cp.{dtype})",
        gradient=_ANALYTIC,
        show="print({name}.tolist())",
    )


ADAPTERS = (OnNumPy, OnStrict, OnTorch, CompiledTorch, OnJAX, CompiledJAX, OnCuPy)
