"""The line protocol: how calls and observations travel between the harness and a worker.

One JSON object a line, UTF-8, no line breaks within. The harness writes to the worker's standard input, the worker
answers on its standard output. PROTOCOL.md beside this file has every message, for workers in other languages.

    worker   {"hello": {"name": "torch", "version": "2.13.0", …}}                 once, at the start
    harness  {"call": {…}, "id": 7, "skip": 0}
    worker   {"id": 7, "asking": {"via": "F.cross_entropy", "expression": "…"}}   before each route
    worker   {"id": 7, "observation": {…}}                                        after each route
    worker   {"id": 7, "done": true}                                              after the last
"""

from __future__ import annotations

import base64
import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ceconform.corpus import Call
from ceconform.corpus.call import CALLS
from ceconform.errors import ProtocolError
from ceconform.harness.fields import among, brief, taken
from ceconform.harness.observation import Answer, Observation

__all__ = [
    "Asking",
    "asked",
    "decode_answer",
    "decode_call",
    "decode_observation",
    "encode_call",
    "encode_observation",
    "line",
    "parse",
]

_STATUSES = ("answered", "unsupported", "error")
"""What a worker may say; that it crashed, or was silent, is the harness's to say."""
_KEYS = frozenset(field.name for field in dataclasses.fields(Observation))
_PACKED = np.dtype("<f8")
_MANY = 256
"""More numbers than these travel packed: their digits would take longer than most losses."""
_LONGEST_TIME = 1e9


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A route that is about to be taken."""

    via: str
    expression: str


def parse(text: bytes) -> Mapping[str, Any]:
    """Read a line as a message.

    >>> parse(b'{"id": 7, "done": true}')
    {'id': 7, 'done': True}

    Raises
    ------
    ProtocolError
        If it is no JSON object, or one that cannot be written down again: with NaN, or half a character.
    """
    try:
        message = orjson.loads(text)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise ProtocolError(f"expected a JSON object a line, got {brief(text.decode(errors='replace'))}")
    return message


def line(message: Mapping[str, Any]) -> bytes:
    """A message as it travels."""
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)


def _numbers(values: Iterable[float]) -> list[float | str]:
    """Numbers as JSON has them, and words for those that it has not."""
    return [value if math.isfinite(value) else str(value) for value in values]


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "values": _numbers(value.ravel().tolist())}
    return _numbers((value,))[0] if isinstance(value, float) else value


def _decode(value: Any, dtype: str = "float64") -> Any:
    if isinstance(value, dict):
        return np.array(value["values"], dtype=dtype).reshape(value["shape"])  # the words for infinities and NaN, too
    return float(value) if value in ("inf", "-inf", "nan") else value


def asked(call: Call, number: int, skip: int) -> bytes:
    """The message that asks a call."""
    return b'{"call":%b,"id":%d,"skip":%d}\n' % (_text(call), number, skip)


@lru_cache(maxsize=CALLS)
def _text(call: Call) -> bytes:
    return orjson.dumps(encode_call(call))


def encode_call(call: Call) -> dict[str, Any]:
    """A call as JSON data."""
    return {
        "loss": call.loss,
        "predictions": _encode(call.predictions),
        "labels": _encode(call.labels),
        "labels_are": "none" if call.labels is None else call.labels.dtype.name,
        "parameters": {name: _encode(value) for name, value in call.parameters.items()},
        "activation": call.activation,
        "gradient_by": call.gradient_by,
        "cotangent": _encode(call.cotangent),
        "space": call.space,
        "dtype": call.dtype,
        "label_dtype": call.label_dtype,
        "device": call.device,
    }


def decode_call(data: Mapping[str, Any]) -> Call:
    """JSON data as a call."""
    labels: NDArray[Any] | None = None if data["labels"] is None else _decode(data["labels"], data["labels_are"])
    return Call(
        loss=data["loss"],
        predictions=_decode(data["predictions"]),
        labels=labels,
        parameters=MappingProxyType({name: _decode(value) for name, value in data["parameters"].items()}),
        activation=data["activation"],
        gradient_by=data["gradient_by"],
        cotangent=_decode(data["cotangent"]),
        space=data["space"],
        dtype=data["dtype"],
        label_dtype=data["label_dtype"],
        device=data["device"],
    )


def encode_observation(observation: Observation) -> dict[str, Any]:
    """An observation as JSON data; what is empty is left out."""
    data = {name: value for name, value in vars(observation).items() if value not in ("", None, 0.0)}
    for part in ("value", "gradient"):
        if part in data:
            data[part] = {} if data[part].none else _encode_answer(data[part])
    return data


def _encode_answer(answer: Answer) -> dict[str, Any]:
    data = {"shape": list(answer.shape), "dtype": answer.dtype, "device": answer.device, "raised": answer.raised}
    if len(answer.values) <= _MANY:
        return {"values": _numbers(answer.values), **data}
    return {"packed": base64.b64encode(np.asarray(answer.values, dtype=_PACKED).tobytes()).decode("ascii"), **data}


def decode_answer(message: Mapping[str, Any], number: int, *, first: bool = False) -> Asking | Observation | None:
    """What a worker says to call `number`; None where it is done.

    Raises
    ------
    ProtocolError
        If it is something else, or is done before the `first` observation.
    """
    if message.get("id") != number:
        raise ProtocolError(f"expected the id {number}, got {brief(message)}")
    if message.get("done") is True:
        if first:
            raise ProtocolError("expected an observation before `done`, got none")
        return None
    if "asking" in message:
        asking = taken(message, "asking", dict)
        return Asking(via=taken(asking, "via", str), expression=taken(asking, "expression", str))
    observation = decode_observation(taken(message, "observation", dict))
    among(observation.status, "status", _STATUSES)
    if observation.status == "answered" and observation.value is None:
        raise ProtocolError("expected the value of what is answered, got none")
    return observation


def decode_observation(data: Mapping[str, Any]) -> Observation:
    """JSON data as an observation.

    Raises
    ------
    ProtocolError
        If it is something else.
    """
    if not _KEYS.issuperset(data):
        for name in data:
            among(name, "observation", tuple(sorted(_KEYS)))
    fields = {name: taken(data, name, str, "") for name in ("via", "expression", "no_gradient", "reason")}
    return Observation(
        status=taken(data, "status", str),
        value=_answer(data, "value"),
        gradient=_answer(data, "gradient"),
        seconds=_seconds(data, "seconds"),
        compiling=_seconds(data, "compiling"),
        **fields,
    )


def _seconds(data: Mapping[str, Any], key: str) -> float:
    """A time; 0 where there is none that could be."""
    seconds = data.get(key, 0.0)
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < _LONGEST_TIME else 0.0


def _answer(data: Mapping[str, Any], part: str) -> Answer | None:
    """One array, or the error that was raised instead."""
    if data.get(part) is None:
        return None
    answer = taken(data, part, dict)
    values, shape = taken(answer, "values", list, []), taken(answer, "shape", list, [])
    packed, raised = answer.get("packed", ""), taken(answer, "raised", str, "")
    try:
        numbers = _unpacked(packed) if packed else tuple(map(float, values))
        count = math.prod(map(_size, shape))
    except (TypeError, ValueError, OverflowError):
        raise ProtocolError(f"expected numbers as the {part}, got {brief(answer)}") from None
    if part == "gradient" and answer == {}:
        return Answer()
    if not raised and count != len(numbers):
        raise ProtocolError(f"expected {count} numbers as the {part} of the shape {shape}, got {len(numbers)}")
    texts = {name: taken(answer, name, str, "") for name in ("dtype", "device")}
    return Answer(values=numbers, shape=tuple(shape), raised=raised, **texts)


def _unpacked(text: str) -> tuple[float, ...]:
    """Numbers from the base64 of their bytes, binary64 with the low byte first."""
    return tuple(np.frombuffer(base64.b64decode(text, validate=True), dtype=_PACKED).tolist())


def _size(length: Any) -> int:
    """The length of an axis."""
    if type(length) is not int or length < 0:
        raise TypeError
    return length
