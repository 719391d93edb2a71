"""What travels between harness and worker comes back the same."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ceconform.corpus import Call
from ceconform.errors import ProtocolError
from ceconform.harness import Answer, Observation
from ceconform.harness.wire import decode_call, decode_observation, encode_call, encode_observation, line

FLOATS = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)
MATRICES = arrays.arrays(np.float64, arrays.array_shapes(max_dims=3, max_side=3, min_side=0), elements=FLOATS)


def same(one, other) -> bool:
    """Equal to the bit, NaN included, in the same dtype."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def through_json(message):
    """A message as the other side reads it."""
    text = line(message)
    assert text.endswith(b"\n")
    assert text.count(b"\n") == 1
    return json.loads(text)


@given(MATRICES, st.floats(0, 1), st.sampled_from(["float64", "bfloat16"]))
def test_a_call_comes_back_the_same(predictions, smoothing, dtype):
    """Numbers to the last bit, names and options as they were."""
    canonical = np.where(np.isnan(predictions), np.nan, predictions)
    call = Call(
        loss="sparse_cross_entropy_with_logits",
        predictions=canonical,
        labels=np.arange(3),
        parameters=MappingProxyType({"label_smoothing": smoothing, "class_weight": canonical, "reduction": "sum"}),
        dtype=dtype,
    )
    back = decode_call(through_json(encode_call(call)))
    assert same(call.predictions, back.predictions)
    assert call.labels is not None
    assert back.labels is not None
    assert same(call.labels, back.labels)
    assert same(call.parameters["class_weight"], back.parameters["class_weight"])
    assert (call.loss, call.dtype, call.reduction) == (back.loss, back.dtype, back.reduction)
    assert call.parameters["label_smoothing"] == back.parameters["label_smoothing"]


def test_what_the_gradient_is_by_comes_back():
    """And the cotangent, if there is one."""
    call = Call(
        loss="hinge_loss",
        predictions=np.array([0.5, -0.5]),
        labels=np.array([1.0, -1.0]),
        parameters=MappingProxyType({"sample_weight": np.array(2.0)}),
        gradient_by="sample_weight",
        cotangent=np.array([0.0, 1.0]),
    )
    back = decode_call(through_json(encode_call(call)))
    assert ("sample_weight", [0.0, 1.0]) == (back.gradient_by, back.cotangent.tolist())
    plain = decode_call(through_json(encode_call(replace(call, gradient_by="predictions", cotangent=None))))
    assert ("predictions", None) == (plain.gradient_by, plain.cotangent)


def test_nothing_as_a_gradient_comes_back_as_nothing():
    """An empty object stands for None; as a value it is no answer."""
    seen = Observation(status="answered", via="f", value=Answer(values=(1.0,), shape=(1,)), gradient=Answer())
    message = through_json(encode_observation(seen))
    assert {} == message["gradient"]
    assert decode_observation(message).gradient.none
    with pytest.raises(ProtocolError, match="expected 1 numbers as the value"):
        decode_observation({**message, "value": {}})


def test_a_call_without_labels_comes_back_without():
    """The entropy has none."""
    call = Call(loss="entropy", predictions=np.array([0.5, 0.5]), labels=None)
    assert decode_call(through_json(encode_call(call))).labels is None


@given(st.lists(FLOATS, max_size=4), st.text(min_size=1, max_size=20))
def test_an_observation_comes_back_the_same(values, words):
    """Values to the last bit, words in any script."""
    answer = Answer(values=tuple(values), shape=(len(values),), dtype="float32", device="cpu")
    seen = Observation(status="answered", via="f", expression=words, value=answer, gradient=Answer(raised=words))
    back = decode_observation(through_json(encode_observation(seen)))
    assert back.value is not None
    assert [v.hex() for v in values if not math.isnan(v)] == [v.hex() for v in back.value.values if not math.isnan(v)]
    assert [math.isnan(v) for v in values] == [math.isnan(v) for v in back.value.values]
    assert (seen.status, seen.via, seen.expression, seen.gradient) == (
        back.status,
        back.via,
        back.expression,
        back.gradient,
    )


@pytest.mark.parametrize("count", [256, 257])
def test_very_many_numbers_come_back_the_same(count):
    """Packed, to the last bit; few travel as digits that anybody reads."""
    rng = np.random.default_rng(count)
    values = (math.inf, -math.inf, 5e-324, -0.0, *rng.standard_normal(count - 4).tolist())
    answer = Answer(values=values, shape=(count,), dtype="float64", device="cpu")
    message = through_json(encode_observation(Observation(status="answered", value=answer)))
    assert ("packed" if count > 256 else "values") in message["value"]
    back = decode_observation(message).value
    assert back is not None
    assert [value.hex() for value in values] == [value.hex() for value in back.values]


def test_what_is_packed_says_its_numbers_or_is_refused():
    """As many as the shape has, in bytes of eight."""
    said = {"packed": "AAAAAAAA9D8AAAAAAADwfw==", "shape": [2]}
    back = decode_observation({"status": "answered", "value": said}).value
    assert back is not None
    assert (1.25, math.inf) == back.values
    for wrong in ({**said, "shape": [3]}, {**said, "packed": "AAAA"}, {**said, "packed": "?"}):
        with pytest.raises(ProtocolError, match="numbers as the value"):
            decode_observation({"status": "answered", "value": wrong})
