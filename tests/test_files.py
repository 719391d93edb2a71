"""Files are written whole or not at all, and by one process at a time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import writing

from ceconform.files import TakenError, alone, replacing, write

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}


def test_a_file_is_replaced_when_all_is_written(tmp_path):
    """Until then the old one is there; what is left over is nothing, and the permissions stay."""
    path = tmp_path / "page.md"
    path.write_text("old")
    path.chmod(0o640)
    with replacing(path) as file:
        file.write("new ✓\n")
        file.flush()
        assert "old" == path.read_text()
    assert ("new ✓\n".encode(), 0o640) == (path.read_bytes(), path.stat().st_mode & 0o777)
    assert [path] == [*tmp_path.iterdir()]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_a_file_stays_as_it_was_when_writing_breaks_off(tmp_path, error):
    """Whatever breaks it off."""
    path = tmp_path / "page.md"
    path.write_text("old")

    def broken():
        with replacing(path) as file:
            file.write("new")
            raise error

    with pytest.raises(error):
        broken()
    assert "old" == path.read_text()
    assert [path] == [*tmp_path.iterdir()]


def test_a_new_file_has_the_permissions_that_the_user_wants(tmp_path):
    """As any other that is made."""
    mask = os.umask(0o027)
    try:
        write(tmp_path / "page.md", "new")
    finally:
        os.umask(mask)
    assert 0o640 == (tmp_path / "page.md").stat().st_mode & 0o777


def test_a_link_stays_a_link(tmp_path):
    """What it leads to is replaced."""
    (tmp_path / "page.md").write_text("old")
    link = tmp_path / "link.md"
    link.symlink_to("page.md")
    write(link, "new")
    assert (True, "new") == (link.is_symlink(), (tmp_path / "page.md").read_text())


def test_what_is_no_file_is_written_to(capfd):
    """A device and a pipe are not replaced."""
    write("/dev/null", "nothing")
    write("/dev/fd/1", "said")
    assert Path("/dev/null").is_char_device()
    assert "said" == capfd.readouterr().out
    with pytest.raises(OSError, match="No space left on device"):
        write("/dev/full", "too much")


def test_only_one_process_writes_a_file(tmp_path):
    """The lock ends with its holder, however that ends."""
    path = tmp_path / "r.jsonl"
    text = f"from ceconform.files import alone\nimport pathlib, time\nwith alone(pathlib.Path({str(path)!r})):\n"
    command = [sys.executable, "-c", f"{text}    print('held', flush=True)\n    time.sleep(3600)"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE) as holder:
        assert b"held\n" == holder.stdout.readline()
        with pytest.raises(TakenError, match=f"another process writes it: .*'{path}'"), alone(path):
            pytest.fail("two hold it")
        holder.send_signal(signal.SIGKILL)
    with alone(path):
        assert path.exists()


def test_a_file_that_is_replaced_while_somebody_waits_is_locked_anew(tmp_path):
    """The lock of a file that is gone is worth nothing."""
    path = tmp_path / "r.jsonl"
    with alone(path):
        path.unlink()
        with alone(path), pytest.raises(TakenError), alone(path):
            pytest.fail("two hold it")


@pytest.fixture
def folder(tmp_path):
    """What every command that writes needs, and in `out` what each writes to."""
    return prepare(tmp_path)


def prepare(folder):
    """A corpus of some cases, reports, and old files."""
    from ceconform import report
    from ceconform.corpus import case_hash, load

    (folder / "cases" / "margin").mkdir(parents=True)
    shutil.copy(HERE.parent / "cases" / "margin" / "hinge.yaml", folder / "cases" / "margin")
    cases = load(folder / "cases")
    known = {"implementation": "mine", "version": "1", "dtype": "float64", "device": "cpu", "via": "f"}
    results = [
        report.Result(
            **known, case=case.id, loss=case.loss, question=case_hash(case), verdict="fail", kind="wrong-value"
        )
        for case in cases[:3]
    ]
    header = report.Header.here(
        ceconform="0", corpus="0", cases=3, implementations=[report.Implementation(name="mine", version="1")]
    )
    whole = report.Report(header=header, results=tuple(results))
    whole.write(folder / "r.jsonl")
    (folder / "sweep.jsonl").write_text("".join(report.Accuracy(header=header).lines()))
    out = folder / "out"
    (out / "vectors").mkdir(parents=True)
    for name in ("page.txt", "diff.txt", "sweep.jsonl", "few.yaml"):
        (out / name).write_text("old\n")
    (out / "begun.jsonl").write_text("".join(list(whole.lines())[:-1]))
    (out / "document.md").write_text("old\n<!-- results -->\n<!-- /results -->\n")
    (out / "baseline.yaml").write_text("implementations: [mine]\ndiscrepancies: []\n")
    text = (folder / "cases" / "margin" / "hinge.yaml").read_text()
    (out / "case.yaml").write_text(text[: text.index("    expected:")])
    (folder / "few").mkdir()
    start, begin, end = (text.index(f"  {slug}:\n") for slug in ("logits", "beyond-the-margin", "zero-logits"))
    (folder / "few" / "hinge.yaml").write_text(text[:start] + text[begin:end])
    return folder


def contents(folder):
    """Every file with what it says."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_no_command_harms_a_file_that_it_cannot_write(folder, how):
    """On a full disk, and in a folder that is only to be read: exit code 4, which file, and each is as it was."""
    before = contents(folder)
    done = subprocess.run(
        [sys.executable, writing.__file__, how], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    *told, codes = done.stderr.splitlines()
    assert {**dict.fromkeys(writing.COMMANDS, 4)} == json.loads(codes), told
    reason = {"full": "[Errno 27] File too large", "read-only": "[Errno 13] Permission denied"}[how]
    failed = [line for line in told if reason in line]
    assert len(writing.COMMANDS) == len(failed), told
    assert all("out/" in line for line in failed)
    after = contents(folder)
    assert before == {name: after[name] for name in before}
    assert {"out/new.jsonl"} >= after.keys() - before.keys()


def test_every_command_writes_where_it_may(folder):
    """The counterpart, without which the test above would prove nothing."""
    before = contents(folder)
    done = subprocess.run(
        [sys.executable, writing.__file__, "as it is"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    after = contents(folder)
    assert not {4} & {*json.loads(done.stderr.splitlines()[-1]).values()}, done.stderr
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name for name in before if name.startswith("out/")} <= changed, done.stderr
