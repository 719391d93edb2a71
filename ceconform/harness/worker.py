"""The process in which one implementation answers: `python -m ceconform.harness.worker NAME`.

A plain function answers with `--loss` and `--backend` beside its name, `package.module:function`.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ceconform.adapters import Adapter, Question, Source, Unsupported, adapt, find, find_function
from ceconform.corpus import Call
from ceconform.errors import CeconformError
from ceconform.harness.observation import Answer, Observation
from ceconform.harness.wire import decode_call, encode_observation, line, parse
from ceconform.libraries import resolve

__all__ = ["Evaluation", "hello", "observe", "serve"]

_SOURCE = "<source>"
_PARAMETER = re.compile(r"unexpected keyword argument '(\w+)'")


class Evaluation:
    """One call, ready to be evaluated by any of its routes."""

    def __init__(self, adapter: Adapter, names: Mapping[str, Any], question: Question) -> None:
        self.adapter, self.names, self.question = adapter, names, question
        call = question.call
        kind = call.spec.labels
        labels = call.label_dtype or ("int64" if kind == "index" else call.dtype)
        self.arrays: dict[str, tuple[NDArray[Any], str]] = {str(question.predictions): (call.predictions, call.dtype)}
        if call.labels is not None:
            self.arrays["labels"] = (call.labels, labels)
        for name, value in call.parameters.items():
            if isinstance(value, np.ndarray):
                self.arrays[name] = (value, call.dtype)
        if call.cotangent is not None:
            self.arrays["cotangent"] = (call.cotangent, call.dtype)

    def bind(self) -> dict[str, Any]:
        """Fresh arrays of the library under the names that the source uses."""
        bound = dict(self.names)
        template, device = self.adapter.dialect.array, self.question.device
        for name, (values, dtype) in self.arrays.items():
            bound[name] = eval(_maker(template, dtype, device), {**self.names, "values": values})  # noqa: S307 - ours
        return bound

    def run(self, text: str, part: str) -> Answer:
        """Run source that sets `part`, and read it; what the library raises is an answer, too."""
        bound = self.bind()
        try:
            exec(_compiled(text), bound)  # noqa: S102 - the adapter's own source
            array = bound[part]
            if array is None and part == "gradient":
                return Answer()
            values = self.adapter.asnumpy(array)
            shape, dtype, device = self.adapter.describe(array)
        except Exception as error:
            if self.adapter.predates(self.adapter.since) and _is_missing(error, text):
                lacking = f"{self.adapter.distribution} {self.adapter.version()} has not all of it"
                raise Unsupported(_brief(f"{lacking}: {error}")) from error
            if _is_ours(error):
                raise
            return Answer(raised=f"{type(error).__name__}: {_brief(str(error))}")
        return Answer(values=tuple(values.ravel().tolist()), shape=tuple(shape), dtype=dtype, device=device)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    return compile(text, _SOURCE, "exec")


@lru_cache(maxsize=64)
def _maker(template: str, dtype: str, device: str) -> CodeType:
    """What makes an array of `values`."""
    return compile(template.format(values="values", dtype=dtype, device=device), _SOURCE, "eval")


def _is_ours(error: Exception) -> bool:
    """A name that the source uses and the library has not: the adapter's fault, not an answer."""
    if isinstance(error, AttributeError) and str(error).startswith("module "):
        return True
    if not isinstance(error, NameError | AttributeError | SyntaxError | ImportError):
        return False
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    return last.f_code.co_filename == _SOURCE


def _is_missing(error: Exception, text: str) -> bool:
    """Whether the source uses a name, or a parameter, that the library has not."""
    unknown = _PARAMETER.search(str(error)) if isinstance(error, TypeError) else None
    return _is_ours(error) or (unknown is not None and f"{unknown[1]}=" in text)


def _brief(text: str, limit: int = 300) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def observe(
    adapter: Adapter,
    names: Mapping[str, Any],
    call: Call,
    *,
    skip: int = 0,
    asking: Callable[[Source], None] | None = None,
) -> Iterator[Observation]:
    """Ask one call by each route of the adapter; `asking` hears of each route before it is taken."""
    try:
        question = Question(call, adapter.activations)
        routes = list(adapter.routes(question))
    except Unsupported as answer:
        yield Observation(status="unsupported", reason=str(answer))
        return
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is a verdict, and the others go on
        yield Observation(status="error", reason=_brief(f"in the adapter: {type(error).__name__}: {error}"))
        return
    if reason := adapter.dialect.unable(call):
        yield Observation(status="unsupported", reason=reason)
        return
    evaluation = Evaluation(adapter, names, question)
    for source in routes[skip:]:
        if asking is not None:
            asking(source)
        yield _answer(evaluation, source)


def _answer(evaluation: Evaluation, source: Source) -> Observation:
    adapter, question = evaluation.adapter, evaluation.question
    dialect = adapter.dialect
    started, compiled = time.perf_counter(), adapter.compiling()
    try:
        value = evaluation.run(f"loss = {source}", "loss")
        gradient = None
        if dialect.gradient and not value.raised:
            text = dialect.differentiate(source, question.by, cotangent=question.call.cotangent is not None)
            gradient = evaluation.run(text, "gradient")
    except Unsupported as answer:
        return Observation(status="unsupported", via=source.via, expression=str(source), reason=str(answer))
    except Exception as error:  # noqa: BLE001 - same
        reason = _brief(f"in the adapter: {type(error).__name__}: {error}")
        return Observation(status="error", via=source.via, expression=str(source), reason=reason)
    seconds = time.perf_counter() - started
    return Observation(
        status="answered",
        via=source.via,
        expression=str(source),
        value=value,
        gradient=gradient,
        no_gradient="" if dialect.gradient else "the library has no autodiff",
        seconds=seconds,
        compiling=min(adapter.compiling() - compiled, seconds),
    )


def hello(adapter: Adapter) -> dict[str, Any]:
    """What a worker says of itself; the report's header holds it."""
    return {
        "name": adapter.name,
        "distribution": adapter.distribution,
        "version": adapter.version(),
        "devices": adapter.devices(),
        "dtypes": list(adapter.dtypes),
        "switches": adapter.switches(),
        "conventions": {loss: list(names) for loss, names in adapter.conventions.items()},
        "dialect": vars(adapter.dialect),
    }


def serve(adapter: Adapter, calls: Iterable[bytes], answers: BinaryIO) -> None:
    """Answer calls until there are no more."""

    def say(*, at_once: bool = True, **message: Any) -> None:
        answers.write(line(message))
        if at_once:
            answers.flush()

    names = adapter.namespace()
    say(hello=hello(adapter))
    for text in calls:
        request = parse(text)
        number = request["id"]

        def asking(source: Source, number: int = number) -> None:
            say(id=number, asking={"via": source.via, "expression": str(source)})

        for observation in observe(adapter, names, decode_call(request["call"]), skip=request["skip"], asking=asking):
            say(id=number, observation=encode_observation(observation), at_once=False)  # it goes with what comes next
        say(id=number, done=True)


def _adapter(arguments: Sequence[str]) -> Adapter:
    """The implementation that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    for option in ("--loss", "--backend", "--reduction"):
        parser.add_argument(option)
    parser.add_argument("--convention", action="append", default=[])
    stated = parser.parse_args(arguments)
    if stated.backend is None:
        return find(stated.name)()
    return adapt(
        find_function(stated.name),
        target=stated.name,
        loss=stated.loss,
        backend=stated.backend,
        reduction=stated.reduction,
        conventions=tuple(rule.name for rule in resolve(tuple(stated.convention), stated.loss)),
        alone=True,
    )


def main(arguments: Sequence[str]) -> None:
    """Keep standard input and output for the protocol: a framework finds no input, and prints to standard error."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    try:
        adapter = _adapter(arguments)
    except CeconformError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        sys.stderr.flush()
        os._exit(1)  # at once: a framework that is imported already takes its time to leave
    serve(adapter, calls, answers)


if __name__ == "__main__":
    main(sys.argv[1:])
