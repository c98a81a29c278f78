"""Run a failing test command watched, and list the lines that its failing tests ran and others did not.

    locate.py -- COMMAND-LINE

Python's tests (pytest, unittest) and Node's (node:test) are watched test by test. Needs nothing but Python.
Exit code 0 where something was found, 1 where nothing could be watched or nothing fails.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

WATCHERS = Path(__file__).resolve().parents[1] / "watch"
MOST_LINES = 40
OUTPUT_END = 4000
"""Characters of the output that are shown where nothing could be watched."""
SECONDS = 600

Place = tuple[str, int]
START = 'SEEDSMITH_WATCH="$0"; . "$0/watched.sh"'


def watched(command: str) -> tuple[list[dict[str, Any]], int | None, str]:
    """What each test did, the command's exit code (None where it was stopped), and the end of its output."""
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryFile() as output:
        folder = Path(temporary) / "watch"
        shutil.copytree(WATCHERS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        process = subprocess.Popen(
            [shutil.which("bash") or "/bin/sh", "-c", START, str(folder)],
            env=os.environ | {"SEEDSMITH_COMMAND": command},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            exit_code: int | None = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            exit_code = None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except OSError:
                pass
            process.wait()
        tests = [test for file in sorted((folder / "out").glob("*.json")) for test in reported(file)]
        output.seek(max(0, output.seek(0, os.SEEK_END) - 4 * OUTPUT_END))
        end = output.read().decode("utf-8", "replace").strip()[-OUTPUT_END:]
    return [test for test in tests if test["name"] and test["lines"]], exit_code, end


def reported(file: Path) -> list[dict[str, Any]]:
    """The tests of one process; none where it was stopped while it wrote."""
    try:
        found: list[dict[str, Any]] = json.loads(file.read_bytes())["tests"]
    except (OSError, ValueError, KeyError):
        return []
    return found


def suspicion(tests: list[dict[str, Any]]) -> dict[Place, float]:
    """Ochiai's measure for each line a failing test ran."""
    failing = [test for test in tests if test["outcome"] != "passed"]
    bad: dict[Place, int] = defaultdict(int)
    good: dict[Place, int] = defaultdict(int)
    for test in tests:
        counted = good if test["outcome"] == "passed" else bad
        for path, lines in test["lines"].items():
            for line in lines:
                counted[path, line] += 1
    return {
        place: count / (len(failing) * (count + good[place])) ** 0.5
        for place, count in bad.items()
        if not _is_test(place[0])
    }


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return (
        name.startswith("test")
        or ".test." in name
        or "_test." in name
        or "tests/" in path
        or name == "conftest.py"
    )


def source_line(path: str, line: int) -> str:
    """The line itself; empty where it can't be read."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[line - 1].strip()[:110] if line <= len(lines) else ""


def main(arguments: list[str]) -> int:
    arguments = [argument for argument in arguments if argument != "--"]
    if len(arguments) != 1:
        print(__doc__)
        return 1
    tests, exit_code, end = watched(arguments[0])
    failing = [test for test in tests if test["outcome"] != "passed"]
    ended = f"Stopped after {SECONDS} s" if exit_code is None else f"Exit code {exit_code}"
    print(f"{ended}; watched {len(tests)} tests, {len(failing)} of them fail.")
    if not failing:
        print("Nothing to compare: no failing test could be watched.")
        print(f"\nThe end of the output:\n{end}" if end else "There was no output.")
        return 1
    for test in failing[:5]:
        print(f"\nfails: {test['name']}\n  {str(test['message'])[:400]}")
        for path, line, name in test["frames"][-6:]:
            print(f"  at {path}:{line} in {name}")
    scores = suspicion(tests)
    best = max(scores.values(), default=0.0)
    ranked = sorted(scores.items(), key=lambda each: (-each[1], each[0]))
    told = [each for each in ranked if each[1] >= best / 2]
    print("\nLines failing tests ran (1.00: only they did), the most suspicious first:")
    for (path, line), score in told[:MOST_LINES]:
        print(f"  {score:.2f}  {path}:{line}: {source_line(path, line)}")
    if len(told) > MOST_LINES:
        print(f"  and {len(told) - MOST_LINES} more lines, none more suspicious")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
