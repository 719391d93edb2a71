"""How a gradient is asked for: the idiom of each autodiff, for the libraries that stand on it.

Each is a template with `{expression}` and `{x}`, the name of what the gradient is by; it sets `loss`, and `gradient` to
the gradient of the loss's sum. The second of each pair is for those who mask afterwards: the losses are multiplied by
`cotangent` first.
"""

from __future__ import annotations

__all__ = ["JAX", "JAX_COTANGENT", "TENSORFLOW", "TENSORFLOW_COTANGENT", "TORCH", "TORCH_COTANGENT"]

JAX = """\
def total({x}):
    loss = {expression}
    return loss.sum(), loss

gradient, loss = jax.grad(total, has_aux=True)({x})"""
JAX_COTANGENT = JAX.replace("loss.sum()", "(cotangent * loss).sum()")

TENSORFLOW = """\
with tf.GradientTape() as tape:
    tape.watch({x})
    loss = {expression}
gradient = tape.gradient(loss, {x})"""
TENSORFLOW_COTANGENT = """\
with tf.GradientTape() as tape:
    tape.watch({x})
    loss = {expression}
    total = tf.reduce_sum(tf.cast(cotangent, loss.dtype) * loss)
gradient = tape.gradient(total, {x})"""

TORCH = """\
{x}.requires_grad_()
loss = {expression}
(gradient,) = torch.autograd.grad(loss.sum(), {x})"""
TORCH_COTANGENT = TORCH.replace("loss.sum()", "(cotangent * loss).sum()")
