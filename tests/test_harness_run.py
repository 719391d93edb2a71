"""A worker may crash, hang, print, raise, or not start: each is an answer, and all other answers are kept."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from ceconform.corpus import Case, Expected
from ceconform.errors import StartError
from ceconform.harness import Asked, Finished, Missing, Observation, Started, ask
from ceconform.harness.process import Worker, command

PLANTED = Path(__file__).with_name("planted.py")
pytestmark = pytest.mark.xdist_group("planted")
"""One of these looks whether a worker is left, and would see those of another test."""


@pytest.fixture(autouse=True)
def _planted_on_path(monkeypatch):
    """Workers find `planted:Class`."""
    monkeypatch.setenv("PYTHONPATH", str(PLANTED.parent), prepend=":")


def case(slug: str, *logits: float) -> Case:
    """A case whose expectation nobody looks at here."""
    return Case(
        id=f"binary/planted/{slug}",
        description="Planted.",
        loss="binary_cross_entropy_with_logits",
        predictions=np.array(logits),
        labels=np.zeros(len(logits)),
        parameters=MappingProxyType({}),
        sources=MappingProxyType({"definition": "cases/README.md#binary"}),
        expected=Expected(),
        dtypes=("float64",),
    )


CASES = [case("before", 1.0), case("unlucky", 13.0), case("after", 2.0)]


def answers(implementation: str, **options) -> dict[str, tuple[Observation, ...]]:
    """Slug to observations, for the three cases."""
    asked = [event for event in ask([f"planted:{implementation}"], CASES, **options) if isinstance(event, Asked)]
    return {event.case.id.rpartition("/")[2]: event.observations for event in asked}


def sound(observations: tuple[Observation, ...], logit: float) -> bool:
    """Whether the last observation is the right number."""
    last = observations[-1]
    return (
        last.status == "answered" and last.value is not None and last.value.values == (float(np.logaddexp(0, logit)),)
    )


@pytest.mark.parametrize(
    ("implementation", "status", "reason"),
    [
        ("KillsItself", "crash", "killed by SIGKILL"),
        ("Segfaults", "crash", "killed by SIGSEGV"),
        ("Aborts", "crash", "killed by SIGABRT: the last word"),
        ("Exits", "crash", "exit status 3"),
        ("Hangs", "timeout", "no answer within 1 s"),
        ("Misspells", "error", "in the adapter: AttributeError"),
        ("Ahead", "unsupported", "has not all of it: module 'numpy' has no attribute 'no_such_function'"),
        ("AheadByWord", "unsupported", "has not all of it: add() got an unexpected keyword argument"),
    ],
)
def test_a_fault_is_an_answer_and_the_others_are_kept(implementation, status, reason):
    """The faulty route has its own observation; its second route, and the cases around it, are answered."""
    got = answers(implementation, limit=1.0)
    assert got.keys() == {"before", "unlucky", "after"}
    assert sound(got["before"], 1.0)
    assert sound(got["after"], 2.0)
    fault, second = got["unlucky"]
    assert (fault.status, fault.via) == (status, "fault")
    assert reason in fault.reason
    assert sound((second,), 13.0)


def test_an_exception_in_the_adapter_is_an_error_not_an_answer():
    """The library was never asked."""
    got = answers("Raises")
    (error,) = got["unlucky"]
    assert error.status == "error"
    assert error.reason == "in the adapter: KeyError: 'thirteen'"
    assert sound(got["after"], 2.0)


def test_what_a_library_raises_is_its_answer():
    """The type and the message are kept."""
    (refusal,) = answers("Refuses")["before"]
    assert refusal.status == "answered"
    assert refusal.value is not None
    assert re.match("ValueError: cannot reshape", refusal.value.raised)


def test_what_a_library_prints_does_not_disturb():
    """Standard output belongs to the protocol."""
    got = answers("Prints")
    assert [observation.status for observation in got["unlucky"]] == ["answered", "answered"]
    assert sound(got["after"], 2.0)


def test_an_implementation_that_does_not_start_is_missing_with_the_reason():
    """The others run."""
    events = list(ask(["planted:Broken", "planted:Healthy"], CASES, jobs=2))
    (missing,) = [event for event in events if isinstance(event, Missing)]
    assert missing.implementation == "planted:Broken"
    assert "No module named 'no_such_library'" in missing.reason
    assert len([event for event in events if isinstance(event, Asked)]) == len(CASES)


def test_a_worker_that_says_nothing_is_given_up():
    """The limit of the start is a limit."""
    started = time.monotonic()
    with pytest.raises(StartError, match="did not say hello within 1 s"):
        Worker(command("planted:Mute"), limit=1.0, start_limit=1.0)
    assert time.monotonic() - started < 10


def test_events_come_in_order_and_tell_how_many_calls_there_will_be():
    """Started, then each call in the order of the corpus, then finished."""
    first, *asked, last = ask(["planted:Healthy"], CASES, dtypes=["float64", "float32"])
    assert isinstance(first, Started)
    assert first.calls == len(asked) == len(CASES)
    assert first.hello["distribution"] == "numpy"
    assert [event.case.id for event in asked if isinstance(event, Asked)] == [case.id for case in CASES]
    assert isinstance(last, Finished)


def test_answers_do_not_depend_on_the_number_of_jobs():
    """Two workers side by side answer as one after the other."""
    names = ["planted:Healthy", "planted:Raises", "planted:Prints"]

    def values(jobs: int) -> set[tuple[str, str, str]]:
        return {
            (event.implementation, event.case.id, str([observation.value for observation in event.observations]))
            for event in ask(names, CASES, jobs=jobs)
            if isinstance(event, Asked)
        }

    assert values(1) == values(3)


def test_a_run_that_is_given_up_leaves_no_worker():
    """Closing the iterator ends the processes."""
    events = ask(["planted:Healthy"], CASES * 1000)
    next(events)
    events.close()
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"{sys.executable} -m ceconform.harness.worker planted:Healthy" not in left
