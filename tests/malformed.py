"""Corpora, baselines, reports and sweeps that are none, read in one process that may have little memory.

`python malformed.py FOLDER BYTES` prints what came of each, a JSON object a line: `said`, the error's own words,
`fault`, what should never be, and `caught`, what no file may do.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from malformed_bombs import BOMBS
from malformed_files import made
from malformed_mutants import mutated
from malformed_sound import SOUND

from ceconform.corpus import Case, load
from ceconform.errors import CorpusError, ReportError
from ceconform.report import Accuracy, Report, merge, regression, render_accuracy_plain, render_plain, resume
from ceconform.verdict import read_baseline


def everything(mutants: int = 60) -> Iterator[tuple[str, str, bytes, bool]]:
    """All: the kind, the name, what the file holds, and whether it cannot but be refused."""
    for name, (kind, make) in BOMBS.items():
        yield kind, name, make(), True
    for kind, name, data in made():
        yield kind, name, data, True
    for kind, name, data in mutated(mutants):
        yield kind, name, data, False


def read(kind: str, path: Path, sound: Report, cases: tuple[Case, ...]) -> None:
    """Read a file as what it should be; what is not refused is used, too."""
    match kind:
        case "corpus":
            load(path.parent)
        case "baseline":
            regression(sound, [read_baseline(path)], cases)
        case "report":
            with contextlib.suppress(ReportError):  # as a whole one it is refused, too
                resume(path, sound.header, cases)
            found = Report.read(path)
            render_plain(merge([found, found]))
            "".join(found.lines()).encode()
        case "sweep":
            swept = Accuracy.merge([Accuracy.read(path)])
            render_accuracy_plain(swept)
            "".join(swept.lines()).encode()


def came_of(kind: str, path: Path, sound: Report, cases: tuple[Case, ...]) -> dict[str, Any]:
    """What came of reading a file."""
    started = time.process_time()
    told: dict[str, Any] = {}
    try:
        read(kind, path, sound, cases)
    except (CorpusError, ReportError) as error:
        told = {"said": str(error), "line": error.line}
    except BaseException as error:  # noqa: BLE001 - any other is what is looked for
        told = {"fault": f"{type(error).__name__}: {traceback.format_exc()[-1500:]}"}
    return {**told, "seconds": time.process_time() - started}


WATCHED = ("open", "os.", "subprocess.", "socket.", "exec", "compile", "import", "ctypes.", "shutil.", "pty.")


def watching(folder: Path, caught: list[str]) -> Callable[[str, tuple[Any, ...]], None]:
    """Hear of whatever runs code, or opens a file that is not in the folder."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(str(folder)):
            return
        if event.startswith(("os.scandir", "os.listdir")) and str(arguments[0]).startswith(str(folder)):
            return
        if event.startswith(WATCHED):
            caught.append(f"{event} {arguments}"[:300])

    return hook


def tell(what: dict[str, Any]) -> None:
    """A line."""
    sys.stdout.write(json.dumps(what) + "\n")


def main(folder: Path, most: int) -> None:
    """Read them all, and print what came of each."""
    names = {"corpus": "x.yaml", "baseline": "b.yaml", "report": "r.jsonl", "sweep": "s.jsonl"}
    for kind, name in names.items():
        (folder / kind).mkdir()
        (folder / kind / name).write_text(SOUND[kind], encoding="utf-8")
    cases = load(folder / "corpus")
    sound = Report.read(folder / "report" / names["report"])
    for kind, name in names.items():  # and so everything is imported
        read(kind, folder / kind / name, sound, cases)
    files = list(everything())
    for kind, _, data, _ in files[-1:] + [each for each in files if each[1] == "empty"]:
        (folder / kind / names[kind]).write_bytes(data)
        came_of(kind, folder / kind / names[kind], sound, cases)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    caught: list[str] = []
    sys.addaudithook(watching(folder, caught))
    for kind, name, data, refused in files:
        path = folder / kind / names[kind]
        path.write_bytes(data)
        caught.clear()
        told = came_of(kind, path, sound, cases)
        tell({"name": f"{kind}: {name[:100]}", "refused": refused, "caught": caught[:3], **told})
    caught.clear()
    eval(compile("open('/dev/null').close()", "", "eval"))  # noqa: S307 - what no file may do
    tell({"name": "the watch", "caught": caught})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
