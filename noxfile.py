"""Sessions: tests, lint, conformance, "conform(torch)", history, tfjs, gpu, accuracy, bench, devices, examples."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = ["lint", "tests"]

REPORTS = Path("reports")
# Implementation -> the extras that it needs; those that take longest come first.
IMPLEMENTATIONS = {
    "keras[jax]": ["keras", "jax"],
    "ceconform[jax]": ["jax"],
    "optax": ["optax"],
    "keras[tensorflow]": ["keras", "tensorflow"],
    "keras[torch]": ["keras", "torch"],
    "keras[numpy]": ["keras", "jax"],  # its backend on NumPy imports JAX
    "tensorflow": ["tensorflow"],
    "tf_keras": ["tf_keras"],
    "torch": ["torch"],
    "sklearn": ["sklearn"],
    "ceconform[torch]": ["torch"],
    "ceconform[array_api_strict]": ["array_api_strict"],
    "ceconform[numpy]": [],
    "ceconform[cupy]": ["cupy"],
}
# Past releases, each with what it is installed with. What stands beside a library is held still as far as its releases
# allow, so that what changes is the library's own.
RELEASES = {
    **{
        f"sklearn-{release}": [f"scikit-learn=={release}.*", "numpy==1.26.*", "scipy==1.15.*"]
        for release in ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9")
    },
    # They name a class that JAX has dropped since. 0.1.0 holds typing-extensions below what any chex of that JAX needs,
    # and does not start; 0.1.1 has the same losses.
    **{
        f"optax-{release}": [f"optax=={release}", "jax==0.4.13", "jaxlib==0.4.13", "numpy==1.26.*", "scipy==1.11.*"]
        for release in ("0.1.0", "0.1.1", "0.1.2", "0.1.3", "0.1.4")
    },
    # Those between have the losses of the one before.
    **{
        f"optax-{release}": [f"optax=={release}", "jax==0.5.3"]
        for release in (
            *("0.1.5", "0.1.7", "0.1.8", "0.1.9"),
            *("0.2.2", "0.2.3", "0.2.4", "0.2.5", "0.2.6", "0.2.7", "0.2.8"),
        )
    },
    # Its backend on NumPy imports JAX, and once PyTorch too.
    "keras[numpy]-3.0": ["keras==3.0.*", "numpy==1.26.*", "jax==0.5.3", "torch==2.13.*"],
    **{f"keras[numpy]-3.{minor}": [f"keras==3.{minor}.*", "numpy==1.26.*", "jax==0.5.3"] for minor in range(1, 16)},
    # With gradients, which there are none of on NumPy.
    **{f"keras[torch]-3.{minor}": [f"keras==3.{minor}.*", "numpy==1.26.*", "torch==2.13.*"] for minor in range(16)},
    # Each requires its own TensorFlow.
    **{
        f"tf_keras-2.{minor}": [f"tf-keras==2.{minor}.*", f"tensorflow==2.{minor}.*", "numpy==1.26.*"]
        for minor in range(14, 22)
    },
}
NARROWED = {"optax": ["--dtype", "float32"]}
"""How the past releases of those are asked that compile every question."""
DISCREPANCIES = [0, 1]
"""A discrepancy is a finding, not a failure of the session."""
ALONE = "tf_keras"
"""It requires `tensorflow`, which writes over the files of `tensorflow-cpu`: an environment and a run of its own."""
TOGETHER = [name for name in IMPLEMENTATIONS if name != ALONE]
WITHOUT_GPU = [name for name in TOGETHER if name != "ceconform[cupy]"]


def install(session: nox.Session, implementations: list[str], *groups: str, extras: tuple[str, ...] = ()) -> None:
    """Install the checkout with what these implementations need."""
    needed = (extra for name in implementations for extra in IMPLEMENTATIONS[name])
    extras = tuple(sorted({"conformance", *extras, *needed}))
    arguments = [argument for group in groups for argument in ("--group", group)]
    session.install("--upgrade", "pip", silent=True)
    # Little of what is installed is imported. Python compiles that much, and must be let keep it, whatever the user has
    # set: each process would compile a framework again. To compile everything would take pip a minute.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    session.install("--no-compile", "-c", "constraints.txt", "-e", f".[{','.join(extras)}]", *arguments)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on every framework, with the examples in the docstrings."""
    install(session, WITHOUT_GPU, "tests", "third-party", extras=("plots", "dask"))
    session.install("--no-deps", "-c", "constraints.txt", "tf-keras")  # on the TensorFlow that is there
    session.run("pytest", "-n", str(min(os.cpu_count() or 1, 8)), "--dist", "loadgroup", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, the direction of imports, and the corpus."""
    install(session, ["ceconform[numpy]"], "lint", extras=("fuzz",))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")
    session.run("ceconform", "lint")


@nox.session
def conformance(session: nox.Session) -> None:
    """Ask every implementation every case; the report goes to the terminal and to reports/."""
    install(session, WITHOUT_GPU)
    report = str(REPORTS / "conformance.jsonl")
    ask = ["ceconform", "run", *WITHOUT_GPU, "-j", str(os.cpu_count() or 1), "-o", report, *session.posargs]
    session.run(*ask, success_codes=DISCREPANCIES)
    tell(session, report)


def tell(session: nox.Session, report: str) -> None:
    """Write the pages of a report; what `nox -s tfjs` has left joins it."""
    reports = [report, *map(str, REPORTS.glob("tfjs.jsonl"))]
    session.run("ceconform", "report", *reports, "--format", "discrepancies", "-o", str(REPORTS / "DISCREPANCIES.md"))
    session.run("ceconform", "report", *reports, "--format", "svg", "-o", str(REPORTS / "conformance.svg"))
    session.run("ceconform", "report", *reports, "--format", "table", "--into", "README.md")


@nox.session
def accuracy(session: nox.Session) -> None:
    """Measure every implementation against the oracle; the page and its plot go to reports/."""
    install(session, WITHOUT_GPU, extras=("plots",))
    found = str(REPORTS / "accuracy.jsonl")
    session.run("ceconform", "sweep", *WITHOUT_GPU, "ceconform[jax-compiled]", "-o", found, *session.posargs)
    # PyTorch takes ten seconds to compile a loss and its gradient.
    compiled = ("ceconform[torch-compiled]", "--dtype", "float32", "--limit", "600")
    session.run("ceconform", "sweep", *compiled, "--from", found, "-o", found, *session.posargs)
    for form, page in (("markdown", "ACCURACY.md"), ("svg", "accuracy.svg")):
        session.run("ceconform", "sweep", "--from", found, "--format", form, "-o", str(REPORTS / page))


@nox.session
@nox.parametrize("implementation", [nox.param(name, id=name) for name in (*IMPLEMENTATIONS, *RELEASES)])
def conform(session: nox.Session, implementation: str) -> None:
    """Ask one implementation every case, or one of its past releases."""
    if implementation in RELEASES:
        install(session, [])
        ask_release(session, implementation, *session.posargs)
        return
    install(session, [implementation])
    report = str(REPORTS / f"{implementation}.jsonl")
    session.run("ceconform", "run", implementation, "-o", report, *session.posargs, success_codes=DISCREPANCIES)


@nox.session
def history(session: nox.Session) -> None:
    """Ask past releases every case, or those that are named; the page of all that have answered goes to reports/."""
    install(session, [])
    options = [word for word in session.posargs if word.startswith("-")]
    named = [word for word in session.posargs if word not in options]
    for release in named or RELEASES:
        ask_release(session, release, *options)
    reports = [str(report) for release in RELEASES if (report := REPORTS / f"{release}.jsonl").exists()]
    page = ("--format", "history", "-o", str(REPORTS / "HISTORY.md"))
    session.run("ceconform", "diff", *reports, *page, success_codes=DISCREPANCIES)


def ask_release(session: nox.Session, release: str, *options: str) -> None:
    """Ask a past release every case; one that cannot be installed, or does not start, is a finding too."""
    implementation = release.rpartition("-")[0]
    worker = f"{implementation}={shlex.join(worker_of(session, release))}"
    report = str(REPORTS / f"{release}.jsonl")
    ask = ["ceconform", "run", "--command", worker, "-o", report, *NARROWED.get(implementation, []), *options]
    session.run(*ask, success_codes=[*DISCREPANCIES, 3])


def worker_of(session: nox.Session, release: str) -> list[str]:
    """Return the command that starts a past release, in an environment of its own, where the harness need not fit."""
    folder = Path(session.cache_dir, "releases", release).absolute()
    python = str(folder / "bin" / "python")
    session.run("python", "-m", "venv", "--without-pip", str(folder))
    install = ["pip", "--python", python, "install", "--quiet", "-e", ".[worker]", *RELEASES[release]]
    told = session.run("python", "-m", *install, silent=True, success_codes=[0, 1])
    errors = [line for line in str(told).splitlines() if line.startswith("ERROR: ")]
    if errors:
        return ["sh", "-c", 'echo "$0" >&2; exit 1', errors[0]]
    return [python, "-m", "ceconform.harness.worker", release.rpartition("-")[0]]


@nox.session
def tfjs(session: nox.Session) -> None:
    """Ask TensorFlow.js every case, after the tests of its worker; Node and npm must be there."""
    install(session, ["ceconform[numpy]"], "tests")
    folder = Path("ceconform", "adapters", "tfjs")
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund")
    session.run("npm", "ci", "--prefix", str(folder), *quiet, external=True)
    session.run("pytest", "-n", "0", "tests/test_adapters_tfjs.py")
    report = str(REPORTS / "tfjs.jsonl")
    command = f"tfjs=node {folder / 'worker.mjs'}"
    session.run("ceconform", "run", "--command", command, "-o", report, *session.posargs, success_codes=DISCREPANCIES)


@nox.session
def gpu(session: nox.Session) -> None:
    """Run the tests that need a CUDA device."""
    install(session, TOGETHER, "tests")
    session.run("pytest", "-m", "gpu", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Time our losses beside each framework's own; the page goes to reports/."""
    install(session, WITHOUT_GPU)
    # The page shows how long compiling takes, so nothing may come compiled from an earlier run.
    fresh = {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}
    session.run("python", "-m", "benchmarks", "-o", str(REPORTS / "BENCHMARKS.md"), *session.posargs, env=fresh)


@nox.session
def devices(session: nox.Session) -> None:
    """Measure the losses of more logits than memory; the page goes to reports/."""
    install(session, ["ceconform[numpy]"], extras=("dask",))
    session.run("python", "-m", "benchmarks.out_of_core", "--write", str(REPORTS / "DEVICES.md"), *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Make the examples' plots and pages again, beside their programs."""
    install(session, ["ceconform[torch]"], "third-party", extras=("plots",))
    session.run("python", "examples/third_party.py", "--write")
    session.run("python", "examples/softmax_collapse.py", *session.posargs)
