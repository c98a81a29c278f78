"""What each test of ``go test -v`` wrote: Go prints all of it, of those that passed as well."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BEGINS = re.compile(r"^=== (?:RUN|CONT|NAME) +(\S+)")
_ENDS = re.compile(r"^ *--- (PASS|FAIL|SKIP): (\S+)")
_PANIC = re.compile(r"^panic: .*", re.MULTILINE | re.DOTALL)
_PASSES = re.compile(r"^ *--- (?:PASS|SKIP): (\S+)", re.MULTILINE)
_FAILS = re.compile(r"^ *--- FAIL: (\S+)", re.MULTILINE)


def failures_of_go(output: str) -> dict[str, str]:
    """What each failed test wrote, its parts with it, and the panic that ended all; by the test's name."""
    failed = _FAILS.findall(output)
    if not failed:
        return {}
    lines = [*_of_tests(output)]
    panic = found[0] if (found := _PANIC.search(output)) else ""
    return {
        name: "".join(line for test, line in lines if f"{test}/".startswith(f"{name}/")) + panic
        for name in failed
    }


def without_passed_of_go(output: str) -> str:
    """``output`` without what tests wrote that passed."""
    passed = set(_PASSES.findall(output))
    return "".join(line for test, line in _of_tests(output) if test not in passed)


def _of_tests(output: str) -> Iterator[tuple[str, str]]:
    """Each line with the name of its test; '' where it is none's."""
    test = ""
    for line in output.splitlines(keepends=True):
        if begins := _BEGINS.match(line):
            test = begins[1]
        elif ends := _ENDS.match(line):
            yield ends[2], line
            test = ""
        elif line.startswith(("panic: ", "FAIL", "ok ", "PASS")):
            test = ""
            yield test, line
        else:
            yield test, line
