"""A report as JUnit XML, which every server for continuous integration can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from ceconform.corpus import Case
from ceconform.report.explain import command, facts
from ceconform.report.regression import Regression
from ceconform.report.regressions import fixed, stale
from ceconform.report.report import Report
from ceconform.report.result import Key, Result
from ceconform.report.summary import Who, versions
from ceconform.verdict.baseline import Entry

__all__ = ["render_junit"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, not even as a reference."""
_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render_junit(report: Report, cases: Mapping[str, Case], changed: Regression | None = None) -> str:
    r"""Write a report as JUnit XML: a suite for each implementation, a test for each answer.

    A fail is a failure of its kind, an error an error. What is unsupported is skipped with its reason, and so is what
    baselines know: a server shows the reason of a skip, and hides what a test that passes has to say. What is fixed or
    stale is a failure too, in the suite `baselines`, because the run ends with exit code 1 for it. An implementation
    that did not start is a suite with one error.

    Parameters
    ----------
    report
        Of a run.
    cases
        The corpus by id, for what was wanted.
    changed
        The report beside its baselines.

    Examples
    --------
    >>> from ceconform.report import Header, Report
    >>> header = Header.here(ceconform="0.1.0", corpus="", cases=0, missing={"mine": "a bell: \a"})
    >>> print(render_junit(Report(header=header), {}))  # doctest: +ELLIPSIS
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="ceconform" tests="1" failures="0" errors="1" time="0.000">
      <testsuite name="mine" tests="1" failures="0" errors="1" skipped="0" time="0.000" timestamp="...">
        <testcase classname="mine" name="start" time="0.000000">
          <error type="start" message="a bell: \x07" />
    ...
    """
    groups: dict[Who, list[Result]] = {(each.name, each.version): [] for each in report.header.implementations}
    for result in report.results:
        groups.setdefault((result.implementation, result.version), []).append(result)
    several = {name for name, some in versions(report).items() if len(some) > 1}
    entries = {} if changed is None else changed.entries
    suites = [
        _suite(
            f"{name} {version}", [_test(each, cases, entries, apart=name in several) for each in groups[name, version]]
        )
        for name, version in sorted(groups)
    ]
    for name, reason in report.header.missing.items():
        suites.append(_suite(name, [_verdict(_case(name, "start"), "error", "start", reason)]))
    if changed is not None:
        suites.append(_suite("baselines", list(_changes(changed))))
    for suite in suites:
        suite.set("timestamp", report.header.started)
    root = ET.Element("testsuites", name="ceconform")
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', 0)) for suite in suites):.3f}")
    root.extend(suites)
    ET.indent(root)
    # References for all that is not ASCII: right in any encoding that a terminal or a pipe may have.
    written = ET.tostring(root, "us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def _suite(name: str, tests: list[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(name), tests=str(len(tests)))
    for count, tag in _COUNTS.items():
        suite.set(count, str(sum(test.find(tag) is not None for test in tests)))
    suite.set("time", f"{sum(float(test.get('time', 0)) for test in tests):.3f}")
    suite.extend(tests)
    return suite


def _case(classname: str, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.Element("testcase", classname=_text(classname), name=_text(name), time=f"{seconds:.6f}")


def _test(result: Result, cases: Mapping[str, Case], entries: Mapping[Key, Entry], *, apart: bool) -> ET.Element:
    """One answer; dots in a class's name are folders to a server, so the version has none."""
    who = f"{result.implementation}@{result.version.replace('.', '_')}" if apart else result.implementation
    topic, _, slug = result.case.rpartition("/")
    device = "" if result.device == "cpu" else result.device
    words = ", ".join(filter(None, (result.dtype, result.via, device)))
    test = _case(".".join(filter(None, (who, topic.replace("/", ".")))), f"{slug} [{words}]", result.seconds)
    told = "\n".join(
        (*(f"{name:<10}{text}".rstrip() for name, text in facts(cases.get(result.case), result)), "", command(result))
    )
    entry = entries.get(result.key)
    match result.verdict:
        case "unsupported":
            return _verdict(test, "skipped", "unsupported", result.reason)
        case "error":
            return _verdict(test, "error", "error", result.reason, told)
        case "fail" if entry is not None:
            known = f"known {result.kind}: {entry.reason or 'the baseline has no reason yet'}"
            where = "\n".join(filter(None, (f"{entry.path}:{entry.line}", entry.link)))
            return _verdict(test, "skipped", "known", known, f"{where}\n\n{told}")
        case "fail":
            return _verdict(test, "failure", result.kind, result.reason, told)
        case "acceptable":
            ET.SubElement(test, "system-out").text = _text(told)
    return test


def _verdict(test: ET.Element, tag: str, kind: str, message: str, told: str = "") -> ET.Element:
    ET.SubElement(test, tag, type=kind, message=_text(message)).text = _text(told) or None
    return test


def _changes(changed: Regression) -> Iterator[ET.Element]:
    """What the baselines say and is no longer so."""
    found = [
        *((each.entry, each.place.line, "fixed", each.pattern, fixed(each)) for each in changed.fixed),
        *((each.entry, each.line, "stale", each.problem, stale(each)) for each in changed.stale),
    ]
    for entry, line, tag, about, said in found:
        name = f"{line}: {entry.kind}: {about}"
        test = _case(f"baselines.{entry.path.stem}", name)
        yield _verdict(test, "failure", tag, said, f"{entry.path}:{line}")


def _text(text: str) -> str:
    """Write what XML cannot hold as the escapes of Python."""
    return _NO_XML.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
