"""Attribution: which conventions, if any, give exactly the answer that missed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from ceconform.conventions import Convention
from ceconform.corpus import Case, Excerpt, Expected, Numbers
from ceconform.corpus.excerpt import excerpt, listed
from ceconform.errors import CaseError
from ceconform.formats import FORMATS, rounded
from ceconform.harness import Answer
from ceconform.oracle import Rules, effective, evaluate_by, interpret
from ceconform.verdict.candidates import candidates, clips
from ceconform.verdict.comparison import Comparison, Wanted, compare, wanted

__all__ = ["Attribution", "attribute"]


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Conventions that give the value of an answer, and perhaps its gradient."""

    conventions: tuple[Convention, ...]
    documented: bool
    value: Comparison
    gradient: Comparison | None
    """Against the gradient of the conventions' own function; None if there was none to compare."""

    @property
    def whole(self) -> bool:
        """Whether the gradient is explained too."""
        return self.gradient is None or not self.gradient.kind

    @property
    def distance(self) -> float:
        """The largest error in units of its bound."""
        return max(self.value.nearness, 0.0 if self.gradient is None else self.gradient.nearness)

    def foreign(self, documented: tuple[str, ...]) -> int:
        """How many of the conventions the library does not document."""
        return sum(rule.name not in documented for rule in self.conventions)

    @property
    def name(self) -> str:
        """The conventions in their order."""
        return " + ".join(rule.name for rule in self.conventions)


@lru_cache(maxsize=65_536)
def _read(case: Case, rules: Rules) -> Rules:
    """What of some rules has an effect; to work the same answer out again takes seconds for thousands of classes."""
    return effective(rules, case.call("float64"), valid=not case.expected.invalid)


@lru_cache(maxsize=4096)
def _defined(case: Case) -> Rules:
    """The definition, as rules."""
    return _read(case, interpret(case.call("float64"), ()))


@lru_cache(maxsize=65_536)
def _right(case: Case, rules: Rules, *, gradient: bool) -> Expected | None:
    """What is right by rules, the same in each dtype that reads them alike; None where they have no meaning.

    It is stated as the case states what is right by the definition.
    """
    expected = case.expected
    if rules == _defined(case) and expected.gradient is not None:
        return expected
    try:
        exact = evaluate_by(rules, case.call("float64"), gradient=gradient)
    except CaseError:
        return None
    loss, slope = expected.loss, expected.gradient
    return Expected(
        loss=_beside(exact.loss, loss),
        gradient=_beside(exact.gradient, slope) if gradient else None,
        condition=_beside(exact.condition, loss) if gradient else None,
        gradient_condition=_beside(exact.gradient_condition, slope) if gradient else None,
        terms=exact.terms,
    )


def _beside(numbers: Numbers, stated: Numbers | Excerpt | None) -> Numbers | Excerpt:
    return excerpt(numbers, stated.places) if isinstance(stated, Excerpt) else numbers


@lru_cache(maxsize=65_536)
def _floats(right: Expected) -> list[float]:
    """The losses that are right, roughly."""
    return [] if right.loss is None else [float(number) for number in listed(right.loss).tolist()]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """An answer that missed."""

    case: Case
    dtype: str
    value: Answer
    gradient: Answer | None
    flushes_subnormals: bool


def _differs(right: Expected, answer: _Answer) -> bool:
    """Whether the conventions' own answer is another one than the definition's, in value or gradient."""
    for part in ("value", "gradient") if answer.gradient is not None else ("value",):
        ours, definition = (_wanted(each, part, answer.dtype) for each in (right, answer.case.expected))
        if ours is None or definition is None or ours.shape != definition.shape:
            continue
        sums = [float(total.rounded[0]) for total in ours.sums]
        if compare(ours.rounded, definition, answer.dtype, part=part, sums=sums).kind:
            return True
    return False


@lru_cache(maxsize=65_536)
def _wanted(right: Expected, part: str, dtype: str) -> Wanted | None:
    """One part of what is right, as a dtype sees it."""
    value = part == "value"
    numbers = right.loss if value else right.gradient
    condition = right.condition if value else right.gradient_condition
    return None if numbers is None or condition is None else wanted(numbers, condition, right.terms, dtype)


def _alike(right: Expected, answer: _Answer) -> bool:
    """Whether a value could be the conventions' own: a first look, without conditions, at the leading digits."""
    ours, got = _floats(right), answer.value.values
    rough = math.sqrt(FORMATS[answer.dtype].eps) + 0.01
    return len(ours) == len(got) and all(
        x == y or (math.isnan(x) and math.isnan(y)) or (math.isfinite(y) and abs(x - y) <= rough + rough * abs(y))
        for x, y in zip(got, ours, strict=True)
    )


def _explain(answer: _Answer, rules: tuple[Convention, ...], *, documented: bool) -> Attribution | None:
    """Try one tuple of conventions; in half precision with their constants in it, then in float32."""
    half = answer.dtype in {"float16", "bfloat16"} and any(_has_constants(rule) for rule in rules)
    tried = (
        _explain_as(answer, rules, documented=documented, narrow=narrow)
        for narrow in ((True, False) if half else (False,))
    )
    found = [each for each in tried if each is not None]
    return min(found, key=lambda each: (not each.whole, each.distance), default=None)


def _has_constants(rule: Convention) -> bool:
    return any((rule.clip_low, rule.clip_high, rule.add, rule.floor_log, rule.gradient_floor))


def _explain_as(
    answer: _Answer, rules: tuple[Convention, ...], *, documented: bool, narrow: bool
) -> Attribution | None:
    case, dtype, tiny = answer.case, answer.dtype, answer.flushes_subnormals
    # What went through another dtype has that dtype's digits, all of them and no others.
    used = next((rule.precision for rule in rules if rule.precision), None) or dtype
    read = _read(case, interpret(case.call(dtype), rules, narrow=narrow))
    if used == dtype and read == _defined(case):
        return None
    right = _right(case, read, gradient=False)
    if right is None or not _alike(right, answer):
        return None
    if used != dtype and any(math.isfinite(x) and rounded(Decimal(x), used) != x for x in answer.value.values):
        return None
    right = _right(case, read, gradient=True)
    ours = None if right is None else _wanted(right, "value", used)
    if right is None or ours is None:
        return None
    # Who clips p takes log(1 - p) of the difference as it is rounded; next to p = 0 nothing but that is left. A number
    # that near to 0 is explained by it only for a library that says that it clips.
    slack = FORMATS[used].eps * _heaviest(case) if documented and any(map(clips, rules)) else 0.0
    value = compare(answer.value.values, ours, used, flushes_subnormals=tiny, slack=slack, sums=answer.value.sums)
    if value.kind or (used == dtype and not _differs(right, answer)):
        return None
    slopes, given = _wanted(right, "gradient", used), answer.gradient
    gradient = None
    if given is not None and slopes is not None and math.prod(slopes.shape) == math.prod(given.shape):
        gradient = compare(given.values, slopes, used, part="gradient", flushes_subnormals=tiny, sums=given.sums)
    return Attribution(conventions=rules, documented=documented, value=value, gradient=gradient)


@lru_cache(maxsize=4096)
def _heaviest(case: Case) -> float:
    """The largest factor that a term of the loss has."""
    weights = (case.parameters.get(name, 1.0) for name in ("class_weight", "sample_weight", "pos_weight"))
    return math.prod(float(np.max(np.abs(weight), initial=1.0)) for weight in weights)


def _telling(answer: _Answer) -> bool:
    """Whether the answer says enough to name a convention that its library does not document.

    NaN, inf and 0 come of many mistakes; a number that is off comes of one. Where the input space was left to the
    library, that is the mistake to look for, whatever came.
    """
    if answer.case.space == "default":
        return True
    both = zip(answer.value.values, _floats(answer.case.expected), strict=True)
    return any(math.isfinite(x) and x != y and (x != 0 or math.isnan(y)) for x, y in both)


def attribute(
    case: Case,
    dtype: str,
    value: Answer,
    gradient: Answer | None,
    *,
    documented: tuple[str, ...],
    flushes_subnormals: bool,
) -> Attribution | None:
    """Find the conventions that give this value, and this gradient if there is one.

    Sets of what the library documents are tried first, then any conventions of the loss; fewest first, of equally many
    those with most of the library's own, then the nearest. If no set explains both value and gradient, the first that
    explains the value is returned.

    Parameters
    ----------
    value, gradient
        What the implementation gave, of very many numbers what the case states; no gradient if it gave none that can
        be compared.
    documented
        Names of what the library documents for this loss, in its order of application.
    """
    answer = _Answer(
        case=case,
        dtype=dtype,
        value=value,
        gradient=gradient,
        flushes_subnormals=flushes_subnormals,
    )
    partial: Attribution | None = None
    for own, group in candidates(case, dtype, documented):
        if not own and not _telling(answer):
            break
        found = [each for rules in group if (each := _explain(answer, rules, documented=own)) is not None]
        whole = [each for each in found if each.whole]
        if whole:
            return min(whole, key=lambda each: (each.foreign(documented), each.distance))
        if found and partial is None:
            partial = min(found, key=lambda each: (each.foreign(documented), each.distance))
    return partial
