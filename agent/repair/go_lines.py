"""Which lines each test of a Go program ran, by Go's own coverage: each runs alone, its package built once.

They run in a copy of the workspace, in which a panic is a failure: else Go drops the lines of what panics.
Where the tests are not run by ``go test``, nothing is known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from seedsmith.agent.repair.copies import PrivateCopy, can_copy
from seedsmith.agent.repair.diagnosis import Diagnosis, among
from seedsmith.agent.repair.tests_alone import RanAlone, head_of, told_apart
from seedsmith.agent.repair.watched_run import Injection, reports
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace

_FOLDER = "seedsmith-go"
_EACH = Path(__file__).parent / "injected" / "go_each.sh"
_SECONDS, _TIMES = 30.0, 5
"""A run that counts may take so long, and so many times what it takes else."""
_SOURCE_BYTES = 1 << 20
_TEST = re.compile(rb"^(func Test\w*\((\w+) \*testing\.T\) \{)", re.MULTILINE)
_CAUGHT = rb"\1 defer func() { if caught := recover(); caught != nil { \2.Fatal(caught) } }();"
_BLOCK = re.compile(r"(.+\.go):(\d+)\.\d+,(\d+)\.\d+ \d+ (\d+)")


async def with_go_lines(
    command: str, processes: ProcessRunner, diagnosis: Diagnosis, known: frozenset[str]
) -> Diagnosis:
    """The diagnosis with the lines that failing and passing tests ran; the same where they are not known.

    ``known`` holds the workspace's files.
    """
    tests = [path for path in known if path.endswith("_test.go")]
    if diagnosis.watched or diagnosis.timed_out or not tests or not can_copy(processes):
        return diagnosis
    try:
        with PrivateCopy(processes.policy.private_tmp / _FOLDER, processes) as copy:
            with Workspace(copy.root) as files:
                for path in tests:
                    data = files.read_bytes(path, cap=_SOURCE_BYTES)
                    files.write_bytes(path, _TEST.sub(_CAUGHT, data))
            ran = await _run(command, copy.processes, min(_SECONDS, 2 + _TIMES * diagnosis.seconds), known)
    except (SandboxError, OSError):
        return diagnosis
    return told_apart(diagnosis, ran)


async def _run(
    command: str, processes: ProcessRunner, seconds: float, known: frozenset[str]
) -> list[RanAlone]:
    injection = Injection(processes, _FOLDER)
    try:
        injection.add(_EACH)
        (injection.folder / "out").mkdir()
        await injection.run(command, timeout=seconds)
        return [_read(text, known) for text in reports(injection.folder / "out", ".cover")]
    finally:
        injection.remove()


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
