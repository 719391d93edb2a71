"""How a gradient is asked for: the idiom of each autodiff, for the libraries that stand on it.

Each is a template with `{expression}` and `{x}`, the predictions' name; it sets `loss`, and `gradient` to the gradient
of the loss's sum.
"""

from __future__ import annotations

__all__ = ["JAX", "TENSORFLOW", "TORCH"]

JAX = """\
def total({x}):
    loss = {expression}
    return loss.sum(), loss

gradient, loss = jax.grad(total, has_aux=True)({x})"""

TENSORFLOW = """\
with tf.GradientTape() as tape:
    tape.watch({x})
    loss = {expression}
gradient = tape.gradient(loss, {x})"""

TORCH = """\
{x}.requires_grad_()
loss = {expression}
(gradient,) = torch.autograd.grad(loss.sum(), {x})"""
