"""The line protocol: how calls and observations travel between the harness and a worker.

One JSON object a line, UTF-8, no line breaks within. The harness writes to the worker's standard input, the worker
answers on its standard output.

    harness  {"call": {…}, "id": 7, "skip": 0}
    worker   {"hello": {"name": "torch", "version": "2.13.0", …}}              once, at the start
    worker   {"id": 7, "asking": {"via": "F.cross_entropy", "expression": "…"}}   before each route
    worker   {"id": 7, "observation": {…}}                                     after each route
    worker   {"id": 7, "done": true}                                           after the last

A worker ends when its input ends. `skip` is the number of routes to leave out: those asked before a crash. An array is
`{"shape": […], "values": […]}`, flat and in row-major order; a number is a JSON number with round-trip digits, or one
of the strings "inf", "-inf", "nan". Labels and parameters that are not arrays are JSON numbers or strings.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceconform.corpus import Call
from ceconform.harness.observation import Answer, Observation

__all__ = ["decode_call", "decode_observation", "encode_call", "encode_observation", "line"]


def line(message: Mapping[str, Any]) -> bytes:
    """A message as it travels."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "values": [_number(v) for v in value.ravel().tolist()]}
    return _number(value) if isinstance(value, float) else value


def _decode(value: Any, dtype: str = "float64") -> Any:
    if isinstance(value, dict):
        return np.array([float(v) if isinstance(v, str) else v for v in value["values"]], dtype=dtype).reshape(
            value["shape"]
        )
    return float(value) if value in ("inf", "-inf", "nan") else value


def encode_call(call: Call) -> dict[str, Any]:
    """A call as JSON data."""
    return {
        "loss": call.loss,
        "predictions": _encode(call.predictions),
        "labels": _encode(call.labels),
        "labels_are": "none" if call.labels is None else call.labels.dtype.name,
        "parameters": {name: _encode(value) for name, value in call.parameters.items()},
        "activation": call.activation,
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
            answer = dataclasses.asdict(data[part])
            answer["values"] = [_number(v) for v in answer["values"]]
            data[part] = answer
    return data


def decode_observation(data: Mapping[str, Any]) -> Observation:
    """JSON data as an observation."""
    fields = dict(data)
    for part in ("value", "gradient"):
        if part in fields:
            answer = fields[part]
            fields[part] = Answer(
                values=tuple(map(float, answer.get("values", ()))),
                shape=tuple(answer.get("shape", ())),
                dtype=answer.get("dtype", ""),
                device=answer.get("device", ""),
                raised=answer.get("raised", ""),
            )
    return Observation(**fields)
