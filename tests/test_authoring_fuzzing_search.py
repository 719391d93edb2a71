"""Fuzzing: what is planted is found, shrunk and found once; what is sound is left alone."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ceconform.authoring.fuzzing import search as module
from ceconform.authoring.fuzzing.memory import Finding
from ceconform.authoring.fuzzing.search import Searched, fuzz
from ceconform.authoring.fuzzing.telling import tell
from ceconform.errors import ArgumentError, StartError, UnknownNameError

LONG, SHORT = 120.0, 3.0


@pytest.fixture(autouse=True)
def at_hand(monkeypatch):
    """The planted implementations are found by the processes that answer."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)


def first(number, name, **options):
    """The first findings of a search that is stopped then."""
    events = fuzz(f"planted:{name}", losses=["hinge_loss"], budget=LONG, **options)
    found = list(itertools.islice(events, number))
    events.close()
    assert all(isinstance(each, Finding) for each in found)
    return found


def whole(name, **options):
    """All findings of a short search, and what it says at its end."""
    *found, end = fuzz(f"planted:{name}", losses=["hinge_loss"], **{"budget": SHORT, **options})
    assert isinstance(end, Searched)
    assert len(found) == end.found
    return found, end


def test_a_planted_fault_is_found_and_shrunk():
    """One logit, one label, no parameters; the exact loss is above the bound, and the answer is the bound."""
    (found,) = first(1, "Clips")
    assert (1, {}, "float32") == (found.case.predictions.size, dict(found.case.parameters), found.dtype)
    assert ("planted:Clips", "hinge_loss", "wrong-value", "value", "") == found.cause.head
    assert (64.0,) == found.observation.value.values
    assert found.exact.loss.ravel()[0] > 64


def test_two_faults_are_two_findings():
    """Each is found, in whatever order."""
    found = first(2, "ClipsAndLoses")
    assert {"wrong-value", "nan-for-a-number"} == {each.cause.kind for each in found}
    (lost,) = [each for each in found if each.cause.kind == "nan-for-a-number"]
    assert frozenset({"minus-zero"}) == lost.cause.traits


def test_the_same_seed_finds_the_same_again():
    """To the last letter of the case."""
    one, again = ("".join(tell(first(2, "ClipsAndLoses", seed=5))) for _ in range(2))
    assert one == again
    assert "seed 5" in one


def test_a_longer_budget_finds_the_same_first():
    """What a short search finds is the beginning of what a longer one does."""
    short, _ = whole("ClipsAndLoses", budget=1.0)
    assert "".join(tell(short)) == "".join(tell(first(len(short), "ClipsAndLoses")))


def test_the_sound_one_yields_nothing():
    """Though many questions were asked; weights and reductions were soon given up."""
    found, end = whole("Sound")
    assert [] == found
    assert end.answered >= 20
    assert () == end.errors
    assert end.seconds < SHORT + 2


def test_a_cause_is_found_once():
    """A search that goes on reports nothing that an earlier finding shows."""
    found, end = whole("Clips")
    assert found
    assert end.answered >= 20
    assert not any(one.cause.known_from(other.cause) for one, other in itertools.combinations(found, 2))


def test_what_the_corpus_shows_is_passed_over():
    """The findings, taken into the corpus, are not found again; in the time that is saved another one may be."""
    found, _ = whole("Clips", budget=1.0)
    assert found
    cases = [replace(each.case, id=f"margin/hinge/{number}") for number, each in enumerate(found)]
    again, _ = whole("Clips", budget=1.0, cases=cases)
    assert not any(one.cause.known_from(other.cause) for one, other in itertools.product(again, found))


def test_a_crash_is_a_finding():
    """The process that dies is started again, and only a few times for one finding."""
    (found,) = first(1, "DiesOfInfinity")
    assert "crash" == found.cause.kind
    assert np.isinf(found.case.predictions).any()
    assert "exit status 3" in found.verdict.reason


def test_a_pairing_is_a_question_too():
    """What is right of logits is not of their sigmoid, and the draft says which it is."""
    (found,) = first(1, "Rounds")
    assert ("sigmoid", "lost-precision") == (found.case.activation, found.cause.kind)
    text = "".join(tell([found]))
    assert "activation: sigmoid" in text


def test_two_are_held_against_each_other():
    """What is found names the one that departs, whichever was named first."""
    for one, other in (("Sound", "Clips"), ("Clips", "Sound")):
        (found,) = first(1, one, against=f"planted:{other}")
        assert ("clips", "planted:Clips") == (found.implementation.name, found.cause.implementation)
    found, _ = whole("Clips", against="planted:ClipsAndLoses", budget=1.0)
    assert {"nan-for-a-number"} >= {each.cause.kind for each in found}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"losses": ["hinge"]}, UnknownNameError, "hinge_loss"),
        ({"dtypes": ["float8"]}, UnknownNameError, "float16"),
        ({"dtypes": ["bfloat16"]}, ArgumentError, "planted:Sound can be asked in"),
        ({"budget": 0.0}, ArgumentError, "more than 0 seconds"),
        ({"against": "planted:Sound"}, ArgumentError, "another implementation"),
    ],
)
def test_a_wrong_argument_is_refused(options, error, words):
    """With what was expected."""
    with pytest.raises(error, match=words):
        next(fuzz("planted:Sound", **options))


def test_an_implementation_that_does_not_start_is_an_error():
    """With the reason."""
    with pytest.raises(StartError, match="no_such_library"):
        next(fuzz("planted:Broken"))


def test_shrinking_is_bounded(monkeypatch):
    """A fault that costs nothing to find is still reported when no question may be asked to shrink it."""
    monkeypatch.setattr(module, "SHRINKS", 0)
    (found,) = first(1, "Clips")
    assert "wrong-value" == found.cause.kind
