"""A small report as text, Markdown, explanations and findings."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pytest
from rich.console import Console

from ceconform.corpus import Case, Expected
from ceconform.report import (
    Digits,
    Header,
    Implementation,
    Report,
    Result,
    discrepancies,
    explain,
    render_discrepancies,
    render_markdown,
    render_text,
    usages,
)

DIALECT = {
    "imports": "import torch\nimport torch.nn.functional as F",
    "array": "torch.tensor({values}, dtype=torch.{dtype}, device='{device}')",
    "gradient": "{x}.requires_grad_()\nloss = {expression}\n(gradient,) = torch.autograd.grad(loss.sum(), {x})",
    "show": "print({name}.tolist())",
}
KERAS = ("keras[jax]", "keras[torch]")
EXPRESSION = "F.binary_cross_entropy(probabilities, labels, reduction='none')"


def numbers(*texts):
    """An array of decimal numbers."""
    return np.array([Decimal(text) for text in texts], dtype=object)


def case(name, description):
    """A case of two probabilities."""
    return Case(
        id=name,
        description=description,
        loss="binary_cross_entropy",
        predictions=np.asarray([0.0, 0.5]),
        labels=np.asarray([1.0, 1.0]),
        parameters=MappingProxyType({}),
        sources={},
        expected=Expected(
            loss=numbers("inf", "0.6931471805599453094"),
            gradient=numbers("-inf", "-2"),
            condition=numbers("inf", "1.69"),
            gradient_condition=numbers("inf", "4"),
        ),
    )


CASES = {
    each.id: each
    for each in (
        case("binary/clipping/certain", "p = 0 for a positive label."),
        case("binary/clipping/other", "The same again."),
        case("binary/plain/one", "Nothing special."),
    )
}
IMPLEMENTATIONS = tuple(
    Implementation(name=name, version=version, dialect=DIALECT)
    for name, version in (("torch", "2.6.0"), ("ceconform[numpy]", "2.4.0"), *((each, "3.15") for each in KERAS))
)


def result(where, who, version, verdict, **more):
    """One line of the report."""
    fields = {"dtype": "float32", "value": array("100.0", "0.6931472"), "gradient": array("-1e+12", "-2.0"), **more}
    expression = "" if verdict in {"unsupported", "error"} else EXPRESSION
    return Result(
        case=where,
        implementation=who,
        version=version,
        loss="binary_cross_entropy",
        device="cpu",
        verdict=verdict,
        via="F.binary_cross_entropy",
        expression=expression,
        **fields,
    )


def array(*digits):
    """An array of two numbers."""
    return Digits(digits=digits, shape=(len(digits),), dtype="float32", device="cpu")


CLIP = {"convention": "clip-at-1e-7", "reason": "value at [0]: got 16.118095, wanted inf", "part": "value"}
ADDED = {**CLIP, "convention": "add-1e-7-inside-log"}
NAN = {
    "kind": "nan-for-a-number",
    "reason": "value at [0]: got nan, wanted inf",
    "part": "value",
    "value": array("nan", "1"),
}
RESULTS = (
    result(
        "binary/clipping/certain",
        "torch",
        "2.6.0",
        "acceptable",
        convention="clamp-log-at-100",
        reason="value at [0]: got 100.0, wanted inf",
        part="value",
    ),
    *(result("binary/clipping/certain", name, "3.15", "acceptable", **CLIP) for name in KERAS),
    result("binary/clipping/certain", "ceconform[numpy]", "2.4.0", "pass", ulps=0.5),
    result("binary/clipping/other", "keras[jax]", "3.15", "fail", **NAN),
    result("binary/clipping/other", "keras[torch]", "3.15", "fail", **NAN),
    result("binary/clipping/other", "torch", "2.6.0", "fail", **{**NAN, "dtype": "float64"}),
    result("binary/clipping/other", "torch", "2.6.0", "pass", ulps=1.75),
    result("binary/plain/one", "torch", "2.6.0", "fail", kind="lost-precision", part="value", ulps=400.0),
    result("binary/plain/one", "keras[jax]", "3.15", "fail", kind="wrong-value", **ADDED),
    result(
        "binary/plain/one", "keras[torch]", "3.15", "unsupported", reason="no such thing", value=None, gradient=None
    ),
    result("binary/plain/one", "ceconform[numpy]", "2.4.0", "error", reason="in the adapter: KeyError", value=None),
)
REPORT = Report(
    header=Header(
        corpus="567c4525aa",
        cases=3,
        ceconform=("0.1.0",),
        started="2026-01-01T00:00:00+00:00",
        python=("3.11.7",),
        platform=("Linux x86_64",),
        implementations=IMPLEMENTATIONS,
        missing={"optax": "no module named optax"},
    ),
    results=RESULTS,
)


def shown(width=110, **how):
    """The text on a console of this width."""
    stream = io.StringIO()
    Console(file=stream, width=width, **how).print(render_text(REPORT))
    return stream.getvalue()


def rows(text):
    """Lines as tuples of words."""
    return [tuple(line.split()) for line in text.splitlines()]


def test_the_text_has_the_table_of_implementations():
    """Verdicts are counted for each implementation and version, with the worst error of a pass."""
    found = rows(shown())
    assert ("torch", "2.6.0", "1", "1", "2", "·", "·", "1.8", "ulp") in found
    assert ("keras[jax]", "3.15", "·", "1", "2", "·", "·", "·") in found
    assert ("ceconform[numpy]", "2.4.0", "1", "·", "·", "·", "1", "0.5", "ulp") in found
    assert "ceconform 0.1.0   corpus 567c4525, 3 cases   float32, float64   cpu   python 3.11.7" in shown()


def test_the_text_groups_acceptable_by_convention_and_fails_by_kind():
    """Worst kind first; backends of a library that agree are one; a dtype is named where another one passes."""
    found = rows(shown())
    assert ("clamp-log-at-100", "torch") in found
    assert ("clip-at-1e-7", "keras[*]") in found
    assert found.index(("nan-for-a-number",)) < found.index(("wrong-value",)) < found.index(("lost-precision",))
    assert ("binary/clipping/other", "keras[*]") in found
    assert ("binary/clipping/other", "torch", "(float64)") in found
    assert ("binary/plain/one", "keras[jax]", "as", "add-1e-7-inside-log") in found
    assert ("binary/plain/one", "ceconform[numpy]", "in", "the", "adapter:", "KeyError") in found
    assert ("optax", "no", "module", "named", "optax") in found
    assert found[-1] == ("explain", "one:", "ceconform", "explain", "CASE", "IMPLEMENTATION")


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_narrow_terminal_loses_no_word(width):
    """Columns are folded, never cut off, and no line is wider than the terminal."""
    text = shown(width)
    joined = "".join(text.split())
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert sorted(set(joined)) == sorted(set("".join(shown().split())))


def test_colour_is_the_consoles_choice(monkeypatch):
    """None in a pipe, none with NO_COLOR, some on a terminal."""
    assert "\x1b[" not in shown()
    assert "\x1b[31m" in shown(force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in shown(force_terminal=True, color_system="standard")


def test_markdown_says_the_same():
    """The same counts, conventions, kinds and errors, in tables."""
    text = render_markdown(REPORT)
    assert "| torch | 2.6.0 | 1 | 1 | 2 | · | · | 1.8 ulp |" in text
    assert "| `clip-at-1e-7` | keras[*] |" in text
    assert "<summary><code>nan-for-a-number</code>: 2</summary>" in text
    assert "| `binary/clipping/other` | torch | float64 |  |" in text
    assert "| optax | no module named optax |" in text
    assert text.index("nan-for-a-number") < text.index("wrong-value") < text.index("lost-precision")


def test_an_explanation_has_everything():
    """Description, sent, got, wanted, verdict, what the convention is, and a program that compiles."""
    text = explain(CASES["binary/clipping/certain"], RESULTS[0], REPORT.header)
    head, _, program = text.partition("\nimport torch\n")
    assert head.splitlines()[:2] == [
        "binary/clipping/certain   torch 2.6.0   float32   cpu",
        "p = 0 for a positive label.",
    ]
    assert re.search(r"sent +F\.binary_cross_entropy\(probabilities, labels, reduction='none'\)", head)
    assert re.search(r"got +100\.0 +0\.6931472\n +wanted +inf +0\.6931472", head)
    assert re.search(r"gradient +-1e\+12 +-2\.0\n +wanted +-inf +-2\.0", head)
    assert re.search(r"verdict +acceptable: clamp-log-at-100", head)
    assert "clamp-log-at-100: Each logarithm is at least -100" in head
    compile(program, "program", "exec")
    assert "probabilities = torch.tensor([0.0, 0.5], dtype=torch.float32, device='cpu')" in program


def test_what_was_not_asked_is_explained_without_a_program():
    """An unsupported call has its reason."""
    text = explain(CASES["binary/plain/one"], RESULTS[-2], REPORT.header)
    assert "unsupported" in text
    assert "no such thing" in text
    assert "import" not in text


def test_causes_are_distinct_and_worst_first():
    """One cause for each kind, loss and topic, or convention; the example is short and in float32."""
    found = discrepancies(REPORT, CASES)
    assert [each.kind for each in found] == ["nan-for-a-number", "wrong-value", "lost-precision"]
    assert len({each.slug for each in found}) == len(found)
    nan = found[0]
    assert nan.slug == "nan-for-a-number-binary-cross-entropy-binary-clipping"
    assert nan.implementations == (("keras[jax]", "3.15"), ("keras[torch]", "3.15"), ("torch", "2.6.0"))
    assert nan.dtypes == ("float32", "float64")
    assert nan.example.dtype == "float32"


def test_conventions_that_are_followed_are_listed_with_their_followers():
    """Which library follows which convention for which loss."""
    found = {each.convention: each.followers for each in usages(REPORT, CASES)}
    assert found == {
        "clamp-log-at-100": {"binary_cross_entropy": (("torch", "2.6.0"),)},
        "clip-at-1e-7": {"binary_cross_entropy": (("keras[jax]", "3.15"), ("keras[torch]", "3.15"))},
    }


def test_the_findings_page():
    """A heading with a slug, a cause, got and wanted, cases, and a program for each; conventions after them."""
    page = render_discrepancies(REPORT, CASES)
    assert "3 causes, worst first. Each has a program that shows it." in page
    for each in discrepancies(REPORT, CASES):
        assert f'\n### <a id="{each.slug}"></a>' in page
        assert f"](#{each.slug})" in page
    assert "NaN comes where there is an answer: The same again." in page
    assert "The loss is another number, by an undocumented convention. add-1e-7-inside-log: 1e-7 is added" in page
    assert "- Got: `nan   1`; wanted: `inf   0.6931472`" in page
    assert "### clip-at-1e-7" in page
    assert "- `binary_cross_entropy`: keras[*]" in page
    programs = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(programs) == 3
    for program in programs:
        compile(program, "program", "exec")


def test_the_findings_page_is_the_same_for_the_same_report():
    """Neither times, nor the order of the results, show in it."""
    other = Report(
        header=Header(**{**vars(REPORT.header), "started": "2027-01-01T00:00:00+00:00"}),
        results=tuple(Result(**{**vars(each), "seconds": 9.0}) for each in reversed(RESULTS)),
    )
    assert render_discrepancies(other, CASES) == render_discrepancies(REPORT, CASES)


def test_a_case_that_the_corpus_no_longer_has_is_still_listed():
    """Without its description and program."""
    page = render_discrepancies(REPORT, {})
    assert (
        '### <a id="nan-for-a-number-binary-cross-entropy-binary-clipping"></a>binary cross entropy, clipping' in page
    )
    assert "```python" not in page
