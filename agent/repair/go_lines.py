"""Which lines each test of a Go program ran, by Go's own coverage: each runs alone, its package built once.

Where the tests are not run by ``go test``, nothing is known; nor of a test that panics, whose lines Go drops.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from seedsmith.agent.repair.diagnosis import Diagnosis, among
from seedsmith.agent.repair.tests_alone import RanAlone, head_of, told_apart
from seedsmith.agent.repair.watched_run import Injection, reports
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError

_FOLDER = "seedsmith-go"
_EACH = Path(__file__).parent / "injected" / "go_each.sh"
_SECONDS, _TIMES = 30.0, 5
"""A run that counts may take so long, and so many times what it takes else."""
_BLOCK = re.compile(r"(.+\.go):(\d+)\.\d+,(\d+)\.\d+ \d+ (\d+)")


async def with_go_lines(
    command: str, processes: ProcessRunner, diagnosis: Diagnosis, known: frozenset[str]
) -> Diagnosis:
    """The diagnosis with the lines that failing and passing tests ran; the same where they are not known.

    ``known`` holds the workspace's files.
    """
    if diagnosis.watched or diagnosis.timed_out or not any(path.endswith("_test.go") for path in known):
        return diagnosis
    try:
        injection = Injection(processes, _FOLDER)
        injection.add(_EACH)
        (injection.folder / "out").mkdir()
        try:
            await injection.run(command, timeout=min(_SECONDS, 2 + _TIMES * diagnosis.seconds))
            tests = [_read(text, known) for text in reports(injection.folder / "out", ".cover")]
        finally:
            injection.remove()
    except (SandboxError, OSError):
        return diagnosis
    return told_apart(diagnosis, tests)


def _read(text: bytes, known: frozenset[str]) -> RanAlone:
    name, passed, blocks = head_of(os.fsdecode(text))
    lines: dict[str, set[int]] = {}
    for path, numbers in _ran(blocks, known):
        lines.setdefault(path, set()).update(numbers)
    return RanAlone(name, passed, {path: frozenset(found) for path, found in lines.items()})


def _ran(blocks: list[str], known: frozenset[str]) -> Iterator[tuple[str, range]]:
    """The lines of the blocks that ran, by path."""
    paths: dict[str, str | None] = {}
    for block in blocks:
        match = _BLOCK.fullmatch(block)
        if match is None or match[4] == "0":
            continue
        if match[1] not in paths:
            paths[match[1]] = among(match[1], known)
        path = paths[match[1]]
        if path is not None:
            yield path, range(int(match[2]), int(match[3]) + 1)
