"""Choosing: the cases that a function can be asked, and those of them that may fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ceconform.adapters import HOSTS, adapt
from ceconform.corpus import Case, load, select
from ceconform.errors import ArgumentError, UnknownNameError
from ceconform.libraries import resolve
from ceconform.testing.check import Check, Subject
from ceconform.verdict import read_baselines

__all__ = ["checks", "corpus"]


def checks(
    function: Callable[..., Any],
    *,
    loss: str,
    backend: str,
    dtypes: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    except_: Mapping[str, str] | None = None,
    reduction: str | None = None,
    conventions: str | tuple[str, ...] = (),
    baseline: str | Path | Sequence[str | Path] = (),
) -> tuple[Check, ...]:
    """Give every case that a function can be asked, as a callable that asks it.

    Parameters
    ----------
    function
        It takes predictions and labels under the names that our function of the same loss gives them (`logits` or
        `probabilities`, …, and `labels`), and as many of our other parameters as it knows: cases that state others are
        left out. An annotation of `reduction` as a `Literal` tells which ones it knows. It returns an array.
    loss
        The name of our function that computes the same: `binary_cross_entropy_with_logits`, …
    backend
        Whose arrays it takes: `numpy`, `torch`, `jax`, `tensorflow`, `cupy` or `array_api_strict`. Where the library
        has autodiff, gradients are asked too.
    dtypes
        Names of dtypes; by default all that the backend has, of `float64`, `float32`, `float16` and `bfloat16`.
    only
        Globs of case ids: `*` stays within a segment, `**` does not, and a folder stands for all within.
    except_
        What may fail: globs of case ids, each with the reason.
    reduction
        What a function without a parameter `reduction` returns: `none` (the default), `sum`, `mean`, `weighted_mean`.
    conventions
        What the function documents, and what is therefore acceptable: names of `cases/conventions.yaml`, in the order
        of application, or of a library that it follows.
    baseline
        Files of known discrepancies, or folders of them, as `ceconform accept` writes them of a run of the function:
        there its name is `package.module:function`.

    Returns
    -------
    checks
        In the order of the corpus.

    Raises
    ------
    ArgumentError
        If it is no function of these arguments, a reason is empty, or no case is left.
    UnknownNameError
        For a loss, backend, dtype or convention that nobody knows, and for a glob that matches no case of the loss.
    CorpusError
        If a baseline is not valid.

    Examples
    --------
    >>> import numpy as np
    >>> def hinge(logits, labels):
    ...     return np.maximum(0, 1 - labels * logits)
    >>> found = checks(hinge, loss="hinge_loss", backend="numpy", dtypes="float32", only="margin/**")
    >>> {check.case.loss for check in found}
    {'hinge_loss'}
    """
    rules = tuple(rule.name for rule in resolve(conventions, loss))
    adapter = adapt(function, loss=loss, backend=backend, reduction=reduction, conventions=rules)
    subject = Subject(adapter, HOSTS[backend].within)
    baselines = read_baselines(map(Path, [baseline] if isinstance(baseline, str | Path) else baseline))
    wanted = _words(dtypes) or adapter.dtypes
    for dtype in wanted:
        if dtype not in adapter.dtypes:
            raise UnknownNameError(
                f"expected as a dtype of {backend} one of {', '.join(adapter.dtypes)}; got {dtype!r}"
            )
    asked = select(corpus(), losses=[loss])
    excepted = _excepted(asked, except_ or {})
    chosen = [case for case in select(asked, _words(only)) if set(wanted) & {*case.dtypes}]
    reasons = {case.id: subject.unsupported(case) for case in chosen}
    found = tuple(
        Check(
            case=case,
            dtypes=tuple(dtype for dtype in wanted if dtype in case.dtypes),
            subject=subject,
            excepted=tuple(excepted.get(case.id, {})),
            reason="; ".join(excepted.get(case.id, {}).values()),
            baselines=baselines,
        )
        for case in chosen
        if not reasons[case.id]
    )
    if not found:
        why = ": " + "; ".join(sorted({*reasons.values()})) if reasons else ""
        raise ArgumentError(f"expected a case that {adapter.name} can be asked, got none of {len(chosen)}{why}")
    return found


@cache
def corpus() -> tuple[Case, ...]:
    """Load the corpus, once."""
    return load()


def _words(words: str | Sequence[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _excepted(asked: Sequence[Case], stated: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By case, the patterns that except it, with their reasons."""
    found: dict[str, dict[str, str]] = {}
    for pattern, reason in stated.items():
        if not reason.strip():
            raise ArgumentError(f"expected a reason why {pattern!r} is excepted, got none")
        for case in select(asked, [pattern]):
            found.setdefault(case.id, {})[pattern] = reason
    return found
