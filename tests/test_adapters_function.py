"""A plain function is asked in its own words, and refused at once where it has not our argument names."""

from __future__ import annotations

import functools
import sys
from types import MappingProxyType

import functions
import numpy as np
import pytest

from ceconform.adapters import Adapter, Question, Unsupported, adapt, find_function
from ceconform.corpus import Call
from ceconform.errors import ArgumentError, UnknownNameError
from ceconform.harness.worker import hello, observe

SIGNS = np.array([1.0, -1.0])


def asked(adapter, loss="hinge_loss", labels=SIGNS, **parameters):
    """The source for a question about a few numbers."""
    call = Call(loss=loss, predictions=np.array([0.5, 2.0]), labels=labels, parameters=MappingProxyType(parameters))
    (source,) = adapter.routes(Question(call, adapter.activations))
    return source


def hinge(function, **options):
    """An adapter of a hinge loss on NumPy arrays."""
    return adapt(function, loss="hinge_loss", backend="numpy", **options)


@pytest.mark.parametrize(
    ("function", "source"),
    [
        (functions.hinge, "hinge(logits, labels)"),
        (functions.Margins.hinge, "hinge(logits, labels)"),
        (functions.loss, "loss_(logits, labels)"),
        (functions.reduced_hinge, "reduced_hinge(logits, labels=labels, reduction='none')"),
        (functions.an_object, "function(logits, labels)"),
        (functools.partial(functions.hinge), "function(logits, labels)"),
    ],
)
def test_arrays_are_given_as_the_function_takes_them(function, source):
    """By position as far as they stand first, by keyword otherwise; an alias where the name is taken."""
    assert source == asked(hinge(function))


def test_labels_first_are_given_first():
    """The function's own order counts."""
    assert asked(hinge(functions.mean_hinge, reduction="mean"), reduction="mean") == "mean_hinge(labels, logits)"


def test_a_parameter_is_stated_if_the_question_does_or_the_default_is_another():
    """Its own default of `alpha` would change the question; `gamma` has none."""
    focal = adapt(functions.focal, loss="binary_focal_loss_with_logits", backend="numpy")
    chosen = {"loss": "binary_focal_loss_with_logits", "labels": np.array([1.0, 0.0])}
    assert asked(focal, **chosen) == "focal(logits, labels, alpha=None, gamma=2.0, reduction='none')"
    assert asked(focal, **chosen, alpha=0.25, reduction="mean").endswith("alpha=0.25, gamma=2.0, reduction='mean')")


def test_what_the_function_does_not_take_is_unsupported():
    """The reason names it; what says no more than a default is left out."""
    with pytest.raises(Unsupported, match="hinge has no parameter sample_weight"):
        asked(hinge(functions.hinge), sample_weight=SIGNS)
    with pytest.raises(Unsupported, match="hinge is a hinge_loss"):
        asked(hinge(functions.hinge), loss="soft_margin_loss")
    with pytest.raises(Unsupported, match="no parameter reduction: it returns none"):
        asked(hinge(functions.hinge), reduction="sum")
    entropy = adapt(lambda probabilities: probabilities, loss="entropy", backend="numpy")
    assert asked(entropy, loss="entropy", labels=None, axis=0) == "function(probabilities)"
    with pytest.raises(Unsupported, match="no parameter axis"):
        asked(entropy, loss="entropy", labels=None, axis=5)


def test_a_literal_says_which_reductions_there_are():
    """Others of ours are unsupported, and so is one of its own; a word that is neither is for it to refuse."""
    adapter = hinge(functions.reduced_hinge)
    assert asked(adapter, reduction="sum").endswith("reduction='sum')")
    assert asked(adapter, reduction="max").endswith("reduction='max')")
    for word in ("mean", "weighted_mean", "average"):
        with pytest.raises(Unsupported, match=word):
            asked(adapter, reduction=word)


def test_without_weights_the_two_means_are_one():
    """With weights they are two, and a distribution's mass counts as one."""
    mean = hinge(functions.weighted_mean_or_mean, reduction="mean")
    assert asked(mean, reduction="weighted_mean") == "weighted_mean_or_mean(logits, labels)"
    with pytest.raises(Unsupported, match="it returns mean"):
        asked(mean, reduction="weighted_mean", sample_weight=SIGNS)
    brier = adapt(functions.probable, loss="brier_loss", backend="numpy", reduction="mean")
    with pytest.raises(Unsupported, match="it returns mean"):
        asked(brier, loss="brier_loss", reduction="weighted_mean")


def test_a_pairing_applies_the_backend_s_activation():
    """Where it has one."""
    call = Call(loss="binary_cross_entropy", predictions=np.array([0.5]), labels=np.array([1.0]), activation="sigmoid")
    taken = {"loss": "binary_cross_entropy", "backend": "torch"}
    adapter = adapt(functions.probable, **taken)
    (source,) = adapter.routes(Question(call, adapter.activations))
    assert source == "probable(torch.sigmoid(logits), labels)"


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax", "tensorflow", "array_api_strict"])
def test_every_backend_answers_with_its_own_arrays(backend):
    """Value and, where there is autodiff, gradient; the process is the function's own."""
    pytest.importorskip(backend)

    def own(logits, labels):
        one = abs(labels)
        return one - labels * logits + 0 * logits

    adapter = adapt(own, loss="hinge_loss", backend=backend)
    assert adapter.version().startswith(f"{backend} ")
    call = Call(loss="hinge_loss", predictions=np.array([0.5, -2.0]), labels=SIGNS, dtype="float32")
    (answer,) = observe(adapter, adapter.namespace(), call)
    assert (answer.value.values, answer.value.dtype, answer.value.device) == ((0.5, -1.0), "float32", "cpu")
    gradients = {"numpy": None, "array_api_strict": None}
    assert gradients.get(backend, (-1.0, 1.0)) == (answer.gradient.values if answer.gradient else None)
    assert hello(adapter)["dialect"]["gradient"] or backend in gradients


def test_a_number_is_no_array():
    """It is told what came."""
    adapter = hinge(functions.number)
    call = Call(loss="hinge_loss", predictions=np.array([0.5]), labels=np.array([1.0]), dtype="float64")
    (answer,) = observe(adapter, adapter.namespace(), call)
    assert answer.value.raised == "TypeError: expected an array of numpy, got float"


@pytest.mark.parametrize(
    ("function", "imports"),
    [
        (functions.hinge, "from functions import hinge"),
        (functions.loss, "from functions import loss as loss_"),
        (functions.Margins.hinge, "from functions import Margins\n\nhinge = Margins.hinge"),
        (
            lambda logits, labels: logits * labels,
            "# function: the function under test, which has no place to be imported from",
        ),
    ],
)
def test_a_program_imports_the_function(function, imports):
    """If it can."""
    assert hinge(function).dialect.imports == f"import numpy as np\n\n{imports}"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (functions.a_constant, "to be a function, got a value of type int"),
        (functions, "to be a function, got a module"),
        (functions.other_names, r"to have the parameters logits and labels, .* got \(output, target\)"),
        (functions.anything, r"to have the parameters logits and labels, .* got \(arguments, keywords\)"),
        (functions.needs_margin, "to need no other parameters .* got margin, which has no default"),
        (type("Mine", (Adapter,), {}), "got an adapter, which names its own library"),
        (functions.Callable, r"to have the parameters logits and labels, .* got \(\)"),
    ],
)
def test_what_is_no_function_of_the_loss_is_refused(function, words):
    """What was expected and what came."""
    with pytest.raises(ArgumentError, match=words):
        hinge(function)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backend": "trch"}, "numpy, torch, jax, tensorflow, cupy, array_api_strict; got 'trch'"),
        ({"loss": "hing_loss"}, "such as 'hinge_loss'; got 'hing_loss'"),
        ({"reduction": "average"}, "none, sum, mean, weighted_mean; got 'average'"),
    ],
)
def test_what_nobody_knows_is_refused(options, words):
    """Backends, losses, reductions."""
    with pytest.raises((ArgumentError, UnknownNameError), match=words):
        adapt(functions.hinge, **{"loss": "hinge_loss", "backend": "numpy", **options})
    with pytest.raises(ArgumentError, match="has a parameter `reduction`"):
        hinge(functions.reduced_hinge, reduction="sum")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("functions", "expected a function as package.module:function, got 'functions'"),
        (":hinge", "expected a function as package.module:function"),
        ("functions:", "expected a function as package.module:function"),
        ("no_such_module:f", "no_such_module cannot be imported: ModuleNotFoundError"),
        ("functions:hing", "without 'hing'; did you mean 'hinge'?"),
        ("functions:Margins.hinges", "without 'hinges'; did you mean 'hinge'?"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(target, words):
    """With a near name where there is one."""
    with pytest.raises((ArgumentError, UnknownNameError), match=words):
        find_function(target)


def test_a_module_that_fails_is_told(tmp_path, monkeypatch):
    """Whatever it raises."""
    (tmp_path / "failing_module.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownNameError, match="failing_module cannot be imported: ZeroDivisionError"):
        find_function("failing_module:f")
    assert "failing_module" not in sys.modules


def test_a_path_finds_the_function():
    """Within a class, too."""
    assert find_function("functions:hinge") is functions.hinge
    assert find_function("functions:Margins.hinge") is functions.Margins.hinge
