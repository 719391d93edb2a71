"""Attribution: which conventions, if any, give exactly the answer that missed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

import numpy as np

from ceconform.conventions import Convention
from ceconform.corpus import Case, Numbers
from ceconform.corpus.excerpt import excerpt, listed
from ceconform.errors import CaseError
from ceconform.formats import FORMATS, rounded
from ceconform.harness import Answer
from ceconform.oracle import Exact, Rules, evaluate_by, interpret
from ceconform.verdict.candidates import candidates, clips
from ceconform.verdict.comparison import Comparison, Wanted, compare, wanted

__all__ = ["Attribution", "attribute"]

_IN_TWO_STEPS = {(("softmax",), "probabilities"), (("log_softmax",), "log_probabilities")}


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


@lru_cache(maxsize=4096)
def _changes_nothing(read: Rules, case: Case) -> bool:
    """Whether rules only write the definition in two steps: a softmax, and the loss of its probabilities.

    That explains no answer that misses, and to find it out takes seconds for a hundred thousand classes.
    """
    plain = interpret(case.call("float64"), ())
    return (
        not plain.activations
        and (read.activations, read.space) in _IN_TWO_STEPS
        and replace(read, activations=plain.activations, space=plain.space, checked=plain.checked) == plain
        and plain.space == "logits"
        and not case.expected.invalid
        and bool(np.isfinite(case.predictions).all())
    )


@lru_cache(maxsize=65_536)
def _exact(case: Case, rules: Rules, *, gradient: bool) -> Exact | None:
    """The exact answer by rules, the same in each dtype that reads them alike; None where they have no meaning."""
    try:
        return evaluate_by(rules, case.call("float64"), gradient=gradient)
    except CaseError:
        return None


@lru_cache(maxsize=65_536)
def _floats(exact: Exact) -> list[float]:
    """The losses of an exact answer, roughly."""
    return [float(number) for number in exact.loss.ravel().tolist()]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """An answer that missed."""

    case: Case
    dtype: str
    value: Answer
    gradient: Answer | None
    flushes_subnormals: bool


def _of(answer: Answer, exact: Numbers, condition: Numbers, terms: int, dtype: str) -> Wanted:
    """Exact numbers, of very many as the answer has them."""
    if not answer.places:
        return wanted(exact, condition, terms, dtype)
    return wanted(excerpt(exact, answer.places), excerpt(condition, answer.places), terms, dtype)


def _size(answer: Answer) -> int:
    return math.prod(answer.shape)


def _differs(exact: Exact, answer: _Answer) -> bool:
    """Whether the conventions' own answer is another one than the definition's, in value or gradient."""
    expected, dtype = answer.case.expected, answer.dtype
    parts = [("value", answer.value, exact.loss, exact.condition, expected.loss, expected.condition)]
    if answer.gradient is not None:
        right, condition = expected.gradient, expected.gradient_condition
        parts += [("gradient", answer.gradient, exact.gradient, exact.gradient_condition, right, condition)]
    for part, given, numbers, scales, right, condition in parts:
        if right is None or condition is None or numbers.shape != right.shape:
            continue
        ours, definition = (
            _of(given, numbers, scales, exact.terms, dtype),
            wanted(right, condition, expected.terms, dtype),
        )
        sums = [float(total.rounded[0]) for total in ours.sums]
        if compare(ours.rounded, definition, dtype, part=part, sums=sums).kind:
            return True
    return False


def _alike(exact: Exact, answer: _Answer) -> bool:
    """Whether a value could be the conventions' own: a first look, without conditions, at the leading digits."""
    if exact.loss.size != _size(answer.value):
        return False
    numbers, places = _floats(exact), answer.value.places
    ours = [numbers[place] for place in places] if places else numbers
    rough = math.sqrt(FORMATS[answer.dtype].eps) + 0.01
    return all(
        x == y or (math.isnan(x) and math.isnan(y)) or (math.isfinite(y) and abs(x - y) <= rough + rough * abs(y))
        for x, y in zip(answer.value.values, ours, strict=True)
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
    read = interpret(case.call(dtype), rules, narrow=narrow)
    if _changes_nothing(read, case):
        return None
    exact = _exact(case, read, gradient=False)
    if exact is None or not _alike(exact, answer):
        return None
    exact = _exact(case, read, gradient=True)
    if exact is None:
        return None
    # What went through another dtype has that dtype's digits, all of them and no others.
    used = next((rule.precision for rule in rules if rule.precision), None) or dtype
    if used != dtype and any(math.isfinite(x) and rounded(Decimal(x), used) != x for x in answer.value.values):
        return None
    ours = _of(answer.value, exact.loss, exact.condition, exact.terms, used)
    # Who clips p takes log(1 - p) of the difference as it is rounded; next to p = 0 nothing but that is left. A number
    # that near to 0 is explained by it only for a library that says that it clips.
    slack = FORMATS[used].eps * _heaviest(case) if documented and any(map(clips, rules)) else 0.0
    value = compare(answer.value.values, ours, used, flushes_subnormals=tiny, slack=slack, sums=answer.value.sums)
    if value.kind or (used == dtype and not _differs(exact, answer)):
        return None
    gradient = None
    given = answer.gradient
    if given is not None and exact.gradient.size == _size(given):
        ours = _of(given, exact.gradient, exact.gradient_condition, exact.terms, used)
        gradient = compare(given.values, ours, used, part="gradient", flushes_subnormals=tiny, sums=given.sums)
    return Attribution(conventions=rules, documented=documented, value=value, gradient=gradient)


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
    loss = answer.case.expected.loss
    right = np.asarray([] if loss is None else [float(number) for number in listed(loss)], dtype=np.float64)
    got = np.asarray(answer.value.values, dtype=np.float64)
    off = np.isfinite(got) & (got != right)
    return bool(np.any(off & ((got != 0) | np.isnan(right))))


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
