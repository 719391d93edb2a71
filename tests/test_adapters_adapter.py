"""What adapters are written with: spelling a call, reading a question."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ceconform.adapters import Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.corpus import Call

ACTIVATIONS = {"softmax": "lib.softmax({x}, {axis})"}


def question(
    loss: str = "categorical_cross_entropy", shape: tuple[int, ...] = (4, 3), *, labels: Any = 0.0, **rest: Any
) -> Question:
    """A question about zeros."""
    activation = rest.pop("activation", None)
    predictions = np.zeros(shape)
    call = Call(
        loss=loss,
        predictions=predictions,
        labels=np.broadcast_to(labels, shape),
        parameters=MappingProxyType(rest),
        activation=activation,
    )
    return Question(call, ACTIVATIONS)


def test_sources_stand_as_they_are_and_values_as_literals():
    """A name is written bare, a string in quotes, what is None not at all."""
    assert spell("f", Source("x"), "x", a=None, b=Source("y"), c=1e-7) == "f(x, 'x', b=y, c=1e-07)"


def test_a_source_knows_its_entry_point():
    """It is what stands before the first bracket, unless it was named."""
    assert Source("nn.BCELoss(reduction='sum')(x)").via == "nn.BCELoss"
    assert Source("g(f(x))").by("f").via == "f"


def test_a_pairing_goes_on_top_of_the_layout():
    """The activation is applied to the predictions in the layout that the loss wants."""
    q = question(activation="softmax")
    assert q.x == "lib.softmax(logits, -1)"
    assert q.activated(Source("logits.T")) == "lib.softmax(logits.T, -1)"


def test_without_a_pairing_the_predictions_are_given():
    """They have the name of their space."""
    assert question().x == "probabilities"


def test_an_activation_that_the_library_lacks_is_refused():
    """The reason names it."""
    with pytest.raises(Unsupported, match="no sigmoid"):
        _ = question(activation="sigmoid").x


def test_a_parameter_that_the_library_lacks_is_refused():
    """The reason names the loss and the parameter; axis and reduction are looked at elsewhere."""
    question(axis=0, reduction="sum", base=2.0).only("base")
    with pytest.raises(Unsupported, match="categorical_cross_entropy has no parameter base"):
        question(base=2.0).only("label_smoothing")


@pytest.mark.parametrize(("axis", "last"), [(-1, True), (1, True), (0, False), (-2, False), (None, True)])
def test_classes_last_counts_from_both_ends(axis, last):
    """The last axis has two names; no class axis is as good as the last."""
    assert question("brier_loss", axis=axis).classes_last is last


def test_classes_of_no_axis_cannot_be_counted():
    """Whoever needs their number cannot say the call; from either end, the axes that there are can be counted along."""
    assert (4, 3, 4) == (question(axis=0).classes, question(axis=-1).classes, question(axis=-2).classes)
    with pytest.raises(Unsupported, match="there is no axis 2"):
        _ = question(axis=2).classes


@pytest.mark.parametrize(("label", "smoothing", "hard"), [(1.0, 0.0, True), (0.5, 0.0, False), (1.0, 0.1, False)])
def test_labels_are_hard_unless_they_or_the_smoothing_are_soft(label, smoothing, hard):
    """A loss for classes can be asked about hard labels alone."""
    assert question(labels=label, label_smoothing=smoothing).hard is hard


@pytest.mark.parametrize(("name", "weighted"), [("sample_weight", True), ("class_weight", True), ("base", False)])
def test_weights_make_two_means(name, weighted):
    """Only weights that a divisor may hold count."""
    assert question(**{name: np.ones(3)}).weighted is weighted


def test_arrays_are_asked_for_by_name_and_numbers_by_value():
    """So the source of a call holds no data."""
    q = question(class_weight=np.ones(3), base=2.0)
    assert (q.get("class_weight"), q.get("base"), q.get("alpha", 0.5)) == ("class_weight", 2.0, 0.5)
    assert isinstance(q.get("class_weight"), Source)


def test_a_loss_without_a_method_is_unsupported():
    """The reason names the loss."""
    with pytest.raises(Unsupported, match="the library has no categorical_cross_entropy"):
        list(Adapter().routes(question()))


NAMES = {"mean": "batch_mean", "sum": "sum"}


def test_a_reduction_has_the_librarys_name():
    """One that nobody knows is handed on, because refusing it is the library's part."""
    assert question(reduction="mean").reduction_as(NAMES) == "batch_mean"
    assert question(reduction="meann").reduction_as(NAMES) == "meann"


def test_a_reduction_of_the_librarys_own_is_no_mistake_there():
    """So the library cannot be asked to refuse it."""
    with pytest.raises(Unsupported, match="'batch_mean' is a reduction of the library's own"):
        question(reduction="batch_mean").reduction_as(NAMES)


def elsewhere(**asked: Any) -> Call:
    """A question about a gradient."""
    call = question("binary_cross_entropy", (2,)).call
    return replace(call, **asked)


@pytest.mark.parametrize(
    ("gradient", "cotangent", "by_labels", "masked"),
    [
        ("", "", "the library has no autodiff", "the library has no autodiff"),
        (
            "g = f({arguments})",
            "",
            "the gradient is by the predictions alone",
            "the gradient is that of the losses' sum",
        ),
        ("g = grad({x})", "", "", "the gradient is that of the losses' sum"),
        ("g = grad({x})", "g = grad(cotangent, {x})", "", ""),
    ],
)
def test_a_dialect_says_which_gradients_it_cannot_ask_for(gradient, cotangent, by_labels, masked):
    """By anything but the predictions it takes the name of an array, for a cotangent a template of its own."""
    dialect = Dialect(imports="", array="", gradient=gradient, cotangent=cotangent)
    assert "" == dialect.unable(elsewhere())
    assert by_labels == dialect.unable(elsewhere(gradient_by="labels"))
    assert dialect.unable(elsewhere(cotangent=np.ones(2))).startswith(masked)
    assert bool(masked) == bool(dialect.unable(elsewhere(cotangent=np.ones(2))))


def test_a_gradient_is_by_the_array_that_is_named():
    """The predictions have the name that their space gives them."""
    assert "probabilities" == Question(elsewhere(), {}).by
    assert "labels" == Question(elsewhere(gradient_by="labels"), {}).by
