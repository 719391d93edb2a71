"""The wheel holds the corpus and its schemas, and works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.xdist_group("packaging")
"""A wheel for many tests."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The wheel of this checkout, unpacked as an installer does it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wheel = folder / built.stdout.strip().splitlines()[-1]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def outside(unpacked: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the unpacked wheel, in a folder that is no checkout."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=unpacked.parent, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_the_whole_corpus(unpacked):
    """Every case file, the schemas, the conventions, the mark of typing, the licence."""
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cases").rglob("*") if path.suffix != ".rej"}
    inside = {path.relative_to(unpacked / "ceconform").as_posix() for path in unpacked.rglob("ceconform/**/*")}
    assert files <= inside
    assert {"reports/schema.json", "py.typed"} <= inside
    assert list(unpacked.glob("*.dist-info/licenses/LICENSE"))


def test_the_wheel_holds_the_worker_of_another_language(unpacked):
    """With the page that says how to write one, and nothing of what the worker installs."""
    inside = {path.relative_to(unpacked / "ceconform").as_posix() for path in unpacked.rglob("ceconform/**/*")}
    assert {"harness/PROTOCOL.md", "adapters/tfjs/worker.mjs", "adapters/tfjs/package-lock.json"} <= inside
    assert not [path for path in inside if "node_modules" in path]


def test_the_wheel_works_outside_the_checkout(unpacked):
    """The same cases as in the checkout are listed."""
    done = outside(unpacked, "-m", "ceconform", "list", "cases")
    assert done.returncode == 0, done.stderr
    here = subprocess.run(
        [sys.executable, "-m", "ceconform", "list", "cases"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert here.stdout == done.stdout
    assert "binary/clipping/certain-and-wrong" in done.stdout


def test_a_run_works_outside_the_checkout(unpacked):
    """Worker, oracle, schema of the report: all of it comes from the wheel."""
    asked = ("run", "ceconform[numpy]", "-k", "binary/clipping/certain-and-wrong", "-o", "one.jsonl")
    done = outside(unpacked, "-m", "ceconform", *asked)
    assert done.returncode == 0, done.stderr
    assert str(unpacked) in outside(unpacked, "-c", "import ceconform; print(ceconform.__file__)").stdout
    shown = outside(unpacked, "-m", "ceconform", "report", "one.jsonl", "--format", "markdown")
    assert "ceconform[numpy]" in shown.stdout


def test_a_worker_needs_no_more_than_its_extra():
    """Beside an old release there need not be room for what the harness is made of."""
    harness = {"flint", "gmpy2", "hypothesis", "jsonschema", "matplotlib", "ml_dtypes", "mpmath", "packaging"}
    harness |= {"rich", "typer"}
    hidden = f"import sys; sys.modules |= dict.fromkeys({sorted(harness)}); import ceconform.harness.worker"
    subprocess.run([sys.executable, "-c", hidden], cwd=ROOT, check=True)
