"""What one run of tests said, test by test, where the runner tells: read from JUnit XML or its output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Literal
from xml.etree import ElementTree

from seedsmith.agent.run.proof.go_output import failures_of_go, without_passed_of_go
from seedsmith.sandbox.lazy_dataclass import dataclass

Said = Literal["passed", "failed", "error", "skipped"]
FAILING: tuple[Said, Said] = ("failed", "error")
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
    times: int = 1
    """How often it was told to end so: several tests may have one name."""


@dataclass(frozen=True, slots=True)
class TestRun:
    """One run of a test command."""

    exit_code: int | None
    output: str = ""
    tests: dict[str, TestResult] = field(default_factory=dict)
    """By name; empty where the runner tells of none."""
    whole: bool = True
    """Whether all that the runner told was read."""

    def of(self, *said: Said) -> set[str]:
        """The names of the tests that ended so."""
        return {name for name, test in self.tests.items() if test.said in said}

    @property
    def failing(self) -> set[str]:
        """The names of the tests that failed."""
        return self.of(*FAILING)


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
    "- [skip]": "skipped",
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
    "Passed": "passed",
    "Failed": "failed",
    "Exception": "failed",
    "Timeout": "failed",
    "Not Run": "error",
    "Skipped": "skipped",
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
    # ctest
    re.compile(
        r"^ *\d+/\d+ Test +#\d+: (?P<name>\S+) \.*(?: +|\*\*\*)"
        r"(?P<said>Passed|Failed|Exception|Timeout|Not Run|Skipped)\b",
        re.MULTILINE,
    ),
    # go test -v
    re.compile(r"^ *--- (?P<said>PASS|FAIL|SKIP): (?P<name>\S+)", re.MULTILINE),
    # node --test, TAP
    re.compile(r"^ *(?P<said>ok|not ok) \d+ - (?P<name>[^\n#]+?)(?P<todo> # SKIP.*)?$", re.MULTILINE),
    # node's spec reporter, mocha, jest, vitest, ava; linters mark what they complain of in the same way
    re.compile(
        r"^ *(?P<said>[✔✖✓✕×○﹣]|- \[skip\]) "
        r"(?! *\d+:\d+\s|\d+ (?:problem|error|warning)s?\b|\S+\.[cm]?[jt]sx? \(\d+ tests?\b)"
        r"(?P<name>\S[^\n]*)$",
        re.MULTILINE,
    ),
)
_RAN = re.compile(r"^Ran \d+ tests? in ", re.MULTILINE)
_DESCRIBED = re.compile(
    r"^(?P<name>[^\s.][^\n]*?) \.\.\. (?P<said>ok|FAIL|ERROR|skipped|expected failure|unexpected success)\b",
    re.MULTILINE,
)
"""unittest, whose tests may describe themselves in any words."""
_MARKED_FILES = (
    # jest
    re.compile(r"^(?P<said>PASS|FAIL) +(?P<name>\S+\.[cm]?[jt]sx?)\b.*$", re.MULTILINE),
    # vitest, which names the tests of files that failed alone
    re.compile(
        r"^ *(?P<said>[✓❯]) (?P<name>\S+\.[cm]?[jt]sx?) \((?P<none>0 tests?\b)?[^)\n]*\)", re.MULTILINE
    ),
)
_MOCHA = re.compile(r"^ +\d+\) (?P<name>\S[^\n]*)$", re.MULTILINE)
_MOCHA_END = re.compile(r"^ +\d+ passing\b", re.MULTILINE)
_AVA = re.compile(r"^ *✘ \[fail\]: (?P<name>\S[^\n]*)$", re.MULTILINE)
_TAP = re.compile(r"^(?:TAP version \d+|1\.\.\d+)$", re.MULTILINE)
_TAPE = re.compile(
    r"^(?:# (?!(?:tests|pass|fail|skip|todo) +\d+$)(?P<test>\S[^\n]*)"
    r"|(?P<said>ok|not ok) \d+(?: (?!- )(?P<name>[^\n]*))?)$",
    re.MULTILINE,
)
_UNITTEST_FAILURE = re.compile(
    r"^(?:FAIL|ERROR): (?P<name>[^\n]+)\n(?:[^\n]*\n)?-{70}\n.*?(?=^={70}$|^-{70}$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PASSED = re.compile(r"^test\w* \(.*\.\.\. ok$|^ *--- PASS: |^=== PAUSE |^ +✓ ")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def without_passed(output: str) -> str:
    """``output`` without the lines that tell of a test that passed, and what it wrote where that is told."""
    lines = without_passed_of_go(output).splitlines(keepends=True)
    return "".join(line for line in lines if not _PASSED.search(line))


def read_output(output: str) -> dict[str, TestResult]:
    """The tests that an output names, by the forms of unittest, cargo, go, node, mocha, jest and vitest."""
    text = _ESCAPES.sub("", output)
    blocks = {block["name"]: block[0] for block in _UNITTEST_FAILURE.finditer(text)} | failures_of_go(text)
    found: dict[str, TestResult] = {}
    shapes = _SHAPES if not _RAN.search(text) or _SHAPES[0].search(text) else (_DESCRIBED,)
    for test in (
        *_marked(text, blocks, shapes),
        *_of_files(text),
        *_of_mocha(text),
        *_of_ava(text),
        *_of_tape(text),
    ):
        before = found.get(test.name)
        if before is None or before.said in ("passed", "skipped"):
            found[test.name] = test
        elif test.said in FAILING:
            found[test.name] = replace(before, times=before.times + 1)
    return found


def _marked(text: str, blocks: dict[str, str], shapes: Sequence[re.Pattern[str]]) -> Iterator[TestResult]:
    for shape in shapes:
        for line in shape.finditer(text):
            if name := _TIME.sub("", line["name"].strip()).strip():
                said = "skipped" if line.groupdict().get("todo") else _SAID[line["said"]]
                yield TestResult(name, said, blocks.get(name, text) if said in ("failed", "error") else "")


def _of_files(text: str) -> Iterator[TestResult]:
    for shape in _MARKED_FILES:
        for line in shape.finditer(text):
            said: Said = "passed" if line["said"] in ("PASS", "✓") else "failed"
            loads = bool(line.groupdict().get("none"))
            yield TestResult(line["name"], said, text if said == "failed" else "", line["name"], loads)


def _of_mocha(text: str) -> Iterator[TestResult]:
    """What failed, which mocha numbers where other runners mark it, and lists once more at the end."""
    end = _MOCHA_END.search(text)
    for line in _MOCHA.finditer(text, 0, end.start() if end else 0):
        yield TestResult(line["name"].strip(), "failed", text)


def _of_ava(text: str) -> Iterator[TestResult]:
    """What failed: behind its title may stand why; the title stands alone further below."""
    lines = {line.strip() for line in text.splitlines()}
    for line in _AVA.finditer(text):
        words = line["name"].split(" ")
        titles = (" ".join(words[:count]) for count in range(len(words), 0, -1))
        title = next((title for title in titles if title in lines), line["name"])
        yield TestResult(_TIME.sub("", title), "failed", text)


def _of_tape(text: str) -> Iterator[TestResult]:
    """Tests of TAP whose assertions follow a comment that names them."""
    if not _TAP.search(text):
        return
    test = ""
    lines = [*_TAPE.finditer(text)]
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        if line["test"]:
            test = line["test"].strip()
        elif name := test or (line["name"] or "").strip():
            failed = line["said"] == "not ok"
            why = text[line.start() : following.start() if following else None] if failed else ""
            yield TestResult(name, "failed" if failed else "passed", why)
