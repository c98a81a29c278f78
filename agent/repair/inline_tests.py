"""Tests that stand in the same file as what they test, as Rust has them; and which tests an output names."""

from __future__ import annotations

import re

from seedsmith.agent.repair.functions import Region, code_of

_MARK = re.compile(
    r"#\[(?:cfg\(\s*(?:all\s*\(\s*)?test\b|(?:\w+\s*::\s*)*(?:test|rstest|test_case)\b)[^\]]*\]"
)
_FAILED = re.compile(r"^\s*--- FAIL: (\w+)|^test (?:\w+::)*(\w+)(?: - [^\n]*)? \.\.\. FAILED", re.MULTILINE)


def lines_of_tests(path: str, text: str) -> frozenset[int]:
    """The numbers of the lines that are tests and their helpers, in a file that is no test file."""
    if not path.endswith(".rs"):
        return frozenset()
    code = code_of(path, text)
    found: set[int] = set()
    for mark in _MARK.finditer(code):
        end = _end(code, mark.end())
        first, last = code.count("\n", 0, mark.start()) + 1, code.count("\n", 0, end) + 1
        found.update(range(first, last + 1))
    return frozenset(found)


def parted(path: str, text: str) -> tuple[str, str]:
    """The text without the tests it holds, and the tests alone; lines keep their numbers in both."""
    tests = lines_of_tests(path, text)
    lines = text.split("\n")
    program = [("" if number in tests else line) for number, line in enumerate(lines, 1)]
    others = [(line if number in tests else "") for number, line in enumerate(lines, 1)]
    return "\n".join(program), "\n".join(others)


def failed_names(output: str) -> frozenset[str]:
    """The functions that Go's and Rust's test runners name as failed, in what they print."""
    return frozenset(go or rust for go, rust in _FAILED.findall(output))


def is_named_test(text: str, region: Region) -> bool:
    """Whether a function of a test text is a test that Go's or Rust's runner runs, not its helper."""
    if not region.is_function:
        return False
    if region.path.endswith(".go"):
        return region.name.startswith(("Test", "Fuzz", "Example"))
    above = text.split("\n")[: region.numbers[0] - 1]
    for line in reversed(above):
        if not line.lstrip().startswith(("#[", "//")):
            return False
        if _MARK.search(line):
            return True
    return False


def _end(code: str, start: int) -> int:
    """Where the item that begins at ``start`` ends: behind its braces, or at a semicolon before them."""
    depth = 0
    for each in re.finditer(r"[{};]", code[start:]):
        depth += (each[0] == "{") - (each[0] == "}")
        if depth <= 0:
            return start + each.start()
    return len(code)
