"""The keys of a case file, in the order in which they stand there, and the words that some of them take."""

from __future__ import annotations

from ceconform.corpus.questions import LOSSES

__all__ = [
    "ACTIVATIONS",
    "ANSWERS",
    "CASE",
    "DEFAULTS",
    "ERRORS",
    "EXCERPT",
    "EXPECTED",
    "FILE",
    "GRADIENT_BY",
    "INVALID",
    "LABEL_DTYPES",
    "PARAMETERS",
    "SEEN",
    "SPACES",
    "WRONG_LABEL_DTYPES",
]

FILE = ("about", "defaults", "cases")
SPACES = ("logits", "probabilities", "log_probabilities", "hidden")
PARAMETERS = (
    "weight",
    "bias",
    "axis",
    "class_weight",
    "pos_weight",
    "sample_weight",
    "label_smoothing",
    "ignore_index",
    "gamma",
    "alpha",
    "base",
    "reduction",
)
CASE = (
    "description",
    "formerly",
    "sources",
    "tags",
    "loss",
    "activation",
    "space",
    "rounding",
    "dtypes",
    *SPACES,
    "labels",
    "label_dtype",
    *PARAMETERS,
    "gradient_by",
    "cotangent",
    "cited",
    "seen",
    "recognised_as",
    "expected",
    "acceptable",
)
_OWN = ("description", "formerly", "cited", "seen", "acceptable")
_FIRST = ("loss", "tags", "sources")
DEFAULTS = (*_FIRST, *(key for key in CASE if key not in {*_OWN, *_FIRST}))
EXCERPT = ("at", "numbers", "sum", "absolute_sum")
ANSWERS = ("loss", "grad", "raised")
SEEN = ("implementation", "version", "dtype", "device", *ANSWERS)
EXPECTED = ("error", "invalid", "loss", "grad", "condition", "grad_condition", "terms")

ACTIVATIONS = ("sigmoid", "softmax", "log_sigmoid", "log_softmax")
GRADIENT_BY = ("labels", "class_weight", "pos_weight", "sample_weight")
"""What else than the predictions a gradient may be by."""
LABEL_DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
WRONG_LABEL_DTYPES = ("float16", "float32", "float64")
"""For class indices whose dtype is the error."""
ERRORS = ("shape", "dtype", "reduction")
INVALID = ("label-range", "probability-range", "log-probability-range", "weight-range", "parameter-range")

if set(PARAMETERS) != {name for loss in LOSSES.values() for name in loss.parameters}:
    raise AssertionError("a loss has a parameter that a case cannot state")
