"""Judging observations: every verdict, every kind, every rule."""

from __future__ import annotations

import math
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pytest

from ceconform.corpus import Case, Expected
from ceconform.corpus.excerpt import excerpt
from ceconform.errors import CaseError
from ceconform.harness import Answer, Observation
from ceconform.oracle import evaluate
from ceconform.verdict import judge, missed
from ceconform.verdict.scale import scale

LOG2 = 0.6931471805599453


def ask(loss="binary_cross_entropy", predictions=(0.5,), labels=(1.0,), by="predictions", cotangent=None, **parameters):
    """A case whose right answer is the oracle's."""
    labels = None if labels is None else np.asarray(labels)
    case = Case(
        id="binary/planted/one",
        description="A case that a test plants.",
        loss=loss,
        predictions=np.asarray(predictions, dtype=np.float64),
        labels=labels,
        parameters=MappingProxyType(parameters),
        sources={},
        expected=Expected(),
        gradient_by=by,
        cotangent=None if cotangent is None else np.asarray(cotangent),
    )
    exact = evaluate(case.call("float32"))
    return with_expected(case, Expected(**vars(exact)))


def with_expected(case, expected):
    """The same question with another answer."""
    return Case(**{**vars(case), "expected": expected})


def answer(*values, shape=None, dtype="float32", device="cpu"):
    """An array that an implementation gave."""
    return Answer(values=values, shape=(len(values),) if shape is None else shape, dtype=dtype, device=device)


def seen(value=None, gradient=None, status="answered", reason=""):
    """An observation."""
    return Observation(status=status, value=value, gradient=gradient, reason=reason)


def judged(case, observation, dtype="float32", documented=(), **how):
    """The verdict on an arithmetic with subnormal numbers, unless a test says otherwise."""
    return judge(case, dtype, observation, documented=documented, **{"flushes_subnormals": False, **how})


@pytest.mark.parametrize("status", ["crash", "timeout"])
def test_a_process_that_ends_or_hangs_fails(status):
    """A crash and a timeout are answers, and their kinds say which."""
    verdict = judged(ask(), seen(status=status, reason="killed by SIGSEGV"))
    assert (verdict.verdict, verdict.kind, verdict.reason) == ("fail", status, "killed by SIGSEGV")


@pytest.mark.parametrize("status", ["unsupported", "error"])
def test_what_could_not_be_asked_is_neither_right_nor_wrong(status):
    """The reason is handed on, and there is no kind."""
    verdict = judged(ask(), seen(status=status, reason="no gamma"))
    assert (verdict.verdict, verdict.kind, verdict.reason) == (status, "", "no gamma")


def test_a_right_value_and_gradient_pass():
    """Both parts are measured in ulps."""
    verdict = judged(ask(), seen(answer(float(np.float32(LOG2))), answer(-2.0)))
    assert verdict.verdict == "pass"
    assert 0 < verdict.ulps <= 0.5
    assert verdict.gradient_ulps == 0


def by_labels():
    """The derivative by the label of a logit of 2 is -2; its loss is log(1 + e^-2)."""
    return ask("binary_cross_entropy_with_logits", (2.0,), by="labels"), answer(0.126928011042972)


def test_a_refused_gradient_by_labels_is_unsupported_with_its_reason():
    """Raising is no fault there; a gradient by the predictions must not raise."""
    case, right = by_labels()
    raised = seen(right, Answer(raised="RuntimeError: the derivative for 'target' is not implemented"))
    verdict = judged(case, raised)
    assert ("unsupported", "") == (verdict.verdict, verdict.kind)
    assert "gradient by labels: RuntimeError: the derivative for 'target' is not implemented" == verdict.reason
    plain = ask("binary_cross_entropy_with_logits", (2.0,))
    assert "rejected-valid-input" == judged(plain, raised).kind


@pytest.mark.parametrize("gradient", [Answer(), answer(0.0)])
def test_a_gradient_by_labels_that_is_silently_missing_has_vanished(gradient):
    """None and 0 stand for a derivative that there is; neither is explained by a convention."""
    case, right = by_labels()
    verdict = judged(case, seen(right, gradient), documented=("clamp-log-at-100",))
    assert ("fail", "vanished-gradient", "gradient") == (verdict.verdict, verdict.kind, verdict.part)
    assert verdict.reason.startswith("gradient by labels")


def test_nothing_for_a_derivative_of_zero_is_right():
    """Where nothing depends on the labels, None says so."""
    case = ask("binary_cross_entropy_with_logits", (2.0,), by="labels", label_smoothing=1.0)
    loss = float(case.expected.loss.item())
    assert "pass" == judged(case, seen(answer(loss), Answer())).verdict


def test_a_gradient_by_labels_is_held_against_that_array():
    """Right by the labels, wrong by the predictions; without one nothing was answered."""
    case, right = by_labels()
    assert "pass" == judged(case, seen(right, answer(-2.0))).verdict
    by_predictions = judged(case, seen(right, answer(-0.11920292202211755)))
    assert "wrong-gradient" == by_predictions.kind
    assert by_predictions.reason.startswith("gradient by labels at [0]: got -0.1192")
    none = Observation(status="answered", value=right, no_gradient="the library has no gradients")
    assert ("unsupported", "the library has no gradients") == (judged(case, none).verdict, judged(case, none).reason)


def test_a_cotangent_of_zero_must_leave_nothing():
    """0 is right where the derivative is infinite, NaN is not; an error is none of a library's rights there."""
    case = ask(predictions=(0.0, 0.5), labels=(1.0, 1.0), cotangent=(0.0, 2.0))
    right = answer(math.inf, LOG2)
    assert "pass" == judged(case, seen(right, answer(0.0, -4.0))).verdict
    assert "nan-for-a-number" == judged(case, seen(right, answer(math.nan, -4.0))).kind
    assert "rejected-valid-input" == judged(case, seen(right, Answer(raised="ValueError: no"))).kind
    assert "unsupported" == judged(case, seen(right)).verdict


def test_a_value_without_a_gradient_passes():
    """A library without autodiff is judged by its values alone."""
    verdict = judged(ask(), seen(answer(float(np.float32(LOG2)))))
    assert (verdict.verdict, verdict.gradient_ulps) == ("pass", None)


@pytest.mark.parametrize(
    ("value", "gradient", "kind", "part"),
    [
        (answer(math.nan), None, "nan-for-a-number", "value"),
        (answer(math.inf), None, "infinite-for-a-number", "value"),
        (answer(0.6), answer(-2.0), "wrong-value", "value"),
        (answer(0.69314), answer(-2.0), "lost-precision", "value"),
        (answer(LOG2), answer(0.0), "vanished-gradient", "gradient"),
        (answer(LOG2), answer(2.0), "wrong-gradient", "gradient"),
        (answer(LOG2), answer(math.nan), "nan-for-a-number", "gradient"),
        (answer(LOG2, shape=()), None, "wrong-shape", "value"),
        (answer(LOG2, dtype="float64"), None, "wrong-dtype", "value"),
        (answer(LOG2), answer(-2.0, dtype="float64"), "wrong-dtype", "gradient"),
        (Answer(raised="TypeError: no"), None, "rejected-valid-input", "value"),
        (answer(LOG2), Answer(raised="RuntimeError: no grad"), "rejected-valid-input", "gradient"),
    ],
)
def test_each_kind_of_fail(value, gradient, kind, part):
    """Every kind that one part can have, and the part that it is about."""
    verdict = judged(ask(), seen(value, gradient))
    assert (verdict.verdict, verdict.kind, verdict.part) == ("fail", kind, part)
    assert verdict.reason.startswith(part)


def test_the_worse_of_value_and_gradient_decides():
    """A NaN gradient beside a wrong shape of the value is told as NaN."""
    verdict = judged(ask(), seen(answer(LOG2, shape=()), answer(math.nan)))
    assert (verdict.kind, verdict.part) == ("nan-for-a-number", "gradient")


def test_shape_comes_before_dtype_and_dtype_before_numbers():
    """The first that is wrong is what is told of a part."""
    verdict = judged(ask(), seen(answer(0.1, shape=(1, 1), dtype="float64")))
    assert verdict.kind == "wrong-shape"
    assert judged(ask(), seen(answer(0.1, dtype="float64"))).kind == "wrong-dtype"


def test_the_device_is_judged_where_it_is_stated():
    """An answer that came back to the CPU lies on another device."""
    observation = seen(answer(float(np.float32(LOG2))))
    assert judged(ask(), observation, device="cuda").kind == "wrong-device"
    assert judged(ask(), observation, device="cpu").verdict == "pass"


def test_the_reason_says_where_what_came_and_what_was_wanted():
    """Part, index, and both numbers in the digits of the dtype."""
    case = ask(predictions=(0.5, 0.25), labels=(1.0, 1.0))
    verdict = judged(case, seen(answer(float(np.float32(LOG2)), 0.5)))
    assert verdict.reason == "value at [1]: got 0.5, wanted 1.3862944"


def test_a_scalar_has_no_index():
    """The reason of a reduced loss names the part alone."""
    verdict = judged(ask(reduction="mean"), seen(answer(9.0, shape=())))
    assert verdict.reason == "value: got 9.0, wanted 0.6931472"


def test_a_call_that_must_raise():
    """Any error passes; a number, or NaN, has accepted the input."""
    case = with_expected(ask(), Expected(error="shape"))
    assert judged(case, seen(Answer(raised="ValueError: shapes"))).verdict == "pass"
    for number in (1.0, math.nan):
        verdict = judged(case, seen(answer(number)))
        assert (verdict.verdict, verdict.kind) == ("fail", "accepted-invalid-input")
        assert "shape" in verdict.reason


def test_an_invalid_input():
    """Raising and NaN pass; a finite number has accepted it; the other losses must be right."""
    case = ask(predictions=(1.5, 0.5), labels=(1.0, 1.0))
    assert case.expected.invalid == "probability-range"
    right = float(np.float32(LOG2))
    assert judged(case, seen(Answer(raised="ValueError: range"))).verdict == "pass"
    assert judged(case, seen(answer(math.nan, right))).verdict == "pass"
    assert judged(case, seen(answer(-0.4, right))).kind == "accepted-invalid-input"
    assert judged(case, seen(answer(math.nan, 0.6))).kind == "wrong-value"
    assert judged(case, seen(answer(math.nan, math.nan))).kind == "nan-for-a-number"


def test_an_infinite_loss_must_be_infinite_and_an_exact_zero_zero():
    """No clipping goes unnoticed, at either end."""
    wrong = ask(predictions=(0.0,))
    assert judged(wrong, seen(answer(math.inf), answer(-math.inf))).verdict == "pass"
    assert judged(wrong, seen(answer(50.0))).kind == "wrong-value"
    perfect = ask(predictions=(1.0,))
    assert judged(perfect, seen(answer(0.0), answer(-1.0))).verdict == "pass"
    assert judged(perfect, seen(answer(3e-4))).kind == "wrong-value"


def test_a_backend_that_flushes_is_allowed_its_zero():
    """exp(-100) is no number of an arithmetic without subnormal numbers."""
    case = ask(loss="binary_cross_entropy_with_logits", predictions=(100.0,))
    observation = seen(answer(0.0), answer(0.0))
    assert judged(case, observation, flushes_subnormals=True).verdict == "pass"
    assert judged(case, observation).kind == "vanished-gradient"


@pytest.mark.parametrize(("dtype", "near", "far"), [("float16", 0.694, 0.72), ("bfloat16", 0.6953125, 0.8)])
def test_half_precision_is_judged_by_its_own_eps(dtype, near, far):
    """What is near in half precision passes there and fails in float32."""
    assert judged(ask(), seen(answer(near, dtype=dtype)), dtype).verdict == "pass"
    assert judged(ask(), seen(answer(far, dtype=dtype)), dtype).verdict == "fail"
    assert judged(ask(), seen(answer(near))).verdict == "fail"


def test_a_loss_beyond_half_precision_is_infinite_there():
    """The exact answer is rounded to the dtype first."""
    case = ask(predictions=(0.5,), sample_weight=np.asarray([120000.0]))
    assert judged(case, seen(answer(math.inf, dtype="float16")), "float16").verdict == "pass"


def test_rounding_that_adds_up_over_a_long_sum_is_the_mildest_fail():
    """Beyond (8 + log2 n) eps, within (8 + n) eps."""
    case = ask(predictions=np.full(1000, 0.5), labels=np.ones(1000), reduction="sum")
    condition = float(case.expected.condition[()])
    got = float(np.float32(1000 * LOG2 + 100 * 2.0**-23 * condition))
    assert judged(case, seen(answer(got, shape=()))).kind == "accumulated-rounding"


def test_another_reduction_is_named():
    """A sum where the mean was asked for is the right losses in the wrong form."""
    case = ask(predictions=(0.5, 0.5, 0.25), labels=(1.0, 1.0, 1.0), reduction="mean")
    verdict = judged(case, seen(answer(float(np.float32(4 * LOG2)), shape=())))
    assert verdict.kind == "wrong-reduction"
    assert verdict.reason.endswith("which is the sum")


def test_a_documented_convention_is_acceptable():
    """The library's own rule explains value and gradient, and is named."""
    case = ask(predictions=(0.0, 0.5), labels=(1.0, 1.0))
    observation = seen(answer(100.0, float(np.float32(LOG2))), answer(-1e12, -2.0))
    verdict = judged(case, observation, documented=("clamp-log-at-100",))
    assert (verdict.verdict, verdict.kind, verdict.convention) == ("acceptable", "", "clamp-log-at-100")
    assert "wanted inf" in verdict.reason


def test_an_undocumented_convention_is_a_fail_that_is_named():
    """Another library's rule is no excuse, but it is the cause."""
    case = ask(predictions=(0.0, 0.5), labels=(1.0, 1.0))
    verdict = judged(case, seen(answer(100.0, float(np.float32(LOG2))), answer(-1e12, -2.0)))
    assert (verdict.verdict, verdict.kind, verdict.convention) == ("fail", "wrong-value", "clamp-log-at-100")


def test_a_convention_that_explains_the_value_alone_leaves_the_gradient_a_fail():
    """The convention is named, and the gradient is measured against the convention's own."""
    case = ask(predictions=(0.0, 0.5), labels=(1.0, 1.0))
    observation = seen(answer(100.0, float(np.float32(LOG2))), answer(-7.0, -2.0))
    verdict = judged(case, observation, documented=("clamp-log-at-100",))
    assert (verdict.verdict, verdict.kind, verdict.part) == ("fail", "wrong-gradient", "gradient")
    assert verdict.convention == "clamp-log-at-100"
    assert "under clamp-log-at-100" in verdict.reason


def test_an_undocumented_divisor_is_a_wrong_reduction():
    """A mean over the weights where the count was asked for."""
    case = ask(predictions=(0.5, 0.5), labels=(1.0, 1.0), sample_weight=np.asarray([1.0, 2.0]), reduction="mean")
    verdict = judged(case, seen(answer(float(np.float32(LOG2)), shape=())))
    assert (verdict.kind, verdict.convention) == ("wrong-reduction", "divide-by-weights")


def test_a_case_without_an_answer_cannot_be_judged():
    """The message says how to write the answer."""
    with pytest.raises(CaseError, match="lint --fix"):
        judged(with_expected(ask(), Expected()), seen(answer(1.0)))


def test_an_answer_without_a_value_is_the_adapters_error():
    """It is no pass."""
    assert judged(ask(), seen()).verdict == "error"


def test_an_empty_mean_of_zero_is_a_wrong_reduction_unless_documented():
    """0 / 0 = 0 is a convention."""
    case = ask(predictions=(), labels=(), reduction="mean")
    assert case.expected.loss[()].is_nan()
    observation = seen(answer(0.0, shape=()), answer())
    assert judged(case, observation).kind == "wrong-reduction"
    assert judged(case, observation, documented=("empty-mean-is-zero",)).verdict == "acceptable"


def test_an_exact_number_of_forty_digits_is_no_obstacle():
    """Digits beyond the dtype's take part in the rounding and in nothing else."""
    expected = Expected(
        loss=np.array([Decimal("0.6931471805599453094172321214581765680755")], dtype=object),
        condition=np.array([Decimal("1.69")], dtype=object),
        terms=1,
    )
    assert judged(with_expected(ask(), expected), seen(answer(float(np.float32(LOG2))))).verdict == "pass"


def test_a_value_of_another_dtype_explains_its_gradient():
    """Computed in float32, as the dtype of the value shows: the gradient is not a second fault."""
    small = np.float32(1e-6)
    case, added = ask(predictions=(small,)), float(small + np.float32(1e-7))
    value, gradient = float(np.float32(-np.log(added))), float(np.float32(-1 / added))
    verdict = judged(
        case,
        seen(answer(value), answer(gradient, dtype="float64")),
        dtype="float64",
        documented=("add-1e-7-inside-log",),
    )
    assert (verdict.verdict, verdict.kind, verdict.part) == ("fail", "wrong-dtype", "value")
    assert verdict.convention == "add-1e-7-inside-log + computed-in-float32"


def test_a_value_of_another_dtype_excuses_no_gradient():
    """What no convention gives stays wrong, whatever the dtype of the value."""
    verdict = judged(ask(), seen(answer(LOG2), answer(-3.0, dtype="float64")), dtype="float64")
    assert (verdict.kind, verdict.part) == ("wrong-gradient", "gradient")


def asked_long():
    """A question of 300 logits whose gradient is stated at three places."""
    case = ask("binary_cross_entropy_with_logits", np.linspace(-4, 4, 300), np.ones(300), reduction="sum")
    gradient, scale = (
        excerpt(each, (0, 8, 299)) for each in (case.expected.gradient, case.expected.gradient_condition)
    )
    right = tuple(float(np.float32(float(number))) for number in case.expected.gradient)
    expected = Expected(**{**vars(case.expected), "gradient": gradient, "gradient_condition": scale})
    return with_expected(case, expected), right


def test_a_long_gradient_is_judged_by_what_is_stated():
    """The whole answer, or what is kept of it: the verdict is the same."""
    case, right = asked_long()
    value = answer(float(np.float32(float(case.expected.loss.item()))), shape=())
    for gradient in (answer(*right), answer(*right).beside(case.expected.gradient)):
        assert judged(case, seen(value, gradient)).verdict == "pass"
    wrong = answer(*right[:100], -right[100], *right[101:])
    verdict = judged(case, seen(value, wrong))
    assert (verdict.kind, verdict.part) == ("wrong-gradient", "gradient")
    assert verdict.reason.startswith("sum of the gradient: got -")
    assert verdict == judged(case, seen(value, wrong.beside(case.expected.gradient)))
    assert judged(case, seen(value, answer(*right[:-1]))).kind == "wrong-shape"


def test_an_answer_that_was_kept_at_other_places_cannot_be_judged():
    """It has to be asked again."""
    case, right = asked_long()
    value = answer(float(case.expected.loss.item()), shape=())
    kept = answer(*right).beside(excerpt(np.array([Decimal(0)] * 300, dtype=object), (0, 1)))
    with pytest.raises(CaseError, match="other places"):
        judged(case, seen(value, kept))


@pytest.mark.parametrize(
    ("value", "gradient", "kind"),
    [
        (answer(LOG2), answer(-2.0), ""),
        (answer(LOG2), None, ""),
        (answer(0.6), answer(-2.0), "wrong-value"),
        (answer(LOG2), answer(2.0), "wrong-gradient"),
        (answer(0.6), answer(math.nan), "nan-for-a-number"),
        (answer(LOG2, device="cuda:0"), answer(-2.0, device="cuda:0"), ""),
        (Answer(raised="TypeError: no"), None, "rejected-valid-input"),
    ],
)
def test_a_miss_has_the_worse_kind_of_its_parts(value, gradient, kind):
    """Without conventions, and wherever the answer lies."""
    assert kind == missed(ask(), "float32", seen(value, gradient))


def test_a_miss_is_no_matter_of_conventions():
    """What a library documents is a miss all the same, and so is a flushed subnormal number."""
    clamped = ask(predictions=(0.0,))
    assert missed(clamped, "float32", seen(answer(100.0), answer(-1e12))) == "wrong-value"
    tiny = ask(loss="binary_cross_entropy_with_logits", predictions=(100.0,))
    assert missed(tiny, "float32", seen(answer(0.0), answer(0.0))) == "vanished-gradient"


def test_an_answer_that_must_be_none_is_missed():
    """An invalid input, and a call that must raise: raising misses neither, a number both."""
    invalid = ask(predictions=(1.5,))
    refused = with_expected(ask(), Expected(error="shape"))
    for case in (invalid, refused):
        assert missed(case, "float32", seen(Answer(raised="ValueError: no"))) == ""
        assert missed(case, "float32", seen(answer(1.0))) == "accepted-invalid-input"
    assert missed(ask(), "float32", seen(status="crash")) == "crash"


def layer(weight=((1.0, -4.0), (2.0, 3.0)), hidden=((1.0, -2.0),), labels=(0,), **parameters):
    """A linear layer's case."""
    return ask("linear_cross_entropy", hidden, labels, weight=np.asarray(weight), **parameters)


@pytest.mark.parametrize(
    ("case", "value", "gradient"),
    [
        (ask(predictions=(0.5, -3.0), labels=(1.0, 1.0)), 4.0, 1.0),
        (ask(predictions=(0.5, math.inf), labels=(1.0, 1.0)), 1.5, 1.0),
        (ask(labels=(1.0,), sample_weight=np.asarray([5.0]), pos_weight=np.asarray([2.0])), 15.0, 10.0),
        (ask(sample_weight=np.asarray([math.nan])), 0.0, 0.0),
        (ask(predictions=(0.5, 0.5), labels=(1.0, 1.0), reduction="mean"), 1.5, 0.5),
        (ask(predictions=(0.5, 0.5), labels=(1.0, 1.0), reduction="sum"), 1.5, 1.0),
        (ask("sparse_cross_entropy", np.full((3, 2), 0.5), (0, 1, 0), reduction="mean"), 1.5, 1 / 3),
        (ask("sparse_cross_entropy", np.full((1, 2), 0.5), (0,), reduction="mean"), 1.5, 1.0),
        (ask("sparse_cross_entropy", np.full((2, 3), 0.5), (0, 1, 0), reduction="weighted_mean", axis=0), 1.5, 1 / 3),
        (layer(), 1.0 + 4.0 * 2 * 2.0, 4.0),
        (layer(bias=np.asarray([-7.0, 5.0])), 1.0 + 4.0 * 2 * 2.0 + 7.0, 4.0),
        (layer(bias=np.asarray([-0.5, -math.inf])), 1.0 + 4.0 * 2 * 2.0 + 0.5, 4.0),
        (layer(weight=((0.25, math.nan), (0.0, 0.0))), 1.0 + 0.25 * 2 * 2.0, 0.25),
        (layer(hidden=((1.0, -2.0), (0.5, 0.5)), labels=(0, 1), reduction="mean"), 1.0 + 4.0 * 2 * 2.0, 2.0),
    ],
)
def test_the_scale_is_that_of_the_largest_term(case, value, gradient):
    """1 + |z| times the weights for the value, the weights over the losses of a mean for the gradient."""
    assert (value, gradient) == (scale(case, "value"), scale(case, "gradient"))
