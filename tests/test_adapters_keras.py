"""How Keras is asked: the words alone; what it answers is the contract's."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ceconform.adapters import Question, Unsupported
from ceconform.adapters.keras import ADAPTERS
from ceconform.corpus import LOSSES, Call
from ceconform.libraries import LIBRARIES, flushing

ON = {adapter.name: adapter for adapter in ADAPTERS}
JAX = ON["keras[jax]"]


def asked(loss: str, shape: tuple[int, ...] = (4, 3), *, label: float = 0.0, **rest: Any) -> list[str]:
    """The sources of a call about zeros."""
    call_fields = {name: rest.pop(name) for name in ("activation", "dtype", "space") if name in rest}
    indices = LOSSES[loss].labels == "index"
    labels = np.zeros(shape[:-1], dtype=np.int64) if indices else np.full(shape, label)
    call = Call(loss=loss, predictions=np.zeros(shape), labels=labels, parameters=MappingProxyType(rest), **call_fields)
    return [str(source) for source in JAX().routes(Question(call, JAX.activations))]


def test_functions_classes_and_operations_are_asked():
    """Where nothing is reduced, all three."""
    assert asked("sparse_cross_entropy_with_logits") == [
        "keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction='none')(labels, logits)",
        "keras.ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)",
    ]


def test_only_classes_reduce_and_weigh():
    """The functions have neither."""
    assert asked("categorical_cross_entropy", reduction="mean", sample_weight=np.ones(4)) == [
        (
            "keras.losses.CategoricalCrossentropy(reduction='sum_over_batch_size')"
            "(labels, probabilities, sample_weight=sample_weight)"
        )
    ]


def test_a_class_is_told_the_dtype():
    """It computes in float32 unless it is told; a program in float32 need not say it."""
    assert "dtype='float64'" in asked("kl_divergence", dtype="float64")[1]
    assert "dtype" not in asked("kl_divergence", dtype="float32")[1]


def test_the_space_is_left_unsaid_where_that_is_the_question():
    """The class alone, as a program does that trusts the defaults."""
    assert asked("sparse_cross_entropy_with_logits", space="default", reduction="mean") == [
        "keras.losses.SparseCategoricalCrossentropy(reduction='sum_over_batch_size')(labels, logits)"
    ]
    assert len(asked("binary_cross_entropy_with_logits", (4,), space="default")) == 1


def test_binary_predictions_get_an_axis_beneath_the_pairing():
    """The mean over the last axis is of one element; the activation stays outermost, where Keras looks for it."""
    assert asked("binary_cross_entropy", (4,), activation="sigmoid")[0] == (
        "keras.losses.binary_crossentropy(keras.ops.expand_dims(labels, -1), "
        "keras.ops.sigmoid(keras.ops.expand_dims(logits, -1)))"
    )


def test_the_axis_is_said_where_keras_has_it():
    """The cross entropies have a parameter; for the others the classes are moved."""
    assert "axis=0" in asked("categorical_cross_entropy", axis=0)[0]
    assert asked("kl_divergence", axis=0)[0] == (
        "keras.losses.kl_divergence(keras.ops.moveaxis(labels, 0, -1), keras.ops.moveaxis(probabilities, 0, -1))"
    )


def test_no_alpha_is_said():
    """The categorical focal loss balances by a quarter if nothing is said; the binary one only if it is told to."""
    assert "alpha=1.0" in asked("categorical_focal_loss")[0]
    assert "alpha" not in asked("binary_focal_loss", (4,))[0]
    assert "apply_class_balancing=True, alpha=0.75" in asked("binary_focal_loss", (4,), alpha=0.75)[0]


@pytest.mark.parametrize(
    ("loss", "rest", "reason"),
    [
        ("brier_loss", {}, "mean over classes"),
        ("binary_focal_loss", {"label": 0.5}, "soft label"),
        ("sparse_cross_entropy", {"class_weight": np.ones(3)}, "no parameter class_weight"),
        ("sparse_cross_entropy", {"label_smoothing": 0.1}, "no parameter label_smoothing"),
        ("binary_cross_entropy_with_logits", {"pos_weight": np.ones(3)}, "no parameter pos_weight"),
        ("soft_margin_loss", {}, "no soft_margin_loss"),
    ],
)
def test_what_cannot_be_said_is_refused(loss, rest, reason):
    """With the reason."""
    with pytest.raises(Unsupported, match=reason):
        asked(loss, **rest)


@pytest.mark.parametrize("name", ON)
def test_the_backend_is_chosen_before_the_import(name):
    """The printed program runs on the backend that the adapter ran on."""
    chosen, _, rest = ON[name].dialect.imports.partition("import keras\n")
    assert f"os.environ['KERAS_BACKEND'] = {ON[name].backend!r}" in chosen
    assert rest


def test_tensorflow_clips_before_it_renormalises():
    """Where a row does not sum to 1 the order matters, and it is not that of the other backends."""
    loss = "sparse_cross_entropy"
    assert ON["keras[tensorflow]"].conventions[loss][:2] == ("clip-at-1e-7", "renormalise-rows")
    assert LIBRARIES["keras"][loss][:2] == ("renormalise-rows", "clip-at-1e-7")
    assert {n for n in ON if ON[n].conventions is LIBRARIES["keras"]} == {"keras[numpy]", "keras[torch]"}
    assert ON["keras[jax]"].conventions == flushing(LIBRARIES["keras"])
