"""The test command that a repository's ``AGENTS.md`` names in code, if it is one of a known kind.

The file's author is a stranger, so nothing is taken but the plain call of a known test runner: no shell
syntax, no placeholder, and no single test, which is what examples show.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_SPAN = re.compile(r"(`+)([^`]+)\1")
_WORD = r"""(?:[\w./=:@,+-]+|"[\w ./:-]*"|'[\w ./:-]*')"""
_RUNNER = re.compile(
    rf"""(?P<settings>(?:[A-Z][A-Z0-9_]*=[\w./:,-]*\ +)*)
    (?P<call>
        (?:(?:uv|poetry|pdm|pipenv|rye|hatch)\ +run\ +)?
        (?:pytest|py\.test|python3?\ +-m\ +(?:pytest|unittest)|tox|nox|hatch\ +test)
        |(?:npm|pnpm|yarn|bun)\ +(?:run\ +)?test(?::[\w-]+)?
        |go\ +test|cargo\ +(?:test|nextest\ +run)|ctest
        |(?:make|just)(?:\ +-\S+)*\ +(?:check|(?:[\w-]*[_-])?tests?(?:[_-][\w-]*)?)
        |(?:\./mvnw|mvn)(?:\ +-[\w.=-]+)*\ +(?:test|verify)
        |(?:\./gradlew|gradle)(?:\ +-[\w.=-]+)*\ +(?:test|check)
    )
    (?P<rest>(?:\ +{_WORD})*)""",
    re.VERBOSE,
)
_ONE_TEST = re.compile(
    r"::|(?:^|\s)(?:-k|-run|-R|--filter|--grep|--watch\w*)\b|path/to|\.(?:py|[cm]?[jt]sx?|go|rs|java|kt)\b"
)
_LONGEST_LINE = 500
_ENVIRONMENTS = (".venv/bin", "venv/bin")


def instructed_test_command(text: str, workspace: Path) -> str:
    """The first command in ``text`` (Markdown) that runs the tests and whose program is there; else empty.

    A program of the workspace's own virtual environment is called from there.
    """
    for code in _code(text):
        found = _RUNNER.fullmatch(code)
        if found is None or _ONE_TEST.search(found["rest"]):
            continue
        program, *_ = found["call"].split(" ", 1)
        if (place := _place(program, workspace)) is not None:
            return f"{found['settings']}{place}{found['call'].removeprefix(program)}{found['rest']}"
    return ""


def _code(text: str) -> Iterator[str]:
    """What the Markdown writes as code, a line or a span at a time, prompts and comments left out."""
    fenced = False
    for line in text.splitlines():
        if len(line) > _LONGEST_LINE:
            continue
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced:
            yield re.sub(r"\s#.*", "", line).strip().removeprefix("$ ").strip()
        else:
            for _, code in _SPAN.findall(line):
                yield code.strip()


def _place(program: str, workspace: Path) -> str | None:
    """How the program is called from the workspace's root; None if it is not there."""
    if program.startswith("./"):
        return program if os.access(workspace / program, os.X_OK) else None
    for folder in _ENVIRONMENTS:
        if os.access(workspace / folder / program, os.X_OK):
            return f"{folder}/{program}"
    return program if shutil.which(program) else None
