"""Remembering from run to run which conventions explained which answer.

To attribute an answer takes many exact evaluations, and a library gives the same answers day after day. What is
remembered holds for one state of this package alone, whose sources are hashed; it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import Case, case_hash
from ceconform.files import write
from ceconform.harness import Answer
from ceconform.verdict.attribution import Attribution, attribute
from ceconform.verdict.comparison import Comparison

__all__ = ["Attributions"]

_MOST = 100_000
"""Attributions that are kept, those of the last runs: five times as many as a run of everything needs."""


class Attributions:
    """Attributes answers, and remembers what came of it in a file; without one, or one that is broken, anew."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, Any] = {} if path is None else _read(path)
        self._used: dict[str, Any] = {}

    def attribute(
        self,
        case: Case,
        dtype: str,
        value: Answer,
        gradient: Answer | None,
        *,
        documented: tuple[str, ...],
        flushes_subnormals: bool,
    ) -> Attribution | None:
        """As `attribution.attribute`."""
        question = (case_hash(case), dtype, documented, flushes_subnormals)
        key = hashlib.sha256(repr(question).encode() + _bytes(value) + _bytes(gradient)).hexdigest()[:32]
        if key in self._known:
            try:
                found = _attribution(self._known[key])
            except (KeyError, TypeError, ValueError):
                del self._known[key]
            else:
                self._used[key] = self._known[key]
                return found
        found = attribute(case, dtype, value, gradient, documented=documented, flushes_subnormals=flushes_subnormals)
        self._known[key] = self._used[key] = _data(found)
        return found

    def save(self) -> None:
        """Write what is new to the file; one that cannot be written costs time in the next run and nothing else."""
        if self._path is None:
            return
        older = ((key, data) for key, data in self._known.items() if key not in self._used)
        kept = {**self._used, **dict(islice(older, max(_MOST - len(self._used), 0)))}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write(self._path, json.dumps({"code": _code(), "attributions": kept}, separators=(",", ":")))
        except OSError:
            pass


def _read(path: Path) -> dict[str, Any]:
    """What is remembered, if it is of this very code."""
    try:
        data = json.loads(path.read_bytes())
        known = data["attributions"] if data["code"] == _code() else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


@lru_cache(maxsize=1)
def _code() -> str:
    """A hash of the sources of this package."""
    package, found = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def _bytes(answer: Answer | None) -> bytes:
    """Every number of an answer, to its last bit."""
    if answer is None:
        return b"none"
    return f" {answer.shape} ".encode() + array("d", answer.values).tobytes() + array("d", answer.sums).tobytes()


def _data(found: Attribution | None) -> Any:
    if found is None:
        return None
    gradient = None if found.gradient is None else vars(found.gradient)
    return [[rule.name for rule in found.conventions], found.documented, vars(found.value), gradient]


def _attribution(data: Any) -> Attribution | None:
    if data is None:
        return None
    names, documented, value, gradient = data
    return Attribution(
        conventions=tuple(CONVENTIONS[name] for name in names),
        documented=documented,
        value=_comparison(value),
        gradient=None if gradient is None else _comparison(gradient),
    )


def _comparison(data: Any) -> Comparison:
    return Comparison(**{**data, "index": tuple(data["index"])})
