"""Optax: losses of single examples on JAX arrays; whoever wants a sum or a mean takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ceconform.adapters._adapter import Adapter, Dialect, Question, Source, Unsupported, spell
from ceconform.adapters._compiling import by_jax
from ceconform.adapters._gradients import JAX, JAX_COTANGENT
from ceconform.libraries import flushing

__all__ = ["ADAPTERS", "Optax"]


def _per_example(q: Question) -> None:
    """Refuse what no loss of Optax does."""
    if q.reduction != "none":
        raise Unsupported("Optax has no reductions: a loss gives a value for each example")


def _last(q: Question, x: Source) -> Source:
    """The classes on the last axis, for the losses that have no `axis`."""
    return x if q.classes_last else Source(f"jnp.moveaxis({x}, {q.axis}, -1)")


def _axis(q: Question) -> int | None:
    """`axis`, where it is not what Optax takes anyway."""
    return None if q.classes_last else q.axis


def _smoothed(q: Question, labels: Source) -> Source:
    """Composed, as the library documents it: its losses have no parameter for it."""
    smoothing = q.get("label_smoothing")
    return spell("optax.losses.smooth_labels", labels, smoothing, axis=_axis(q)) if smoothing else labels


def _one_hot(q: Question) -> Source:
    """Class indices for the losses that take distributions."""
    return spell("jax.nn.one_hot", q.labels, q.classes, dtype=Source(f"{q.predictions}.dtype"), axis=_axis(q))


class Optax(Adapter):
    """Optax on JAX, with 64-bit arithmetic on."""

    name = "optax"
    distribution = "optax"
    since = "0.2.7"
    conventions = flushing({})
    dtypes = ("float64", "float32", "float16", "bfloat16")
    activations = {  # noqa: RUF012 - a constant of the class, read only
        "sigmoid": "jax.nn.sigmoid({x})",
        "softmax": "jax.nn.softmax({x}, axis={axis})",
        "log_sigmoid": "jax.nn.log_sigmoid({x})",
        "log_softmax": "jax.nn.log_softmax({x}, axis={axis})",
    }
    dialect = Dialect(
        imports=(
            "import jax\njax.config.update('jax_enable_x64', True)\n"
            "import jax.numpy as jnp\nimport numpy as np\nimport optax"
        ),
        # JAX's asarray takes a device from 0.4.27 on; an old optax needs an older JAX.
        array="jax.device_put(jnp.asarray(np.array({values}), dtype={dtype!r}), jax.devices({device!r})[0])",
        gradient=JAX,
        cotangent=JAX_COTANGENT,
        show="print({name}.tolist())",
    )

    def routes(self, question: Question) -> Iterator[Source]:
        """Before 0.1.8 the losses stood at the top of the package; their entry points have one name all the same."""
        for source in super().routes(question):
            at_the_top = Source(source.replace("optax.losses.", "optax.")).by(source.via)
            yield at_the_top if self.predates("0.1.8") else source

    def devices(self) -> list[str]:
        """CUDA, where JAX has one."""
        import jax

        try:
            jax.devices("cuda")
        except RuntimeError:
            return ["cpu"]
        return ["cpu", "cuda"]

    def switches(self) -> dict[str, Any]:
        """JAX's, and its version."""
        import jax
        import jax.numpy as jnp

        return {
            "jax": jax.__version__,
            "x64": jax.config.jax_enable_x64,
            "matmul_precision": jax.config.jax_default_matmul_precision,
            "flushes_subnormals": float(jnp.exp(jnp.full(16, -100.0, dtype="float32"))[0]) == 0.0,
        }

    def compiling(self) -> float:
        """As JAX tells it."""
        return by_jax()

    def describe(self, array: Any) -> tuple[tuple[int, ...], str, str]:
        """JAX says `gpu` for CUDA."""
        (device,) = array.devices()
        return tuple(array.shape), array.dtype.name, "cuda" if device.platform == "gpu" else device.platform

    def binary_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Labels second."""
        q.only()
        _per_example(q)
        yield spell("optax.losses.sigmoid_binary_cross_entropy", q.x, q.labels)

    def binary_focal_loss_with_logits(self, q: Question) -> Iterator[Source]:
        """In log space; of a soft label it takes a power of p_t, which mixes p and 1 - p."""
        q.only("gamma", "alpha")
        _per_example(q)
        if not q.hard:
            raise Unsupported("of a soft label t it takes the power of 1 - (t p + (1 - t)(1 - p)), another definition")
        yield spell("optax.losses.sigmoid_focal_loss", q.x, q.labels, alpha=q.get("alpha"), gamma=q.get("gamma"))

    def categorical_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Distributions as labels, by three functions."""
        q.only("label_smoothing")
        _per_example(q)
        yield from self._softmax(q, _smoothed(q, q.labels))

    @staticmethod
    def _softmax(q: Question, labels: Source) -> Iterator[Source]:
        yield spell("optax.losses.softmax_cross_entropy", q.x, labels, axis=_axis(q))
        yield spell("optax.losses.safe_softmax_cross_entropy", _last(q, q.x), _last(q, labels))
        # The polynomial's coefficient at 0 leaves plain cross entropy.
        yield spell("optax.losses.poly_loss_cross_entropy", q.x, labels, epsilon=0.0, axis=_axis(q))

    def sparse_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Class indices; smoothing needs them as one-hot labels, and the function of distributions."""
        q.only("label_smoothing")
        _per_example(q)
        if q.get("label_smoothing"):
            yield spell("optax.losses.softmax_cross_entropy", q.x, _smoothed(q, _one_hot(q)), axis=_axis(q))
        else:
            yield spell("optax.losses.softmax_cross_entropy_with_integer_labels", q.x, q.labels, axis=_axis(q))

    def kl_divergence(self, q: Question) -> Iterator[Source]:
        """Takes log-probabilities first.

        The convex (generalised) form is left out: it adds Σ p - Σ q, and the gradient of that.
        """
        q.only()
        _per_example(q)
        log_x = Source(f"jnp.log({q.x})")
        yield spell("optax.losses.kl_divergence", log_x, q.labels, axis=_axis(q))
        log_labels = Source(f"jnp.log({q.labels})")
        yield spell("optax.losses.kl_divergence_with_log_targets", log_x, log_labels, axis=_axis(q))

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """Labels of -1 and +1."""
        q.only()
        _per_example(q)
        yield spell("optax.losses.hinge_loss", q.x, q.labels)

    def categorical_hinge_loss(self, q: Question) -> Iterator[Source]:
        """Class indices, classes last."""
        q.only()
        _per_example(q)
        yield spell("optax.losses.multiclass_hinge_loss", _last(q, q.x), q.labels)

    def brier_loss(self, q: Question) -> Iterator[Source]:
        """The squared error of each element: the binary form alone."""
        q.only()
        _per_example(q)
        if q.axis is not None:
            raise Unsupported("squared_error sums over no class axis")
        yield spell("optax.losses.squared_error", q.x, q.labels)


ADAPTERS = (Optax,)
