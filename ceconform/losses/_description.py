"""From the arguments of a loss to its evaluation: what all losses do before their kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ceconform.errors import ArgumentError, ShapeError
from ceconform.losses import _inputs
from ceconform.losses._derivatives import differentiable, traced
from ceconform.losses._evaluation import Evaluation
from ceconform.losses._kernel import PRODUCT, Kernel
from ceconform.losses._reduction import Reduction, expect_reduction, log_of
from ceconform.losses._rules import Rules, computed_in_float32, expect_a_place, read
from ceconform.losses._transforms import transformed
from ceconform.losses._weights import weighted

__all__ = ["Common", "Subject", "subject"]

RANGES: Mapping[str, tuple[float, float]] = {
    "logits": (-math.inf, math.inf),
    "probabilities": (0.0, 1.0),
    "log_probabilities": (-math.inf, 0.0),
}
DIVIDING = frozenset({"class_weight", "sample_weight"})
"""Weights that a mean over weights divides by."""


@dataclass(slots=True)
class Common:
    """The keywords that every loss takes."""

    reduction: str
    sample_weight: Any = None
    base: float | None = None
    convention: Any = None
    check: bool = False
    xp: Any = None


@dataclass(slots=True, kw_only=True)
class Subject:
    """The predictions of a loss, checked, and what is known by then."""

    xp: Any
    x: Any
    """In the dtype of the computation, or narrower where they are taken to it block by block."""
    dtype: Any
    """Of the predictions as they came."""
    computing: Any
    """The dtype of the computation."""
    name: str
    """Of the predictions' parameter."""
    space: str
    """In which they are read."""
    axis: int | None
    """Counted from the end."""
    common: Common
    rules: Rules
    eager: bool
    """Whether nothing traces, so that numbers may be looked at."""

    @property
    def rows(self) -> tuple[int, ...]:
        """The shape of the unreduced loss."""
        shape = tuple(self.x.shape)
        return shape if self.axis is None else (*shape[: self.axis], *shape[len(shape) + self.axis + 1 :])

    @property
    def classes(self) -> int:
        """C."""
        return 1 if self.axis is None else int(self.x.shape[self.axis])

    @property
    def checked_axis(self) -> int:
        """The axis of a loss that cannot be without one."""
        if self.axis is None:
            raise ArgumentError(f"`axis` must be an axis of `{self.name}`: got None")
        return self.axis

    @property
    def divides_by_weights(self) -> bool:
        """Whether the weights of the rows enter the divisor of the mean."""
        return self.common.reduction == "weighted_mean" or self.rules.divisor in {"weights", "target-weights"}

    def array(self, value: Any, name: str, *, numbers: bool = False) -> Any:
        """Return an argument as an array of the same library."""
        return _inputs.array(self.xp, value, name, self.x, number=self.computing if numbers else None)

    def cast(self, value: Any) -> Any:
        """Return an array in the dtype of the computation."""
        return self.xp.astype(value, self.computing, copy=False)

    def check(self, x: Any, name: str, low: float, high: float, where: Any = None) -> None:
        """With `check=True`, name the first number out of its range."""
        if self.common.check:
            _inputs.expect_within(self.xp, x, name, low, high, where)

    def placed(self, value: Any) -> Any:
        """Return an array of the predictions' shape where they are: JAX's explicit shardings do not mix in a select."""
        return value * self.xp.ones_like(self.x) if _inputs.made_of(self.xp, "jax") else value

    def over_classes(self, value: Any) -> Any:
        """Return an array of one number for each class as it broadcasts against the predictions."""
        value = self.xp.reshape(value, (self.classes, *(1 for _ in range(-self.checked_axis - 1))))
        return self.placed(self.xp.broadcast_to(value, tuple(self.x.shape)))

    def weighted(self, weight: Any, other: Any) -> Any:
        """Return weight · other, where a weight of exactly 0 gives 0."""
        return other if weight is None else differentiable(self.xp, PRODUCT, weight, other)

    def weighted_classes(self, weight: Any, q: Any) -> Any:
        """Return w_c q_c, NaN for labels that are none; the weight of a class without a part may be anything."""
        if weight is None:
            return q
        xp = self.xp
        mass = self.weighted(xp.where(xp.isnan(weight) & (q == 0), 0.0, weight), q)
        return xp.where(xp.isnan(q), math.nan, mass)

    def total(self, weight: Any, q: Any) -> Any:
        """Return the weight of each row, Σ_c q_c w_c; None where the reduction does not ask."""
        if not self.divides_by_weights:
            return None
        return self.xp.sum(self.weighted_classes(weight, q), axis=self.checked_axis)

    def weights(self, value: Any, name: str, shape: tuple[int, ...]) -> Any:
        """Return weights that broadcast to the shape, NaN where one is negative; None stays None."""
        if value is None:
            return None
        value = self.array(value, name, numbers=True)
        _inputs.expect_real(self.xp, value, name)
        _inputs.expect_broadcastable(value, name, shape)
        return self.xp.broadcast_to(self.not_negative(self.cast(value), name), shape)

    def class_weights(self, value: Any, name: str, default: float | None = None) -> Any:
        """Return one weight for each class, in the shape of the predictions; the default where none is given."""
        if value is None:
            return self.weights(default, name, tuple(self.x.shape))
        value = self.array(value, name)
        _inputs.expect_real(self.xp, value, name)
        _inputs.expect_shape(value, name, (self.classes,), f"one number for each class of `{self.name}`")
        return self.over_classes(self.not_negative(self.cast(value), name))

    def not_negative(self, value: Any, name: str) -> Any:
        """Return weights, NaN where one is negative or infinite; those of a mean over weights are relative."""
        self.check(value, name, 0.0, math.inf)
        value = self.xp.where((value >= 0) & (value < math.inf), value, math.nan)
        return self._relative(value) if name in DIVIDING and self._averages_over_weights else value

    @property
    def _averages_over_weights(self) -> bool:
        usual = "weights" if self.common.reduction == "weighted_mean" else "count"
        divides = (self.rules.divisor or usual) in {"weights", "target-weights"}
        return divides and self.common.reduction in {"mean", "weighted_mean"}

    def _relative(self, weight: Any) -> Any:
        """Return small weights times a power of two: the mean is the same, and no product loses its digits."""
        if not math.prod(weight.shape):
            return weight
        power = 2.0**512 if self.computing == self.xp.float64 else 2.0**64
        largest = self.xp.max(weight)
        return weight * self.xp.where(largest * power < 1, power, self.xp.ones_like(largest))

    def evaluation(
        self,
        kernel: Kernel,
        *arrays: Any,
        counts: Any = None,
        mass: Any = None,
        target_mass: Any = None,
    ) -> Evaluation:
        """Put the kernel together with the arrays and the reduction; rows that do not count are set aside."""
        xp, x, rules = self.xp, self.x, self.rules
        where = counts if counts is None or self.axis is None else xp.expand_dims(counts, axis=self.axis)
        if rules.checked:
            self.check(x, self.name, *RANGES[self.space], where)
        if where is not None and not (self.eager and math.isfinite(xp.sum(x).item())):
            x = xp.where(where, x, 0.5 if self.space == "probabilities" else 0.0)
        kernel = transformed(kernel, rules.transforms)
        weight = self.weights(self.common.sample_weight, "sample_weight", self.rows)
        # Their mean over the weights is no larger than the losses, and asks for no digits that they do not have.
        weighing = None if weight is None or self.divides_by_weights else weighted(kernel)
        if weighing is not None:
            kernel, arrays, weight = weighing, (*arrays, weight), None
        reduction = Reduction(
            kind=self.common.reduction,
            unit=log_of(self.common.base),
            weight=weight,
            counts=counts,
            mass=mass,
            divisor=rules.divisor,
            elements=math.prod(x.shape),
            target_mass=target_mass,
            empty=rules.empty,
            eager=self.eager,
        )
        return Evaluation(
            xp=xp,
            kernel=kernel,
            arrays=(x, *arrays),
            reduction=reduction,
            dtype=self.dtype,
            computing=self.computing,
        )


def subject(
    loss: str,
    x: Any,
    name: str,
    common: Common,
    *,
    axis: int | None = None,
    spaces: tuple[str, ...] = (),
    widened: bool = True,
) -> Subject:
    """Check what can be checked before the labels are looked at.

    `widened`: computed in float64, if it costs nothing, which is where the arithmetic is ours: on NumPy and on the CPU
    in eager PyTorch, by the definition.
    """
    expect_reduction(common.reduction)
    xp = _inputs.namespace(x, name, common.xp)
    _inputs.predictions(xp, x, name)
    dtype = x.dtype
    half = dtype != xp.float64
    single = half or computed_in_float32(common.convention, loss)
    eager = not traced(xp, x)
    widened = widened and eager and common.convention is None
    computing = xp.float32 if single and not widened else xp.float64
    if not widened:
        x = xp.astype(x, computing, copy=False)
    rules = read(common.convention, loss, 24 if single else 53)
    space = rules.space or name
    if space not in (spaces or (name,)):
        raise ArgumentError(f"`convention` reads the predictions of {loss} as {space}: no such loss")
    if common.convention is not None:
        expect_a_place(common.convention, loss, space, classes=axis is not None)
    log_of(common.base)
    return Subject(
        xp=xp,
        x=x,
        dtype=dtype,
        computing=computing,
        name=name,
        space=space,
        axis=None if axis is None else _axis(axis, x, name),
        common=common,
        rules=rules,
        eager=eager,
    )


def _axis(axis: int, x: Any, name: str) -> int:
    if x.ndim == 0:
        raise ShapeError(f"`{name}` must have a class axis: expected at least one axis, got shape ()")
    if not isinstance(axis, int) or isinstance(axis, bool) or not -x.ndim <= axis < x.ndim:
        raise ArgumentError(f"`axis` must be an axis of `{name}`, in [{-x.ndim}, {x.ndim}): got {axis!r}")
    axis = axis if axis < 0 else axis - x.ndim
    if x.shape[axis] == 0:
        raise ShapeError(f"`{name}` must have at least one class along axis {axis}: got {tuple(x.shape)}")
    return axis
