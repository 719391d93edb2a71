"""Asks the losses of JAX arrays sharded over eight devices; a program for `test_losses_devices.py`."""

from __future__ import annotations

import json
import math
import re
import sys

import jax
import numpy as np
from devices import apart, questions
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import ceconform as cc

AXES = ("batch", "classes")
LAYOUTS = [
    ((2, 4), AxisType.Auto),
    ((1, 8), AxisType.Explicit),
    ((8, 1), AxisType.Auto),
    ((2, 4), AxisType.Explicit),
]
EVERYWHERE = ("sparse", "categorical")
"""The questions that are asked in each layout, and for the value alone; the others in two: compiling takes long."""
MOVES = "all-gather|all-to-all|all-reduce|collective-broadcast|collective-permute|ragged-all-to-all|reduce-scatter"


def moved(program):
    """The elements of the largest result of each collective operation of a compiled program."""
    largest = {}
    for shapes, name in re.findall(rf"= (.*?) ({MOVES})(?:-start)?\(", program.as_text()):
        sizes = [
            math.prod(map(int, filter(None, shape.split(",")))) for shape in re.findall(r"\w+\[([\d,]*)\]", shapes)
        ]
        largest[name] = max(largest.get(name, 0), *sizes)
    return largest


def linear():
    """Ask the loss of a layer: rows of the inputs and of the weights on different axes of the mesh."""
    rng = np.random.default_rng(2028)
    hidden, weight = (rng.normal(size=(1024, 8)).astype(np.float32) for _ in range(2))
    labels = rng.integers(0, 1024, 1024)

    def mean(hidden, weight, labels):
        return cc.linear_cross_entropy(hidden, weight, labels)

    value, gradients = jax.jit(jax.value_and_grad(mean, argnums=(0, 1)))(hidden, weight, labels)
    for shape, kind in LAYOUTS[0], LAYOUTS[-1]:
        mesh = jax.make_mesh(shape, AXES, axis_types=(kind, kind))
        places = [NamedSharding(mesh, PartitionSpec(axis)) for axis in ("batch", "classes", "batch")]
        with jax.set_mesh(mesh):
            loss = mean if kind is AxisType.Auto else jax.sharding.auto_axes(mean, out_sharding=PartitionSpec())
            inputs = list(map(jax.device_put, (hidden, weight, labels), places))
            program = jax.jit(jax.value_and_grad(loss, argnums=(0, 1))).lower(*inputs).compile()
        ours, steep = program(*inputs)
        yield {
            "question": "linear",
            "layout": f"{shape[0]}x{shape[1]}, {kind.name.lower()}",
            "rows": hidden.size,
            "moved": moved(program),
            "in place": all(map(lambda g, place: g.sharding.is_equivalent_to(place, 2), steep, places)),
            "value": apart(value, ours),
            "gradient": max(map(apart, gradients, steep)),
        }


def main():
    """Compare value and gradient with those of one device."""
    assert len(jax.devices()) == 8
    for found in linear():
        sys.stdout.write(json.dumps(found) + "\n")
    for name, question in questions(16, 64).items():

        def total(x, labels, arrays, question=question):
            value = question.ask(x, labels, arrays)
            return value.sum(), value

        both = jax.jit(jax.value_and_grad(total, has_aux=True))
        (_, value), gradient = both(question.x, question.labels, question.arrays)
        for shape, kind in LAYOUTS if name in EVERYWHERE else LAYOUTS[:2]:
            mesh = jax.make_mesh(shape, AXES, axis_types=(kind, kind))

            def put(array, mesh=mesh, question=question):
                spec = PartitionSpec(*(AXES[axis] for axis in question.axes(array)))
                return jax.device_put(array, NamedSharding(mesh, spec))

            inputs = put(question.x), put(question.labels), {key: put(a) for key, a in question.arrays.items()}
            program = both.lower(*inputs).compile()
            alone = jax.jit(question.ask).lower(*inputs).compile() if name in EVERYWHERE else program
            (_, ours), steep = program(*inputs)
            found = {
                "question": name,
                "layout": f"{shape[0]}x{shape[1]}, {kind.name.lower()}",
                "rows": question.x.shape[0],
                "moved": moved(alone) | moved(program),
                "in place": steep.sharding.is_equivalent_to(inputs[0].sharding, 2),
                "value": apart(value, ours),
                "gradient": apart(gradient, steep),
            }
            sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
