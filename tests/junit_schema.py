"""The rules of junit-10.xsd, by which Jenkins reads JUnit XML, so far as ceconform's documents need them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

_NUMBER, _ANY = re.compile(r"\d+"), re.compile(r"(?s).*")
_TIME = re.compile(r"\d+\.\d{3}")
"""Narrower than the schema's, whose first edition allows three decimals at most."""
_COUNTED = {"tests": _NUMBER, "failures": _NUMBER, "errors": _NUMBER}
_MESSAGE = (set(), {"type": _ANY, "message": _ANY}, set(), True)

ELEMENTS = {
    # element: attributes that it must have, attributes that it may have, children, whether it may hold text
    "testsuites": (set(), {"name": _ANY, "time": _TIME, **_COUNTED}, {"testsuite"}, False),
    "testsuite": (
        {"name", *_COUNTED},
        {"name": _ANY, "time": _TIME, "skipped": _NUMBER, "timestamp": _ANY, **_COUNTED},
        {"testcase"},
        False,
    ),
    "testcase": (
        {"name"},
        {"name": _ANY, "classname": _ANY, "time": re.compile(r"\d+\.\d+")},
        {"skipped", "error", "failure", "system-out"},
        False,
    ),
    "skipped": _MESSAGE,
    "error": _MESSAGE,
    "failure": _MESSAGE,
    "system-out": (set(), {}, set(), True),
}
_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def parse(text: str) -> ET.Element:
    """Read a document, which must obey the rules and count itself right."""
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert [] == list(_problems(root))
    for suite in (root, *root):
        cases = list(suite.iter("testcase"))
        assert str(len(cases)) == suite.get("tests")
        for count, tag in _COUNTS.items():
            if count in suite.attrib:
                assert sum(case.find(tag) is not None for case in cases) == int(suite.get(count))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(names) == len(set(names))
    return root


def _problems(element):
    required, known, children, text = ELEMENTS[element.tag]
    yield from (f"{element.tag} has no {name}" for name in required - element.attrib.keys())
    for name, value in element.attrib.items():
        if name not in known or not known[name].fullmatch(value):
            yield f"{element.tag}: {name}={value!r}"
    if not text and (element.text or "").strip():
        yield f"{element.tag} has text: {element.text!r}"
    for child in element:
        if child.tag not in children:
            yield f"{element.tag} has {child.tag}"
        yield from _problems(child)
