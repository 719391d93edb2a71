"""The page for workers in other languages says what the harness does; a worker written by it is understood."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from whole_corpus import CASES

from ceconform import harness
from ceconform.corpus import select
from ceconform.errors import ProtocolError, StartError
from ceconform.harness import Asked, Started, ask
from ceconform.harness.hello import decode_hello
from ceconform.harness.observation import Observation
from ceconform.harness.process import Worker, commands
from ceconform.harness.wire import Asking, decode_answer, decode_call, encode_call, parse
from ceconform.libraries import LIBRARIES

ROOT = Path(__file__).parents[1]
PAGE = (Path(harness.__file__).parent / "PROTOCOL.md").read_text(encoding="utf-8")
WORKER = [sys.executable, "-S", "-I", str(ROOT / "examples" / "plain_worker.py")]
MESSAGES = [
    line for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines() if line.strip()
]
SPOKEN = [json.loads(line) for line in MESSAGES]
HELLO = {"name": "mine", "version": "1.2.0", "dtypes": ["float32"]}


def test_every_message_of_the_page_is_one():
    """Each kind stands there, and each is read."""
    kinds = {next(key for key in message if key != "id") for message in SPOKEN}
    assert {"hello", "call", "asking", "observation", "done"} == kinds
    for line, message in zip(MESSAGES, SPOKEN, strict=True):
        assert parse(line.encode()) == message
        if "hello" in message:
            assert decode_hello(message)["name"] == "mine"
        elif "call" in message:
            assert encode_call(decode_call(message["call"])).keys() == message["call"].keys()
        else:
            found = decode_answer(message, 7)
            assert isinstance(found, Asking if "asking" in message else Observation) or message["done"]


def test_every_key_of_a_message_is_explained():
    """Those that the harness writes and those that it reads."""
    (call,) = (message["call"] for message in SPOKEN if "call" in message)
    words = {*call, *decode_hello({"hello": HELLO}), "skip", "via", "expression", "no_gradient", "language"}
    assert not {word for word in words if f"`{word}`" not in PAGE and f'"{word}"' not in PAGE}


def test_the_conventions_of_a_library_can_be_named_by_its_name():
    """Those of several libraries together, each once."""
    found = decode_hello({"hello": {**HELLO, "conventions": ["tfjs", "tfjs[layers]"]}})["conventions"]
    assert found["binary_cross_entropy"] == ["add-1e-7-inside-log", "clip-at-1e-7"]
    assert found["kl_divergence"] == [*LIBRARIES["tfjs"]["kl_divergence"]]
    assert decode_hello({"hello": {**HELLO, "conventions": []}})["conventions"] == {}


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        ({}, "expected `name` as text"),
        ({**HELLO, "version": 1}, "expected `version` as text"),
        ({**HELLO, "dtypes": []}, "one word or more as `dtypes`"),
        ({**HELLO, "dtypes": ["f32"]}, "expected in `dtypes` one of float64, float32, float16, bfloat16, got 'f32'"),
        ({**HELLO, "devices": [7]}, "expected `devices` as text"),
        ({**HELLO, "switches": []}, "expected `switches` as an object"),
        ({**HELLO, "conventions": {"bce": []}}, "expected in `conventions` one of"),
        ({**HELLO, "conventions": {"nll_loss": ["clip"]}}, "expected in `nll_loss` one of"),
        ({**HELLO, "conventions": ["my"]}, "expected in `conventions` one of"),
        ({**HELLO, "dialect": {"imports": ""}}, "expected `dialect` with its keys"),
        ({**HELLO, "dialect": {"imports": "", "array": "", "language": "perl"}}, "one of python, javascript"),
    ],
)
def test_a_hello_that_is_none_is_refused_with_what_came(hello, reason):
    """Key by key."""
    with pytest.raises(ProtocolError, match=re.escape(reason)):
        decode_hello({"hello": hello})


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"done": True}, "expected the id 7"),
        ({"id": 8, "done": True}, "expected the id 7"),
        ({"id": 7}, "expected `observation` as an object"),
        ({"id": 7, "asking": {"via": "f"}}, "expected `expression` as text"),
        ({"id": 7, "observation": {}}, "expected `status` as text"),
        ({"id": 7, "observation": {"status": "crash"}}, "one of answered, unsupported, error, got 'crash'"),
        ({"id": 7, "observation": {"status": "answered"}}, "expected the value of what is answered"),
        ({"id": 7, "observation": {"status": "error", "why": ""}}, "expected in `observation` one of"),
        ({"id": 7, "observation": {"status": "answered", "value": 7}}, "expected `value` as an object"),
        (
            {"id": 7, "observation": {"status": "answered", "value": {"values": [1, 2], "shape": [3]}}},
            "expected 3 numbers as the value of the shape [3], got 2",
        ),
        (
            {"id": 7, "observation": {"status": "answered", "value": {"values": ["one"], "shape": [1]}}},
            "expected numbers as the value",
        ),
        (
            {"id": 7, "observation": {"status": "answered", "value": {"values": [None], "shape": [1]}}},
            "expected numbers as the value",
        ),
    ],
)
def test_an_answer_that_is_none_is_refused_with_what_came(message, reason):
    """Whatever a worker may get wrong."""
    with pytest.raises(ProtocolError, match=re.escape(reason)):
        decode_answer(message, 7)


def test_done_before_any_observation_is_refused():
    """A call without an answer must not go unseen; after a crash nothing may be left."""
    with pytest.raises(ProtocolError, match="before `done`"):
        decode_answer({"id": 7, "done": True}, 7, first=True)
    assert decode_answer({"id": 7, "done": True}, 7) is None


def test_a_worker_in_plain_python_is_understood():
    """It answers what it can, says what it cannot, and its textbook form is seen for what it is."""
    cases = select(CASES, ["binary/extreme", "binary/imperfect", "binary/base"], dtypes=["float64"])
    first, *events = ask(["mine"], cases, commands={"mine": WORKER})
    assert isinstance(first, Started)
    assert ("mine", "textbook") == (first.hello["name"], first.hello["distribution"])
    statuses = {event.case.id: event.observations[0] for event in events if isinstance(event, Asked)}
    assert len(statuses) == len(cases)
    assert {"answered", "unsupported"} == {observation.status for observation in statuses.values()}
    assert any("no parameter base" in observation.reason for observation in statuses.values())
    raised = [seen.value.raised for seen in statuses.values() if seen.value is not None and seen.value.raised]
    assert any("ValueError" in text or "OverflowError" in text for text in raised)


def test_a_worker_that_does_not_read_runs_out_of_time(tmp_path):
    """A long call does not fit into a pipe, and waits for nobody longer than the limit."""
    worker = tmp_path / "worker.py"
    worker.write_text(f"print({json.dumps(json.dumps({'hello': HELLO}))}, flush=True); import time; time.sleep(3600)")
    (case,) = select(CASES, ["binary/reductions/long-mean"])
    assert len(json.dumps(encode_call(case.call("float32")))) > 2**16
    _, event, _ = ask(["mine"], [case], limit=1.0, commands={"mine": [sys.executable, str(worker)]})
    assert ("timeout", "no answer within 1 s") == (event.observations[0].status, event.observations[0].reason)


def test_a_line_that_is_no_text_is_no_message(tmp_path):
    """Bytes that are no UTF-8 are shown as far as they can be."""
    worker = tmp_path / "worker.py"
    worker.write_text("import sys; sys.stdout.buffer.write(bytes([255, 10]))")
    with pytest.raises(StartError, match="expected a JSON object a line, got '\ufffd'"):
        Worker([sys.executable, str(worker)], limit=1.0)


def test_a_command_is_split_as_a_shell_does():
    """With spaces in quotes and in no other place."""
    assert {"a": ["node", "my worker.mjs", "--x=1"]} == commands(["a=node 'my worker.mjs' --x=1"])
