"""Results as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree

from seedsmith.agent.tasks.junit import Case, junit_xml

CASES = [
    Case("tidy", "passes", 1.25),
    Case("tidy", "fails <&\"'> \x1b[31m\x00\ufffe 中文", 0.5, failure="first \x07 line\nsecond ]]> line"),
    Case("other", "waits", 0.0, skipped="has no recording"),
]


def test_counts_and_texts():
    root = ElementTree.fromstring(junit_xml(CASES))
    assert root.tag == "testsuites"
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1", "time": "1.750"}
    tidy, other = root
    assert (tidy.get("name"), tidy.get("tests"), tidy.get("failures")) == ("tidy", "2", "1")
    passes, fails = tidy
    assert not len(passes) and passes.attrib == {"classname": "tidy", "name": "passes", "time": "1.250"}
    assert fails.get("name") == "fails <&\"'> \ufffd\ufffd 中文"
    failure = fails.find("failure")
    assert failure.get("message") == "first \ufffd line" and failure.text.endswith("second ]]> line")
    assert other.find("testcase/skipped").get("message") == "has no recording"


def test_no_case_at_all():
    root = ElementTree.fromstring(junit_xml([]))
    assert (root.get("tests"), len(root)) == ("0", 0)
