"""Sessions: tests, lint, conformance, "conform(torch)", tfjs, gpu, accuracy, bench, devices, examples."""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = ["lint", "tests"]

REPORTS = Path("reports")
# Implementation -> the extras that it needs; those that take longest come first.
IMPLEMENTATIONS = {
    "keras[jax]": ["keras", "jax"],
    "optax": ["optax"],
    "ceconform[jax]": ["jax"],
    "keras[tensorflow]": ["keras", "tensorflow"],
    "keras[torch]": ["keras", "torch"],
    "keras[numpy]": ["keras"],
    "tensorflow": ["tensorflow"],
    "torch": ["torch"],
    "sklearn": ["sklearn"],
    "ceconform[torch]": ["torch"],
    "ceconform[array_api_strict]": ["array_api_strict"],
    "ceconform[numpy]": [],
    "ceconform[cupy]": ["cupy"],
}
DISCREPANCIES = [0, 1]
"""A discrepancy is a finding, not a failure of the session."""
WITHOUT_GPU = [name for name in IMPLEMENTATIONS if name != "ceconform[cupy]"]


def install(session: nox.Session, implementations: list[str], *groups: str, extras: tuple[str, ...] = ()) -> None:
    """Install the checkout with what these implementations need."""
    needed = (extra for name in implementations for extra in IMPLEMENTATIONS[name])
    extras = tuple(sorted({"conformance", *extras, *needed}))
    arguments = [argument for group in groups for argument in ("--group", group)]
    session.install("--upgrade", "pip", silent=True)
    session.install("-c", "constraints.txt", "-e", f".[{','.join(extras)}]", *arguments)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on every framework, with the examples in the docstrings."""
    install(session, WITHOUT_GPU, "tests", "third-party", extras=("plots", "dask"))
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
@nox.parametrize("implementation", [nox.param(name, id=name) for name in IMPLEMENTATIONS])
def conform(session: nox.Session, implementation: str) -> None:
    """Ask one implementation every case."""
    install(session, [implementation])
    report = str(REPORTS / f"{implementation}.jsonl")
    session.run("ceconform", "run", implementation, "-o", report, *session.posargs, success_codes=DISCREPANCIES)


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
    install(session, list(IMPLEMENTATIONS), "tests")
    session.run("pytest", "-m", "gpu", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Time our losses beside each framework's own; the page goes to reports/."""
    install(session, ["torch", "optax", "sklearn", "ceconform[jax]"])
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
