"""Asks the losses of JAX arrays sharded over eight devices; a program for `test_losses_devices.py`."""

from __future__ import annotations

import json
import math
import re
import sys

import jax
from devices import apart, questions
from jax.sharding import AxisType, NamedSharding, PartitionSpec

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


def main():
    """Compare value and gradient with those of one device."""
    assert len(jax.devices()) == 8
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


main()
