"""Asks the losses of DTensors sharded over four processes; a program for `test_losses_devices.py`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import timedelta
from tempfile import TemporaryDirectory

import torch
from devices import SECONDS, apart, questions
from torch import distributed
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor, init_device_mesh
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import ceconform as cc
from ceconform.errors import DTypeError, RangeError

PROCESSES = 4
LAYOUTS = [(2, 2), (1, 4), (4, 1)]
AFTERWARDS = ("-wrap-tensor-autograd", "wait-tensor")
"""What follows a collective operation and moves nothing."""


class Moved(TorchDispatchMode):
    """The elements of the largest tensor that each collective operation moved."""

    def __init__(self):
        super().__init__()
        self.largest = Counter()

    def __torch_dispatch__(self, operation, types, arguments=(), keywords=None):
        if DTensor in types:
            return NotImplemented
        result = operation(*arguments, **(keywords or {}))
        name = operation.name().partition("::")[2].replace("_", "-")
        if "c10d" in operation.namespace and name not in AFTERWARDS:
            sizes = [part.numel() for part in tree_leaves(result) if isinstance(part, torch.Tensor)]
            self.largest[name] = max(self.largest[name], *sizes)
        return result


def refused(mesh):
    """What is said of a plain tensor beside a DTensor, and of a probability above 1."""
    p = distribute_tensor(torch.asarray([[0.25, 0.75], [0.5, 1.5]]), mesh, [Replicate(), Shard(1)])
    plain = torch.asarray([0, 1])
    labels = distribute_tensor(plain, mesh, [Replicate(), Replicate()])
    for given, check in ((plain, False), (labels, True)):
        try:
            cc.sparse_cross_entropy(p, given, check=check)
        except (DTypeError, RangeError) as error:
            yield str(error)


def linear(mesh):
    """Ask the loss of a layer: rows of the inputs and of the weights on different axes of the mesh."""
    generator = torch.Generator().manual_seed(2028)
    hidden, weight = (torch.randn(shape, generator=generator) for shape in ((16, 4), (64, 4)))
    labels = torch.randint(64, (16,), generator=generator)
    rows, classes = [Shard(0), Replicate()], [Replicate(), Shard(0)]
    sharded = [distribute_tensor(x, mesh, on).requires_grad_() for x, on in ((hidden, rows), (weight, classes))]
    y = distribute_tensor(labels, mesh, rows)
    with Moved() as moved:
        ours = cc.linear_cross_entropy(*sharded, y)
        ours.backward()
    whole = [x.requires_grad_() for x in (hidden, weight)]
    value = cc.linear_cross_entropy(*whole, labels)
    value.backward()
    differences = (apart(x.grad, s.grad.full_tensor()) for x, s in zip(whole, sharded, strict=True))
    return {
        "question": "linear",
        "largest": max(moved.largest.values()),
        "value": apart(value.detach(), ours.detach().full_tensor()),
        "gradient": max(differences),
    }


def ask(rank, folder):
    """Compare value and gradient with those of one process."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/store",
        rank=rank,
        world_size=PROCESSES,
        timeout=timedelta(seconds=SECONDS / 2),
    )
    meshes = [init_device_mesh("cpu", layout) for layout in LAYOUTS]
    for name, question in questions(15, 62).items():
        x, labels, arrays = (
            torch.asarray(question.x, requires_grad=True),
            torch.asarray(question.labels),
            {key: torch.asarray(array) for key, array in question.arrays.items()},
        )
        value = question.ask(x, labels, arrays)
        value.sum().backward()
        for mesh in meshes:

            def put(array, mesh=mesh, question=question):
                axes = question.axes(array)
                places = [Shard(axes.index(axis)) if axis in axes else Replicate() for axis in (0, 1)]
                return distribute_tensor(torch.asarray(array), mesh, places)

            sharded = put(question.x).requires_grad_()
            inputs = sharded, put(question.labels), {key: put(array) for key, array in question.arrays.items()}
            with Moved() as moved:
                ours = question.ask(*inputs)
                ours.sum().backward()
                formula = question.both(sharded.detach(), *inputs[1:])[1]
            found = {
                "question": name,
                "layout": "x".join(map(str, mesh.shape)),
                "rows": question.x.shape[0],
                "moved": moved.largest,
                "in place": sharded.grad.placements == formula.placements == sharded.placements,
                "value": apart(value.detach(), ours.detach().full_tensor()),
                "gradient": apart(x.grad, sharded.grad.full_tensor()),
                "formula": apart(x.grad, formula.full_tensor()),
            }
            if rank == 0:
                sys.stdout.write(json.dumps(found) + "\n")
    found = [linear(meshes[0]), {"question": "refused", "messages": list(refused(meshes[0]))}]
    if rank == 0:
        sys.stdout.writelines(json.dumps(each) + "\n" for each in found)
    distributed.destroy_process_group()


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        torch.multiprocessing.start_processes(ask, (folder,), nprocs=PROCESSES, start_method="fork")
