"""Progress: how far a run is, with counts and the time that is left."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ceconform.harness import Asked, Event, Finished, Missing, Started
from ceconform.report.result import Result
from ceconform.report.text import COLOURS
from ceconform.verdict import VERDICTS

__all__ = ["Watch"]


class Watch:
    """A bar for each implementation on a terminal, a line at each start and end elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[counts]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._counts: dict[str, Counter[str]] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def see(self, event: Event, results: tuple[Result, ...]) -> None:
        """Move the bar of the event's implementation."""
        name = event.implementation
        match event:
            case Started():
                self._counts[name] = Counter()
                self._tasks[name] = self._bars.add_task(name, total=event.calls, counts="")
                self._say(f"{name} {event.hello['version']}: {event.calls} calls")
            case Missing():
                self._console.print(f"{name} did not start: {event.reason}", style="red", markup=False)
            case Asked():
                self._counts[name].update(result.verdict for result in results)
                if self._console.is_terminal:  # nobody sees it elsewhere
                    self._bars.update(self._tasks[name], advance=1, counts=self._shown(name, coloured=True))
            case Finished():
                self._say(f"{name}: {self._shown(name, coloured=False)}")

    def _shown(self, name: str, *, coloured: bool) -> str:
        counted = [(verdict, self._counts[name][verdict]) for verdict in VERDICTS if self._counts[name][verdict]]
        return "  ".join(
            f"[{COLOURS[verdict]}]{count} {verdict}[/]" if coloured else f"{count} {verdict}"
            for verdict, count in counted
        )

    def _say(self, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(text, markup=False, highlight=False)
