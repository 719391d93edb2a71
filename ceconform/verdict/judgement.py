"""Judgement: what one observation of one case is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from ceconform.corpus import Case, Excerpt, Numbers
from ceconform.corpus.excerpt import listed
from ceconform.errors import CaseError
from ceconform.formats import digits
from ceconform.harness import Answer, Observation
from ceconform.verdict.attribution import Attribution, attribute
from ceconform.verdict.comparison import Comparison, compare, wanted
from ceconform.verdict.kinds import KINDS, Verdict, rank
from ceconform.verdict.reductions import other_reduction
from ceconform.verdict.scale import scale

__all__ = ["Attribute", "judge", "missed"]

_UNANSWERED = {"crash": "fail", "timeout": "fail", "unsupported": "unsupported", "error": "error"}
_COMPARED = (*KINDS[KINDS.index("nan-for-a-number") : KINDS.index("rejected-valid-input")], *KINDS[-2:])
"""Kinds that come of comparing numbers."""


Attribute: TypeAlias = Callable[..., Attribution | None]
"""As `attribution.attribute`."""


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """What is wrong with one part of an observation; no kind if nothing is."""

    part: str
    kind: str = ""
    reason: str = ""
    ulps: float | None = None
    none: bool = False
    """Whether nothing came, which no convention explains."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What was asked, and of what arithmetic."""

    case: Case
    dtype: str
    device: str
    flushes_subnormals: bool


def judge(
    case: Case,
    dtype: str,
    observation: Observation,
    *,
    documented: tuple[str, ...],
    flushes_subnormals: bool,
    device: str = "",
    attribute: Attribute = attribute,
) -> Verdict:
    """Judge an observation against the exact answer, and against conventions if it misses.

    Shape, dtype and device come before numbers, the value beside the gradient: the worse of the two decides.

    Parameters
    ----------
    case
        What was asked.
    dtype
        The dtype in which it was asked.
    observation
        What came of it, by one route.
    documented
        Names of the conventions that the library documents for this loss, in its order of application.
    flushes_subnormals
        Whether the backend's arithmetic has no subnormal numbers.
    device
        Where the answer must lie; not looked at if empty.
    attribute
        Finds the conventions that explain an answer that misses; `Attributions.attribute` remembers them.
    """
    expected = case.expected
    observation = observation.beside(expected.loss, expected.gradient)
    value, gradient = observation.value, observation.gradient
    if observation.status in _UNANSWERED or value is None:
        return _judge_silence(observation)
    if expected.error:
        return _judge_error(case, value)
    if expected.invalid and value.raised:
        return Verdict(verdict="pass")
    if refused := _refused(case, observation):
        return Verdict(verdict="unsupported", reason=refused)
    asked = _Asked(case=case, dtype=dtype, device=device, flushes_subnormals=flushes_subnormals)
    first, second = _look(asked, value, gradient)
    if not first.kind and not second.kind:
        return Verdict(verdict="pass", ulps=first.ulps, gradient_ulps=second.ulps)
    found = _attribute(asked, first, second, observation, documented, attribute)
    if found is None and first.kind == "wrong-value":
        first = _as_reduction(case, dtype, first, value)
    return _decide(first, second, found, dtype, _named(case, "gradient"))


def missed(case: Case, dtype: str, observation: Observation) -> str:
    """Name the kind by which an observation misses, no convention being allowed; empty if it passes."""
    observation = observation.beside(case.expected.loss, case.expected.gradient)
    value = observation.value
    if value is None:
        return _judge_silence(observation).kind
    if case.expected.error:
        return _judge_error(case, value).kind
    if case.expected.invalid and value.raised:
        return ""
    asked = _Asked(case=case, dtype=dtype, device="", flushes_subnormals=False)
    return min((finding.kind for finding in _look(asked, value, observation.gradient)), key=rank)


def _judge_silence(observation: Observation) -> Verdict:
    """No answer at all."""
    if observation.status not in _UNANSWERED:
        return Verdict(verdict="error", reason="the adapter answered without a value")
    verdict = _UNANSWERED[observation.status]
    kind = observation.status if verdict == "fail" else ""
    return Verdict(verdict=verdict, kind=kind, part="value" if kind else "", reason=observation.reason)


def _refused(case: Case, observation: Observation) -> str:
    """Why there is no gradient by labels or weights, or for a cotangent; a library may refuse these with an error."""
    elsewhere, gradient = case.gradient_by != "predictions", observation.gradient
    if gradient is None and (elsewhere or case.cotangent is not None):
        return observation.no_gradient or "there is no such gradient"
    raised = gradient.raised if gradient is not None and elsewhere else ""
    return raised and f"{_named(case, 'gradient')}: {raised}"


def _judge_error(case: Case, value: Answer) -> Verdict:
    """A call that must raise."""
    if value.raised:
        return Verdict(verdict="pass")
    got = ", ".join(digits(number, value.dtype) for number in value.values[:4])
    return Verdict(
        verdict="fail",
        kind="accepted-invalid-input",
        part="value",
        reason=f"value: got {got or 'an empty array'}, wanted an error (invalid {case.expected.error})",
    )


def _look(asked: _Asked, value: Answer, gradient: Answer | None) -> tuple[_Finding, _Finding]:
    """Look at the value and at the gradient, if there is one."""
    expected = asked.case.expected
    if expected.loss is None:
        raise CaseError(f"{asked.case.id} has no expected loss; `ceconform lint --fix` writes it")
    first = _inspect(asked, "value", value, expected.loss, expected.condition)
    if gradient is None or expected.gradient is None:
        return first, _Finding(part="gradient")
    return first, _inspect(asked, "gradient", gradient, expected.gradient, expected.gradient_condition)


def _inspect(
    asked: _Asked, part: str, answer: Answer, exact: Numbers | Excerpt, condition: Numbers | Excerpt | None
) -> _Finding:
    """Look at one part: an error, the shape, the dtype, the device, the numbers, in this order."""
    case, dtype, name = asked.case, asked.dtype, _named(asked.case, part)
    if answer.raised:
        return _Finding(part=part, kind="rejected-valid-input", reason=f"{name}: raised {answer.raised}")
    if answer.none:
        steep = any(listed(exact).tolist())
        kind, reason = ("vanished-gradient", f"{name}: got None, and it is not 0") if steep else ("", "")
        return _Finding(part=part, kind=kind, reason=reason, none=True)
    seen = (
        ("wrong-shape", answer.shape, exact.shape),
        ("wrong-dtype", answer.dtype or dtype, dtype),  # a plain number has none
        ("wrong-device", answer.device, asked.device or answer.device),
    )
    for kind, got, want in seen:
        if got != want:
            what = kind.removeprefix("wrong-")
            return _Finding(part=part, kind=kind, reason=f"{name}: got the {what} {got}, wanted {want}")
    if answer.places != (exact.places if isinstance(exact, Excerpt) else ()):
        raise CaseError("the answer was kept at other places than are stated now; ask again")
    compared = compare(
        answer.values,
        wanted(exact, exact if condition is None else condition, case.expected.terms, dtype),
        dtype,
        part=part,
        scale=scale(case, part),
        flushes_subnormals=asked.flushes_subnormals,
        invalid=bool(case.expected.invalid),
        sums=answer.sums,
    )
    reason = _sentence(name, compared, dtype) if compared.kind else ""
    return _Finding(part=part, kind=compared.kind, reason=reason, ulps=compared.ulps)


def _attribute(
    asked: _Asked,
    first: _Finding,
    second: _Finding,
    observation: Observation,
    documented: tuple[str, ...],
    attribute: Attribute,
) -> Attribution | None:
    """Look for the conventions behind the numbers, if it is numbers that are wrong."""
    value, gradient = observation.value, observation.gradient
    if value is None or first.kind not in {"", "wrong-dtype", *_COMPARED}:
        return None
    if first.kind == "wrong-dtype" and value.dtype == "float32":
        documented = (*documented, "computed-in-float32")  # it shows openly
    if all(finding.kind not in _COMPARED[:-1] for finding in (first, second)):
        return None  # nothing that a convention could explain: rounding that added up is its own cause
    known = gradient is not None and not second.none and asked.case.expected.gradient is not None
    comparable = known and second.kind in {"", *_COMPARED}
    found = attribute(
        asked.case,
        asked.dtype,
        value,
        gradient if gradient is not None and comparable else None,
        documented=documented,
        flushes_subnormals=asked.flushes_subnormals,
    )
    # Conventions that give a right value as well say nothing of its wrong gradient.
    return None if found is not None and not first.kind and not found.whole else found


def _named(case: Case, part: str) -> str:
    """A part in words: `value`, `gradient`, `gradient by labels`."""
    by = case.gradient_by
    return f"{part} by {by}" if part == "gradient" and by != "predictions" else part


def _sentence(part: str, compared: Comparison, dtype: str) -> str:
    """`value at [1]: got 0.0, wanted 2.0611536e-09`."""
    where = f"{part} at {list(compared.index)}" if compared.index else part
    where = f"{compared.of} of the {part}" if compared.of else where
    dtype = "float64" if compared.of else dtype
    return f"{where}: got {digits(compared.got, dtype)}, wanted {digits(compared.wanted, dtype)}"


def _as_reduction(case: Case, dtype: str, finding: _Finding, value: Answer) -> _Finding:
    """Name the reduction that gives a scalar which the asked one does not."""
    other = other_reduction(case, dtype, value.values)
    if not other:
        return finding
    return replace(finding, kind="wrong-reduction", reason=f"{finding.reason}, which is the {other}")


def _decide(first: _Finding, second: _Finding, found: Attribution | None, dtype: str, named: str) -> Verdict:
    """Weigh the two parts, in the light of the conventions that explain them."""
    verdict = Verdict(
        verdict="fail",
        convention="" if found is None else found.name,
        ulps=first.ulps,
        gradient_ulps=second.ulps,
    )
    if found is not None and not found.whole and found.gradient is not None:
        first = _under(first, found)
        reason = f"{_sentence(named, found.gradient, dtype)} under {found.name}"
        second = replace(second, kind=found.gradient.kind, reason=reason)
    elif found is not None:
        missed = min((first, second), key=lambda finding: rank(finding.kind))
        first, second = _under(first, found), _under(second, found)
        if not first.kind and not second.kind:
            return replace(verdict, verdict="acceptable", reason=missed.reason, part=missed.part)
    worse = min((first, second), key=lambda finding: rank(finding.kind))
    return replace(verdict, kind=worse.kind, reason=worse.reason, part=worse.part)


def _under(finding: _Finding, found: Attribution) -> _Finding:
    """What is left of a miss that conventions explain: nothing, if its library documents them."""
    if finding.kind not in _COMPARED or finding.none:
        return finding
    if found.documented:
        return replace(finding, kind="")
    if rank(finding.kind) < rank("wrong-value"):
        return finding
    rules = found.conventions
    if any(rule.divisor or rule.empty for rule in rules):
        return replace(finding, kind="wrong-reduction")
    if all(rule.precision for rule in rules):
        return replace(finding, kind="lost-precision")
    if finding.part == "value":
        return replace(finding, kind="wrong-value")
    return finding if finding.kind == "vanished-gradient" else replace(finding, kind="wrong-gradient")
