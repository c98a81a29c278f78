"""Run a failing test command watched, and list the lines that its failing tests ran and others did not.

    locate.py -- COMMAND-LINE

Python's tests (pytest, unittest) and Node's (node:test) are watched test by test. Needs nothing but Python.
Exit code 0 where something was found, 1 where nothing could be watched or nothing fails.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

WATCHERS = Path(__file__).resolve().parents[1] / "watch"
MOST_LINES = 40
SECONDS = 600

Place = tuple[str, int]


def watched(command: str) -> tuple[list[dict[str, Any]], int | None]:
    """What each test did, and the command's exit code; None where it took too long and was stopped."""
    with tempfile.TemporaryDirectory() as reports:
        added = {
            "PYTHONPATH": os.pathsep.join(filter(None, (str(WATCHERS), os.environ.get("PYTHONPATH")))),
            "PYTEST_PLUGINS": ",".join(filter(None, ("seedsmith_trace", os.environ.get("PYTEST_PLUGINS")))),
            "NODE_OPTIONS": f"--require={WATCHERS / 'seedsmith_watch.js'} {os.environ.get('NODE_OPTIONS', '')}".strip(),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SEEDSMITH_TRACE_ROOT": os.getcwd(),
            "SEEDSMITH_TRACE_OUT": reports,
        }
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=os.environ | added,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
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
        tests = [test for file in sorted(Path(reports).glob("*.json")) for test in reported(file)]
    return [test for test in tests if test["name"] and test["lines"]], exit_code


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
    tests, exit_code = watched(arguments[0])
    failing = [test for test in tests if test["outcome"] != "passed"]
    ended = f"Stopped after {SECONDS} s" if exit_code is None else f"Exit code {exit_code}"
    print(f"{ended}; watched {len(tests)} tests, {len(failing)} of them fail.")
    if not failing:
        print("Nothing to compare: no failing test could be watched.")
        return 1
    for test in failing[:5]:
        print(f"\nfails: {test['name']}\n  {str(test['message'])[:400]}")
        for path, line, name in test["frames"][-6:]:
            print(f"  at {path}:{line} in {name}")
    scores = suspicion(tests)
    ranked = sorted(scores.items(), key=lambda each: (-each[1], each[0]))[:MOST_LINES]
    print("\nLines failing tests ran (1.00: only they did):")
    for (path, line), score in sorted(
        ranked, key=lambda each: (-max(scores[p] for p in scores if p[0] == each[0][0]), each[0])
    ):
        print(f"  {score:.2f}  {path}:{line}: {source_line(path, line)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
