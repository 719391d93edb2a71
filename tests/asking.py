"""How the tests ask a loss on any backend: numbers in, numbers out, the gradient by two ways."""

from __future__ import annotations

import numpy as np

from ceconform import value_and_grad

ARRAYS = (np.ndarray, list)


def ask(place, loss, predictions, labels=None, *, dtype="float32", **parameters):
    """The value and the gradient of a loss, as NumPy arrays.

    The gradient is that of `value_and_grad`; where the backend differentiates, its own must be the same.
    """
    backend, device = place

    def make(values):
        values = np.asarray(values)
        return backend.asarray(values, dtype if values.dtype.kind == "f" else None, device)

    arrays = {name: make(v) for name, v in parameters.items() if isinstance(v, ARRAYS)}
    settings = {name: v for name, v in parameters.items() if name not in arrays}
    x = make(np.asarray(predictions, dtype=np.float64))
    rest = [] if labels is None else [make(labels)]

    def both(x, rest, arrays):
        answer = value_and_grad(loss)(x, *rest, **arrays, **settings)
        if not backend.autodiff:
            return *answer, None
        return *answer, differentiate(backend, lambda z: loss(z, *rest, **arrays, **settings), x)

    if backend.name == "jax":  # compiled as one: JAX compiles each operation of an eager call for itself
        both = backend.load().jit(both)
    value, gradient, own = both(x, rest, arrays)
    assert x.dtype == value.dtype == gradient.dtype
    assert tuple(x.shape) == tuple(gradient.shape)
    value, gradient = backend.asnumpy(value), backend.asnumpy(gradient)
    if own is not None:
        same(gradient, backend.asnumpy(own), rtol=2e-2 if "16" in dtype else 1e-6)
    return value, gradient


def differentiate(backend, function, x):
    """The gradient of the sum of a function's values, by the backend's autodiff."""
    library = backend.load()
    if backend.name == "torch":
        x = x.detach().clone().requires_grad_()
        return library.autograd.grad(function(x).sum(), x)[0]
    return library.grad(lambda z: function(z).sum())(x)


def same(expected, actual, rtol=1e-6):
    """Compare numbers; an exact 0, an infinity and a NaN must be just that."""
    expected, actual = (np.asarray(a, dtype=np.float64) for a in (expected, actual))
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=0, equal_nan=True)
