"""Implementations with faults in native code and elsewhere: hinge losses that go wrong at a logit of -1."""

from __future__ import annotations

from collections.abc import Iterator

from planted import Sound

from ceconform.adapters import Dialect, Question, Source

_IMPORTS = """\
import ctypes
import os
import signal
import subprocess
import sys
import time

import numpy as np

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p


def orphan():
    if os.fork() == 0:
        time.sleep(3600)
    os.kill(os.getpid(), signal.SIGSEGV)


def flood():
    while True:
        os.write(2, b"flood " * 10_000)


def exhaust():
    if libc.malloc(ctypes.c_size_t(1 << 32)) is None:
        libc.abort()


def speak():
    print("python")
    libc.puts(b"native")
    libc.fflush(None)
    subprocess.run(["echo", "child"], check=True)
    assert sys.stdin.read() == subprocess.run(["cat"], capture_output=True, text=True, check=True).stdout == ""
"""


class Fault(Sound):
    """As `Sound`, except that a logit of -1 does first what the class says."""

    dialect = Dialect(imports=_IMPORTS, array="np.array({values}, dtype=np.{dtype})")
    fault = ""

    def hinge_loss(self, q: Question) -> Iterator[Source]:
        """The fault, and after it a second route that is sound."""
        if -1 in q.call.predictions:
            yield Source(f"{self.fault} or np.zeros(3)").by("fault")
        yield from super().hinge_loss(q)


def fault(name: str, source: str) -> type[Fault]:
    """Make an implementation of a fault."""
    return type(name, (Fault,), {"name": name, "fault": source, "__doc__": source})


Killed = fault("Killed", "os.kill(os.getpid(), signal.SIGTERM)")
Nameless = fault("Nameless", "os.kill(os.getpid(), 35)")
Segfault = fault("Segfault", "ctypes.string_at(0)")
Abort = fault("Abort", "print('the last word', file=sys.stderr, flush=True) or libc.abort()")
Orphan = fault("Orphan", "orphan()")
Exhausts = fault("Exhausts", "np.ones(1 << 29).any()")
ExhaustsNatively = fault("ExhaustsNatively", "exhaust()")
HoldsTheLock = fault("HoldsTheLock", "ctypes.PyDLL(None).sleep(3600)")
Floods = fault("Floods", "flood()")
Prints = fault("Prints", "speak()")
Sounds = fault("Sounds", "None")


def importing(name: str, text: str) -> type[Fault]:
    """Make an implementation whose library does something when it is imported."""
    return type(name, (Fault,), {"name": name, "dialect": Dialect(imports=text, array=""), "__doc__": text})


Missing = importing("Missing", "import no_such_library")
Raises = importing("Raises", "raise OSError('libfoo.so.1: cannot open shared object file')")
Leaves = importing("Leaves", "raise SystemExit('this build needs AVX-512')")
DiesAtOnce = importing("DiesAtOnce", "import ctypes\nctypes.string_at(0)")
FloodsAtOnce = importing("FloodsAtOnce", "import os\nwhile os.write(2, b'flood ' * 10_000):\n    pass")
