"""A plain function as an implementation: it has our argument names, and takes the arrays of one library."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from ceconform import losses
from ceconform.adapters._adapter import Adapter, Question, Source, Unsupported, spell
from ceconform.adapters._hosts import Host, host
from ceconform.adapters._signature import Signature
from ceconform.corpus import LOSSES, REDUCTIONS
from ceconform.corpus.call import ARRAYS
from ceconform.errors import ArgumentError, UnknownNameError

__all__ = ["adapt", "find_function"]

_TAKEN = frozenset(
    {"loss", "gradient", "total", "tape", "labels", "logits", "probabilities", "log_probabilities", "hidden"}
    | {*ARRAYS, "np", "torch", "jax", "jnp", "tf", "cp", "xp", "inf", "nan"}
)
"""Names that the sources use for something else."""


def find_function(target: str) -> Callable[..., Any]:
    """Import the function that `package.module:function` names.

    Raises
    ------
    ArgumentError
        If the text is written otherwise, or names what cannot be called, or an adapter.
    UnknownNameError
        If the module cannot be imported, or has no such name.
    """
    module, _, name = target.partition(":")
    if not module or not all(part.isidentifier() for part in name.split(".")):
        raise ArgumentError(f"expected a function as package.module:function, got {target!r}")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        raise UnknownNameError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
    for part in name.split("."):
        if not hasattr(found, part):
            close = get_close_matches(part, dir(found), 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise UnknownNameError(f"expected {target!r} to be a function, got a module without {part!r}{hint}")
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


def adapt(
    function: Callable[..., Any],
    *,
    loss: str,
    backend: str,
    target: str = "",
    reduction: str | None = None,
    conventions: tuple[str, ...] = (),
    alone: bool = False,
) -> Adapter:
    """Make an adapter of a function.

    Parameters
    ----------
    function
        It takes the predictions under the name that our function of the same loss has for them (`logits`,
        `probabilities`, …), `labels`, and those of our other parameters that it knows. What a question says beyond
        them is unsupported. An annotation of `reduction` as a `Literal` tells which reductions there are.
    loss
        Which loss it computes.
    backend
        Whose arrays it takes: `numpy`, `torch`, `jax`, `tensorflow`, `cupy` or `array_api_strict`.
    target
        Where it is imported from, as `package.module:function`; by default where it says that it was defined.
    reduction
        What a function without the parameter `reduction` returns; `none` by default.
    conventions
        Names of the conventions that it documents, in their order.
    alone
        Whether the process is there for this function alone, so that the backend may be set up for it, as JAX for
        float64.

    Raises
    ------
    ArgumentError
        If it is no function of these arguments.
    UnknownNameError
        For a loss or a backend that nobody knows.
    """
    if loss not in LOSSES:
        close = get_close_matches(loss, LOSSES, 1, cutoff=0.3)
        raise UnknownNameError(f"expected the name of a loss, such as {(*close, 'nll_loss')[0]!r}; got {loss!r}")
    named = _Named.of(function, target)
    form = Signature.of(function, named.target, LOSSES[loss], reduction)
    on = host(backend)
    dialect = replace(
        on.adapter.dialect,
        imports="\n".join(filter(None, (on.imports, on.setup))) + f"\n\n{named.imports}",
        gradient=on.gradient,
        cotangent=on.cotangent,
    )
    rules = (*on.conventions, *conventions)
    made: type[Adapter] = type(
        "Function",
        (_Function, on.adapter),
        {
            "name": named.target,
            "distribution": named.distribution,
            "dialect": dialect,
            "activations": on.activations,
            "conventions": MappingProxyType({loss: rules} if rules else {}),
            "host": on,
            "form": form,
            "function": staticmethod(function),
            "called": named.called,
            "alone": alone,
        },
    )
    return made()


@dataclass(frozen=True, kw_only=True)
class _Named:
    """What a function is called, and how a program gets at it."""

    target: str
    called: str
    imports: str
    distribution: str

    @classmethod
    def of(cls, function: Any, target: str) -> _Named:
        """Of a function that is imported as `target` says, or that knows itself where it was defined."""
        where = getattr(function, "__module__", None) or type(function).__module__
        module, _, path = (target or f"{where}:{getattr(function, '__qualname__', 'function')}").partition(":")
        *_, name = path.split(".")
        called = f"{name}_" if name in _TAKEN else name
        imports = f"from {module} import {name}" + (f" as {called}" if called != name else "")
        if not target and (module == "__main__" or not _leads(module, path, function)):
            called = name if name.isidentifier() and name not in _TAKEN else "function"
            imports = f"# {called}: the function under test, which has no place to be imported from"
        elif path != name:
            head = path.partition(".")[0]
            imports = f"from {module} import {head}\n\n{called} = {path}"
        return cls(target=f"{module}:{path}", called=called, imports=imports, distribution=_distribution(module))


def _leads(module: str, path: str, function: Any) -> bool:
    """Whether an import gives this very function."""
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found is function


def _distribution(module: str) -> str:
    top = module.partition(".")[0]
    known = importlib.metadata.packages_distributions().get(top, [])
    return known[0] if known else top


class _Function(Adapter):
    """The part that all functions have in common, whatever arrays they take."""

    host: Host
    form: Signature
    function: Callable[..., Any]
    called: str
    alone: bool

    def version(self) -> str:
        """Of its distribution, if it is of one, and of the library whose arrays it takes."""
        arrays = f"{self.host.name} {importlib.import_module(self.host.name).__version__}"
        try:
            return f"{importlib.metadata.version(self.distribution)} ({arrays})"
        except importlib.metadata.PackageNotFoundError:
            return arrays

    def namespace(self) -> dict[str, Any]:
        """The host's names, and the function under the one that the source gives it."""
        names: dict[str, Any] = {}
        exec(f"{self.host.imports}\n{self.host.setup if self.alone else ''}", names)  # noqa: S102 - our own text
        return {**names, self.called: self.function}

    def describe(self, array: Any) -> tuple[tuple[int, ...], str, str]:
        """As the host does it, of arrays."""
        if not hasattr(array, "shape") or not hasattr(array, "dtype"):
            raise TypeError(f"expected an array of {self.host.name}, got {type(array).__name__}")
        return super().describe(array)

    def routes(self, question: Question) -> Iterator[Source]:
        """The call, with each parameter that the question states or that the function takes otherwise than we do."""
        form, loss = self.form, self.form.loss
        if question.loss != loss.name:
            raise Unsupported(f"{self.called} is a {loss.name}")
        arrays = {name: Source(name) for name in (*form.leading, *form.arrays)} | {loss.predictions: question.x}
        keywords = {name: arrays[name] for name in form.arrays} | self._parameters(question)
        yield spell(self.called, *(arrays[name] for name in form.leading), **keywords)

    def _parameters(self, q: Question) -> dict[str, Any]:
        ours = inspect.signature(getattr(losses, q.loss)).parameters
        keywords: dict[str, Any] = {}
        for name in self.form.loss.parameters:
            if name == "reduction" or name in {*self.form.leading, *self.form.arrays}:
                continue
            default = ours[name].default
            value = q.get(name, default)
            if name in self.form.defaults:
                if name in q.call.parameters or not _same(self.form.defaults[name], default):
                    keywords[name] = Source("None") if value is None else value
            elif not (_same(value, default) or (name == "axis" and value is not None and q.classes_last)):
                raise Unsupported(f"{self.called} has no parameter {name}")
        return keywords | self._reduction(q)

    def _reduction(self, q: Question) -> dict[str, str]:
        """Without weights the two means are one, for labels whose mass is 1."""
        asked = {q.reduction}
        if q.reduction in {"mean", "weighted_mean"} and not q.weighted and _of_mass_one(q):
            asked = {"mean", "weighted_mean"}
        form = self.form
        if "reduction" not in form.defaults:
            if form.fixed not in asked:
                raise Unsupported(f"{self.called} has no parameter reduction: it returns {form.fixed}")
            return {}
        if not form.reductions:
            return {"reduction": q.reduction}
        if q.reduction not in REDUCTIONS and q.reduction in form.reductions:
            raise Unsupported(f"{q.reduction!r} is a reduction of the function's own")
        if q.reduction not in REDUCTIONS or q.reduction in form.reductions:
            return {"reduction": q.reduction}
        for other in asked & {*form.reductions}:
            return {"reduction": other}
        raise Unsupported(f"{self.called} has no reduction {q.reduction}")


def _of_mass_one(q: Question) -> bool:
    return q.call.spec.labels not in {"distribution", "multi-hot"}


def _same(value: Any, default: Any) -> bool:
    """Whether a value says what the default says."""
    return value is default or (isinstance(value, int | float) and value == default)
