"""Export: a folder that stands alone, and a reader of it with nothing but the standard library."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from whole_corpus import CASES

from ceconform.authoring.export import PAGES, export
from ceconform.authoring.published import conventions_data
from ceconform.corpus import select
from ceconform.corpus.loading import default_root
from ceconform.errors import ArgumentError

ROOT = Path(__file__).parents[1]
READER = ROOT / "examples" / "check_vectors.py"
LOSS = "binary_cross_entropy_with_logits"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """All questions about one loss."""
    path = tmp_path_factory.mktemp("vectors")
    export(path, select(CASES, losses=[LOSS, "entropy"]), corpus="x")
    return path


def alone(reader: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a reader in a Python that finds no installed package, no environment and no neighbour."""
    command = [sys.executable, "-S", "-I", str(reader), str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={})


def test_the_reader_imports_nothing_but_the_standard_library():
    """Nor could it: it runs where there is nothing else."""
    tree = ast.parse(READER.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    nothing = subprocess.run(
        [sys.executable, "-S", "-I", "-c", "import numpy"], capture_output=True, check=False, env={}
    )
    assert nothing.returncode != 0


def test_the_loss_under_test_is_of_thirty_lines():
    """Without its signature and its docstring: what a user would write."""
    tree = ast.parse(READER.read_text(encoding="utf-8"))
    (loss,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == LOSS)
    assert loss.end_lineno - loss.body[1].lineno < 32


def test_a_careful_loss_is_right(folder):
    """In float64, and in float32 as binary64 rounded once; what it cannot say is counted."""
    done = alone(READER, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = done.stdout.splitlines()
    for line, dtype in ((first, "float64"), (second, "float32")):
        counts = dict(reversed(part.split()) for part in line.removeprefix(f"{dtype}: ").split(", "))
        cases = json.loads((folder / LOSS / f"{dtype}.json").read_text())["cases"]
        beyond = sum(bool(case["activation"]) or case["gradient_by"] != "predictions" for case in cases)
        assert {"right": len(cases) - beyond, "unsupported": beyond} == {word: int(n) for word, n in counts.items()}
        assert len(cases) - beyond > 100


WRONG = {
    "no smoothing": ("t = (1 - smoothing) * label + smoothing / 2", "t = label"),
    "smoothing over one class": ("smoothing / 2", "smoothing"),
    "swapped sides": ("form(-z, s), form(z, s)", "form(z, s), form(-z, s)"),
    "no weight of the positive": ("yes, no = w * t", "yes, no = t"),
    "weight of both": ("yes, no = w * t, 1 - t", "yes, no = w * t, w * (1 - t)"),
    "no sample weight": ("form(-z, s), form(z, s)", "form(-z, 1.0), form(z, 1.0)"),
    "gradient without its weight": ("weight * ((1.0 if", "((1.0 if"),
    "mean over the weights": ('"mean": float(len(losses))', '"mean": math.fsum(weights["sample_weight"])'),
    "weighted mean over the count": (': math.fsum(weights["sample_weight"])}', ": float(len(losses))}"),
    "base left out": ("1.0 / math.log(base) if valid", "1.0 if valid"),
    "invalid labels taken": ("valid and 0 <= label <= 1 and", "valid and"),
    "negative weights taken": ("0 < s < math.inf", "s < math.inf"),
    "infinite labels of zero": ("if no else 0.0)\n            gradient", ")\n            gradient"),
    "no log1p": ("math.log1p(small)", "math.log(1 + small)"),
    "an epsilon": ("math.log1p(small)", "math.log1p(small + 1e-7)"),
    "gradient of the mean as of the sum": ("x / n if x else 0.0 for x in gradients", "x for x in gradients"),
    "gradient of the wrong sign": ("(no * below if no else 0.0) - (yes", "(no * below if no else 0.0) + (yes"),
    "weighed after the exponential": ("z < -SMALLEST", "False"),
    "an exponential that stops at -700": ("weight * half * half", "weight * math.exp(-700)"),
    "labels that broadcast": ('if case["labels"]["shape"] != shape:', "if False:"),
}


@pytest.mark.parametrize(("right", "wrong"), WRONG.values(), ids=WRONG)
def test_a_wrong_loss_is_caught(folder, tmp_path, right, wrong):
    """Each is the careful one with a single mistake."""
    text = READER.read_text(encoding="utf-8")
    assert text.count(right) == 1
    mutant = tmp_path / "mutant.py"
    mutant.write_text(text.replace(right, wrong), encoding="utf-8")
    done = alone(mutant, folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_textbook_form_is_caught(folder):
    """As the page shows it."""
    done = alone(READER, folder, "--loss", "textbook")
    assert done.returncode == 1
    assert "binary/extreme/" in done.stdout


def test_the_folder_has_what_its_index_says_and_what_is_needed_to_read_it(folder):
    """Definitions, conventions, schema; each file satisfies the schema that lies beside it."""
    index = json.loads((folder / "index.json").read_text())
    assert {"format": 1, "corpus": "x"}.items() <= index.items()
    assert {"entropy", LOSS} == {file["loss"] for file in index["files"]}
    validator = jsonschema.Draft202012Validator(json.loads((folder / "vectors.schema.json").read_text()))
    for file in index["files"]:
        path = folder / file["path"]
        data = json.loads(path.read_text(encoding="utf-8"))
        validator.validate(data)
        assert (file["loss"], file["dtype"]) == (data["loss"], data["dtype"])
        assert (file["cases"], file["size"]) == (len(data["cases"]), path.stat().st_size)
        assert (path.parent / data["$schema"]).is_file()
    for page in PAGES:
        assert (default_root() / page).read_bytes() == (folder / page).read_bytes()
    assert json.loads(json.dumps(conventions_data())) == json.loads((folder / "conventions.json").read_text())


def test_an_earlier_export_is_replaced_and_nothing_else_is_touched(tmp_path):
    """What is no longer asked goes; a file of somebody else's stays."""
    export(tmp_path, select(CASES, losses=["entropy"]), corpus="x")
    (tmp_path / "entropy" / "mine.txt").write_text("mine")
    written = export(tmp_path, select(CASES, losses=["nll_loss"]), corpus="x", dtypes=["float3*"])
    assert ["nll_loss/float32.json"] == [file.path for file in written]
    assert [tmp_path / "entropy" / "mine.txt"] == list((tmp_path / "entropy").iterdir())


@pytest.mark.parametrize("index", [None, "7", "{}", '{"files": [7]}'])
def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, index):
    """Also one whose index is no index."""
    (tmp_path / "thesis.json").write_text("years of work")
    if index is not None:
        (tmp_path / "index.json").write_text(index)
    with pytest.raises(ArgumentError, match="new, empty or an earlier export"):
        export(tmp_path, CASES[:1], corpus="x")
    assert (tmp_path / "thesis.json").read_text() == "years of work"


def test_an_index_cannot_lead_out_of_the_folder(tmp_path):
    """Its paths are ours or they are nothing."""
    outside = tmp_path / "entropy" / "float32.json"
    outside.parent.mkdir()
    outside.write_text("theirs")
    inside = tmp_path / "export"
    inside.mkdir()
    paths = ["../entropy/float32.json", str(outside)]
    (inside / "index.json").write_text(json.dumps({"files": [{"path": path} for path in paths]}))
    export(inside, CASES[:1], corpus="x")
    assert outside.read_text() == "theirs"
