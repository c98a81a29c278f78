"""Run the test command once, Python and Node watched from inside as the skill fix-bug watches them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest, Frame, read_output, shorten
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.skills.skill import BUILT_IN

_FOLDER = "seedsmith-watch"
_WATCHERS = BUILT_IN / "fix-bug" / "watch"
_REPORT_BYTES = 64 << 20
_PREFIX = (
    "export PYTHONDONTWRITEBYTECODE=1 "  # what it left might be taken for a change's, one second later
    f'SEEDSMITH_TRACE_ROOT="$PWD" SEEDSMITH_TRACE_OUT="${{TMPDIR:-/tmp}}/{_FOLDER}/out" '
    'PYTEST_PLUGINS="seedsmith_trace${PYTEST_PLUGINS:+,$PYTEST_PLUGINS}" '
    f'PYTHONPATH="${{TMPDIR:-/tmp}}/{_FOLDER}${{PYTHONPATH:+:$PYTHONPATH}}" '
    f'NODE_OPTIONS="--require=${{TMPDIR:-/tmp}}/{_FOLDER}/seedsmith_watch.js'
    '${NODE_OPTIONS:+ $NODE_OPTIONS}"\n'
)


async def diagnose(
    command: str,
    processes: ProcessRunner,
    known: frozenset[str],
    timeout: float,  # noqa: ASYNC109
) -> Diagnosis:
    """Run ``command`` once, at most ``timeout`` seconds, and say what its failure shows.

    ``known`` holds the workspace's files. Whatever the watched process wrote is taken as data from a
    stranger: sizes are capped, shapes checked, and anything odd counts as not watched.
    """
    folder = processes.policy.private_tmp / _FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_WATCHERS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "out").mkdir()
    result = await processes.run(
        _PREFIX + command, timeout=timeout, head_bytes=64_000, tail_bytes=64_000, spill=False
    )
    output = (result.head + result.tail).decode("utf-8", "replace")
    tests = list(_tests(folder / "out", known))
    shutil.rmtree(folder, ignore_errors=True)
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


def _tests(folder: Path, known: frozenset[str]) -> Iterator[tuple[FailedTest, str]]:
    try:
        with Workspace(folder) as reports:
            texts = [
                reports.read_bytes(entry.name, cap=_REPORT_BYTES)
                for entry in reports.list_folder(".")
                if entry.name.endswith(".json")
            ]
    except SandboxError:
        return
    for text in texts:
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
