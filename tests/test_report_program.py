"""Programs that stand alone: they run in a process of their own and print what was observed."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from ceconform.adapters.torch import Torch
from ceconform.corpus import Case, Expected
from ceconform.harness.worker import observe
from ceconform.report.program import literal, program

DIALECT = vars(Torch.dialect)


def ask(loss, predictions, labels, generators=None, **parameters):
    """A question; nobody asks here what is right."""
    return Case(
        id="any/planted/one",
        description="A case that a test plants.",
        loss=loss,
        predictions=np.asarray(predictions, dtype=np.float64),
        labels=np.asarray(labels),
        parameters=MappingProxyType(parameters),
        sources={},
        expected=Expected(),
        generators=MappingProxyType(generators or {}),
    )


def printed(text):
    """What a program prints, line by line, as lists of numbers."""
    command = [sys.executable, "-W", "ignore", "-c", text]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return [eval(line, {"nan": math.nan, "inf": math.inf}) for line in ran.stdout.splitlines()]  # noqa: S307 - our own


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        (ask("binary_cross_entropy", (0.0, 0.5, 1e-7), (1.0, 1.0, 0.0)), "float32"),
        (
            ask(
                "sparse_cross_entropy_with_logits",
                ((2.0, -1.0, 0.5), (-math.inf, 3.0, 1.0)),
                (0, 2),
                class_weight=np.asarray([1.0, 2.0, 4.0]),
                reduction="weighted_mean",
            ),
            "float64",
        ),
        (ask("binary_cross_entropy_with_logits", (0.125, math.inf), (1.0, 1.0)), "bfloat16"),
    ],
)
def test_a_program_prints_what_was_observed(case, dtype):
    """In a fresh process, with nothing but the library, loss and gradient come out as the adapter saw them."""
    adapter = Torch()
    observation = next(observe(adapter, adapter.namespace(), case.call(dtype)))
    text = program(DIALECT, observation.expression, case, dtype, "cpu")
    loss, gradient = printed(text)
    assert "ceconform" not in text
    assert np.array_equal(np.ravel(loss), observation.value.values, equal_nan=True)
    assert np.array_equal(np.ravel(gradient), observation.gradient.values, equal_nan=True)


def test_a_program_differentiates_by_what_was_asked():
    """By the labels, of losses that a mask multiplies, which are written like any array."""
    plain = ask("binary_cross_entropy_with_logits", (2.0, -1.0), (1.0, 0.0))
    case = replace(plain, gradient_by="labels", cotangent=np.asarray([0.0, 3.0]))
    adapter = Torch()
    observation = next(observe(adapter, adapter.namespace(), case.call("float32")))
    text = program(DIALECT, observation.expression, case, "float32", "cpu")
    assert [[0.0, 3.0]] == printed(text)[1:]
    assert (0.0, 3.0) == observation.gradient.values
    assert "cotangent = torch.tensor([0.0, 3.0], dtype=torch.float32" in text
    assert "labels.requires_grad_()" in text


def test_only_what_is_used_is_written():
    """The arrays that the expression names, and inf and nan where they occur."""
    case = ask("binary_cross_entropy_with_logits", (1.0,), (1.0,), sample_weight=np.asarray([2.0]))
    text = program(DIALECT, "F.softplus(logits)", case, "float32", "cpu")
    assert "logits = torch.tensor([1.0], dtype=torch.float32, device='cpu')" in text
    assert "labels" not in text
    assert "sample_weight" not in text
    assert "math" not in text
    infinite = ask("binary_cross_entropy_with_logits", (math.inf, math.nan), (1.0, 0.0))
    text = program(DIALECT, "F.softplus(logits)", infinite, "float32", "cpu")
    assert text.startswith("from math import inf, nan\n")


def test_class_indices_are_whole_numbers_of_their_dtype():
    """Labels that are indices are integers, int64 unless the case says otherwise."""
    case = ask("nll_loss", ((-0.5, -1.0),), (1,))
    text = program(DIALECT, "F.nll_loss(log_probabilities, labels)", case, "float32", "cpu")
    assert "labels = torch.tensor([1], dtype=torch.int64, device='cpu')" in text
    narrow = Case(**{**vars(case), "label_dtype": "int32"})
    assert "[1], dtype=torch.int32" in program(DIALECT, "F.f(labels)", narrow, "float32", "cpu")


def test_the_gradient_can_be_left_out():
    """For a call that raised, or a library without autodiff."""
    case = ask("binary_cross_entropy", (0.5,), (1.0,))
    expression = "F.binary_cross_entropy(probabilities, labels)"
    assert "gradient" not in program(DIALECT, expression, case, "float32", "cpu", gradient=False)
    plain = {**DIALECT, "gradient": ""}
    text = program(plain, expression, case, "float32", "cpu")
    assert text.endswith("loss = F.binary_cross_entropy(probabilities, labels)\nprint(loss.tolist())\n")


def test_a_generated_array_is_written_as_its_expression():
    """Nobody wants 128,256 numbers in a program."""
    text = "[0.0 + i * 0.25 for i in range(5)]"
    case = ask("binary_cross_entropy", np.arange(5) * 0.25, np.ones(5), generators={"probabilities": text})
    written = program(DIALECT, "F.binary_cross_entropy(probabilities, labels)", case, "float32", "cpu")
    assert f"probabilities = torch.tensor({text}, dtype=torch.float32" in written
    assert printed(written)[0] == pytest.approx(np.mean([100.0, *(-math.log(i / 4) for i in range(1, 5))]))


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (40,), (40, 2), (2, 2, 2), (2, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_literal_reads_back_as_the_array(shape, dtype):
    """Nested lists give the same numbers and the same shape, also over several lines."""
    values = np.random.default_rng(1).normal(size=shape).astype(dtype).astype(np.float64)
    text = literal(values, dtype)
    back = np.array(eval(text, {"np": np}), dtype=dtype)  # noqa: S307 - our own
    assert back.shape == shape
    assert np.array_equal(back.astype(np.float64), values)
    assert max(map(len, text.splitlines())) <= 110


def test_short_digits_are_used_where_the_library_reads_them_right():
    """0.1 in float32 is written as 0.1; half precision, which is read by way of float64, in full."""
    assert literal(np.float64(np.float32([0.1, 1e-9])), "float32") == "[0.1, 1e-09]"
    assert literal(np.float64(np.float16([0.1])), "float16") == "[0.0999755859375]"


JAVASCRIPT = {
    "language": "javascript",
    "imports": "import * as my from 'mylib';\n\nfunction twice(x) {\n  return 2 * x;\n}\n\nfunction thrice(x) {}",
    "array": "my.array({values}, {shape}, '{dtype}')",
    "gradient": "const gradient = my.grad(({x}) => {expression})({x});",
    "show": "console.log({name});",
}


def test_a_program_in_javascript_has_its_words():
    """Infinities, NaN, truth, arrays without rows, class indices of 32 bits, and only the functions that it needs."""
    logits = [[np.inf, -np.inf], [np.nan, 0.1]]
    case = ask("sparse_cross_entropy_with_logits", logits, np.array([0, 1]), sample_weight=np.array([1.0, 0.5]))
    text = program(JAVASCRIPT, "my.loss(twice(labels), logits, 0.5)", case, "float32", "cpu")
    assert text == (
        "import * as my from 'mylib';\n\nfunction twice(x) {\n  return 2 * x;\n}\n\n"
        "const logits = my.array([[Infinity, -Infinity], [NaN, 0.1]], [2, 2], 'float32');\n"
        "const labels = my.array([0, 1], [2], 'int32');\n"
        "const loss = my.loss(twice(labels), logits, 0.5);\n"
        "console.log(loss);\n"
        "const gradient = my.grad((logits) => my.loss(twice(labels), logits, 0.5))(logits);\n"
        "console.log(gradient);\n"
    )
    empty = ask("entropy", np.zeros((0, 3)), [])
    assert "my.array([], [0, 3], 'float32')" in program(JAVASCRIPT, "f(probabilities)", empty, "float32", "cpu")
