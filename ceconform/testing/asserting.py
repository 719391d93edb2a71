"""Asserting: all cases at once, or a test for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ceconform.errors import DiscrepancyError, MissingDependencyError
from ceconform.report import Result, plain, regression, render_regression
from ceconform.testing.check import Check
from ceconform.testing.choosing import checks, corpus
from ceconform.verdict import rank

__all__ = ["assert_conforms", "cases"]

_NAMED = 12
"""Cases that a message names."""


def assert_conforms(
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
) -> None:
    """Ask a function every case of its loss, and raise if an answer departs from the exact one.

    Parameters
    ----------
    function, loss, backend, dtypes, only, except_, reduction, conventions, baseline
        As for `checks`.

    Raises
    ------
    DiscrepancyError
        If a case fails that is neither excepted nor known, naming all of them and telling the worst in full; or if no
        case of an exception fails any more, or a baseline is otherwise than the answers.

    Examples
    --------
    >>> import numpy as np
    >>> def hinge(logits, labels):
    ...     return np.maximum(0, 1 - labels * logits)
    >>> known = {"margin/hinge/zeros-and-ones": "labels are not checked", "**/integer-*": "NumPy promotes them"}
    >>> assert_conforms(hinge, loss="hinge_loss", backend="numpy", only="margin/hinge/*s", except_=known)
    """
    __tracebackhide__ = True
    asked = checks(
        function,
        loss=loss,
        backend=backend,
        dtypes=dtypes,
        only=only,
        except_=except_,
        reduction=reduction,
        conventions=conventions,
        baseline=baseline,
    )
    answers = [(check, check.ask()) for check in asked]
    fails = [(check, found) for check, results in answers if (found := check.fails(results))]
    new = [(check, found) for check, found in fails if not check.excepted]
    if new:
        check, found = min(new, key=lambda each: rank(each[1][0].kind))
        count = f"{check.subject.adapter.name} fails {len(new)} of {len(asked)} cases of {loss}:"
        raise DiscrepancyError("\n".join([count, *_named(new), "", "The worst of them:", "", check.tell(found)]))
    known = {pattern for check, _ in fails for pattern in check.excepted}
    tried = {pattern for check in asked for pattern in check.excepted}
    if stale := sorted(tried - known):
        raise DiscrepancyError(f"no case of {', '.join(stale)} fails any more: take it out of `except_`")
    if asked[0].baselines:
        report = asked[0].subject.report([result for _, results in answers for result in results])
        changed = regression(report, asked[0].baselines, corpus())
        if changed.fixed or changed.stale:
            raise DiscrepancyError(plain(render_regression(replace(changed, new=()))))


def cases(
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
) -> Any:
    """Parametrise a pytest test with a `check` for each case that a function can be asked.

    A case that fails as a baseline says passes, and fails as soon as it is otherwise. An excepted case is an expected
    failure. One that is excepted by its very id must fail; with a glob, some may pass.

    Parameters
    ----------
    function, loss, backend, dtypes, only, except_, reduction, conventions, baseline
        As for `checks`.

    Returns
    -------
    decorator
        A mark of pytest, for a test with the argument `check`.

    Examples
    --------
    >>> import numpy as np
    >>> def hinge(logits, labels):
    ...     return np.maximum(0, 1 - labels * logits)
    >>> @cases(hinge, loss="hinge_loss", backend="numpy", only="margin/hinge/*", dtypes=["float32"])
    ... def test_hinge(check):
    ...     check()
    """
    try:
        import pytest
    except ImportError as missing:
        raise MissingDependencyError("`ceconform.testing.cases` needs pytest: pip install pytest") from missing
    asked = checks(
        function,
        loss=loss,
        backend=backend,
        dtypes=dtypes,
        only=only,
        except_=except_,
        reduction=reduction,
        conventions=conventions,
        baseline=baseline,
    )
    parameters = []
    for check in asked:
        known = pytest.mark.xfail(reason=check.reason, raises=DiscrepancyError, strict=check.id in check.excepted)
        parameters.append(pytest.param(check, id=check.id, marks=[known] if check.excepted else []))
    return pytest.mark.parametrize("check", parameters)


def _named(fails: Sequence[tuple[Check, tuple[Result, ...]]]) -> Iterator[str]:
    """A line for each case, the worst first, as far as it is readable."""
    ordered = sorted(fails, key=lambda each: rank(each[1][0].kind))
    for check, found in ordered[:_NAMED]:
        worst = found[0]
        convention = f" as {worst.convention}" if worst.convention else ""
        yield f"  {worst.kind or worst.verdict:<24}{check.id}  ({', '.join(r.dtype for r in found)}){convention}"
    if len(ordered) > _NAMED:
        yield f"  … and {len(ordered) - _NAMED} more"
