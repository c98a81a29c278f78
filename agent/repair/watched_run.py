"""Run the test command once, Python and Node watched from inside as the skill fix-bug watches them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest, Frame, read_output, shorten
from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.isolation.private_folder import make_new
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.skills.skill import BUILT_IN

_FOLDER = "seedsmith-watch"
_WATCHERS = BUILT_IN / "fix-bug" / "watch"
RUNNERS_OF_NODE = _WATCHERS / "seedsmith_runners.js"
"""Takes hold of the runners of tests that a project of Node brings along."""
_STARTS = ("*.sh", "sitecustomize.py", "seedsmith_start.py")
_REPORT_BYTES = 64 << 20


class Injection:
    """A copy of the watchers in the sandbox's private folder, into which a command's processes are led.

    It holds what starts them, whatever the command is; :meth:`add` adds what is to be started.
    """

    def __init__(self, processes: ProcessRunner, name: str = _FOLDER) -> None:
        self.folder = processes.policy.private_tmp / name
        self._processes = processes
        make_new(processes.policy.private_tmp, name)
        for pattern in _STARTS:
            self.add(*_WATCHERS.glob(pattern))

    def add(self, *files: Path) -> None:
        """Copy files into the folder; those named ``seedsmith_*.py`` are started in each Python process."""
        for file in files:
            shutil.copy(file, self.folder)

    def remove(self) -> None:
        """Leave nothing of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def line(self) -> str:
        """What a shell runs to start the command in ``SEEDSMITH_COMMAND`` with the watchers."""
        folder = f'"${{TMPDIR:-/tmp}}/{self.folder.name}"'
        return f'SEEDSMITH_WATCH={folder}; . "$SEEDSMITH_WATCH/watched.sh"'

    async def run(
        self,
        command: str,
        *,
        timeout: float,  # noqa: ASYNC109
        environment: Mapping[str, str] | None = None,
        output_bytes: int = 8_000,
        then: str = "",
    ) -> CommandResult:
        """Run ``command`` with the watchers; both ends of its output are kept, ``output_bytes`` each.

        ``then`` names a file of the folder that the shell sources when the command has ended.
        """
        return await self._processes.run(
            self.line + (f'; . "$SEEDSMITH_WATCH/{then}"' if then else ""),
            timeout=timeout,
            head_bytes=output_bytes,
            tail_bytes=output_bytes,
            env={**(environment or {}), "SEEDSMITH_COMMAND": command},
            spill=False,
        )


async def diagnose(
    command: str,
    processes: ProcessRunner,
    known: frozenset[str],
    timeout: float,  # noqa: ASYNC109
    *,
    added: Iterable[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Diagnosis:
    """Run ``command`` once, at most ``timeout`` seconds, and say what its failure shows.

    ``known`` holds the workspace's files; ``added`` are files to inject besides. Whatever the watched
    process wrote is taken as data from a stranger: sizes are capped, shapes checked, and anything odd
    counts as not watched.
    """
    injection = Injection(processes)
    injection.add(_WATCHERS / "seedsmith_trace.py", *_WATCHERS.glob("seedsmith_*.js"), *added)
    (injection.folder / "out").mkdir()
    try:
        result = await injection.run(command, timeout=timeout, environment=environment, output_bytes=64_000)
        tests = list(_tests(injection.folder / "out", known))
    finally:
        injection.remove()
    output = (result.head + result.tail).decode("utf-8", "replace")
    failed = tuple(test for test, outcome in tests if outcome != "passed" and (test.frames or test.message))
    if not failed and not result.ok:
        failed = (read_output(output, known),)
    return Diagnosis(
        output,
        result.duration_seconds,
        result.timed_out,
        failed,
        tuple(test.lines for test, outcome in tests if outcome == "passed" and test.name),
        {test.name: outcome for test, outcome in tests if test.name},
    )


def reports(folder: Path, suffix: str = ".json") -> list[bytes]:
    """What watched processes wrote into ``folder``; nothing where a stranger could have led it elsewhere."""
    try:
        with Workspace(folder) as opened:
            return [
                opened.read_bytes(entry.name, cap=_REPORT_BYTES)
                for entry in opened.list_folder(".")
                if entry.name.endswith(suffix)
            ]
    except SandboxError:
        return []


def _tests(folder: Path, known: frozenset[str]) -> Iterator[tuple[FailedTest, str]]:
    for text in reports(folder):
        try:
            for test in json.loads(text)["tests"]:
                yield _test(test, known), str(test["outcome"])
        except (ValueError, TypeError, KeyError, RecursionError):
            continue


def _test(data: dict[str, Any], known: frozenset[str]) -> FailedTest:
    frames = tuple(Frame(path, int(line), str(name)) for path, line, name in data["frames"] if path in known)
    message = str(data["message"])
    if data["outcome"] == "unfinished" and data["name"]:
        message = message or "It does not end: an endless loop or recursion."
    lines = {
        str(path): frozenset(map(int, numbers)) for path, numbers in data["lines"].items() if path in known
    }
    return FailedTest(str(data["name"]), shorten(message), frames, lines)
