"""Libraries: the conventions that each documents, for each loss; what `convention="keras"` means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ceconform.conventions import CONVENTIONS, LOSSES, Convention
from ceconform.errors import UnknownNameError

__all__ = ["LIBRARIES", "flushing", "resolve"]

_KERAS_CATEGORICAL = ("renormalise-rows", "clip-at-1e-7", "divide-by-count", "empty-mean-is-zero")
_KERAS_LOGITS = ("divide-by-count", "empty-mean-is-zero")
_KERAS_LOSSES: Mapping[str, tuple[str, ...]] = {
    "binary_cross_entropy": ("clip-at-1e-7", "empty-mean-is-zero"),
    "binary_cross_entropy_with_logits": _KERAS_LOGITS,
    "binary_focal_loss": ("clip-at-1e-7", "empty-mean-is-zero"),
    "categorical_cross_entropy": _KERAS_CATEGORICAL,
    "categorical_cross_entropy_with_logits": _KERAS_LOGITS,
    "categorical_focal_loss": _KERAS_CATEGORICAL,
    "sparse_cross_entropy": _KERAS_CATEGORICAL,
    "sparse_cross_entropy_with_logits": _KERAS_LOGITS,
    "kl_divergence": ("clip-both-at-1e-7",),
    "categorical_hinge_loss": ("other-scores-floored-at-zero",),
}
# On TensorFlow the clipped probabilities' logarithms are given to a loss of logits, which renormalises them.
_KERAS_ON_TENSORFLOW = {
    "sparse_cross_entropy": ("clip-at-1e-7", "renormalise-rows", "divide-by-count", "empty-mean-is-zero")
}

LIBRARIES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "keras": MappingProxyType(_KERAS_LOSSES),
        "keras[tensorflow]": MappingProxyType({**_KERAS_LOSSES, **_KERAS_ON_TENSORFLOW}),
        "sklearn": MappingProxyType(
            {
                "binary_cross_entropy": ("clip-at-eps",),
                "categorical_cross_entropy": ("clip-at-eps",),
                "sparse_cross_entropy": ("clip-at-eps",),
            }
        ),
        "tensorflow": MappingProxyType(
            {
                "binary_cross_entropy": ("add-1e-7-inside-log", "empty-mean-is-zero"),
                "binary_cross_entropy_with_logits": ("empty-mean-is-zero",),
                "brier_loss": ("empty-mean-is-zero",),
                "categorical_cross_entropy_with_logits": ("empty-mean-is-zero",),
                "hinge_loss": ("empty-mean-is-zero",),
                "sparse_cross_entropy_with_logits": ("empty-mean-is-zero",),
            }
        ),
        "tfjs": MappingProxyType(
            {
                "binary_cross_entropy": ("add-1e-7-inside-log",),
                "categorical_cross_entropy": ("renormalise-rows", "clip-at-1e-7"),
                "sparse_cross_entropy": ("clip-at-1e-7", "renormalise-rows"),
                "kl_divergence": ("clip-both-at-1e-7",),
                "categorical_hinge_loss": ("other-scores-floored-at-zero",),
            }
        ),
        # `tf.losses` and `tf.layers` each have a binary cross entropy of their own.
        "tfjs[layers]": MappingProxyType({"binary_cross_entropy": ("clip-at-1e-7",)}),
        "torch": MappingProxyType(
            {
                "binary_cross_entropy": ("clamp-log-at-100",),
                "categorical_cross_entropy_with_logits": ("divide-by-count",),
                "sparse_cross_entropy_with_logits": ("divide-by-target-weight",),
                "linear_cross_entropy": ("divide-by-target-weight",),
                "nll_loss": ("divide-by-target-weight",),
                "kl_divergence": ("divide-by-elements",),
                "entropy": ("renormalise-rows",),
            }
        ),
    }
)
"""What each library documents, in the order of application, for each loss: `convention="keras"` and the like."""


def flushing(documented: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """What a library documents on a backend that documents that it has no subnormal numbers."""
    return MappingProxyType({loss: ("subnormals-are-zero", *documented.get(loss, ())) for loss in LOSSES})


def resolve(convention: str | Convention | tuple[str | Convention, ...] | None, loss: str) -> tuple[Convention, ...]:
    """Name to data: a convention's name, a library's name, or an ordered tuple of these.

    Raises
    ------
    UnknownNameError
        For a name that is neither.
    """
    if convention is None:
        return ()
    if isinstance(convention, Convention):
        return (convention,)
    if isinstance(convention, str):
        if convention in LIBRARIES:
            return tuple(CONVENTIONS[name] for name in LIBRARIES[convention].get(loss, ()))
        if convention in CONVENTIONS:
            return (CONVENTIONS[convention],)
        known = ", ".join([*sorted(LIBRARIES), *sorted(CONVENTIONS)])
        raise UnknownNameError(f"`convention` must be one of {known}; got {convention!r}")
    return tuple(rule for each in convention for rule in resolve(each, loss))
