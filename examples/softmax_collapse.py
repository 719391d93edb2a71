"""Softmax collapse: one network trained twice, with PyTorch's cross entropy and with ours.

`python examples/softmax_collapse.py` writes the records, a plot and a page beside itself.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

import ceconform

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BUILTIN, OURS = "builtin", "ceconform"
LOSSES: dict[str, Callable[..., Tensor]] = {
    BUILTIN: nn.functional.cross_entropy,
    OURS: ceconform.sparse_cross_entropy_with_logits,
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is trained, and how."""

    modulus: int = field(default=59, metadata={"help": "p of (a + b) mod p; the number of classes"})
    train_fraction: float = field(default=0.8, metadata={"help": "of the p² pairs"})
    layers: int = field(default=1, metadata={"help": "hidden layers, with ReLU"})
    width: int = field(default=256, metadata={"help": "of each hidden layer"})
    learning_rate: float = field(default=2e-3, metadata={"help": "of Adam, without weight decay"})
    beta1: float = field(default=0.9, metadata={"help": "of Adam"})
    beta2: float = field(default=0.98, metadata={"help": "of Adam"})
    epsilon: float = field(default=1e-30, metadata={"help": "of Adam"})
    steps: int = field(default=5000, metadata={"help": "full-batch steps"})
    every: int = field(default=25, metadata={"help": "steps from one record to the next"})
    seed: int = field(default=0, metadata={"help": "of the initial weights and of the split"})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a loss says of the logits of all training rows."""

    loss: float
    zero_labels: float
    """The fraction of rows whose gradient by the label's own logit is exactly 0."""
    zero_rows: float
    """The fraction of rows whose gradient is exactly 0 for every class."""
    error: float
    """‖gradient - exact gradient‖ / ‖exact gradient‖, by the logits."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A step of a run; both losses are asked about its logits, but only the run's own trains it."""

    run: str
    step: int
    exact_loss: float
    train_accuracy: float
    test_accuracy: float
    gradient_norm: float
    """By the weights, of the run's own loss."""
    underflow: float
    """The fraction of the weights whose gradient, but not its square, is other than 0: Adam averages the squares."""
    largest_logit: float
    """Its absolute value."""
    mean_logit: float
    answers: dict[str, Answer]

    @property
    def own(self) -> Answer:
        """The answer of the loss that trains this run."""
        return self.answers[self.run]


@dataclass(frozen=True)
class Run:
    """A run that is finished."""

    name: str
    records: Sequence[Record]

    @property
    def last(self) -> Record:
        """The record of the last step."""
        return self.records[-1]

    def at(self, step: int) -> Record:
        """The last record up to this step."""
        return max((each for each in self.records if each.step <= step), key=lambda each: each.step)

    def first(self, condition: Callable[[Record], bool]) -> Record | None:
        """The first record of which the condition holds."""
        return next((each for each in self.records if condition(each)), None)


def pairs(setting: Setting) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """All (a, b), one-hot, with the labels (a + b) mod p: the training rows, and the rest."""
    p = setting.modulus
    numbers = torch.cartesian_prod(torch.arange(p), torch.arange(p))
    inputs = nn.functional.one_hot(numbers, p).flatten(1).to(torch.float32)
    order = torch.randperm(p * p, generator=torch.Generator().manual_seed(setting.seed))
    train, test = order.tensor_split([int(setting.train_fraction * p * p)])
    labels = numbers.sum(1) % p
    return (inputs[train], labels[train]), (inputs[test], labels[test])


def network(setting: Setting) -> nn.Module:
    """The perceptron, with the same initial weights for the same seed."""
    torch.manual_seed(setting.seed)
    widths = [2 * setting.modulus, *[setting.width] * setting.layers]
    hidden = [layer for size in pairwise(widths) for layer in (nn.Linear(*size), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(widths[-1], setting.modulus))


def answers(logits: Tensor, labels: Tensor) -> tuple[float, dict[str, Answer]]:
    """The exact mean loss of float32 logits, which is ours in float64; and what each loss says in float32."""
    exact, exact_gradient = _value_and_gradient(LOSSES[OURS], logits.to(torch.float64), labels)
    found = {}
    for name, function in LOSSES.items():
        value, gradient = _value_and_gradient(function, logits, labels)
        found[name] = Answer(
            loss=value,
            zero_labels=_mean(gradient.gather(1, labels[:, None]) == 0),
            zero_rows=_mean((gradient == 0).all(1)),
            error=((gradient.to(torch.float64) - exact_gradient).norm() / exact_gradient.norm()).item(),
        )
    return exact, found


def _value_and_gradient(function: Callable[..., Tensor], logits: Tensor, labels: Tensor) -> tuple[float, Tensor]:
    logits = logits.detach().requires_grad_()
    value = function(logits, labels)
    (gradient,) = torch.autograd.grad(value, logits)
    return value.item(), gradient


def _mean(conditions: Tensor) -> float:
    return float(conditions.to(torch.float64).mean())


def train(name: str, setting: Setting) -> Iterator[Record]:
    """Train with one loss; yield every few steps."""
    (inputs, labels), (test_inputs, test_labels) = pairs(setting)
    model = network(setting)
    parameters = list(model.parameters())
    betas = (setting.beta1, setting.beta2)
    optimizer = torch.optim.Adam(parameters, lr=setting.learning_rate, betas=betas, eps=setting.epsilon)
    for step in range(setting.steps + 1):
        optimizer.zero_grad()
        logits = model(inputs)
        LOSSES[name](logits, labels).backward()
        if step % setting.every == 0 or step == setting.steps:
            logits = logits.detach()
            with torch.no_grad():
                test_logits = model(test_inputs)
            gradient = torch.cat([each.grad.flatten() for each in parameters if each.grad is not None])
            exact, found = answers(logits, labels)
            yield Record(
                run=name,
                step=step,
                exact_loss=exact,
                train_accuracy=_mean(logits.argmax(1) == labels),
                test_accuracy=_mean(test_logits.argmax(1) == test_labels),
                gradient_norm=gradient.to(torch.float64).norm().item(),
                underflow=_mean((gradient != 0) & (gradient.square() == 0)),
                largest_logit=logits.abs().max().item(),
                mean_logit=logits.mean().item(),
                answers=found,
            )
        optimizer.step()


def write(path: Path, header: dict[str, Any], records: Iterable[Record]) -> None:
    """Write JSON Lines, the setting first; numbers as Python writes them, so that reading gives them back."""
    lines = [header, *(asdict(each) for each in records)]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")


def read(path: Path) -> tuple[dict[str, Any], list[Record]]:
    """Read what `write` wrote."""
    header, *lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    records = []
    for line in lines:
        found = {name: Answer(**answer) for name, answer in line.pop("answers").items()}
        records.append(Record(**line, answers=found))
    return header, records


def runs(records: Sequence[Record]) -> list[Run]:
    """One for each loss that was trained with."""
    found = {name: [each for each in records if each.run == name] for name in LOSSES}
    return [Run(name, each) for name, each in found.items() if each]


PAGE = """\
# Softmax collapse

A network that learns (a + b) mod {modulus} from {rows} of the {pairs} pairs, in float32, trained from the same
weights with `torch.nn.functional.cross_entropy` and with `ceconform.sparse_cross_entropy_with_logits`. Nothing else
differs. [`softmax_collapse.py`](softmax_collapse.py) makes this page, the plot and the
[records](softmax_collapse.jsonl): `nox -s examples`.

![Rows without a gradient at their label, loss and accuracy](softmax_collapse.svg)

Solid lines are what the loss that trains a network says. Dotted on the left: what the other loss would say of the same
logits; dotted in the middle: the exact loss, which is ours in float64 of the same float32 logits.

## What happens

{findings}

*Error* is the norm of what the gradient by the logits is off, over the norm of the exact one.

## Why

The gradient by the label's logit is p - 1. Once the other classes share less than about 2^-24 of the probability, p is
1 in float32 and the built-in answers 0 there, while each of the other logits still gets its small p: such a row pushes
the wrong classes down and no longer pushes the right one up. Its gradient no longer sums to 0, so all logits can sink
together, as the mean logit shows; and as Adam divides by the size of the gradient, it follows what is left of it in
full steps. Ours computes the label's gradient as minus the sum of the others', without the 1.

It is the label's gradient that is lost, not the row's: for 0 *at every class* the label must lead by {lead:.0f} or
more, where 1/{rows} of exp(-lead) rounds to 0 in float32, with ours as with the built-in.

Ours ends as well, at a limit of Adam's, which averages the squares of the gradient: float32 has 0 for the square of
anything below {root:.1e}. And Adam's usual epsilon, 1e-8, is larger than these gradients: it slows both runs down where
they would part (`--epsilon 1e-8`).

## Milestones

{milestones}

## Setting

{layers}, one-hot pairs, full batch, Adam without weight decay, one seed; {software}. The same machine gives the same
digits; on another one they may differ, after the collapse in particular.

{setting}
"""
_INEXACT = 0.1


def page(header: dict[str, Any], records: Sequence[Record]) -> str:
    """The page in Markdown; every number is of the records."""
    setting, found = Setting(**header["setting"]), runs(records)
    total = setting.modulus**2
    rows = int(setting.train_fraction * total)
    layers = f"{setting.layers} hidden layer{'s' if setting.layers > 1 else ''} of {setting.width} units with ReLU"
    options = [(f"`--{each.name.replace('_', '-')}`", f"{getattr(setting, each.name):g}") for each in fields(setting)]
    return PAGE.format(
        modulus=setting.modulus,
        rows=rows,
        pairs=total,
        lead=150 * math.log(2) - math.log(rows),
        root=2**-75,
        findings=_findings(found),
        milestones=_milestones(found, setting),
        layers=layers,
        software=", ".join(f"{name} {version}" for name, version in header["software"].items()),
        setting=_table([("option", "value"), *options]),
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _step(record: Record | None) -> str:
    return "never" if record is None else f"{record.step}"


def _findings(found: Sequence[Run]) -> str:
    """One column a run."""

    def line(text: str, show: Callable[[Run], str]) -> tuple[str, ...]:
        return text, *(show(each) for each in found)

    def lowest(run: Run) -> str:
        best = min(run.records, key=lambda each: each.exact_loss)
        return f"{best.exact_loss:.1e} at step {best.step}"

    def best(run: Run) -> str:
        top = max(run.records, key=lambda each: each.test_accuracy)
        return f"{top.test_accuracy:.1%} at step {top.step}"

    def inexact(run: Run) -> str:
        return _step(run.first(lambda each: each.own.error > _INEXACT))

    def collapsed(run: Run) -> str:
        return _step(run.first(lambda each: each.own.zero_labels >= 1 / 2))

    def most(run: Run) -> str:
        top = max(run.records, key=lambda each: each.own.zero_labels)
        return f"{top.own.zero_labels:.1%} at step {top.step}" if top.own.zero_labels else "none"

    rows = [
        ("", *(f"trained with {each.name}" for each in found)),
        line("first step with an error above 10 %", inexact),
        line("first step with 0 at the label on half of the rows", collapsed),
        line("most rows with 0 at the label", most),
        line("most rows with 0 at every class", lambda run: f"{max(each.own.zero_rows for each in run.records):.1%}"),
        line("lowest exact loss", lowest),
        line("best test accuracy", best),
        line("exact loss at the end", lambda run: f"{run.last.exact_loss:.1e}"),
        line("loss that the built-in says at the end", lambda run: f"{run.last.answers[BUILTIN].loss:.1e}"),
        line("loss that ours says at the end", lambda run: f"{run.last.answers[OURS].loss:.1e}"),
        line(
            "rows with 0 at the label at the end, by the built-in",
            lambda run: f"{run.last.answers[BUILTIN].zero_labels:.1%}",
        ),
        line("rows with 0 at the label at the end, by ours", lambda run: f"{run.last.answers[OURS].zero_labels:.1%}"),
        line("mean logit at the end", lambda run: f"{run.last.mean_logit:.0f}"),
        line("largest logit at the end, absolute", lambda run: f"{run.last.largest_logit:.0f}"),
        line(
            "weights with a gradient other than 0 whose square is 0, at the end",
            lambda run: f"{run.last.underflow:.1%}",
        ),
        line("test accuracy at the end", lambda run: f"{run.last.test_accuracy:.1%}"),
    ]
    return _table(rows)


def _milestones(found: Sequence[Run], setting: Setting) -> str:
    """Eleven steps from the first to the last, one row a run and step."""
    head = ("run", "step", "its loss", "exact loss", "0 at the label", "error", "‖gradient‖", "train", "test")
    rows: list[tuple[str, ...]] = [head]
    for step in sorted({setting.steps * tenth // 10 for tenth in range(11)}):
        for run in found:
            record = run.at(step)
            rows.append(
                (
                    run.name,
                    f"{record.step}",
                    f"{record.own.loss:.2e}",
                    f"{record.exact_loss:.2e}",
                    f"{record.own.zero_labels:.1%}",
                    f"{record.own.error:.0e}",
                    f"{record.gradient_norm:.1e}",
                    f"{record.train_accuracy:.1%}",
                    f"{record.test_accuracy:.1%}",
                )
            )
    return _table(rows)


def plot(records: Sequence[Record]) -> str:
    """Three panels as SVG: rows without a gradient at their label, loss, accuracy."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Nothing in the file depends on the time or on the process, so the same records give the same picture.
    with mpl.rc_context({"svg.hashsalt": "ceconform", "svg.fonttype": "none", "font.size": 9, "lines.linewidth": 1.2}):
        figure = Figure(figsize=(13, 4), layout="constrained")
        zeros, losses, accuracies = figure.subplots(1, 3)
        for run in runs(records):
            _draw(run, zeros, losses, accuracies)
        zeros.set_title("rows whose label's logit gets a gradient of exactly 0")
        losses.set_title("loss")
        losses.set_yscale("log")
        accuracies.set_title("accuracy")
        for axes in (zeros, losses, accuracies):
            axes.set_xlabel("step")
            axes.grid(color="0.9", linewidth=0.5)
            axes.legend(fontsize=7)
        for axes in (zeros, accuracies):
            axes.set_ylim(-0.03, 1.03)
            axes.yaxis.set_major_formatter("{x:.0%}")
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None})
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())


def _draw(run: Run, zeros: Axes, losses: Axes, accuracies: Axes) -> None:
    colour = {BUILTIN: "C3", OURS: "C0"}[run.name]
    (other,) = set(LOSSES) - {run.name}
    steps = [each.step for each in run.records]
    zeros.plot(steps, [each.own.zero_labels for each in run.records], color=colour, label=run.name)
    would = [each.answers[other].zero_labels for each in run.records]
    zeros.plot(steps, would, color=colour, linestyle=":", label=f"{other}, on the logits of {run.name}")
    losses.plot(steps, [each.own.loss or math.nan for each in run.records], color=colour, label=run.name)
    exact = [each.exact_loss for each in run.records]
    losses.plot(steps, exact, color=colour, linestyle=":", label=f"{run.name}, exact")
    accuracies.plot(steps, [each.test_accuracy for each in run.records], color=colour, label=f"{run.name}, test")
    known = [each.train_accuracy for each in run.records]
    accuracies.plot(steps, known, color=colour, linestyle=":", label=f"{run.name}, train")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, record, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for each in fields(Setting):
        option = f"--{each.name.replace('_', '-')}"
        parser.add_argument(option, type=type(each.default), default=each.default, help=each.metadata["help"])
    parser.add_argument("--loss", choices=[*LOSSES, "both"], default="both", help="what to train with")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; another number may give other digits")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="the folder for what is written")
    parser.add_argument("--redraw", action="store_true", help="make page and plot of the records that are there")
    options = parser.parse_args(arguments)

    path = options.output / "softmax_collapse.jsonl"
    if not options.redraw:
        torch.set_num_threads(options.threads)
        setting = Setting(**{each.name: getattr(options, each.name) for each in fields(Setting)})
        software = {
            "ceconform": ceconform.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        }
        records = []
        for name in LOSSES if options.loss == "both" else [options.loss]:
            for record in train(name, setting):
                records.append(record)
                if record.step % (20 * setting.every) == 0:
                    said = f"loss {record.own.loss:.2e}, test accuracy {record.test_accuracy:.1%}"
                    print(f"{name}, step {record.step}: {said}", flush=True)
        write(path, {"setting": asdict(setting), "software": software}, records)
    header, records = read(path)
    path.with_suffix(".svg").write_text(plot(records), encoding="utf-8")
    path.with_suffix(".md").write_text(page(header, records), encoding="utf-8")


if __name__ == "__main__":
    main()
