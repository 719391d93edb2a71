"""Malformed files that are made by hand, each with one thing wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from malformed_sound import (
    ARRAY,
    BASELINE,
    CASE,
    FOOTER,
    HEADER,
    IMPLEMENTATION,
    INPUT,
    MEASUREMENT,
    REPORT,
    RESULT,
    SOUND,
    SWEEP,
    lines,
)

File = tuple[str, str, bytes]
"""What it should be, what is wrong with it, and what it holds."""
LOGITS = "[0.25, -1, 2]"


def case_file(old: str, new: str) -> bytes:
    """The case file with something else in it."""
    assert old in CASE
    return CASE.replace(old, new, 1).encode("utf-8", "surrogatepass")


def baseline(old: str, new: str) -> bytes:
    """The baseline with something else in it."""
    assert old in BASELINE
    return BASELINE.replace(old, new, 1).encode()


def report(*, header: Any = None, footer: Any = None, **fields: Any) -> bytes:
    """The report with something else in its header, its first result, or its footer."""
    end = {"footer": {**FOOTER["footer"], **(footer or {})}}
    return lines([{"header": {**HEADER, **(header or {})}}, {**RESULT, **fields}, REPORT[2], end]).encode()


def sweep(**fields: Any) -> bytes:
    """The sweep with something else in its measurement."""
    return lines([SWEEP[0], {"measurement": {**MEASUREMENT, **fields}}, *SWEEP[2:]]).encode()


GENERATORS = [
    "{linspace: [0, 1, 1e30]}",
    "{linspace: [0, 1, 1e9999]}",
    "{linspace: [1e9999, 0, 2]}",
    "{linspace: [0, 1, -1]}",
    "{linspace: [0, 1]}",
    "{repeat: [1, 1e30]}",
    "{repeat: [1, -1]}",
    "{repeat: [[], 1e30]}",
    "{repeat: [[], 1e9999]}",
    "{repeat: [{repeat: [[], 1e30]}, 1e30]}",
    "{hash: {seed: 1, shape: [1e10, 1e10], low: 0, high: 1}}",
    "{hash: {seed: 1, shape: [0, 1e30], low: 0, high: 1}}",
    "{hash: {seed: 1e30, shape: [1], low: 0, high: 1}}",
    "{hash: {seed: 1, shape: [-1], low: 0, high: 1}}",
    "{hash: {seed: 1, shape: [], low: 0, high: 1}}",
    "{hash: {seed: 1, shape: [1], low: 0, high: 1e30}}",
    "{hash: {seed: 1, shape: [1], low: 0, high: 1, bits: 1e30}}",
    f"{{hash: {{seed: 1, shape: [{', '.join(['1'] * 100)}], low: 0, high: 1}}}}",
    "{integers: {seed: 1, shape: [3], low: 0, high: 1e30}}",
    "{concat: []}",
    "{concat: [1]}",
    "{concat: [[[]], []]}",
    "{concat: x}",
    "{exec: 1}",
    "{repeat: [1, 2], concat: []}",
    "{}",
]
NUMBERS = [
    "1e999999999",
    "-1e999999999",
    "1e-999999999",
    "0x1p999999999",
    "9" * 1001,
    "1e",
    "0x",
    "--1",
    "1__0",
    "1_0",
    "١",
    "²",
    "½",
    "1,5",
    "1e10001",
    "infinity",
    "NaN",
    ".nan",
    "true",
    "~",
    "!!int 1",
    "&a 1",
    "*a",
    "<<",
    "1 2",
    "0b1",
    "0o7",
    "1e1.5",
    "+-1",
    "'' ",
]
ANSWERS = [
    "1e9999999999",
    "1e-9999999999",
    "1e999999999999999999999",
    "snan",
    "nan123",
    "-nan",
    "Infinity",
    "0x1",
    "9" * 5000,
    "sNaN",
]
SCALARS: dict[str, tuple[str, list[str]]] = {
    "about": (
        "Something.",
        [
            "",
            "[x]",
            "{a: b}",
            "!!python/object/apply:os.system ['touch owned']",
            "!!python/name:os.system x",
            "&a x",
            "*a",
            "!x y",
            "'unclosed",
            '"\\x"',
            "|",
            "@x",
            "`x`",
            "%x",
            "? x",
            "'x' y",
            "x: y: z",
            "[1, 2",
            "{a",
            "]",
            "!!binary aGk=",
            "!!set {a}",
        ],
    ),
    "loss": (
        "hinge_loss",
        ["hinge", "", "[hinge_loss]", "__import__", "../hinge_loss", "hinge_loss\x00", "HINGE_LOSS", "1"],
    ),
    "tags": (
        "[planted]",
        ["planted", "[Planted]", "[a b]", "[../a]", "[a, a]", "[[a]]", "[é]", "[a/b]", "{a: b}", "[-a]"],
    ),
    "slug": (
        "  one:",
        [
            "  ../one:",
            "  One:",
            "  /etc/passwd:",
            "  o ne:",
            "  'o\\ne':",
            "  é:",
            "  '':",
            "  ? [a]\n  :",
            "  two:",
            "  <<:",
            "  one: &a",
            "  .:",
            "  a..b:",
        ],
    ),
    "labels": ("[1, 1, 1]", ["[1, 1]", "[[1, 1, 1]]", "1", "x", "[x, 1, 1]", "[]", "[1, [1], 1]", "{a: 1}", ""]),
    "expected": (
        "expected: {error: shape}",
        [
            "expected: {error: nothing}",
            "expected: {error: shape, loss: [1]}",
            "expected: []",
            "expected: {invalid: x}",
            "expected: {loss: [1, 2, 3]}",
            "expect: {}",
            "expected:",
        ],
    ),
    "grad": (
        "grad: [-1, -1, 0]",
        [
            "grad: [1]",
            "grad: {at: [0], numbers: [1], sum: 1}",
            "grad: {at: [1e30], numbers: [1], sum: 1, absolute_sum: 1}",
            "grad: {at: [2, 1], numbers: [1, 1], sum: 1, absolute_sum: 1}",
            "grad: {at: [-1], numbers: [1], sum: 1, absolute_sum: 1}",
            "grad: {at: [], numbers: [], sum: 1, absolute_sum: 1}",
            "grad: {at: [0], numbers: [1, 2], sum: 1, absolute_sum: 1}",
        ],
    ),
    "terms": ("terms: 1", ["terms: -1", "terms: 1.5", "terms: inf", "terms: 1e9999999", "terms: x", "terms: [1]"]),
    "more": (
        "    labels: [1, 1, 1]",
        [
            f"    labels: [1, 1, 1]\n    {more}"
            for more in (
                "gamma: 2",
                "axis: 0",
                "reduction: sum2",
                "dtypes: [float8]",
                "dtypes: float32",
                "rounding: float128",
                "label_dtype: object",
                "space: outer",
                "activation: exec",
                "sample_weight: [1, 2]",
                "formerly: [../../x]",
                "formerly: [one]",
                "formerly: [x/two]",
                "cited: {}",
                "cited: {loss: [1]}",
                "seen: {}",
                "seen: {a: {implementation: x, raised: y}}",
                "seen: {a/b#1: {implementation: x}}",
                "seen: {a/b#1: {implementation: x, loss: [~, ~, ~]}}",
                "acceptable: {rm: {loss: [1]}}",
                "recognised_as: {loss: x, conventions: []}",
                "labels: [1, 1, 1]",
                "logits: [1]",
                "probabilities: [1]",
                "description: ''",
                "sources: x",
            )
        ],
    ),
}
ENTRIES: dict[str, list[str]] = {
    "[mine, other]": [
        "",
        "[]",
        "mine",
        "[mine, mine]",
        "[[mine]]",
        "[mine, '']",
        "{mine: other}",
        "&a [mine, other]",
        "!!python/tuple [mine]",
    ],
    "wrong-value": ["", "wrong", "[wrong-value]", "__class__", "../wrong-value", "wrong-value\n    kind: crash"],
    "gradient": ["grad", "", "[gradient]"],
    "'>=3.8,<4'": ["three", "'>=3.8 <4'", "'>='", f"'>={'9' * 5000}'", "[1]", "'=='"],
    "https://example.org/1": [
        "example.org",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "'https://a b'",
        "[https://a]",
    ],
    "[float32]": ["float32", "[]", "[[float32]]", "[float32, float32]", "{a: b}", "*a"],
    "It dies.": ["[x]", "{a: b}"],
    "where:\n      - cases: [x/one]": [
        "where: []\n    x:",
        "cases: [x]\n    where:\n      - cases: [x/one]",
        "where:\n      - [x/one]",
        "where: x\n    more:",
        "where:\n      - cases: []",
    ],
    "discrepancies:": ["discrepancies: []\nmore:", "discrepancie:", "<<:", "- discrepancies:", "discrepancies: &a"],
    "[x]": ["[]", "x", "''", "[[x]]", "[x, x]", "[/etc/passwd, '']"],
}
FIELDS: dict[str, list[Any]] = {
    "case": ["", 1, None, ["x/one"], {"x": 1}, "\ud800"],
    "implementation": ["", 0, None, []],
    "version": [3.9, None, [], {}],
    "verdict": ["passed", "", None, 1],
    "kind": ["explosion", None, 1, []],
    "part": ["both", None],
    "value": [
        "0.75",
        [],
        {},
        0.75,
        {**ARRAY, "digits": [0.75]},
        {**ARRAY, "digits": ["0x1"]},
        {**ARRAY, "digits": ["__import__('os')"]},
        {**ARRAY, "shape": [2]},
        {**ARRAY, "shape": [1.5, 2]},
        {**ARRAY, "shape": [-3]},
        {**ARRAY, "shape": [10**30]},
        {**ARRAY, "shape": "3"},
        {**ARRAY, "digits": ["1.", "2", "3"]},
        {**ARRAY, "more": 1},
        {**ARRAY, "places": [0, 1, 7], "sums": ["1.0", "1.0"]},
        {**ARRAY, "places": [0], "sums": []},
        {**ARRAY, "dtype": None},
    ],
    "ulps": [-1, "0", [], True, float("nan"), float("inf"), 10**400],
    "seconds": [-1, None, "1", float("inf"), float("-inf")],
    "question": [1, None],
    "more": [1],
}
HEADERS: dict[str, list[Any]] = {
    "format": [2, "1", True, None],
    "ceconform": ["0.1.0", [1], None],
    "cases": [-1, "2", 1.5],
    "corpus": [1, None],
    "missing": [[], {"a": 1}],
    "implementations": [
        {},
        [1],
        [{}],
        [{**IMPLEMENTATION, "name": 1}],
        [{**IMPLEMENTATION, "devices": "cpu"}],
        [{**IMPLEMENTATION, "conventions": {"x": 1}}],
        [{**IMPLEMENTATION, "conventions": []}],
        [{**IMPLEMENTATION, "dialect": {"language": "sh"}}],
        [{**IMPLEMENTATION, "switches": []}],
        [{**IMPLEMENTATION, "switches": {"x": float("nan")}}],
        [{**IMPLEMENTATION, "exec": ""}],
    ],
    "more": [1],
    "python": [None],
    "platform": [{}],
}
MEASURED: dict[str, list[Any]] = {
    "count": ["3", None, 1.5, []],
    "maximum": ["2.0", [], {}, float("nan")],
    "part": ["x", None],
    "kind": ["hard", 1],
    "target": [2, None],
    "worst": [
        [],
        {},
        "x",
        {**INPUT, "index": [0.5]},
        {**INPUT, "said": []},
        {**INPUT, "said": {"x": 1}},
        {**INPUT, "more": 1},
    ],
    "misses": [{}, [1], None],
    "curve": [[1], [[1]], [["x", 1.0]], None],
    "loss": [None, []],
    "more": [1],
}


def made() -> Iterator[File]:
    """All of them."""
    yield from _texts()
    yield from _values()
    yield from _wholes()
    yield from _json()


def _texts() -> Iterator[File]:
    """YAML with one other text."""
    for text in GENERATORS:
        yield "corpus", f"logits: {text}", case_file(LOGITS, text)
    for text in NUMBERS:
        yield "corpus", f"logits: [{text}]", case_file(LOGITS, f"[{text}, 1, 1]")
    for text in ANSWERS:
        yield "corpus", f"loss: [{text}]", case_file("[0.75, 2, 0]", f"[{text}, 2, 0]")
    for name, (old, texts) in SCALARS.items():
        for text in texts:
            yield "corpus", f"{name}: {text}", case_file(old, text)
    for old, texts in ENTRIES.items():
        for text in texts:
            yield "baseline", f"{old}: {text}", baseline(old, text)


def _values() -> Iterator[File]:
    """JSON with one other value."""
    for field, values in FIELDS.items():
        for value in values:
            yield "report", f"{field}: {value}", report(**{field: value})
    for field, values in HEADERS.items():
        for value in values:
            yield "report", f"header: {field}: {value}", report(header={field: value})
    for field, values in MEASURED.items():
        for value in values:
            yield "sweep", f"{field}: {value}", sweep(**{field: value})
    for count in (0, 1, 3, -1, "2", None):
        yield "report", f"footer: {count}", report(footer={"results": count})


def _wholes() -> Iterator[File]:
    """What may become of a file as a whole."""
    whole = {kind: text.encode() for kind, text in SOUND.items()}
    for kind, data in whole.items():
        rows = data.splitlines(keepends=True)
        yield kind, "empty", b""
        yield kind, "blank", b"\n\n"
        yield kind, "first line missing", b"".join(rows[1:])
        yield kind, "last line missing", b"".join(rows[:-1]) if kind != "corpus" else b"".join(rows[:-3])
        yield kind, "broken off", data[: len(data) * 2 // 3]
        yield kind, "twice", data * 2
        yield kind, "UTF-16", data.decode().encode("utf-16")
        yield kind, "UTF-16 without a mark", data.decode().encode("utf-16-le")
        yield kind, "Latin-1", data.replace(b"mine", b"m\xefne").replace(b"One.", b"\xdcn.")
        yield kind, "a byte order mark", b"\xef\xbb\xbf" + data
        yield kind, "NUL", data.replace(b"i", b"\x00", 1)
        yield kind, "a surrogate in UTF-8", data.replace(b"mine", b"\xed\xa0\x80").replace(b"One.", b"\xed\xa0\x80")
        yield kind, "overlong UTF-8", data.replace(b"mine", b"\xc0\xaf").replace(b"One.", b"\xc0\xaf")
        yield kind, "a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
        yield kind, "an archive", b"PK\x03\x04" + bytes(100)
        yield kind, "of another kind", whole["baseline" if kind != "baseline" else "corpus"]
        yield kind, "a page", b"<!doctype html><title>404</title>\n"
        yield kind, "a conflict", b"<<<<<<< HEAD\n" + data + b"=======\n" + data + b">>>>>>> theirs\n"
        yield kind, "a scalar", b"7\n"
        yield kind, "null", b"null\n"


def _json() -> Iterator[File]:
    """What is nearly JSON, or no report."""
    data = SOUND["report"].encode()
    for name, old, new in (
        ("a key twice", b'"verdict": "pass"', b'"verdict": "pass", "verdict": "fail"'),
        ("NaN", b'"ulps": 0.0', b'"ulps": NaN'),
        ("Infinity", b'"seconds": 0.001', b'"seconds": Infinity'),
        ("1e999999999", b'"seconds": 0.001', b'"seconds": 1e999999999'),
        ("a million digits", b'"seconds": 0.001', b'"seconds": ' + b"9" * 1_000_000),
        ("half a character", b'"via": "f"', b'"via": "\\udfff"'),
        ("a comment", b'"via": "f"', b'"via": "f" /* x */'),
        ("single quotes", b'"via": "f"', b"'via': 'f'"),
        ("a comma too many", b'"via": "f"', b'"via": "f",,'),
        ("a control character", b'"via": "f"', b'"via": "\x01"'),
    ):
        assert old in data
        yield "report", name, data.replace(old, new, 1)
    for name, order in (("header last", [1, 2, 3, 0]), ("footer first", [3, 0, 1, 2]), ("no footer", [0, 1, 2])):
        yield "report", name, lines([REPORT[place] for place in order]).encode()
