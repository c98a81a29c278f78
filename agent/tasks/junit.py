"""Test results as JUnit XML, which build servers read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from seedsmith.sandbox.lazy_dataclass import dataclass

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Case:
    """One test."""

    suite: str
    name: str
    seconds: float
    failure: str = ""
    """Why it failed; its first line is the message. Empty where it did not."""
    skipped: str = ""
    """Why it was not run."""


def junit_xml(cases: Iterable[Case]) -> bytes:
    """A ``testsuites`` document with a ``testsuite`` for each suite, in the order they first come."""
    suites: dict[str, list[Case]] = {}
    for case in cases:
        suites.setdefault(case.suite, []).append(case)
    root = ElementTree.Element("testsuites", _counts([case for suite in suites.values() for case in suite]))
    for name, inside in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(name), **_counts(inside)})
        for case in inside:
            attributes = {"classname": _clean(name), "name": _clean(case.name), "time": f"{case.seconds:.3f}"}
            element = ElementTree.SubElement(suite, "testcase", attributes)
            if case.failure:
                message = _clean(case.failure.partition("\n")[0])
                failure = ElementTree.SubElement(element, "failure", {"message": message, "type": "failure"})
                failure.text = _clean(case.failure)
            elif case.skipped:
                ElementTree.SubElement(element, "skipped", {"message": _clean(case.skipped)})
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _counts(cases: list[Case]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.failure) for case in cases)),
        "errors": "0",
        "skipped": str(sum(bool(case.skipped) and not case.failure for case in cases)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _clean(text: str) -> str:
    """``text`` without what XML can't hold."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", _ESCAPES.sub("", text))
