"""Files: written whole or not at all, and by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO

__all__ = ["TakenError", "alone", "cache", "lock", "replacing", "write"]

_OPEN = ("/dev/fd/", "/dev/std", "/proc/")
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


class TakenError(OSError):
    """Another process writes the file."""


def cache() -> Path:
    """The folder of what is kept to save time in the next run, `$XDG_CACHE_HOME/ceconform` or `~/.cache/ceconform`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ceconform")


def write(path: Path | str, text: str) -> None:
    """Replace what a file says in one step: whoever reads it, or ends this process, finds the old or the new.

    Raises
    ------
    OSError
        If it cannot be written; it is then as it was.
    """
    with replacing(path) as file:
        file.write(text)


@contextmanager
def replacing(path: Path | str) -> Iterator[TextIO]:
    """Hand out a file that takes the place of another when all is written, and is on the disk; or never.

    A link stays one, and what it leads to is replaced. What is no file is written to, and so is `/dev/stdout`,
    whatever it leads to: others may have it open.
    """
    path = Path(path)
    if (path.exists() and not path.is_file()) or str(path.absolute()).startswith(_OPEN):
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        return
    path = Path(os.path.realpath(path))
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            if path.exists():
                beside.chmod(path.stat().st_mode & 0o777)
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in {None, str(beside)}:
            error.filename = str(path)
        raise


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only process that writes a file while this lasts; it is begun, empty, if it is not there.

    The lock is on the file, so it ends with the process. Whoever replaces the file meanwhile locks the new one before.

    Raises
    ------
    TakenError
        If another process is.
    OSError
        If it cannot be written.
    """
    if path.exists() and not path.is_file():  # a pipe: whatever comes through is mixed by its reader
        yield
        return
    while True:
        with path.open("ab") as file:
            lock(file)
            if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):  # not replaced since
                yield
                return


def lock(file: IO[Any]) -> None:
    """Lock a file until it is closed, where its file system has locks.

    Raises
    ------
    TakenError
        If another process has it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        problem = "another process writes it: wait for its end, or give another file"
        raise TakenError(errno.EWOULDBLOCK, problem, file.name) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
