"""Reading: what a case may say, and every refusal with file, line, key, what was expected and what came."""

from __future__ import annotations

import math
from decimal import Decimal
from textwrap import dedent

import numpy as np
import pytest

from ceconform.corpus import LOSSES, load_file
from ceconform.errors import CorpusError

GOOD = """\
about: A file of one case.
cases:
  plain:
    description: Two labels.
    sources: {definition: cases/README.md#binary}
    loss: binary_cross_entropy
    probabilities: [0.5, 0.25]
    labels: [1, 0]
"""
ROWS = """\
about: A file of one case.
defaults:
  loss: sparse_cross_entropy_with_logits
  sources: {definition: cases/README.md#sparse}
cases:
  plain:
    description: Two rows.
    logits: [[1, 2, 3], [4, 5, 6]]
    labels: [0, 2]
"""
ANSWER = """\
    expected:
      loss: [1, 2]
      grad: [1, 2]
      condition: [1, 2]
      grad_condition: [1, 2]
      terms: 1
"""


def written(folder, text, name="file.yaml"):
    """Write a case file."""
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


@pytest.fixture
def case(tmp_path):
    """Read the one case of a text."""

    def read(text, *, answered=False):
        (only,) = load_file(written(tmp_path, text), tmp_path, answered=answered)
        return only

    return read


def test_a_case_is_read(case):
    """Predictions, labels, sources and place come as they stand; the dtypes are those that hold them."""
    plain = case(GOOD)
    assert ("file/plain", "binary_cross_entropy", 3) == (plain.id, plain.loss, plain.line)
    assert [0.5, 0.25] == plain.predictions.tolist()
    assert [1.0, 0.0] == plain.labels.tolist()
    assert {"definition": "cases/README.md#binary"} == plain.sources
    assert ("float64", "float32", "float16", "bfloat16") == plain.dtypes
    assert {} == plain.parameters


def test_numbers_are_rounded_once_to_float32(case):
    """0.1 becomes the float32 number, which no narrower dtype holds."""
    plain = case(GOOD.replace("0.25", "0.1"))
    assert float(np.float32(0.1)) == plain.predictions[1]
    assert ("float64", "float32") == plain.dtypes


@pytest.mark.parametrize(
    ("rounding", "dtypes"),
    [
        ("float64", ("float64",)),
        ("float16", ("float64", "float32", "float16")),
        ("bfloat16", ("float64", "float32", "float16", "bfloat16")),
    ],
)
def test_another_rounding_gives_other_numbers(case, rounding, dtypes):
    """A dtype asks the cases whose inputs it represents."""
    assert dtypes == case(GOOD.replace("0.25", "0.1") + f"    rounding: {rounding}\n").dtypes


def test_dtypes_may_be_restricted(case):
    """A case may name fewer dtypes."""
    assert ("float32",) == case(GOOD + "    dtypes: [float32]\n").dtypes


def test_parameters_are_those_that_are_stated(case):
    """Weights are arrays that follow the rounding, numbers are binary64, and nothing has a default here."""
    text = ROWS + "    class_weight: [0.1, 1, 2]\n    label_smoothing: 0.1\n    ignore_index: -100\n    axis: 1\n"
    parameters = case(text + "    reduction: weighted_mean\n").parameters
    assert float(np.float32(0.1)) == parameters["class_weight"][0]
    assert (0.1, -100, 1, "weighted_mean") == tuple(
        parameters[key] for key in ("label_smoothing", "ignore_index", "axis", "reduction")
    )
    assert {"class_weight", "label_smoothing", "ignore_index", "axis", "reduction"} == set(parameters)


def test_a_weight_that_is_a_number_is_an_array_without_axes(case):
    """One weight for all broadcasts."""
    weight = case(GOOD + "    pos_weight: 3\n").parameters["pos_weight"]
    assert ((), 3.0) == (weight.shape, float(weight))


def test_class_indices_are_int64_or_what_label_dtype_says(case):
    """Labels have the dtype that the case states."""
    assert np.int64 == case(ROWS).labels.dtype
    assert np.uint8 == case(ROWS + "    label_dtype: uint8\n").labels.dtype
    assert np.bool_ == case(GOOD + "    label_dtype: bool\n").labels.dtype


def test_defaults_are_laid_under_each_case(case):
    """Sources and tags add up; predictions of another space give way."""
    merged = case("""\
        about: x
        defaults:
          loss: binary_cross_entropy
          tags: [a, b]
          sources: {one: first}
          probabilities: [0.5]
        cases:
          plain:
            description: y
            loss: binary_cross_entropy_with_logits
            tags: [b, c]
            sources: {two: second}
            logits: [1]
            labels: [1]
        """)
    assert ("a", "b", "c") == merged.tags
    assert {"one": "first", "two": "second"} == merged.sources
    assert "binary_cross_entropy_with_logits" == merged.loss


def test_an_activation_takes_logits(case):
    """A pairing of an activation and a loss on probabilities is stated on logits."""
    text = GOOD.replace("probabilities", "activation: sigmoid\n    logits")
    assert ("sigmoid", [0.5, 0.25]) == (case(text).activation, case(text).predictions.tolist())


def test_generated_arrays_carry_their_expression(case):
    """A generator stands for an array, also within lists, and is written as plain Python."""
    text = ROWS.replace("[[1, 2, 3], [4, 5, 6]]", "[{linspace: [1, 3, 3]}, {concat: [[4], {repeat: [5, 2]}]}]")
    generated = case(text)
    assert [[1, 2, 3], [4, 5, 5]] == generated.predictions.tolist()
    assert generated.predictions.tolist() == eval(generated.generators["logits"])  # noqa: S307 - our own text


def test_integer_labels_can_be_generated(case):
    """`integers` makes class indices."""
    labels = case(ROWS.replace("[0, 2]", "{integers: {seed: 7, shape: [2], low: 0, high: 3}}")).labels
    assert np.int64 == labels.dtype
    assert all(0 <= label < 3 for label in labels)


def test_an_empty_batch_has_a_shape(case):
    """No rows of three classes are still rows of three classes."""
    text = ROWS.replace("[[1, 2, 3], [4, 5, 6]]", "{repeat: [[0, 0, 0], 0]}").replace("[0, 2]", "[]")
    answer = ANSWER.replace("[1, 2]", "[]")
    assert (0, 3) == case(text + answer, answered=True).expected.gradient.shape


def test_answers_keep_forty_digits(case):
    """Expected numbers are decimals, with infinities and NaN."""
    text = GOOD + ANSWER.replace("loss: [1, 2]", "loss: [0.6931471805599453094172321214581765680755, inf]")
    expected = case(text + "    acceptable: {keras: {loss: [1, nan]}}\n", answered=True)
    assert [Decimal("0.6931471805599453094172321214581765680755"), Decimal("inf")] == list(expected.expected.loss)
    assert math.isnan(expected.acceptable["keras"]["loss"][1])


def test_a_long_answer_is_read_as_an_excerpt(case):
    """Some numbers and what all add up to; the conditions stand at the same places."""
    text = ANSWER.replace("grad: [1, 2]", "grad: {at: [1], numbers: [2], sum: 3, absolute_sum: 3}")
    text = text.replace("grad_condition: [1, 2]", "grad_condition: {numbers: [4], sum: 5}")
    expected = case(GOOD + text, answered=True).expected
    gradient, scale = expected.gradient, expected.gradient_condition
    assert [(2,), (1,), [Decimal(2)]] == [gradient.shape, gradient.places, gradient.numbers.tolist()]
    assert (Decimal(3), Decimal(3)) == (gradient.sum, gradient.absolute_sum)
    assert [(2,), (1,), [Decimal(4)], Decimal(5)] == [scale.shape, scale.places, scale.numbers.tolist(), scale.sum]


def test_an_answer_far_below_binary64_is_read(case):
    """A loss may be smaller than any float."""
    text = GOOD + ANSWER.replace("loss: [1, 2]", "loss: [1e-999999, 2]")
    assert Decimal("1e-999999") == case(text, answered=True).expected.loss[0]


def test_cited_figures_stay_as_printed(case):
    """The digits of a figure say its precision; null and ~ stand for what is not printed."""
    cited = case(GOOD + "    cited: {loss: [0.690, ~], grad: [null, 1.0]}\n").cited
    assert (["0.690", None], [None, "1.0"]) == (cited["loss"].tolist(), cited["grad"].tolist())


def test_a_wrong_shape_is_a_case_where_the_error_is_expected(case):
    """An expected error frees the shapes, and nothing else."""
    wrong = case(ROWS.replace("[0, 2]", "[[0], [2]]") + "    expected: {error: shape}\n", answered=True)
    assert ("shape", (2, 1)) == (wrong.expected.error, wrong.labels.shape)


def test_a_row_has_a_class(case):
    """An empty batch has an answer; rows of no class have none."""
    with pytest.raises(CorpusError, match=r"a class or more along axis -1, got the shape \(2, 0\)"):
        case(ROWS.replace("logits: [[1, 2, 3], [4, 5, 6]]", "logits: [[], []]"))


def test_wrong_words_are_cases_where_the_error_is_expected(case):
    """A dtype or a reduction that is no good can be asked for."""
    dtype = case(ROWS + "    label_dtype: float32\n    expected: {error: dtype}\n", answered=True)
    assert (np.float64, "float32") == (dtype.labels.dtype, dtype.label_dtype)
    reduction = case(ROWS + "    reduction: average\n    expected: {error: reduction}\n", answered=True)
    assert "average" == reduction.parameters["reduction"]


def test_brier_loss_without_an_axis_is_binary(case):
    """`axis: null` says that each element is a prediction of its own."""
    text = GOOD.replace("binary_cross_entropy", "brier_loss") + "    axis: null\n"
    assert case(text).parameters["axis"] is None


def test_a_gradient_may_be_by_labels_or_weights(case):
    """Its shape is theirs; without a word it is by the predictions, of the sum."""
    plain = case(GOOD)
    assert ("predictions", None) == (plain.gradient_by, plain.cotangent)
    assert "labels" == case(GOOD + "    gradient_by: labels\n").gradient_by
    one = GOOD + "    sample_weight: 2\n    gradient_by: sample_weight\n"
    weighed = case(
        one + ANSWER.replace("grad: [1, 2]", "grad: 1").replace("grad_condition: [1, 2]", "grad_condition: 1")
    )
    assert () == weighed.expected.gradient.shape == weighed.call("float64").by.shape
    with pytest.raises(CorpusError, match=r"the shape \(\)"):
        case(one + ANSWER)


def test_a_cotangent_is_rounded_and_decides_on_the_dtypes(case):
    """As any array of the case: 0.1 is that of float32, and float16 does not hold it."""
    masked = case(GOOD + "    cotangent: [0, 0.1]\n")
    assert [0, float(np.float32(0.1))] == masked.cotangent.tolist() == masked.call("float64").cotangent.tolist()
    assert ("float64", "float32") == masked.dtypes
    assert masked.dtypes != case(GOOD).dtypes


def test_every_loss_can_be_asked(case):
    """Each loss reads a case of its own space and labels."""
    labels = {"index": "[0]", "binary": "[[1, 0]]", "sign": "[[1, -1]]"}
    for loss in LOSSES.values():
        answer = "" if loss.labels is None else f"    labels: {labels.get(loss.labels, '[[1, 0]]')}\n"
        head = GOOD.partition("    probabilities")[0].replace("loss: binary_cross_entropy", f"loss: {loss.name}")
        layer = "    weight: [[0.5, 0.5], [1, 2]]\n" if loss.layer else ""
        assert loss.name == case(f"{head}    {loss.predictions}: [[0.5, 0.5]]\n{layer}{answer}").loss


def change(old, new, text=GOOD):
    """Change a good text, which must have the old part."""
    assert old in text
    return text.replace(old, new)


MORE = GOOD.count("\n") + 1
REFUSALS = [
    (change("about: A file of one case.\n", ""), 1, "(file)", "the key about", "without it"),
    (change("about: A file of one case.", "about: ''"), 1, "about", "some words", "nothing"),
    (change("A file of one case.", "[x]"), 1, "about", "text", "a list of 1"),
    ("about: x\ncases: {}\n", 2, "cases", "one case or more", "an empty mapping"),
    ("about: x\ncases:\n", 2, "cases", "a mapping", "nothing"),
    ("about: x\ncases: [a]\n", 2, "cases", "a mapping", "a list of 1"),
    ("about: x\nextra: y\ncases: {}\n", 2, "extra", "about, defaults or cases", "the unknown key extra"),
    ("about: x\ncases:\n  plain:\n", 3, "cases.plain", "a mapping", "nothing"),
    (change("  plain:", "  Plain_case:"), 3, "cases.Plain_case", "a slug", "`Plain_case`"),
    (change("  plain:", "  plain--case:"), 3, "cases.plain--case", "a slug", "`plain--case`"),
    (change("labels:", "label:"), 8, "cases.plain.label", "labels", "the unknown key label"),
    (change("labels:", "tolerance:"), 8, "cases.plain.tolerance", "description", "the unknown key tolerance"),
    (change("    description: Two labels.\n", ""), 3, "cases.plain", "the key description", "without it"),
    (change("    labels: [1, 0]\n", ""), 3, "cases.plain", "the key labels", "without it"),
    (change("    probabilities: [0.5, 0.25]\n", ""), 3, "cases.plain", "the key probabilities", "without it"),
    (change("    loss: binary_cross_entropy\n", ""), 3, "cases.plain", "the key loss", "without it"),
    (
        change("    sources: {definition: cases/README.md#binary}\n", ""),
        3,
        "cases.plain",
        "the key sources",
        "without",
    ),
    (
        change("{definition: cases/README.md#binary}", "{}"),
        5,
        "cases.plain.sources",
        "one source",
        "an empty mapping",
    ),
    (change("{definition: cases/README.md#binary}", "x"), 5, "cases.plain.sources", "a mapping", "`x`"),
    (change("cases/README.md#binary", "''"), 5, "cases.plain.sources.definition", "some words", "nothing"),
    (
        change("binary_cross_entropy", "binary_crossentropy"),
        6,
        "cases.plain.loss",
        "binary_cross_entropy",
        "`binary_c",
    ),
    (change("probabilities", "logits"), 7, "cases.plain.logits", "probabilities, which binary", "logits"),
    (GOOD + "    logits: [1, 2]\n", MORE, "cases.plain.logits", "probabilities, which", "logits"),
    (
        GOOD + "    activation: sigmoid\n",
        7,
        "cases.plain.probabilities",
        "logits, for an activation",
        "probabilities",
    ),
    (GOOD + "    activation: relu\n", MORE, "cases.plain.activation", "sigmoid, softmax", "`relu`"),
    (
        GOOD + "    class_weight: [1, 2]\n",
        MORE,
        "cases.plain.class_weight",
        "a parameter of binary_cross",
        "class_weight",
    ),
    (GOOD + "    axis: 0\n", MORE, "cases.plain.axis", "a parameter of binary_cross_entropy", "axis"),
    (change("[0.5, 0.25]", "[0.5, one]"), 7, "cases.plain.probabilities[1]", "a number", "`one`"),
    (change("[0.5, 0.25]", "[0.5, '']"), 7, "cases.plain.probabilities[1]", "a number", "nothing"),
    (change("[0.5, 0.25]", "[0.5, true]"), 7, "cases.plain.probabilities[1]", "a number", "`true`"),
    (
        change("[0.5, 0.25]", "[0.5, [1]]"),
        7,
        "cases.plain.probabilities[1]",
        "the shape ()",
        "the shape (1,)",
    ),
    (
        change("[0.5, 0.25]", "[[1, 2], [3]]"),
        7,
        "cases.plain.probabilities[1]",
        "the shape (2,)",
        "the shape (1,)",
    ),
    (change("[1, 0]", "[1]"), 8, "cases.plain.labels", "the shape (2,)", "the shape (1,)"),
    (change("[1, 0]", "[[1], [0]]"), 8, "cases.plain.labels", "the shape (2,)", "the shape (2, 1)"),
    (GOOD + "    rounding: float8\n", MORE, "cases.plain.rounding", "float64, float32", "`float8`"),
    (GOOD + "    dtypes: [int8]\n", MORE, "cases.plain.dtypes[0]", "float64, float32", "`int8`"),
    (
        change("0.25", "0.1") + "    dtypes: [float16]\n",
        MORE,
        "cases.plain.dtypes[0]",
        "a dtype that represents the inputs, float64, float32",
        "`float16`",
    ),
    (
        GOOD + "    reduction: average\n",
        MORE,
        "cases.plain.reduction",
        "none, sum, mean or weighted_mean",
        "`average`",
    ),
    (GOOD + "    space: logits\n", MORE, "cases.plain.space", "stated or default", "`logits`"),
    (GOOD + "    label_smoothing: a bit\n", MORE, "cases.plain.label_smoothing", "a number", "`a bit`"),
    (GOOD + "    label_smoothing: [0.1]\n", MORE, "cases.plain.label_smoothing", "a number", "a list of 1"),
    (GOOD + "    tags: edge\n", MORE, "cases.plain.tags", "a list", "`edge`"),
    (GOOD + "    tags: [Edge case]\n", MORE, "cases.plain.tags[0]", "lower-case words", "`Edge case`"),
    (GOOD + "    tags: [a, a]\n", MORE, "cases.plain.tags", "each word once", "a, a"),
    (GOOD + "    formerly: [plain]\n", MORE, "cases.plain.formerly[0]", "an id, such as", "`plain`"),
    (
        GOOD + "    sample_weight: [1, 2, 3]\n",
        MORE,
        "cases.plain.sample_weight",
        "a shape that broadcasts to (2,)",
        "(3,)",
    ),
    (GOOD + "    cited: {loss: [1]}\n", MORE, "cases.plain.cited.loss", "the shape (2,)", "the shape (1,)"),
    (GOOD + "    cited: {loss: [1, about 2]}\n", MORE, "cases.plain.cited.loss[1]", "a number", "`about 2`"),
    (
        GOOD + "    cited: {value: [1, 2]}\n",
        MORE,
        "cases.plain.cited.value",
        "loss or grad",
        "the unknown key value",
    ),
    (
        GOOD + "    expected: {error: value}\n",
        MORE,
        "cases.plain.expected.error",
        "shape, dtype or reduction",
        "`value`",
    ),
    (
        GOOD + "    expected: {error: shape, loss: 1}\n",
        MORE,
        "cases.plain.expected.loss",
        "error",
        "the unknown key loss",
    ),
    (
        GOOD + "    expected: {invalid: nonsense}\n",
        MORE,
        "cases.plain.expected.invalid",
        "label-range",
        "`nonsense`",
    ),
    (
        GOOD + "    expected: {loss: [1]}\n",
        MORE,
        "cases.plain.expected.loss",
        "the shape (2,)",
        "the shape (1,)",
    ),
    (
        GOOD + "    expected: {loss: [1, {repeat: [1, 2]}]}\n",
        MORE,
        "cases.plain.expected.loss[1]",
        "a list of",
        "a mapping",
    ),
    *(
        (GOOD + f"    expected: {{{answer}}}\n", MORE, f"cases.plain.expected.{key}", wanted, got)
        for answer, key, wanted, got in [
            ("loss: {at: [0], numbers: [1], sum: 1}", "loss", "the key absolute_sum", "a mapping without it"),
            (
                "loss: {at: [1, 0], numbers: [1, 1], sum: 2, absolute_sum: 2}",
                "loss.at",
                "ascending places among 2",
                "a list",
            ),
            (
                "loss: {at: [0, 0], numbers: [1, 1], sum: 2, absolute_sum: 2}",
                "loss.at",
                "ascending places among 2",
                "a list",
            ),
            ("loss: {at: [2], numbers: [1], sum: 1, absolute_sum: 1}", "loss.at", "ascending places among 2", "a list"),
            (
                "loss: {at: [-1], numbers: [1], sum: 1, absolute_sum: 1}",
                "loss.at",
                "ascending places among 2",
                "a list",
            ),
            (
                "loss: {at: [], numbers: [], sum: 0, absolute_sum: 0}",
                "loss.at",
                "ascending places among 2",
                "an empty list",
            ),
            (
                "loss: {at: [0], numbers: [1, 2], sum: 3, absolute_sum: 3}",
                "loss.numbers",
                "the shape (1,)",
                "the shape (2,)",
            ),
            ("loss: {at: [0], numbers: [1], sum: [1], absolute_sum: 1}", "loss.sum", "the shape ()", "the shape (1,)"),
            ("condition: {numbers: [1, 2], sum: 3}", "condition", "a list of numbers", "a mapping"),
            (
                "loss: {at: [0], numbers: [1], sum: 1, absolute_sum: 1}, condition: [1, 2]",
                "condition",
                "a mapping",
                "a list of 2",
            ),
        ]
    ),
    (GOOD + "    expected: {terms: -1}\n", MORE, "cases.plain.expected.terms", "0 terms or more", "`-1`"),
    (GOOD + "    expected: {terms: 1.5}\n", MORE, "cases.plain.expected.terms", "a whole number", "`1.5`"),
    (
        GOOD + "    acceptable: {mine: {loss: [1, 2]}}\n",
        MORE,
        "cases.plain.acceptable.mine",
        "another known|,",
        "unknown key",
    ),
    (
        GOOD + "    acceptable: {keras: {grad: 1}}\n",
        MORE,
        "cases.plain.acceptable.keras.grad",
        "loss",
        "unknown key grad",
    ),
    (
        GOOD + "    recognised_as: {loss: binary_cross_entropy, conventions: [softmax-applied-twice]}\n",
        MORE,
        "cases.plain.recognised_as.conventions[0]",
        "a convention that speaks of binary_cross_entropy",
        "`softmax-applied-twice`",
    ),
    (
        GOOD + "    recognised_as: {loss: entropy}\n",
        MORE,
        "cases.plain.recognised_as",
        "the key conventions",
        "without it",
    ),
    (
        change("[0.5, 0.25]", "{range: [1, 2]}"),
        7,
        "cases.plain.probabilities.range",
        "concat, hash",
        "unknown key range",
    ),
    (
        change("[0.5, 0.25]", "{linspace: [0, 1]}"),
        7,
        "cases.plain.probabilities.linspace",
        "[start, stop, count]",
        "a list",
    ),
    (
        change("[0.5, 0.25]", "{linspace: [0, 1, 11]}"),
        7,
        "cases.plain.probabilities",
        "binary fractions",
        "something else",
    ),
    (
        change("[0.5, 0.25]", "{repeat: [1, -2]}"),
        7,
        "cases.plain.probabilities",
        "a count of 0 or more",
        "something",
    ),
    (change("[0.5, 0.25]", "{repeat: 1}"), 7, "cases.plain.probabilities.repeat", "a list", "`1`"),
    (
        change("[0.5, 0.25]", "{hash: {seed: 1, shape: [2]}}"),
        7,
        "cases.plain.probabilities.hash",
        "the key low",
        "without",
    ),
    (
        change("[0.5, 0.25]", "{hash: {seed: 1, shape: [2], low: 0, high: 1, bits: 30}}"),
        7,
        "cases.plain.probabilities",
        "generated numbers that float32 represents exactly",
        "some that it would round",
    ),
    (change("[0, 2]", "[0, 1.5]", ROWS), 9, "cases.plain.labels[1]", "a whole number", "`1.5`"),
    (change("[0, 2]", "[0, nan]", ROWS), 9, "cases.plain.labels[1]", "a whole number", "`nan`"),
    (
        change("[0, 2]", "[0, -1]", ROWS) + "    label_dtype: uint8\n",
        9,
        "cases.plain.labels",
        "uint8 holds, 0 to 255",
        "-1",
    ),
    (ROWS + "    label_dtype: float32\n", 10, "cases.plain.label_dtype", "bool, int8", "`float32`"),
    (ROWS + "    axis: 2\n", 10, "cases.plain.axis", "an axis of the logits", "axis 2"),
    (ROWS + "    axis: null\n", 10, "cases.plain.axis", "a number", "`null`"),
    (ROWS + "    class_weight: [1, 2]\n", 10, "cases.plain.class_weight", "the shape (3,)", "the shape (2,)"),
    (ROWS + "    ignore_index: 0.5\n", 10, "cases.plain.ignore_index", "a whole number", "`0.5`"),
    (
        change("  loss:", "  description: x\n  loss:", ROWS),
        3,
        "defaults.description",
        "loss, tags",
        "unknown key description",
    ),
    (
        change("  loss:", "  expected: {loss: 1}\n  loss:", ROWS),
        3,
        "defaults.expected.loss",
        "error",
        "the unknown key loss",
    ),
    (
        change("binary_cross_entropy", "entropy").replace("[0.5, 0.25]", "[0.5, 0.5]"),
        8,
        "cases.plain.labels",
        "no labels, which entropy does not take",
        "labels",
    ),
    (
        GOOD + "    gradient_by: logits\n",
        MORE,
        "cases.plain.gradient_by",
        "labels, class_weight, pos_weight",
        "`logits`",
    ),
    (
        GOOD + "    gradient_by: pos_weight\n",
        MORE,
        "cases.plain.gradient_by",
        "an array that the case states",
        "pos_weight",
    ),
    (
        GOOD + "    label_dtype: bool\n    gradient_by: labels\n",
        MORE + 1,
        "cases.plain.gradient_by",
        "no derivative by these labels",
        "labels",
    ),
    (
        GOOD + "    expected: {error: shape}\n    gradient_by: labels\n",
        MORE + 1,
        "cases.plain.gradient_by",
        "no gradient, where an error is expected",
        "gradient_by",
    ),
    (
        GOOD + "    reduction: sum\n    cotangent: [0, 1]\n",
        MORE + 1,
        "cases.plain.cotangent",
        "no cotangent beside a reduction",
        "a list of 2",
    ),
    (GOOD + "    cotangent: [0]\n", MORE, "cases.plain.cotangent", "the shape (2,)", "the shape (1,)"),
    (GOOD + "    cotangent: [0, inf]\n", MORE, "cases.plain.cotangent", "finite numbers", "a list of 2"),
    (
        change("binary_cross_entropy", "binary_focal_loss") + "    alpha: [1, 2]\n",
        MORE,
        "cases.plain.alpha",
        "a number",
        "a list of 2",
    ),
]


@pytest.mark.parametrize(("text", "line", "key", "expected", "got"), REFUSALS)
def test_a_malformed_case_is_refused(tmp_path, text, line, key, expected, got):
    """The error names the file, the line, the key, what was expected and what came."""
    path = written(tmp_path, text)
    with pytest.raises(CorpusError) as caught:
        load_file(path, tmp_path, answered=False)
    error = caught.value
    assert (path.resolve(), line, key) == (error.path, error.line, error.key)
    assert any(part in error.expected for part in expected.split("|"))
    assert got in error.got
    assert str(error).startswith(f"{path.resolve()}:{line}: {key}: expected ")


@pytest.mark.parametrize("missing", ["loss", "grad", "condition", "grad_condition", "terms"])
def test_half_an_answer_is_refused(tmp_path, missing):
    """A corpus that is run states every part of the answer."""
    lines = [line for line in ANSWER.splitlines() if not line.strip().startswith(f"{missing}:")]
    path = written(tmp_path, GOOD + "\n".join(lines))
    with pytest.raises(CorpusError, match=f"expected the key {missing}"):
        load_file(path, tmp_path)


def test_no_answer_is_refused_unless_the_case_is_new(tmp_path):
    """The error says who writes it."""
    with pytest.raises(CorpusError, match="which `ceconform lint --fix` writes"):
        load_file(written(tmp_path, GOOD), tmp_path)


@pytest.mark.parametrize("cut", range(len(GOOD + ANSWER) - 1))
def test_a_file_that_is_cut_short_is_never_a_smaller_corpus(tmp_path, cut):
    """Wherever a file of one case is cut, it is refused, or no more than its last line break is lost."""
    text = (GOOD + ANSWER)[:cut]
    try:
        (case,) = load_file(written(tmp_path, text), tmp_path)
    except CorpusError:
        return
    assert case.expected.loss is not None
    assert text == (GOOD + ANSWER).rstrip("\n")
