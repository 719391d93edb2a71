"""What commands are forked from: a process that has imported the package and read our corpus, once for all of them."""

from __future__ import annotations

import gc

import ceconform.authoring.lint
import ceconform.authoring.sweep
import ceconform.cli  # noqa: F401 - imported for the processes to come
from ceconform.corpus import loading

ROOT = loading.default_root().resolve()
_read = loading._cases
_READ = {path: tuple(_read(path, ROOT)) for path in loading.case_files(ROOT)}


def _cases(path, home, **how):
    """The cases of a file as they were read, if it is one of ours and nothing is asked of how; else as ever."""
    return iter(_READ[path]) if home == ROOT and not how else _read(path, home, **how)


loading._cases = _cases
gc.freeze()
