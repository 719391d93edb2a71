"""What of some rules can change an answer."""

from __future__ import annotations

from functools import cache

import pytest
from whole_corpus import CASES

from ceconform.conventions import CONVENTIONS
from ceconform.corpus import LOSSES
from ceconform.errors import CaseError
from ceconform.oracle import effective, evaluate_by, interpret

PARTS = ("loss", "gradient", "condition", "gradient_condition")


@cache
def corpus():
    """The cases by id."""
    return {case.id: case for case in CASES}


@cache
def small():
    """The cases with an answer and few numbers, by loss."""
    found = {loss: [] for loss in LOSSES}
    for case in corpus().values():
        if case.expected.loss is not None and case.predictions.size <= 12:
            found[case.loss].append(case)
    return found


def answered(call, rules):
    """All that the oracle says, in digits; None for rules without a meaning."""
    try:
        exact = evaluate_by(rules, call)
    except CaseError:
        return None
    return [list(map(str, getattr(exact, part).ravel())) for part in PARTS], exact.terms


def without(case, *names, dtype="float64"):
    """The rules of conventions as they bear on a case."""
    rules = interpret(case.call(dtype), tuple(CONVENTIONS[name] for name in names))
    return effective(rules, case.call("float64"), valid=not case.expected.invalid)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_what_is_left_of_rules_gives_the_same_answer(loss):
    """Every tenth case of a loss, and its conventions, alone and with the next one: the digits are the same."""
    names = [name for name, rule in CONVENTIONS.items() if loss in rule.losses]
    changed = 0
    for at, case in enumerate(small()[loss][::10]):
        call = case.call("float64")
        name, other = (names[(at + more) % len(names)] for more in (0, 1))
        for chosen in ((name,), (name, other)):
            rules = interpret(call, tuple(CONVENTIONS[each] for each in chosen))
            left = effective(rules, call, valid=not case.expected.invalid)
            if left != rules:
                changed += 1
                assert answered(call, rules) == answered(call, left), (case.id, chosen)
    assert changed


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("sparse/large/logits-vocabulary", ("computed-in-float32",)),
        ("sparse/large/logits-vocabulary", ("through-softmax",)),
        ("binary/reductions/long-mean", ("divide-by-weights",)),
        ("binary/reductions/long-mean", ("divide-by-count", "through-sigmoid", "computed-in-float32")),
        ("binary/base/bits", ("clip-at-1e-7",)),
    ],
)
def test_what_changes_nothing_is_the_definition(case, names):
    """Such rules are known before thousands of numbers are worked out again."""
    case = corpus()[case]
    assert without(case) == without(case, *names)


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("binary/clipping/certain-and-wrong", "clip-at-1e-7"),
        ("categorical/reductions/weighted-mean-of-heavy-labels", "divide-by-count"),
        ("sparse/large/logits-vocabulary", "softmax-applied-twice"),
        ("binary/clipping/half-epsilon-below-one-in-float64", "computed-in-float32"),
    ],
)
def test_what_changes_something_stays(case, name):
    """Bounds that a number is beyond, a divisor that is another one, one more softmax."""
    case = corpus()[case]
    assert without(case) != without(case, name)
