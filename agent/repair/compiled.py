"""Which lines each test of a C or C++ program ran, by the compiler's own coverage (gcov).

The test command runs once more, in a copy of the workspace that is shown at its path: what is compiled there
counts its lines, and each function of a test file that is called from elsewhere is a test of its own. Where
nothing is compiled through a compiler found by name (CMake keeps its path), nothing is known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from seedsmith.agent.repair.copies import PrivateCopy, can_copy
from seedsmith.agent.repair.diagnosis import Diagnosis, Lines, among
from seedsmith.agent.repair.functions import bodies
from seedsmith.agent.repair.watched_run import Injection, reports
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import Workspace

_FOLDER = "seedsmith-compiled"
_INJECTED = Path(__file__).parent / "injected"
_ADDED = ("compiler.sh", "coverage.sh", "seedsmith_probe.h", "seedsmith_runtime.c")
_SOURCES = frozenset({".c", ".cc", ".cpp", ".cxx"})
_HEADERS = frozenset({".h", ".hh", ".hpp", ".hxx"})
_SOURCE_BYTES = 1 << 20
_SECONDS, _TIMES = 20.0, 5
"""A run that compiles and counts may take so long, and so many times what it takes else."""
_RAN = re.compile(rb" *[\d.]+[kMGTPEZY]?\*?: *(\d+):")
_SOURCE = b"        -:    0:Source:"
_TELLS_OF_FAILURE = re.compile(r"\bnot ok\b|fail|error|wrong|mismatch", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Test:
    lines: Lines
    ended: bool
    """Whether the program ended in it."""


def is_compiled(path: str) -> bool:
    """Whether a file's lines can be counted so."""
    return PurePosixPath(path).suffix in _SOURCES


async def with_compiled_lines(
    command: str, processes: ProcessRunner, diagnosis: Diagnosis, known: frozenset[str]
) -> Diagnosis:
    """The diagnosis with the lines that failing and passing tests ran; the same where they are not known."""
    tests = [path for path in known if is_compiled(path) and looks_like_a_test(path)]
    if not tests or diagnosis.watched or diagnosis.timed_out or not can_copy(processes):
        return diagnosis
    try:
        with PrivateCopy(processes.policy.private_tmp / _FOLDER, processes) as copy:
            _prepare(copy.root, known, tests)
            ran = await _run(command, copy.processes, min(_SECONDS, 2 + _TIMES * diagnosis.seconds), known)
    except (SandboxError, OSError):
        return diagnosis
    return _told_apart(diagnosis, ran, copy_of=processes.policy.workspace)


def _prepare(folder: Path, known: Iterable[str], tests: Iterable[str]) -> None:
    """Have everything compiled anew, and each function of the tests say that it begins and ends."""
    with Workspace(folder) as files:
        for path in tests:
            text = files.read_bytes(path, cap=_SOURCE_BYTES).decode("utf-8", "surrogateescape")
            files.write_bytes(path, _announced(path, text).encode("utf-8", "surrogateescape"))
    for path in known:
        if PurePosixPath(path).suffix in _SOURCES | _HEADERS and os.path.lexists(folder / path):
            os.utime(folder / path, follow_symlinks=False)


def _announced(path: str, text: str) -> str:
    places = [after for name, after in bodies(path, text) if name != "main"]
    for place in sorted(places, reverse=True):
        text = f"{text[:place]} SEEDSMITH_TEST {text[place:]}"
    return text


async def _run(command: str, processes: ProcessRunner, seconds: float, known: frozenset[str]) -> list[_Test]:
    injection = Injection(processes, _FOLDER)
    injection.add(*(_INJECTED / name for name in _ADDED))
    (injection.folder / "out").mkdir()
    try:
        await injection.run(command, timeout=seconds, then="coverage.sh")
        return [_read(text, known) for text in reports(injection.folder / "out", ".gcov")]
    finally:
        injection.remove()


def _read(text: bytes, known: frozenset[str]) -> _Test:
    """What gcov wrote of one test."""
    lines: dict[str, set[int]] = {}
    path: str | None = None
    for line in text.splitlines():
        if line.startswith(_SOURCE):
            path = among(os.fsdecode(line[len(_SOURCE) :]), known)
        elif path is not None and (match := _RAN.match(line)):
            lines.setdefault(path, set()).add(int(match[1]))
    return _Test({path: frozenset(numbers) for path, numbers in lines.items()}, text.startswith(b"ended\n"))


def _told_apart(diagnosis: Diagnosis, tests: list[_Test], copy_of: Path) -> Diagnosis:
    """The diagnosis with ``tests`` as failing and passing ones, where there are some of both."""
    if not diagnosis.failed:
        return diagnosis
    marks = {(frame.path, frame.line) for test in diagnosis.failed for frame in test.frames}
    failing = [test for test in tests if test.ended or _meets(test, marks)]
    if not failing:
        told = _failure_lines(tests, copy_of)
        failing = [test for test in tests if _meets(test, told)]
    passing = [test.lines for test in tests if test not in failing]
    if not failing or not passing:
        return diagnosis
    first, *others = (replace(diagnosis.failed[0], lines=test.lines) for test in failing)
    return replace(
        diagnosis,
        failed=(first, *diagnosis.failed[1:], *(replace(test, frames=()) for test in others)),
        passed_lines=tuple(passing),
    )


def _meets(test: _Test, places: set[tuple[str, int]]) -> bool:
    return any(line in test.lines.get(path, ()) for path, line in places)


def _failure_lines(tests: list[_Test], folder: Path) -> set[tuple[str, int]]:
    """Where test files tell of a failure: lines that ran and whose text says so."""
    found: set[tuple[str, int]] = set()
    for path in {path for test in tests for path in test.lines if looks_like_a_test(path)}:
        texts = (folder / path).read_text("utf-8", "replace").split("\n")
        found |= {
            (path, n) for n, text in enumerate(texts, 1) if '"' in text and _TELLS_OF_FAILURE.search(text)
        }
    return found
