"""How the tests ask a loss on any backend: numbers in, numbers out, the gradient by two ways."""

from __future__ import annotations

import numpy as np

from ceconform import value_and_grad

ARRAYS = (np.ndarray, list)


def ask(place, loss, predictions, labels=None, *, dtype="float32", **parameters):
    """The value and the gradient of a loss, as NumPy arrays.

    JAX's gradient is that of its autodiff, everybody else's that of `value_and_grad`; PyTorch's autograd must agree.
    """
    backend, device = place

    def make(values):
        values = np.asarray(values)
        return backend.asarray(values, dtype if values.dtype.kind == "f" else None, device)

    arrays = {name: make(v) for name, v in parameters.items() if isinstance(v, ARRAYS)}
    settings = {name: v for name, v in parameters.items() if name not in arrays}
    x = make(np.asarray(predictions, dtype=np.float64))
    rest = [] if labels is None else [make(labels)]

    def answer(x, rest, arrays):
        return loss(x, *rest, **arrays, **settings)

    own = None
    if backend.name == "jax":
        value, gradient = compiled(backend.load(), answer)(x, rest, arrays)
    else:
        value, gradient = value_and_grad(loss)(x, *rest, **arrays, **settings)
        if backend.name == "torch":
            own = by_autograd(backend.load(), lambda z: answer(z, rest, arrays), x)
    assert x.dtype == value.dtype == gradient.dtype
    assert tuple(x.shape) == tuple(gradient.shape)
    value, gradient = backend.asnumpy(value), backend.asnumpy(gradient)
    if own is not None:
        same(gradient, backend.asnumpy(own), rtol=2e-2 if "16" in dtype else 1e-6)
    return value, gradient


def by_autograd(torch, function, x):
    """The gradient of the sum of a function's values, by PyTorch's autograd."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(function(x).sum(), x)[0]


def compiled(jax, function):
    """A function that gives the values and the gradient of their sum, by JAX's autodiff.

    Compiled as one: JAX compiles each operation of an eager call by itself, which takes longer.
    """

    def both(x, *rest):
        def total(x):
            value = function(x, *rest)
            return value.sum(), value

        (_, value), gradient = jax.value_and_grad(total, has_aux=True)(x)
        return value, gradient

    return jax.jit(both)


def same(expected, actual, rtol=1e-6):
    """Compare numbers; an exact 0, an infinity and a NaN must be just that."""
    expected, actual = (np.asarray(a, dtype=np.float64) for a in (expected, actual))
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=0, equal_nan=True)
