"""Options that several verbs share, what they are read with, and the exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ceconform.errors import ArgumentError

__all__ = [
    "DISCREPANCY",
    "INTERRUPTED",
    "NOT_STARTED",
    "NOT_VALID",
    "USAGE",
    "Backend",
    "Baselines",
    "Commands",
    "Corpus",
    "Devices",
    "Documented",
    "Dtypes",
    "Globs",
    "Implementations",
    "Jobs",
    "Limit",
    "Losses",
    "Memory",
    "Output",
    "Returned",
    "Shard",
    "Tags",
    "share",
    "together",
]

DISCREPANCY, USAGE, NOT_STARTED, NOT_VALID = 1, 2, 3, 4
INTERRUPTED = 130
"""As a shell says it of a program that Ctrl-C has ended."""

Globs = Annotated[list[str] | None, typer.Option("--case", "-k", help="Only cases whose id matches this glob.")]
Implementations = Annotated[list[str] | None, typer.Argument(help="Names, globs, package.module:Adapter or :function.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only cases with this tag.")]
Losses = Annotated[list[str] | None, typer.Option("--loss", help="Only cases of this loss.")]
Corpus = Annotated[Path | None, typer.Option("--corpus", help="A folder of cases, in place of ours.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]
Dtypes = Annotated[list[str] | None, typer.Option("--dtype", help="Only in this dtype; may be repeated.")]
Devices = Annotated[list[str] | None, typer.Option("--device", help="cpu (the default) or cuda.")]
Jobs = Annotated[int, typer.Option("-j", min=1, help="How many implementations run side by side.")]
Baselines = Annotated[
    list[Path] | None, typer.Option("--baseline", help="What is known: a file, or a folder; may be repeated.")
]
Commands = Annotated[
    list[str] | None,
    typer.Option("--command", help="NAME=COMMAND: an implementation that is a command, in any language."),
]
Shard = Annotated[
    str | None,
    typer.Option("--shard", metavar="K/N", help="Only the K-th of N shares of the cases, for machines side by side."),
]
Limit = Annotated[float, typer.Option(min=0.1, help="Seconds that one evaluation may take.")]
Memory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="What each process of an implementation may have, such as 4GiB."),
]
Backend = Annotated[
    str | None,
    typer.Option(help="package.module:function is a plain function of this library's arrays: torch, jax, numpy, …"),
]
Returned = Annotated[
    str | None,
    typer.Option("--reduction", help="What a plain function without this parameter returns: none, if nothing is said."),
]
Documented = Annotated[
    list[str] | None,
    typer.Option("--convention", help="A convention that a plain function documents; or a library, for all of its."),
]


def share(text: str | None) -> tuple[int, int]:
    """Read a shard: `2/5`; the whole is 1/1."""
    if text is None:
        return 1, 1
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if match is None:
        raise typer.BadParameter(f"expected a shard such as 2/5, got {text!r}")
    return int(match[1]), int(match[2])


def together(names: list[str], started: Iterable[str]) -> list[str]:
    """Names of adapters and of commands: one of them, and none twice."""
    together = [*names, *started]
    if not together:
        raise ArgumentError("expected an implementation, or one more by --command NAME=COMMAND, got none")
    for name in names:
        if name in together[len(names) :]:
            raise ArgumentError(f"expected the command to have a name of its own, got {name!r}, which is asked too")
    return together
