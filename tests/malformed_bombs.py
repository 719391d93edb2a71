"""Files that are small and would be big, or would take for ever."""

from __future__ import annotations

from collections.abc import Callable

from malformed_files import LOGITS, baseline, case_file, report, sweep
from malformed_sound import CASE, HEADER, REPORT, RESULT, lines


def _laughs(levels: int = 30) -> str:
    """Ten aliases of ten aliases of ten, and so on."""
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "a0: &a0 [ha]\n" + "\n".join(rows) + "\n"


def _keys() -> bytes:
    """Very many, and one twice."""
    return ("".join(f"k{n}: 1\n" for n in range(90_000)) + "k0: 1\n").encode()


def _generators() -> bytes:
    """Two hundred cases of a million numbers."""
    rest = "logits: {repeat: [1, 1000000]}, labels: {repeat: [1, 1000000]}, expected: {error: shape}}"
    cases = "".join(f"  c{n}: {{description: x, {rest}\n" for n in range(200))
    return (CASE.split("  one:", maxsplit=1)[0] + cases).encode()


DEEP = 100_000
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "billion laughs": ("corpus", lambda: _laughs().encode()),
    "billion laughs in a baseline": ("baseline", lambda: _laughs().encode()),
    "an alias of itself": ("corpus", lambda: case_file(LOGITS, "&a [*a, *a]")),
    "deep lists": ("corpus", lambda: case_file(LOGITS, "[" * DEEP + "]" * DEEP)),
    "deep lists without an end": ("corpus", lambda: case_file(LOGITS, "[" * DEEP)),
    "deep mappings": ("corpus", lambda: case_file(LOGITS, "{a: " * DEEP)),
    "deep dashes": ("corpus", lambda: case_file(LOGITS, "\n      " + "- " * DEEP + "1")),
    "deep indentation": ("corpus", lambda: "\n".join(" " * n + "a:" for n in range(2000)).encode()),
    "deep lists in a baseline": ("baseline", lambda: baseline("[float32]", "[" * DEEP + "]" * DEEP)),
    "deep JSON": ("report", lambda: b"[" * DEEP),
    "deep JSON in a result": ("report", lambda: lines(REPORT[:1]).encode() + b'{"case": ' * DEEP + b"\n"),
    "deep JSON in a sweep": ("sweep", lambda: b'{"header": ' + b"[" * DEEP),
    "a long line of nothing": ("report", lambda: b" " * 20_000_000),
    "a long line of text": ("report", lambda: b'"' + b"x" * 20_000_000 + b'"'),
    "a long line of numbers": ("report", lambda: report(ulps=0).replace(b'"0.75"', b'"0.75", ' * 100_000 + b'"x"')),
    "a long line of objects": ("report", lambda: b'{"a":' + b"[{}," * 500_000),
    "a long line of a sweep": ("sweep", lambda: sweep(curve=[[1.0, 1.0]] * 50_000 + [[1.0]])),
    "many results": ("report", lambda: lines([{"header": HEADER}, *[RESULT] * 2_000]).encode()),
    "many headers": ("report", lambda: lines([{"header": HEADER}] * 2_000).encode()),
    "a long key": ("corpus", lambda: case_file("logits:", "l" * 900_000 + ":")),
    "a long word": ("corpus", lambda: case_file("hinge_loss", "h" * 900_000)),
    "a long plain text": ("corpus", lambda: case_file("One.", "a#" * 450_000 + ": b")),
    "a long text of spaces": ("corpus", lambda: case_file("One.", "a" + " " * 900_000 + "\x07")),
    "a long comment": ("corpus", lambda: case_file("One.", "# " + "x" * 900_000)),
    "many lines": ("corpus", lambda: case_file("One.", "x\n" * 450_000)),
    "many keys": ("corpus", _keys),
    "many tags": ("corpus", lambda: case_file("[planted]", f"[{', '.join(f'p{n}' for n in range(90_000))}, p0]")),
    "many words in a baseline": (
        "baseline",
        lambda: baseline("[cpu]", f"[{', '.join(f'p{n}' for n in range(50_000))}, p0]"),
    ),
    "a million digits": ("corpus", lambda: case_file("0.25", "9" * 1_000_000)),
    "a million decimals": ("corpus", lambda: case_file("0.75", "0." + "3" * 1_000_000)),
    "a million hexadecimal digits": ("corpus", lambda: case_file("0.25", "0x" + "f" * 1_000_000)),
    "a million words": ("corpus", lambda: case_file(LOGITS, f"[{', '.join(['1'] * 300_000)}, x]")),
    "many rows": ("corpus", lambda: case_file(LOGITS, f"[{', '.join(['[1]'] * 60_000)}, 1]")),
    "a million digits in a version": ("baseline", lambda: baseline("'>=3.8,<4'", f"'>={'9' * 1_000_000}'")),
    "a million versions": ("baseline", lambda: baseline("'>=3.8,<4'", f"'{'>1,' * 200_000}x'")),
    "a million stars": ("baseline", lambda: baseline("margin/**/logits", "**/" * 300_000 + "x")),
    "many parts of a generator": (
        "corpus",
        lambda: case_file(LOGITS, f"{{concat: [{', '.join(['{repeat: [1, 1000000]}'] * 200)}]}}"),
    ),
    "nested generators": ("corpus", lambda: case_file(LOGITS, "{repeat: [" * 5 + "1" + ", 1000]}" * 5)),
    "many generators": ("corpus", _generators),
}
"""What is small, and would be big; or takes for ever."""
