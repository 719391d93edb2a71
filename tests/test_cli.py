"""The commands, as a user types them: what they print, and how they exit."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from commands import Command

from ceconform import __version__
from ceconform.report import Accuracy, Report

HERE = Path(__file__).parent
CASE = "binary/clipping/certain-and-wrong"


@pytest.fixture
def ceconform(tmp_path):
    """Run a command in an empty folder, with the planted implementations at hand."""

    def run(*arguments: str, stdin: str = "", code: int = 0) -> str:
        command = Command(tmp_path, *arguments, stdin=stdin)
        said, complained = command.communicate()
        assert code == command.returncode, f"{said[-1500:]}\n{complained[-1500:]}"
        assert "Traceback" not in complained
        return said if code == 0 else said + complained

    return run


def test_list_names_implementations_cases_and_losses(ceconform):
    """In a pipe, tab-separated lines."""
    implementations = dict(line.split("\t") for line in ceconform("list").splitlines())
    assert {"torch", "keras[jax]", "optax", "sklearn", "tensorflow", "ceconform[numpy]"} <= implementations.keys()
    assert f"{CASE}\tbinary_cross_entropy\t" in ceconform("list", "cases", "-k", "binary/clipping")
    assert "nll_loss\tlog_probabilities\tindex\t" in ceconform("list", "losses")


def test_run_writes_a_report_that_report_shows(ceconform, tmp_path):
    """As text, table, Markdown, picture and lines."""
    shown = ceconform("run", "ceconform[numpy]", "-k", CASE, "--dtype", "float32", "-o", "new/mine.jsonl")
    assert "ceconform[numpy]" in shown
    lines = [json.loads(line) for line in (tmp_path / "new" / "mine.jsonl").read_text().splitlines()]
    assert "header" in lines[0]
    assert {"results": 1, "complete": True} == {k: lines[-1]["footer"][k] for k in ("results", "complete")}
    assert [("pass", ["inf", "0.6931472"])] == [(x["verdict"], x["value"]["digits"]) for x in lines if "case" in x]
    for form, part in (("text", "worst pass"), ("table", "| pass |"), ("markdown", "| pass |"), ("svg", "<svg")):
        assert part in ceconform("report", "new/mine.jsonl", "--format", form)
    assert ceconform("report", "new/mine.jsonl", "--format", "json").count("\n") == 3
    assert "0 causes" in ceconform("report", "new/mine.jsonl", "--format", "discrepancies")


def test_the_version_is_told(ceconform):
    """That of the package, without a verb and without a framework."""
    assert f"ceconform {__version__}\n" == ceconform("--version")


SPEAKS = 'import json; print(json.dumps({"hello": {"name": "x", "version": "1", "dtypes": ["float32"]}}), flush=True); '


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("no-such-program", "No such file or directory: 'no-such-program'"),
        ("{python} -c 'print(\"Welcome!\")'", "expected a JSON object a line, got 'Welcome!'"),
        ("{python} -c 'print(\"7\")'", "expected a JSON object a line, got '7'"),
        ("{python} -c 'import sys; sys.exit(\"no licence\")'", "ended before it said hello: exit status 1: no licence"),
        ("""{python} -c 'print("{{}}")'""", "expected `hello` as an object"),
    ],
)
def test_a_command_that_does_not_start_is_told_with_its_reason(ceconform, words, reason):
    """Unknown, garbage, dead at once, no hello: exit code 3, and what came."""
    command = f"mine={words.format(python=sys.executable)}"
    told = ceconform("run", "--command", command, "-k", CASE, "-o", "a.jsonl", code=3)
    assert reason in " ".join(told.split())
    assert "mine" in told


@pytest.mark.parametrize(
    ("does", "verdict", "reason"),
    [
        ("input(); print('what?')", "error", "the worker broke the line protocol: expected a JSON object a line"),
        ("input(); print('{}')", "error", "expected the id 0, got '{}'"),
        ('input(); print(\'{"id": 0, "done": true}\')', "error", "expected an observation before `done`"),
        ("input(); raise SystemExit('out of memory')", "fail", "exit status 1: out of memory"),
    ],
)
def test_what_a_command_does_wrong_is_in_the_report(ceconform, tmp_path, does, verdict, reason):
    """Garbage is the worker's fault, a crash is an answer; neither ends the run."""
    (tmp_path / "worker.py").write_text(SPEAKS + does)
    command = f"mine={sys.executable} worker.py"
    ceconform("run", "--command", command, "-k", CASE, "-o", "a.jsonl", code=1)
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    (result,) = [line for line in lines if "case" in line]
    assert (result["implementation"], result["verdict"]) == ("mine", verdict)
    assert reason in result["reason"]


def test_a_command_needs_a_name_of_its_own(ceconform):
    """Wrong usage is said at once."""
    assert "expected a command as NAME=COMMAND" in ceconform("run", "--command", "node worker.mjs", code=2)
    twice = ("run", "--command", "mine=a", "--command", "mine=b")
    assert "'mine' twice" in ceconform(*twice, code=2)
    assert "name of its own" in ceconform("run", "ceconform[numpy]", "--command", "ceconform[numpy]=a", code=2)
    assert "expected an implementation" in ceconform("run", code=2)


def test_run_streams_lines_into_a_pipe_and_report_reads_them(ceconform):
    """`ceconform run … | ceconform report -`."""
    stream = ceconform("run", "ceconform[numpy]", "-k", CASE, "--dtype", "float32")
    assert "ceconform[numpy]" in ceconform("report", "-", stdin=stream)


def test_report_merges_files(ceconform):
    """Two runs of one corpus are one report."""
    ceconform("run", "ceconform[numpy]", "-k", CASE, "--dtype", "float32", "-o", "a.jsonl")
    ceconform("run", "ceconform[numpy]", "-k", CASE, "--dtype", "float64", "-o", "b.jsonl")
    ceconform("report", "a.jsonl", "b.jsonl", "--format", "json", "-o", "both.jsonl")
    assert "float32, float64" in ceconform("report", "both.jsonl")


def test_shards_are_the_whole_in_any_order(ceconform, tmp_path):
    """What is answered does not depend on how the cases are dealt out, or on how many run side by side."""
    chosen = ("run", "planted:Sound", "planted:Clips", "--loss", "hinge_loss", "--dtype", "float64")
    ceconform(*chosen, "-o", "whole.jsonl", code=1)
    for part, code in (("2/2", 0), ("1/2", 1)):
        ceconform(*chosen, "-j", "2", "--shard", part, "-o", f"{part[0]}.jsonl", code=code)
    ceconform("report", "2.jsonl", "1.jsonl", "--format", "json", "-o", "merged.jsonl")
    whole, merged = Report.read(tmp_path / "whole.jsonl"), Report.read(tmp_path / "merged.jsonl")

    def said(found: Report) -> set:
        return {dataclasses.replace(result, seconds=0.0) for result in found.results}

    assert said(whole) == said(merged)
    assert len(whole.results) == len(merged.results)
    assert whole.header.cases == merged.header.cases
    assert "expected a shard such as 2/5" in ceconform(*chosen, "--shard", "half", code=2)
    assert "counted from 1, got 3/2" in ceconform(*chosen, "--shard", "3/2", code=2)


def test_a_baseline_makes_only_changes_fail(ceconform, tmp_path):
    """New, accepted, reviewed, known, fixed, stale: as a maintainer meets them."""
    chosen = (
        "planted:Wrong",
        "--loss",
        "hinge_loss",
        "--dtype",
        "float64",
        "-o",
        "a.jsonl",
        "--baseline",
        "known.yaml",
    )
    known = tmp_path / "known.yaml"
    known.write_text("implementations: [wrong]\ndiscrepancies: []\n")
    told = ceconform("run", *chosen, code=1)
    assert "0 known, " in told
    assert "ceconform accept a.jsonl 'wrong' -o known.yaml" in told
    assert "are as bad as wrong-value, or worse: --force" in ceconform("accept", "a.jsonl", "-o", "known.yaml", code=1)
    ceconform("accept", "a.jsonl", "-o", "known.yaml", "--force")
    assert ".reason: expected why it is so" in ceconform("lint", "known.yaml", code=4)
    known.write_text(known.read_text().replace("reason: ''", "reason: It answers 7."))
    assert "Nothing is wrong." in ceconform("lint", "known.yaml")
    assert " 0 new, 0 fixed, 0 stale" in ceconform("run", *chosen)
    ceconform("accept", "a.jsonl", "-o", "known.yaml")
    gone = "  - {kind: crash, reason: Once., cases: [margin/hinge/gone]}\n"
    known.write_text(known.read_text() + gone)
    told = ceconform("run", *chosen, code=1)
    assert "no case matches margin/hinge/gone: remove or renew it" in told
    known.write_text("discrepancies: {}\n")
    assert "known.yaml:1: " in ceconform("run", *chosen, code=4)


def test_diff_says_what_has_changed(ceconform, tmp_path):
    """As text, Markdown and JSON; exit code 1 if anything has, 0 if not; a merge says what conflicts."""
    chosen = ("--loss", "hinge_loss", "--dtype", "float64", "-k", "margin/hinge")
    ceconform("run", "planted:Wrong", *chosen, "-o", "a.jsonl", code=1)
    text = (tmp_path / "a.jsonl").read_text()
    (tmp_path / "b.jsonl").write_text(text.replace('"kind":"wrong-value"', '"kind":"lost-precision"'))
    assert ceconform("diff", "a.jsonl", "a.jsonl") == "Nothing has changed.\n"
    assert "wrong-value of the value → lost-precision" in ceconform("diff", "a.jsonl", "b.jsonl", code=1)
    assert "### Changed verdict" in ceconform("diff", "a.jsonl", "b.jsonl", "--format", "markdown", code=1)
    ceconform("diff", "a.jsonl", "b.jsonl", "--format", "json", "-o", "diff.json", code=1)
    assert json.loads((tmp_path / "diff.json").read_text())["counts"]["changed verdict"] > 0
    assert "b.jsonl:1: expected" in ceconform("diff", "a.jsonl", "nob.jsonl", code=4)
    assert "expected two reports" in ceconform("diff", "a.jsonl", "b.jsonl", "a.jsonl", code=2)
    page = ceconform("diff", "a.jsonl", "b.jsonl", "a.jsonl", "--format", "history")
    assert page.startswith("# History\n")
    ceconform("report", "a.jsonl", "b.jsonl", "--format", "json", "-o", "both.jsonl")
    assert "Nothing has changed." in ceconform("diff", "both.jsonl", "b.jsonl")


def test_report_judges_again(ceconform, tmp_path):
    """The raw answers are enough: a verdict that somebody changed is found again."""
    ceconform("run", "planted:Wrong", "--loss", "hinge_loss", "--dtype", "float64", "-o", "a.jsonl", code=1)
    text = (tmp_path / "a.jsonl").read_text()
    (tmp_path / "b.jsonl").write_text(text.replace('"verdict":"fail"', '"verdict":"pass"'))
    ceconform("report", "a.jsonl", "--format", "json", "-o", "sound.jsonl")
    ceconform("report", "b.jsonl", "--judge", "--format", "json", "-o", "again.jsonl")
    assert text != (tmp_path / "b.jsonl").read_text()
    assert (tmp_path / "sound.jsonl").read_text() == (tmp_path / "again.jsonl").read_text()


def test_report_fills_in_a_table(ceconform, tmp_path):
    """What stands around the marks stays."""
    ceconform("run", "ceconform[numpy]", "-k", CASE, "-o", "a.jsonl")
    (tmp_path / "README.md").write_text("before\n<!-- results -->\nold\n<!-- /results -->\nafter\n")
    ceconform("report", "a.jsonl", "--format", "table", "--into", "README.md")
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n<!-- results -->\n\n| implementation |")
    assert text.endswith("<!-- /results -->\nafter\n")
    assert "old" not in text


def test_sweep_measures_and_shows_what_it_found(ceconform, tmp_path):
    """As lines, text and a page; an earlier sweep is taken in without asking again."""
    chosen = ("--loss", "hinge_loss", "--dtype", "float32")
    ceconform("sweep", "planted:Off", *chosen, "-o", "new/a.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "new" / "a.jsonl").read_text().splitlines()]
    assert [("off", 10)] == [
        (x["measurement"]["implementation"], x["measurement"]["maximum"])
        for x in lines
        if x.get("measurement", {}).get("part") == "gradient"
    ]
    assert "off hinge_loss float32 gradients, hard labels 10.0" in " ".join(
        ceconform("sweep", "--from", "new/a.jsonl", "--format", "text").split()
    )
    assert "| `hinge_loss` | **10.0** |" in ceconform("sweep", "--from", "new/a.jsonl", "--format", "markdown")
    assert "expected one of" in ceconform("sweep", "ceconform[numpy]", "--loss", "hinge", code=2)
    assert "did not start" in ceconform("sweep", "planted:Broken", *chosen, "-o", "b.jsonl", code=3)
    assert "a.jsonl:2: expected a result" in ceconform("report", "new/a.jsonl", code=4)


def test_fuzz_prints_what_it_finds_as_cases(ceconform, tmp_path):
    """A planted fault exits with 1, and the file lints; it is not found again where a report shows it."""
    (tmp_path / "cases").mkdir()
    shutil.copy(HERE.parent / "cases" / "margin" / "soft-margin.yaml", tmp_path / "cases")
    chosen = ("--loss", "hinge_loss", "--dtype", "float64", "--corpus", "cases")
    told = ceconform("fuzz", "planted:Clips", *chosen, "--budget", "4s", "-o", "cases/found.yaml", code=1)
    assert "found in" in told
    text = (tmp_path / "cases" / "found.yaml").read_text()
    assert text.startswith("about: ")
    assert "  # clips " in text
    assert "Nothing is wrong" in ceconform("lint", "cases/found.yaml")
    asked = ("--loss", "hinge_loss", "--corpus", "cases", "--dtype", "float64")
    ceconform("run", "planted:Clips", *asked, "-o", "known.jsonl", code=1)
    again = ceconform("fuzz", "planted:Clips", *chosen, "--budget", "3s", "--known", "known.jsonl")
    assert again == "Nothing is found.\n"


def test_fuzz_of_a_sound_implementation_exits_with_0(ceconform):
    """And says so."""
    assert ceconform("fuzz", "planted:Sound", "--loss", "hinge_loss", "--budget", "0.02m") == "Nothing is found.\n"


def test_fuzz_asks_a_command(ceconform):
    """By the name it is given, on its own or beside another; the textbook's loss overflows."""
    worker = HERE.parent / "examples" / "plain_worker.py"
    asked = ("--command", f"mine={sys.executable} {worker}", "--loss", "binary_cross_entropy_with_logits")
    told = ceconform("fuzz", *asked, "--corpus", str(HERE.parent / "cases" / "margin"), "--budget", "3s", code=1)
    assert "fuzz: 'ceconform fuzz" in told
    assert "seed 0: mine 1.0'" in told
    assert "# textbook(logits, labels)" in told
    told = ceconform("fuzz", "planted:Sound", *asked, "--against", "mine", "--budget", "1s")
    assert told == "Nothing is found.\n"
    assert "name of its own" in ceconform("fuzz", "planted:Sound", "--command", "planted:Sound=a", code=2)
    assert "expected an implementation" in ceconform("fuzz", code=2)


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (("trch",), "did you mean 'torch'?", 2),
        (("planted:Sound", "--budget", "soon"), "expected a time such as 60s, 5m or 1h, got 'soon'", 2),
        (("planted:Sound", "--budget", "0s"), "more than 0 seconds", 2),
        (("planted:Sound", "--loss", "hinge"), "expected one of", 2),
        (("planted:Sound", "--against", "planted:Sound"), "expected another implementation", 2),
        (("planted:Broken",), "did not start", 3),
        (("planted:Sound", "--known", "none.jsonl"), "expected a report", 4),
    ],
)
def test_what_fuzz_cannot_do_it_says(ceconform, options, words, code):
    """Wrong usage, an implementation that does not start, a report that is not there."""
    assert words in " ".join(ceconform("fuzz", *options, code=code).replace("│", " ").split())


def test_fuzz_without_hypothesis_says_how_to_install_it(ceconform, tmp_path):
    """The extra is named."""
    (tmp_path / "hypothesis.py").write_text('raise ImportError("No module named hypothesis")\n')
    assert "pip install 'ceconform[fuzz]'" in ceconform("fuzz", "planted:Sound", code=2)


def test_a_discrepancy_exits_with_1(ceconform):
    """The planted implementation has no such loss right at -745."""
    assert "fail" in ceconform("run", "planted:Wrong", "--loss", "hinge_loss", "-o", "a.jsonl", code=1)


def test_wrong_usage_exits_with_2(ceconform):
    """An unknown name is met with a near one."""
    assert "did you mean 'torch'?" in ceconform("run", "trch", code=2)
    assert "did you mean binary/clipping" in ceconform("run", "ceconform[numpy]", "-k", "binary/cliping/*", code=2)
    ceconform("run", "--no-such-option", code=2)


def test_an_implementation_that_does_not_start_exits_with_3(ceconform):
    """The reason is told; the others run."""
    told = ceconform("run", "planted:Broken", "ceconform[numpy]", "-k", CASE, "-o", "a.jsonl", code=3)
    assert "No module named 'no_such_library'" in told
    assert "ceconform[numpy]: 3 pass" in told.replace("\n", " ")
    assert "did not start" in ceconform("explain", CASE, "planted:Broken", code=3)


def test_what_is_not_valid_exits_with_4(ceconform, tmp_path):
    """A truncated report, a broken corpus: the file and the line are told."""
    ceconform("run", "ceconform[numpy]", "-k", CASE, "-o", "a.jsonl")
    whole = (tmp_path / "a.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "cut.jsonl").write_text("".join(whole[:-1]))
    assert f"cut.jsonl:{len(whole) - 1}: the report ends before its footer" in ceconform("report", "cut.jsonl", code=4)
    assert "none.jsonl:1: expected a report" in ceconform("report", "none.jsonl", code=4)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "bad.yaml").write_text("about: Bad.\ncases:\n  one:\n    lss: entropy\n")
    assert "bad.yaml:4: " in ceconform("list", "cases", "--corpus", "cases", code=4)
    assert "bad.yaml:4" in ceconform("lint", "cases/bad.yaml", code=4)


def test_explain_tells_the_whole_story(ceconform):
    """Description, sent, got, wanted, verdict, and a program."""
    told = ceconform("explain", CASE, "ceconform[numpy]")
    for part in (CASE, "sent", "got", "wanted", "verdict   pass", "import ceconform", "probabilities = np.array"):
        assert part in told


def test_lint_finds_nothing_in_a_sound_file(ceconform):
    """Our own clipping cases."""
    assert "Nothing is wrong" in ceconform("lint", str(HERE.parent / "cases" / "binary" / "clipping.yaml"))


def test_export_writes_the_corpus_as_json(ceconform, tmp_path):
    """A file for each loss and dtype that is asked for; a folder with something else is left alone."""
    told = ceconform("export", "vectors", "--loss", "entropy", "--dtype", "float32", "--dtype", "float64")
    assert ["entropy/float64.json", "entropy/float32.json"] == [line.partition("\t")[0] for line in told.splitlines()]
    assert json.loads((tmp_path / "vectors" / "entropy" / "float32.json").read_text())["loss"] == "entropy"
    ceconform("export", "vectors", "-k", CASE)
    assert not (tmp_path / "vectors" / "entropy" / "float32.json").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    assert "new, empty or an earlier export" in ceconform("export", "mine", code=2)
    assert "no loss matches" in ceconform("export", "other", "--loss", "bce", code=2)


def test_explain_asks_a_command(ceconform):
    """As `run` does; without a dialect there is no program."""
    worker = HERE.parent / "examples" / "plain_worker.py"
    command = ("--command", f"mine={sys.executable} {worker}", "--dtype", "float64")
    told = ceconform("explain", "binary/extreme/infinite-and-wrong", "mine", *command)
    assert "sent      textbook(logits, labels)" in told
    assert "import" not in told


MINE = ("functions:hinge", "--loss", "hinge_loss", "--backend", "numpy", "-k", "margin/hinge/logits")


def test_run_asks_a_plain_function(ceconform, tmp_path):
    """Beside others, in a process of its own; what it does not take is unsupported."""
    ceconform("run", *MINE, "ceconform[numpy]", "--dtype", "float32", "-o", "a.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert {("functions:hinge", "pass"), ("ceconform[numpy]", "pass")} == {
        (x["implementation"], x["verdict"]) for x in lines if "case" in x
    }
    told = ceconform("run", *MINE[:-1], "margin/hinge/zeros-and-ones", "-o", "b.jsonl", code=1)
    assert "accepted-invalid-input" in told
    assert re.search(r"^\d+ answers in .* until the workers were ready, .* calls, .* writing$", told, re.MULTILINE)
    mean = ("functions:mean_hinge", *MINE[1:-1], "margin/hinge", "--reduction", "mean", "--dtype", "float64")
    ceconform("run", *mean, "-o", "c.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert {"pass", "unsupported"} == {x["verdict"] for x in lines if "case" in x}
    assert "margin/hinge/mean" in {x["case"] for x in lines if x.get("verdict") == "pass"}


def test_what_a_plain_function_documents_is_acceptable(ceconform):
    """By the name of a convention, or of a library."""
    clips = ("functions:clips", "--loss", "binary_cross_entropy", "--backend", "numpy", "-k", CASE)
    assert "clip-at-1e-7" in ceconform("run", *clips, "--dtype", "float64", "-o", "a.jsonl", code=1)
    for name in ("clip-at-1e-7", "keras"):
        asked = ("run", *clips, "--dtype", "float64", "--convention", name, "-o", "b.jsonl")
        assert "acceptable, by convention" in ceconform(*asked)


def test_explain_asks_a_plain_function(ceconform):
    """The case says which loss it is; the program imports the function."""
    told = ceconform("explain", "margin/hinge/logits", "functions:hinge", "--backend", "numpy")
    assert "from functions import hinge" in told
    assert "sent      hinge(logits, labels)" in told


def test_a_function_of_the_folder_is_found(ceconform, tmp_path):
    """As by `python -m`, and so is an adapter."""
    (tmp_path / "mine.py").write_text("from functions import hinge\nfrom planted import Sound as Mine\n")
    ceconform("run", "mine:hinge", *MINE[1:], "-o", "a.jsonl")
    ceconform("run", "mine:Mine", "-k", "margin/hinge/logits", "-o", "a.jsonl")


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (("functions:hinge", "--backend", "numpy"), "expected one --loss, the one that functions:hinge computes", 2),
        (("functions:hinge", "--loss", "hinge", "--backend", "numpy"), "computes, got hinge", 2),
        (("functions:hinge", "--loss", "hinge_loss", "--backend", "trch"), "got 'trch'", 2),
        (("functions:hinge", "--loss", "hinge_loss"), "got a function: say which loss", 3),
        (("functions:hinge", "--loss", "hinge_loss", "--reduction", "mean"), "expected --backend beside", 2),
        (("functions:hinge", "--loss", "hinge_loss", "--convention", "clip-at-1e-7"), "expected --backend beside", 2),
        (("functions:hinge", *MINE[1:], "--convention", "clip"), "`convention` must be one of", 2),
        (("torch", "--loss", "hinge_loss", "--backend", "torch"), "beside --backend, got no name with a colon", 2),
        (("functions:a_constant",), "a subclass of ceconform.adapters.Adapter", 3),
        (("no_such_module:Adapter",), "No module named 'no_such_module'", 3),
        (("planted:NoSuch",), "no attribute 'NoSuch'", 3),
        (("no_such_module:f", *MINE[1:]), "no_such_module cannot be imported", 3),
        (("functions:hing", *MINE[1:]), "did you mean 'hinge'?", 3),
        (("functions:a_constant", *MINE[1:]), "to be a function, got a value of type int", 3),
        (("functions:other_names", *MINE[1:]), "got (output, target)", 3),
        (("planted:Sound", *MINE[1:]), "got an adapter", 3),
        (("functions:hinge", *MINE[1:], "--reduction", "average"), "got 'average'", 3),
    ],
)
def test_what_is_no_function_is_said_at_once(ceconform, arguments, words, code):
    """2 for what the command line shows, 3 for what its import shows."""
    assert words in " ".join(ceconform("run", *arguments, "-o", "a.jsonl", code=code).split())


@pytest.fixture
def distribution(tmp_path):
    """Somebody's package with entry points, as an installer leaves it."""
    folder = tmp_path / "theirs-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")

    def register(**points: str) -> None:
        lines = (f"{name} = {value}\n" for name, value in points.items())
        (folder / "entry_points.txt").write_text("".join(["[ceconform.adapters]\n", *lines]))

    return register


def test_an_entry_point_is_an_implementation(ceconform, distribution):
    """By its name, in the list and in a run."""
    distribution(theirs="planted:Sound")
    assert "theirs" in dict(line.split("\t") for line in ceconform("list").splitlines())
    assert "sound" in ceconform("run", "theirs", "-k", "margin/hinge/logits", "-o", "a.jsonl")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_module:Adapter", "expected 'no_such_module:Adapter' to be package.module:Adapter"),
        ("planted:NoSuch", "no attribute 'NoSuch'"),
        ("functions:hinge", "expected 'functions:hinge' to be an adapter, got a function"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_told(ceconform, distribution, value, words):
    """When it is asked for; the others are listed and asked."""
    distribution(theirs=value)
    assert words in " ".join(ceconform("run", "theirs", "-k", CASE, "-o", "a.jsonl", code=3).split())
    assert "not installed" in dict(line.split("\t") for line in ceconform("list").splitlines())["theirs"]
    ceconform("run", "ceconform[numpy]", "-k", CASE, "-o", "a.jsonl")


@pytest.mark.parametrize(
    ("fault", "signal"), [("import ctypes; ctypes.string_at(0)", "SIGSEGV"), ("import os; os.abort()", "SIGABRT")]
)
def test_an_entry_point_that_dies_at_its_import_is_told(ceconform, distribution, tmp_path, fault, signal):
    """In native code, as a broken build does: the command lives, lists it, and asks the others."""
    (tmp_path / "broken.py").write_text(f"{fault}\n")
    distribution(theirs="broken:Adapter")
    listed = dict(line.split("\t") for line in ceconform("list").splitlines())
    assert f"not imported: killed by {signal}" == listed["theirs"]
    told = ceconform("run", "theirs", "broken:Other", "ceconform[numpy]", "-k", CASE, "-o", "a.jsonl", code=3)
    for name in ("theirs", "broken:Other"):
        assert f"{name} did not start: the worker ended before it said hello: killed by {signal}" in " ".join(
            told.split()
        )
    assert ["ceconform[numpy]"] == [each.name for each in Report.read(tmp_path / "a.jsonl").header.implementations]
    assert signal in ceconform("explain", CASE, "theirs", code=3)


def test_a_sweep_imports_no_adapter_of_a_third_party(ceconform, distribution, tmp_path):
    """One that dies at its import did not start; one that lives in its worker alone is measured."""
    (tmp_path / "broken.py").write_text("import os; os._exit(7)\n")
    lives = "import os, sys\nsys.argv[0].endswith('worker.py') or os._exit(7)\nfrom planted import Off\n"
    (tmp_path / "shy.py").write_text(lives)
    distribution(theirs="broken:Adapter")
    chosen = ("--loss", "hinge_loss", "--dtype", "float32", "-o", "a.jsonl")
    ceconform("sweep", "theirs", "broken:Other", "shy:Off", *chosen, code=3)
    found = Accuracy.read(tmp_path / "a.jsonl")
    assert {"theirs", "broken:Other"} == found.header.missing.keys()
    assert all("exit status 7" in reason for reason in found.header.missing.values())
    assert {"off"} == {each.implementation for each in found.measurements}
