"""Implementations with planted faults: what a worker may do to the harness."""

from __future__ import annotations

from collections.abc import Iterator

from ceconform.adapters import Adapter, Dialect, Question, Source, Unsupported, spell

NUMPY = Dialect(
    imports="import ctypes\nimport os\nimport signal\nimport sys\nimport time\n\nimport numpy as np",
    array="np.array({values}, dtype=np.{dtype})",
)


class Healthy(Adapter):
    """Answers right: softplus of the logits of negative labels."""

    name = "healthy"
    distribution = "numpy"
    dialect = NUMPY

    def binary_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """The textbook form, good enough for moderate numbers."""
        yield Source(f"np.logaddexp(0, {q.x}) - {q.labels} * {q.x}").by("np.logaddexp")


class Faulty(Healthy):
    """As `Healthy`, except that a logit of 13 does what the class says."""

    fault = ""

    def binary_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """The fault, and after it a second route that is sound."""
        if 13 in q.call.predictions:
            yield Source(self.fault).by("fault")
        yield from super().binary_cross_entropy_with_logits(q)


class KillsItself(Faulty):
    """A signal that cannot be caught."""

    name = "kills-itself"
    fault = "os.kill(os.getpid(), signal.SIGKILL)"


class Segfaults(Faulty):
    """A read of address 0 in native code."""

    name = "segfaults"
    fault = "ctypes.string_at(0)"


class Aborts(Faulty):
    """`abort()` in native code, after a last word."""

    name = "aborts"
    fault = "print('the last word', file=sys.stderr, flush=True) or os.abort()"


class Exits(Faulty):
    """An exit in the middle of a call."""

    name = "exits"
    fault = "os._exit(3)"


class Hangs(Faulty):
    """No answer for an hour."""

    name = "hangs"
    fault = "time.sleep(3600)"


class Prints(Faulty):
    """A framework that prints to standard output, a lot."""

    name = "prints"
    fault = "print('noise ' * 1_000_000) or np.float64(0)"


class Raises(Healthy):
    """An adapter with a mistake of its own."""

    name = "raises"

    def binary_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """Fails at 13."""
        if 13 in q.call.predictions:
            raise KeyError("thirteen")
        yield from super().binary_cross_entropy_with_logits(q)


class Misspells(Faulty):
    """An adapter that names a function which the library has not."""

    name = "misspells"
    fault = "np.no_such_function(logits)"


class Ahead(Misspells):
    """An adapter that names a function of a later release than the one that is installed."""

    name = "ahead"
    since = "1000.0"


class AheadByWord(Ahead):
    """The same of a parameter."""

    name = "ahead-by-word"
    fault = "np.add(logits, 1, no_such_parameter=3)"


class Broken(Healthy):
    """A library whose import fails."""

    name = "broken"
    dialect = Dialect(imports="import no_such_library", array="")


class Mute(Healthy):
    """A worker that never says hello."""

    name = "mute"
    dialect = Dialect(imports="import time\ntime.sleep(3600)", array="")


class Refuses(Healthy):
    """A library that raises on its input."""

    name = "refuses"

    def binary_cross_entropy_with_logits(self, q: Question) -> Iterator[Source]:
        """An error of the library is an answer."""
        yield spell("np.reshape", q.x, 7)


class Wrong(Healthy):
    """A loss that answers 7."""

    name = "wrong"

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """Whatever is asked."""
        yield spell("np.full_like", q.x, 7.0)


_HINGE = """\
import numpy as np


def hinge(logits, labels, off):
    return beyond(np.maximum(0, 1 - labels * logits.astype(np.float64)).astype(logits.dtype), off)


def slope(logits, labels, off):
    counts = 1 - labels * logits.astype(np.float64) > 0
    return beyond(np.where(counts, -labels, 0).astype(logits.dtype), 2 * off)


def beyond(right, units):
    return right + units * np.copysign(np.spacing(right), right) * (right != 0)
"""


class Off(Adapter):
    """Hinge losses that are five units too far from 0, and gradients that are ten."""

    name = "off"
    distribution = "numpy"
    dtypes = ("float32",)
    expression = "hinge(logits, labels, 5)"
    dialect = Dialect(
        imports=_HINGE, array="np.array({values}, dtype=np.{dtype})", gradient="gradient = slope({arguments})"
    )

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """Without weights or reductions."""
        q.only()
        if q.reduction != "none":
            raise Unsupported("there are no reductions")
        yield Source(self.expression)


class Loses(Off):
    """Hinge losses of which those at 1 and beyond are infinite."""

    name = "loses"
    expression = "np.where(hinge(logits, labels, 0) >= 1, np.inf, hinge(logits, labels, 0))"
    dialect = Dialect(imports=_HINGE, array="np.array({values}, dtype=np.{dtype})")


class Sound(Adapter):
    """Hinge losses as they are defined, and NaN for a label that is no sign."""

    name = "sound"
    distribution = "numpy"
    dialect = NUMPY
    expression = "HINGE"

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """Without weights or reductions."""
        q.only()
        if q.reduction != "none":
            raise Unsupported("there are no reductions")
        labels = f"{q.labels}.astype({q.x}.dtype)"
        hinge = f"np.where(abs({labels}) == 1, np.maximum(0, 1 - {labels} * {q.x}), np.nan).astype({q.x}.dtype)"
        yield Source(self.expression.replace("HINGE", hinge)).by("hinge")


class Clips(Sound):
    """No loss above 64."""

    name = "clips"
    expression = "np.minimum(HINGE, 64).astype(logits.dtype)"


class ClipsAndLoses(Sound):
    """No loss above 64, and NaN for logits of -0."""

    name = "clips-and-loses"
    expression = "np.where(np.signbit(logits) & (logits == 0), np.nan, np.minimum(HINGE, 64)).astype(logits.dtype)"


class Rounds(Sound):
    """A sigmoid before the loss, which rounds to 1 and leaves nothing of a small loss."""

    name = "rounds"
    activations = {"sigmoid": "np.reciprocal(1 + np.exp(-{x}))"}  # noqa: RUF012 - a constant of the class, read only


class DiesOfInfinity(Sound):
    """A process that an infinite logit ends."""

    name = "dies-of-infinity"
    expression = "os._exit(3) if np.isinf(logits).any() else HINGE"


class Slow(Sound):
    """A twentieth of a second a call, so that a run can be broken off in the middle."""

    name = "slow"
    expression = "time.sleep(0.05) or HINGE"


class HangsAtOnce(Sound):
    """No answer for an hour, whatever is asked."""

    name = "hangs-at-once"
    expression = "time.sleep(3600) or HINGE"
