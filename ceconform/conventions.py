"""Conventions: named, documented rules by which a library departs from the definition.

A convention is data. It is interpreted twice: by the losses in Array API arithmetic (`convention=`), and by the
oracle in exact arithmetic, with each constant rounded in the dtype of the computation. The two readings share this
data and nothing else.

Several conventions are applied together in the order in which they are given:

0. subnormal predictions are replaced by 0 where `flush` says so;
1. `activation` is applied to the predictions, then they are read in the space `taken_as`
   (a loss on logits becomes its sister on probabilities, and so on);
2. probabilities are renormalised and clipped, in the given order;
3. labels are smoothed by the rule `smoothing`, and clipped where `clip_labels` says so;
4. within each logarithm `add` is added; the logarithm is floored at `floor_log`; the largest score of another
   class is floored at 0 where `floor_scores` says so;
5. the gradient is that of the function so defined (0 outside the clipping bounds, 1 on them), except that
   `gradient_floor` replaces the derivative of binary cross entropy by (p - t) / max(p (1 - p), floor);
6. the mean is divided by `divisor`, and the mean of nothing is `empty`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = ["CONVENTIONS", "LOSSES", "Convention"]

Activation = Literal["sigmoid", "softmax", "log_sigmoid", "log_softmax"]
Space = Literal["logits", "probabilities", "log_probabilities"]
Divisor = Literal["count", "weights", "target-weights", "elements"]

_BINARY = ("binary_cross_entropy", "binary_focal_loss")
_CATEGORICAL = ("categorical_cross_entropy", "sparse_cross_entropy", "categorical_focal_loss")
_BINARY_LOGITS = ("binary_cross_entropy_with_logits", "binary_focal_loss_with_logits")
_CATEGORICAL_LOGITS = (
    "categorical_cross_entropy_with_logits",
    "sparse_cross_entropy_with_logits",
    "categorical_focal_loss_with_logits",
)
_SMOOTHED = (*_BINARY, *_CATEGORICAL, *_BINARY_LOGITS, *_CATEGORICAL_LOGITS)
_WEIGHTED = (*_SMOOTHED, "nll_loss")
LOSSES = (
    *_WEIGHTED,
    "multilabel_softmax_loss",
    "linear_cross_entropy",
    "soft_margin_loss",
    "kl_divergence",
    "entropy",
    "hinge_loss",
    "squared_hinge_loss",
    "categorical_hinge_loss",
    "brier_loss",
)


@dataclass(frozen=True, kw_only=True)
class Convention:
    """One rule. A field that is left alone changes nothing.

    Numbers are decimal strings, rounded once to the dtype of the computation; `"eps"` is that dtype's machine
    epsilon.
    """

    name: str
    summary: str
    formula: str
    link: str
    losses: tuple[str, ...]
    activation: Activation | None = None
    taken_as: Space | None = None
    renormalise: bool = False
    clip_low: str | None = None
    clip_high: str | None = None
    """`"1-low"` is one minus the rounded lower bound, rounded."""
    clip_labels: bool = False
    smoothing: Literal["others"] | None = None
    """`others`: (1 - ε) q + ε (1 - q) / (C - 1); binary (1 - ε) t + ε (1 - t)."""
    add: str | None = None
    floor_log: str | None = None
    gradient_floor: str | None = None
    floor_scores: bool = False
    """The largest score of another class counts as at least 0."""
    divisor: Divisor | None = None
    """`count`: the losses that count; `weights`: Σ s Σ q_c w_c; `target-weights`: Σ s w_y; `elements`: all
    elements of the predictions, classes too."""
    empty: Literal["zero"] | None = None
    precision: Literal["float32"] | None = None
    """The dtype that the whole computation goes through, whatever the dtype of the predictions."""
    flush: bool = False
    """Subnormal predictions count as 0, before anything else."""

    def __hash__(self) -> int:
        """By the name, which no two share: conventions are keys of what is worked out once."""
        return hash(self.name)


_TORCH_BCE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html"
_TORCH_CE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"
_TORCH_KL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html"
_KERAS = "https://keras.io/api/losses/probabilistic_losses/"
_KERAS_HINGE = "https://keras.io/api/losses/hinge_losses/"
_KERAS_EPSILON = "https://keras.io/api/utils/config_utils/"
_SKLEARN = "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html"
_JAX = "https://docs.jax.dev/en/latest/notebooks/Common_Gotchas_in_JAX.html"
_TF_LOG_LOSS = "https://www.tensorflow.org/api_docs/python/tf/compat/v1/losses/log_loss"
_DEFINITION = "cases/README.md#conventions"

CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            Convention(
                name="add-1e-7-inside-log",
                summary="1e-7 is added within each logarithm.",
                formula="log(p + 1e-7)",
                link=_TF_LOG_LOSS,
                losses=(*_BINARY, *_CATEGORICAL),
                add="1e-7",
            ),
            Convention(
                name="clamp-log-at-100",
                summary="Each logarithm is at least -100, and the gradient's denominator at least 1e-12.",
                formula="max(log p, -100); gradient (p - t) / max(p (1 - p), 1e-12)",
                link=_TORCH_BCE,
                losses=("binary_cross_entropy",),
                floor_log="-100",
                gradient_floor="9.999999960041972e-13",  # 1e-12 as a float32, in every dtype
            ),
            Convention(
                name="clip-at-1e-7",
                summary="Probabilities are clipped to [1e-7, 1 - 1e-7] in every dtype.",
                formula="min(max(p, 1e-7), 1 - 1e-7)",
                link=_KERAS_EPSILON,
                losses=(*_BINARY, *_CATEGORICAL),
                clip_low="1e-7",
                clip_high="1-low",
            ),
            Convention(
                name="clip-at-eps",
                summary="Probabilities are clipped to [eps, 1 - eps], eps being the machine epsilon of their dtype.",
                formula="min(max(p, eps), 1 - eps)",
                link=_SKLEARN,
                losses=(*_BINARY, *_CATEGORICAL),
                clip_low="eps",
                clip_high="1-low",
            ),
            Convention(
                name="clip-both-at-1e-7",
                summary="Predictions and labels are clipped to [1e-7, 1].",
                formula="min(max(p, 1e-7), 1) and the same for q",
                link=_KERAS,
                losses=("kl_divergence",),
                clip_low="1e-7",
                clip_high="1",
                clip_labels=True,
            ),
            Convention(
                name="computed-in-float32",
                summary="The computation goes through float32, whatever the dtype of the predictions.",
                formula="float64(loss(float32(x)))",
                link=_DEFINITION,
                losses=LOSSES,
                precision="float32",
            ),
            Convention(
                name="divide-by-count",
                summary="The mean divides by the number of losses that count, whatever their weights.",
                formula="Σ s l / N",
                link=_KERAS,
                losses=LOSSES,
                divisor="count",
            ),
            Convention(
                name="divide-by-elements",
                summary="The mean divides by the number of elements, classes included.",
                formula="Σ l / (N C)",
                link=_TORCH_KL,
                losses=("kl_divergence", "categorical_cross_entropy_with_logits", "brier_loss", "entropy"),
                divisor="elements",
            ),
            Convention(
                name="divide-by-target-weight",
                summary="The mean divides by the sum of the weights of the labelled classes, whatever the smoothing.",
                formula="Σ s l / Σ s w_y",
                link=_TORCH_CE,
                losses=(*_CATEGORICAL, *_CATEGORICAL_LOGITS, "nll_loss", "linear_cross_entropy"),
                divisor="target-weights",
            ),
            Convention(
                name="divide-by-weights",
                summary="The mean divides by the sum of the weights.",
                formula="Σ s l / Σ s Σ_c q_c w_c",
                link=_SKLEARN,
                losses=LOSSES,
                divisor="weights",
            ),
            Convention(
                name="empty-mean-is-zero",
                summary="The mean of no losses, or of losses whose weights sum to 0, is 0.",
                formula="0 / 0 = 0",
                link=_KERAS,
                losses=LOSSES,
                empty="zero",
            ),
            Convention(
                name="log-sigmoid-taken-as-logits",
                summary="Log-probabilities, log sigmoid(z), are given where logits are expected.",
                formula="loss(log sigmoid(z))",
                link=_DEFINITION,
                losses=_BINARY_LOGITS,
                activation="log_sigmoid",
            ),
            Convention(
                name="logits-taken-as-probabilities",
                summary="Logits are read as if they were probabilities.",
                formula="-log z_y",
                link=_DEFINITION,
                losses=(*_BINARY_LOGITS, *_CATEGORICAL_LOGITS),
                taken_as="probabilities",
            ),
            Convention(
                name="other-scores-floored-at-zero",
                summary="The largest score among the other classes counts as at least 0.",
                formula="max(0, 1 + max(0, max_{c≠y} z_c) - z_y)",
                link=_KERAS_HINGE,
                losses=("categorical_hinge_loss",),
                floor_scores=True,
            ),
            Convention(
                name="probabilities-taken-as-log-probabilities",
                summary="Probabilities are read as if they were log-probabilities.",
                formula="-p_y",
                link=_DEFINITION,
                losses=("sparse_cross_entropy",),
                taken_as="log_probabilities",
            ),
            Convention(
                name="probabilities-taken-as-logits",
                summary="Probabilities are read as if they were logits.",
                formula="lse(p) - p_y",
                link=_DEFINITION,
                losses=(*_BINARY, *_CATEGORICAL),
                taken_as="logits",
            ),
            Convention(
                name="renormalise-rows",
                summary="Each row of probabilities is divided by its sum.",
                formula="p / Σ p",
                link=_KERAS,
                losses=(*_CATEGORICAL, "kl_divergence", "entropy"),
                renormalise=True,
            ),
            Convention(
                name="sigmoid-applied-twice",
                summary="The logits went through a sigmoid before the loss applied its own.",
                formula="loss(sigmoid(z))",
                link=_DEFINITION,
                losses=_BINARY_LOGITS,
                activation="sigmoid",
            ),
            Convention(
                name="smooth-over-the-others",
                summary="Label smoothing shares its mass among the other classes only.",
                formula="(1 - ε) q + ε (1 - q) / (C - 1)",
                link=_DEFINITION,
                losses=_SMOOTHED,
                smoothing="others",
            ),
            Convention(
                name="softmax-applied-twice",
                summary="The logits went through a softmax before the loss applied its own.",
                formula="loss(softmax(z))",
                link=_DEFINITION,
                losses=_CATEGORICAL_LOGITS,
                activation="softmax",
            ),
            Convention(
                name="softmax-taken-as-log-probabilities",
                summary="The logits went through a softmax where log-probabilities are expected.",
                formula="-softmax(z)_y",
                link=_DEFINITION,
                losses=("sparse_cross_entropy_with_logits",),
                activation="softmax",
                taken_as="log_probabilities",
            ),
            Convention(
                name="subnormals-are-zero",
                summary="Subnormal predictions are read as 0.",
                formula="loss(0) for 0 < |x| < the smallest normal number",
                link=_JAX,
                losses=LOSSES,
                flush=True,
            ),
            Convention(
                name="through-sigmoid",
                summary="Logits become probabilities first, and their logarithm is taken then.",
                formula="loss of sigmoid(z) as a probability",
                link=_DEFINITION,
                losses=_BINARY_LOGITS,
                activation="sigmoid",
                taken_as="probabilities",
            ),
            Convention(
                name="through-softmax",
                summary="Logits become probabilities first, and their logarithm is taken then.",
                formula="loss of softmax(z) as probabilities",
                link=_DEFINITION,
                losses=_CATEGORICAL_LOGITS,
                activation="softmax",
                taken_as="probabilities",
            ),
        )
    }
)
