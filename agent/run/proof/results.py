"""What one run of tests said, test by test, where the runner tells: read from JUnit XML or its output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import Literal
from xml.etree import ElementTree

from seedsmith.sandbox.lazy_dataclass import dataclass

Said = Literal["passed", "failed", "error", "skipped"]
MOST_XML_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test."""

    name: str
    said: Said
    why: str = ""
    """What the runner wrote of a failure."""
    file: str = ""
    """Relative to the workspace; '' where the runner does not tell."""
    whole_file: bool = False
    """Whether it stands for a file that could not even be loaded."""


@dataclass(frozen=True, slots=True)
class TestRun:
    """One run of a test command."""

    exit_code: int | None
    output: str = ""
    tests: dict[str, TestResult] = field(default_factory=dict)
    """By name; empty where the runner tells of none."""

    def of(self, *said: Said) -> set[str]:
        """The names of the tests that ended so."""
        return {name for name, test in self.tests.items() if test.said in said}


def read_junit(document: bytes) -> dict[str, TestResult]:
    """The tests of pytest's XML; none where it is no such document."""
    if len(document) > MOST_XML_BYTES or b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        return {}  # entities may grow without bounds
    try:
        root = ElementTree.fromstring(document)  # noqa: S314
    except ElementTree.ParseError:
        return {}
    return {test.name: test for test in _worst_first(map(_of_case, root.iter("testcase")))}


def _of_case(case: ElementTree.Element) -> TestResult:
    owner, name, file = (case.get(key, "") for key in ("classname", "name", "file"))
    said: Said = "passed"
    why = ""
    for child in case:
        if child.tag in ("failure", "error", "skipped"):
            said = {"failure": "failed", "error": "error", "skipped": "skipped"}[child.tag]  # type: ignore[assignment]
            why = "\n".join(filter(None, (child.get("message", ""), child.text or "")))
            break
    loads = said == "error" and not owner
    return TestResult(f"{owner}.{name}" if owner else name, said, why, file or _file_of(name, loads), loads)


def _file_of(module: str, loads: bool) -> str:
    """The file of a module that could not be collected: pytest names only the module."""
    return module.replace(".", "/") + ".py" if loads and not module.endswith(".py") else ""


def _worst_first(tests: Iterator[TestResult]) -> Iterator[TestResult]:
    """A test that is told of twice, as one whose clean-up failed, counts by the worse."""
    worst: dict[str, TestResult] = {}
    for test in tests:
        before = worst.get(test.name)
        if before is None or before.said == "passed":
            worst[test.name] = test
    yield from worst.values()


_SAID: dict[str, Said] = {
    "ok": "passed",
    "PASS": "passed",
    "✔": "passed",
    "✓": "passed",
    "FAIL": "failed",
    "FAILED": "failed",
    "not ok": "failed",
    "✖": "failed",
    "✕": "failed",
    "×": "failed",
    "ERROR": "error",
    "ignored": "skipped",
    "SKIP": "skipped",
    "skipped": "skipped",
    "○": "skipped",
    "﹣": "skipped",
    "expected failure": "passed",
    "unexpected success": "failed",
}
_TIME = re.compile(r" \((?:\d[\d.]*\s*m?s)\)$| \d+ ?ms$| *# time=.*$|,? *\d+ tests?\)?$")
_SHAPES = (
    # unittest -v: "test_a (module.Class.test_a) ... ok", a docstring between
    re.compile(
        r"^(?P<name>test\w* \([\w.]+\))(?:\n(?!test\w* \().*)?? \.\.\. "
        r"(?:.*\n)*?(?P<said>ok|FAIL|ERROR|skipped|expected failure|unexpected success)\b",
        re.MULTILINE,
    ),
    # unittest, a module that can't be imported
    re.compile(r"^(?P<said>ERROR|FAIL): (?P<name>\w+ \([\w.]+\))$", re.MULTILINE),
    # cargo
    re.compile(r"^test (?P<name>\S+)(?: - should panic)? \.\.\. (?P<said>ok|FAILED|ignored)\b", re.MULTILINE),
    # go test -v
    re.compile(r"^ *--- (?P<said>PASS|FAIL|SKIP): (?P<name>\S+)", re.MULTILINE),
    # node --test, TAP
    re.compile(r"^ *(?P<said>ok|not ok) \d+ - (?P<name>[^\n#]+?)(?P<todo> # SKIP.*)?$", re.MULTILINE),
    # node's spec reporter, mocha, jest, vitest
    re.compile(r"^ *(?P<said>[✔✖✓✕×○﹣]) (?P<name>\S[^\n]*)$", re.MULTILINE),
    # jest's and vitest's files
    re.compile(r"^(?P<said>PASS|FAIL) +(?P<name>\S+\.[cm]?[jt]sx?)\b.*$", re.MULTILINE),
)
_UNITTEST_FAILURE = re.compile(
    r"^(?:FAIL|ERROR): (?P<name>[^\n]+)\n(?:[^\n]*\n)?-{70}\n.*?(?=^={70}$|^-{70}$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PASSED = re.compile(r"^test\w* \(.*\.\.\. ok$|^ *--- PASS: |^=== (?:RUN|PAUSE|CONT) ")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def without_passed(output: str) -> str:
    """``output`` without the lines that tell of a test that passed."""
    return "".join(line for line in output.splitlines(keepends=True) if not _PASSED.search(line))


def read_output(output: str) -> dict[str, TestResult]:
    """The tests that an output names, by the forms of unittest, cargo, go, node, mocha, jest and vitest."""
    text = _ESCAPES.sub("", output)
    blocks = {block["name"]: block[0] for block in _UNITTEST_FAILURE.finditer(text)}
    found: dict[str, TestResult] = {}
    for shape in _SHAPES:
        for line in shape.finditer(text):
            name = _TIME.sub("", line["name"].strip()).strip()
            said = "skipped" if line.groupdict().get("todo") else _SAID[line["said"]]
            before = found.get(name)
            if name and (before is None or before.said in ("passed", "skipped")):
                found[name] = TestResult(
                    name, said, blocks.get(name, text) if said in ("failed", "error") else ""
                )
    return found
