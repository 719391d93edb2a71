"""Effect: what of some rules can change the answer to a call.

The rest is left out, so that rules which give the same answer are known as equal before it is worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from flint import fmpq

from ceconform.corpus import Call
from ceconform.corpus.call import ARRAYS, CALLS
from ceconform.formats import fits
from ceconform.oracle.definitions import MARGINS
from ceconform.oracle.reading import chain
from ceconform.oracle.rows import by_element
from ceconform.oracle.rules import Clip, Rules, interpret

__all__ = ["effective"]

_UNWEIGHTED = {"binary", "sign", "index", "multi-hot", None}
"""Kinds of labels that add up to 1 in each row."""


def effective(rules: Rules, call: Call, *, valid: bool) -> Rules:
    """Rules that give the same answer to a call, without what changes nothing in it.

    Parameters
    ----------
    rules
        By which the call is answered.
    call
        The question.
    valid
        Whether every number of it is in its range by the plain definition.
    """
    left = _reduced(rules, call, valid=valid)
    plain = _definition(call, valid=valid)
    # Nothing is out of its range, whether that is looked at or not.
    return plain if valid and left._replace(checked=plain.checked) == plain else left


@lru_cache(maxsize=CALLS)
def _definition(call: Call, *, valid: bool) -> Rules:
    return _reduced(interpret(call, ()), call, valid=valid)


def _reduced(rules: Rules, call: Call, *, valid: bool) -> Rules:
    activations, space = _read(rules, call)
    left = rules._replace(
        activations=activations,
        space=space,
        single=rules.single and not _is_single(call),
        smallest=rules.smallest if rules.smallest and _has_below(call, rules.smallest) else 0.0,
        smoothing=rules.smoothing if call.get("label_smoothing") else None,
        divisor=_divisor(rules, call, valid=valid),
    )
    return left._replace(steps=tuple(_steps(left, call))) if left.steps else left


def _read(rules: Rules, call: Call) -> tuple[tuple[str, ...], str]:
    """The activations and the space without those that change nothing."""
    if call.loss in MARGINS:
        return rules.activations, rules.space
    names = chain([*rules.activations, rules.space])
    if len(names) == 1 and names[0].endswith("sigmoid" if by_element(call) else "softmax"):
        names = ["logits"]  # whose loss begins with it
    return tuple(names[:-1]), names[-1]


def _has_below(call: Call, smallest: float) -> bool:
    return bool(np.any((call.predictions != 0) & (np.abs(call.predictions) < smallest)))


@lru_cache(maxsize=CALLS)
def _is_single(call: Call) -> bool:
    """Whether float32 has every number that is rounded to it."""
    weights = (call.parameters[name] for name in ARRAYS if call.parameters.get(name) is not None)
    arrays = [call.predictions, *weights, *([] if call.labels is None else [call.labels])]
    return all(fits(np.asarray(array, dtype=np.float64), "float32") for array in arrays)


def _divisor(rules: Rules, call: Call, *, valid: bool) -> str | None:
    """None where it is that of the reduction."""
    usual = {"mean": "count", "weighted_mean": "weights"}.get(call.reduction)
    if usual is None:
        return None
    labels_stand = not call.get("label_smoothing") and rules.clip_labels is None
    weighted = any(call.parameters.get(name) is not None for name in ("sample_weight", "class_weight"))

    def same(kind: str | None) -> str | None:
        if kind == "target-weights" and labels_stand:
            kind = "weights"
        every = valid and labels_stand and not weighted and call.spec.labels in _UNWEIGHTED
        return "count" if kind == "weights" and every else kind

    return None if same(rules.divisor) in {None, same(usual)} else rules.divisor


def _steps(rules: Rules, call: Call) -> Iterator[Clip | None]:
    """The steps without the clips, before all others, of probabilities that lie within their bounds."""
    given = rules.space == "probabilities" and not rules.activations and not rules.smallest
    for step in rules.steps:
        given = given and step is not None
        if not given or step is None or not _lies_within(call, step):
            yield step


def _lies_within(call: Call, bounds: Clip) -> bool:
    low, high = (None if bound is None else _float(bound) for bound in (bounds.low, bounds.high))
    above = low is None or bool(np.all(call.predictions >= low))
    return above and (high is None or bool(np.all(call.predictions <= high)))


def _float(bound: fmpq) -> float:
    """A bound, which is a number of some dtype."""
    return int(bound.p) / int(bound.q)
