"""Signatures: which of our arguments a function takes, and how."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from ceconform.adapters._adapter import Adapter
from ceconform.corpus import REDUCTIONS, Loss
from ceconform.errors import ArgumentError

__all__ = ["Signature"]


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a function takes, and what it says that it returns."""

    target: str
    loss: Loss
    leading: tuple[str, ...]
    """The arrays that it takes first, by position, in its own order."""
    arrays: tuple[str, ...]
    """The arrays that it takes by keyword."""
    defaults: Mapping[str, Any]
    """The other parameters of ours that it takes, with its own defaults; `Parameter.empty` where it has none."""
    reductions: tuple[str, ...]
    """Those that it says that it has; empty if it does not say."""
    fixed: str
    """What it returns if it has no parameter `reduction`."""

    @classmethod
    def of(cls, function: Any, target: str, loss: Loss, reduction: str | None) -> Signature:
        """Read the signature; refuse what is no function of this loss."""
        if not callable(function):
            raise ArgumentError(f"expected {target} to be a function, got {_kind(function)}")
        if isinstance(function, type) and issubclass(function, Adapter):
            raise ArgumentError(f"expected {target} to be a function, got an adapter, which names its own library")
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"expected {target} to be a function with a signature: {error}") from None
        needed = [loss.predictions, *(["weight"] if loss.layer else []), *(["labels"] if loss.labels else [])]
        _refuse_other_names(target, loss, needed, parameters)
        leading: list[str] = []
        for name, parameter in parameters.items():
            if name not in needed or parameter.kind is parameter.KEYWORD_ONLY:
                break
            leading.append(name)
        by_keyword = tuple(name for name in needed if name not in leading)
        defaults = {name: parameters[name].default for name in loss.parameters if name in {*parameters} - {*needed}}
        if reduction is not None and reduction not in REDUCTIONS:
            raise ArgumentError(f"expected as the reduction one of {', '.join(REDUCTIONS)}; got {reduction!r}")
        if reduction is not None and "reduction" in defaults:
            raise ArgumentError(
                f"{target} has a parameter `reduction`: expected it to be left to that, got {reduction!r}"
            )
        return cls(
            target=target,
            loss=loss,
            leading=tuple(leading),
            arrays=by_keyword,
            defaults=MappingProxyType(defaults),
            reductions=_literals(function, "reduction"),
            fixed=reduction or "none",
        )


def _refuse_other_names(
    target: str, loss: Loss, needed: list[str], parameters: Mapping[str, inspect.Parameter]
) -> None:
    named = {name for name, each in parameters.items() if each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}}
    if not {*needed} <= named:
        wanted = " and ".join(needed)
        raise ArgumentError(
            f"expected {target} to have the parameters {wanted}, as ceconform.{loss.name} has, "
            f"got ({', '.join(parameters)}); give it our names, or write an adapter"
        )
    for name in named - {*needed, *loss.parameters}:
        if parameters[name].default is inspect.Parameter.empty:
            raise ArgumentError(
                f"expected {target} to need no other parameters than ceconform.{loss.name} has, got {name}, which has "
                "no default"
            )


def _kind(value: Any) -> str:
    return "a module" if inspect.ismodule(value) else f"a value of type {type(value).__name__}"


def _literals(function: Any, parameter: str) -> tuple[str, ...]:
    """The words of a parameter that is annotated with a `Literal`."""
    try:
        hint = typing.get_type_hints(function).get(parameter)
    except Exception:  # noqa: BLE001 - an annotation may name what is not there; then it says nothing
        return ()
    words = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
    return tuple(word for word in words if isinstance(word, str))
