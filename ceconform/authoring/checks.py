"""Checks: of a file against the schema, of a case against the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from ceconform.authoring import answers
from ceconform.authoring.figures import disagreeing, unfounded
from ceconform.authoring.formatting import entry
from ceconform.corpus import Case, Numbers
from ceconform.corpus.document import Mapping, Node, Scalar, Sequence
from ceconform.corpus.schema import schema
from ceconform.errors import CaseError, CorpusError

__all__ = ["Problem", "check_answers", "check_schema", "proposal"]

MAX_SHOWN = 80
_SAME = Decimal("1e-35")
"""Two routes to one number, each rounded to 40 digits, differ by less than this."""


@dataclass(frozen=True)
class Problem:
    """Something that does not hold, and where."""

    path: Path
    line: int
    key: str
    message: str
    fixable: bool = False
    """Whether `fix` settles it."""

    @classmethod
    def of(cls, error: CorpusError) -> Problem:
        """Say an error of the reader as a problem."""
        return cls(error.path, error.line, error.key, f"expected {error.expected}, got {error.got}")

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.key}: {self.message}"


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


def check_schema(path: Path, document: Mapping) -> Iterator[Problem]:
    """Check a document against the JSON Schema of case files."""
    for error in _validator().iter_errors(_plain(document)):
        key = ".".join(map(str, error.absolute_path)) or "(file)"
        yield Problem(path, _line(document, list(error.absolute_path)), key, error.message)


def check_answers(case: Case) -> tuple[list[Problem], dict[str, Node]]:
    """Check a case against the oracle; give the problems, and the nodes that the oracle has for it."""
    if case.expected.error:
        problems = [_problem(case, *found) for found in unfounded(case, None)]
        if case.acceptable:
            problems.append(_problem(case, "acceptable", "an error has no acceptable answer"))
        return problems, {}
    try:
        answer = answers.exact(case)
    except CaseError as error:
        return [_problem(case, "expected", f"the oracle does not answer: {error}")], {}
    problems = []
    if answer.invalid != case.expected.invalid:
        stated, meant = case.expected.invalid or "nothing", answer.invalid or "nothing"
        problems.append(
            _problem(case, "expected.invalid", f"the oracle finds {meant} invalid, the case states {stated}")
        )
    right, rules = answers.written(answers.expected(case, answer)), answers.acceptable(case, answer)
    nodes: dict[str, Node] = {"expected": right, "acceptable": rules} if rules.items else {"expected": right}
    problems += _stale(case, right, rules.items)
    problems += [_problem(case, *found) for found in (*disagreeing(case, answer), *unfounded(case, answer))]
    if case.recognised_as:
        meant_answer = answers.recognised(case)
        # where the pairing is invalid the definition has no number, and the conventions give the plausible one
        numbers = not any(each.is_nan() for each in meant_answer.loss.ravel().tolist())
        if not (numbers if answer.invalid else _all_near(answer.loss, meant_answer.loss)):
            names = ", ".join(case.recognised_as["conventions"])
            other = "no number" if answer.invalid else "another number"
            message = f"{case.recognised_as['loss']} under {names} gives {other}"
            problems.append(_problem(case, "recognised_as", message))
    return problems, nodes


def proposal(document: Mapping, answered: MappingOf[str, MappingOf[str, Node]]) -> Mapping:
    """Put the oracle's nodes into a document."""
    cases = document.items["cases"]
    items = {}
    for slug, case in cases.items.items():
        kept = dict(case.items)
        if slug in answered and "expected" in answered[slug]:
            kept.pop("acceptable", None)
            kept |= answered[slug]
        items[slug] = Mapping(kept, case.lines, case.line)
    return Mapping({**document.items, "cases": Mapping(items, cases.lines, cases.line)}, document.lines)


def _stale(case: Case, right: Mapping, rules: MappingOf[str, Node]) -> Iterator[Problem]:
    """Compare what the case states with what the oracle says, as it would be written."""
    expected = case.expected
    parts = (expected.loss, expected.gradient, expected.condition, expected.gradient_condition)
    if any(part is None for part in parts):
        yield _problem(case, "expected", "not written yet", fixable=True)
        return
    for key, node in answers.written(expected).items.items():
        if key != "invalid" and _text(node) != _text(right.items[key]):
            message = f"the oracle says {_short(right.items[key])}, not {_short(node)}"
            yield _problem(case, f"expected.{key}", message, fixable=True)
    given = {name: Mapping({"loss": answers.losses(each["loss"])}, {}) for name, each in case.acceptable.items()}
    for name in sorted({*given, *rules}):
        if _text(given.get(name)) != _text(rules.get(name)):
            message = f"the convention gives {_short(rules.get(name))}, not {_short(given.get(name))}"
            yield _problem(case, f"acceptable.{name}", message, fixable=True)


def _all_near(left: Numbers, right: Numbers) -> bool:
    return left.shape == right.shape and all(map(_near, left.ravel().tolist(), right.ravel().tolist()))


def _near(left: Decimal, right: Decimal) -> bool:
    if not left.is_finite() or not right.is_finite():
        return _same(left, right)
    return abs(left - right) <= _SAME * max(abs(left), abs(right))


def _same(left: Decimal, right: Decimal) -> bool:
    return (left.is_nan() and right.is_nan()) or left == right


def _problem(case: Case, key: str, message: str, *, fixable: bool = False) -> Problem:
    return Problem(case.path, case.line, f"{case.id}: {key}", message, fixable)


def _text(node: Node | None) -> str:
    return "" if node is None else "\n".join(entry("", node, 0))


def _short(node: Node | None) -> str:
    text = " ".join(_text(node).removeprefix("'':").split())
    return (text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} ...") or "nothing"


def _plain(node: Node) -> Any:
    match node:
        case Scalar(text):
            return text
        case Sequence(items):
            return [_plain(item) for item in items]
        case Mapping(items):
            return {key: _plain(item) for key, item in items.items()}


def _line(node: Node, path: list[Any]) -> int:
    """The line of the deepest node on a path."""
    line = node.line
    for step in path:
        if isinstance(node, Mapping) and step in node.items:
            line = node.lines[step]
            node = node.items[step]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            line = node.line
    return line or 1
