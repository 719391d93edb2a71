"""What every adapter of a library keeps to, asked of the real libraries, each in a worker of its own."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from real import KERAS, LIBRARIES, events

from ceconform.adapters import find
from ceconform.corpus import Call
from ceconform.errors import UnknownNameError
from ceconform.harness import Asked, Observation, installed

_KERAS_LOSSES = {
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "binary_focal_loss",
    "binary_focal_loss_with_logits",
    "brier_loss",
    "categorical_cross_entropy",
    "categorical_cross_entropy_with_logits",
    "categorical_focal_loss",
    "categorical_focal_loss_with_logits",
    "categorical_hinge_loss",
    "hinge_loss",
    "kl_divergence",
    "sparse_cross_entropy",
    "sparse_cross_entropy_with_logits",
    "squared_hinge_loss",
}
SUPPORTED = {
    **dict.fromkeys((*KERAS, "tf_keras"), _KERAS_LOSSES),
    "optax": {
        "binary_cross_entropy_with_logits",
        "binary_focal_loss_with_logits",
        "brier_loss",
        "categorical_cross_entropy_with_logits",
        "categorical_hinge_loss",
        "hinge_loss",
        "kl_divergence",
        "sparse_cross_entropy_with_logits",
    },
    "sklearn": {
        "binary_cross_entropy",
        "brier_loss",
        "categorical_cross_entropy",
        "categorical_hinge_loss",
        "hinge_loss",
        "sparse_cross_entropy",
    },
    "tensorflow": {
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "brier_loss",
        "categorical_cross_entropy_with_logits",
        "hinge_loss",
        "sparse_cross_entropy_with_logits",
    },
    "torch": {
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "brier_loss",
        "categorical_cross_entropy_with_logits",
        "entropy",
        "kl_divergence",
        "linear_cross_entropy",
        "nll_loss",
        "soft_margin_loss",
        "sparse_cross_entropy_with_logits",
    },
}


def marks(library: str) -> list[pytest.MarkDecorator]:
    """One process a library; TF-Keras asks for another build of TensorFlow, so it is put beside this one apart."""
    missing = library == "tf_keras" and installed(library) == "not installed"
    reason = "tf-keras is not here: python -m pip install --no-deps tf-keras"
    return [pytest.mark.xdist_group(library), pytest.mark.skipif(missing, reason=reason)]


each_library = pytest.mark.parametrize("library", [pytest.param(name, marks=marks(name)) for name in LIBRARIES])


def answers(library: str) -> list[tuple[Call, tuple[Observation, ...]]]:
    """What the library says to everything."""
    found = [event for event in events(library) if isinstance(event, Asked) and event.case.id.startswith("contract/")]
    return [(event.case.call(event.dtype), event.observations) for event in found]


TOLERANCE = {"float64": 2e-5, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2}
"""Of values: these are tests of the words, and how close the numbers are is what cases measure."""


def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return np.logaddexp(0.0, x)


def log_softmax(z: Any) -> Any:
    """Along the last axis."""
    return z - np.logaddexp.reduce(z, axis=-1, keepdims=True)


def definition(call: Call, x: Any) -> Any:
    """Each loss of `cases/README.md`, as plainly as NumPy says it, unreduced."""
    loss, labels, smoothing = call.loss, call.labels, call.get("label_smoothing", 0.0)
    gamma, alpha, weight = call.get("gamma", 2.0), call.get("alpha"), call.get("class_weight", np.ones(3))
    if call.spec.labels == "binary":
        t = (1 - smoothing) * labels + smoothing / 2
        positive, negative = (
            (softplus(-x), softplus(x))
            if call.spec.predictions == "logits"
            else (
                -np.log(x),
                -np.log1p(-x),
            )
        )
        if "focal" in loss:
            up, down = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
            p = np.exp(-positive)
            return t * up * (1 - p) ** gamma * positive + (1 - t) * down * p**gamma * negative
        return t * call.get("pos_weight", 1.0) * positive + (1 - t) * negative
    if call.spec.labels == "sign":
        margin = np.maximum(0.0, 1 - labels * x)
        return {"hinge_loss": margin, "squared_hinge_loss": margin**2, "soft_margin_loss": softplus(-labels * x)}[loss]
    if loss == "brier_loss":
        return (x - labels) ** 2 if call.axis is None else ((x - labels) ** 2).sum(axis=-1)
    if loss == "categorical_hinge_loss":
        others = np.where(np.eye(3)[labels] == 1, -np.inf, x)
        return np.maximum(0.0, 1 + others.max(axis=-1) - x[np.arange(4), labels])
    if loss == "entropy":
        return -(x * np.log(x)).sum(axis=-1)
    if loss == "kl_divergence":
        safe = np.where(labels > 0, labels, 1.0)
        return (labels * (np.log(safe) - np.log(x))).sum(axis=-1)
    q = np.eye(3)[labels] if call.spec.labels == "index" else labels
    q = (1 - smoothing) * q + smoothing / 3
    if call.spec.layer:
        x = x @ call.get("weight").T + call.get("bias", 0.0)
    log_p = {"logits": log_softmax, "probabilities": np.log, "log_probabilities": np.array}[call.spec.space](x)
    focus = (1 - np.exp(log_p)) ** gamma * (1.0 if alpha is None else alpha) if "focal" in loss else 1.0
    each = -(q * weight * focus * log_p).sum(axis=-1)
    return np.where(labels == call.get("ignore_index", -1), 0.0, each) if call.spec.labels == "index" else each


def right(call: Call, x: Any) -> Any:
    """The definition, weighted and reduced."""
    each = definition(call, x)
    samples = call.get("sample_weight", np.ones(4))
    counts = np.ones(4)
    if "ignore_index" in call.parameters:
        counts = (call.labels != call.get("ignore_index")).astype(float)
    weights = samples * counts
    if "class_weight" in call.parameters:
        q = np.eye(3)[call.labels] if call.spec.labels == "index" else call.labels
        weights = weights * (q * call.get("class_weight")).sum(axis=-1)
    total = (samples * each).sum()
    return {
        "none": samples * each,
        "sum": total,
        "mean": total / counts.sum(),
        "weighted_mean": total / weights.sum(),
    }[call.reduction]


def slope(function: Callable[[Any], Any], x: Any) -> Any:
    """Central differences of the function's sum."""
    found, h = np.empty_like(x), 2.0**-18
    for place in itertools.product(*map(range, x.shape)):
        step = np.zeros_like(x)
        step[place] = h
        found[place] = (function(x + step).sum() - function(x - step).sum()) / (2 * h)
    return found


def as_the_library_reads(library: str, call: Call, via: str) -> Callable[[Any], Any]:
    """The right function, with the documented conventions that touch moderate numbers: rows that are renormalised."""
    documented = find(library).conventions.get(call.loss, ())
    renormalised = "renormalise-rows" in documented and not via.startswith(("F.", "nn."))
    elements = via == "F.kl_div(mean)"
    over = via == "Categorical.entropy"

    def function(x: Any) -> Any:
        if renormalised or over:
            x = x / x.sum(axis=-1, keepdims=True)
        return right(call, x) / (3 if elements else 1)

    return function


@each_library
def test_every_answer_is_the_definition(library):
    """Whatever a library does not refuse, by whichever route and reduction, is the loss that was asked for."""
    for call, observations in answers(library):
        for seen in observations:
            if seen.status == "unsupported":
                continue
            where = f"{seen.expression} of {dict(call.parameters)}"
            assert seen.status == "answered", f"{where}: {seen.reason}"
            assert seen.value is not None
            assert seen.value.raised == "", where
            expected = as_the_library_reads(library, call, seen.via)(call.predictions)
            assert seen.value.shape == expected.shape, where
            got, near = np.reshape(seen.value.values, expected.shape), TOLERANCE[call.dtype]
            np.testing.assert_allclose(got, expected, near, near, err_msg=where)


@each_library
def test_every_gradient_is_that_of_the_sum(library):
    """The gradient that the library's own autodiff gives is the slope of the loss."""
    differentiates = library not in {"sklearn", "keras[numpy]"}
    for call, observations in answers(library):
        for seen in observations:
            if seen.status != "answered":
                continue
            where = f"{seen.expression} of {dict(call.parameters)}"
            if not differentiates:
                assert (seen.gradient, seen.no_gradient) == (None, "the library has no autodiff")
                continue
            assert seen.gradient is not None, where
            assert seen.gradient.raised == "", where
            expected = slope(as_the_library_reads(library, call, seen.via), call.predictions)
            got, near = np.reshape(seen.gradient.values, expected.shape), TOLERANCE[call.dtype]
            np.testing.assert_allclose(got, expected, 5 * near, near, err_msg=where)


@each_library
def test_the_losses_of_a_library_are_the_known_ones(library):
    """No loss is lost to a refusal that is too broad, and none is claimed that was not looked at."""
    answered = {call.loss for call, observations in answers(library) if observations[0].status == "answered"}
    assert SUPPORTED[library] == answered


@each_library
def test_a_refusal_says_why(library):
    """A reason is a clause of several words, on one line, without a final stop."""
    reasons = {o.reason for _, observations in answers(library) for o in observations if o.status == "unsupported"}
    assert reasons
    for reason in reasons:
        assert len(reason.split()) >= 4, reason
        assert not reason.endswith("."), reason
        assert "\n" not in reason, reason


@each_library
def test_routes_have_names_of_their_own(library):
    """Two routes of one call are told apart by what they are called."""
    for call, observations in answers(library):
        names = [seen.via for seen in observations]
        assert len(set(names)) == len(names), (call.loss, names)


def test_an_adapter_imports_no_framework():
    """Listing every implementation leaves every framework unimported."""
    text = (
        "import sys\nfrom ceconform.adapters import names\nnames()\n"
        "print(*{'jax', 'keras', 'optax', 'sklearn', 'tensorflow', 'tf_keras', 'torch'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


@each_library
def test_an_adapter_is_found_by_its_name(library):
    """The name that a report shows is the name to ask for."""
    assert find(library).name == library


def test_a_misspelt_name_brings_the_close_one():
    """The error names the implementation that was probably meant."""
    with pytest.raises(UnknownNameError, match=r"did you mean 'keras\[jax\]'\?"):
        find("keras[jaxx]")


def test_a_strange_name_brings_all_names():
    """Where nothing is close the error lists what there is."""
    with pytest.raises(UnknownNameError, match=r"there are .*optax.*torch"):
        find("zzzzzzzz")


def test_a_path_that_leads_nowhere_is_an_error():
    """A third party's adapter that cannot be imported is named."""
    with pytest.raises(UnknownNameError, match=r"to be package\.module:Adapter"):
        find("no_such_package.losses:Adapter")


def test_a_module_that_leaves_at_its_import_is_an_error(tmp_path, monkeypatch):
    """It does not take the command, or the list of the others, with it."""
    (tmp_path / "leaves_at_once.py").write_text("raise SystemExit('this build needs AVX-512')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownNameError, match="got SystemExit: this build needs AVX-512"):
        find("leaves_at_once:Adapter")
