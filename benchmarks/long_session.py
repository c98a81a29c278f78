"""A session of ten thousand turns: whether its turns and records stay as cheap, and what it takes to go on.

    python benchmarks/long_session.py [--markdown] [--turns 10000]

Each turn is one ``read`` of three other lines, so that little but the program's own work is measured. The
service runs in a process of its own and answers at once. Takes some minutes.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clock import Row, new_workspace, show
from scripted_service import Question, Service

WINDOW = 500
"""Turns that are compared: the second so many, and the last."""


def command(work: Path, base_url: str, prompt: str, *more: str) -> list[str]:
    """The program with no limit in the way."""
    start = [sys.executable, "-P", "-m", "seedsmith", "run", prompt, "-C", str(work), "--json", *more]
    limits = ["--max-turns", "1000000", "--max-tokens", "1000000000000", "--max-time", "1000000"]
    return [*start, "-m", "openai/scripted", "--base-url", base_url, *limits]


def run(
    folder: Path, work: Path, steps: list[dict[str, Any]], *arguments: str
) -> tuple[list[Question], float, int]:
    """One run; its questions, the seconds to the first, and its peak memory in kilobytes."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SEEDSMITH_API_KEY": "none"}
    environment["SEEDSMITH_HOME"] = str(folder / "state")
    with Service(folder, steps, keeps_bodies=False) as service:
        began = time.monotonic()
        process = subprocess.Popen(
            command(work, service.base_url, *arguments), cwd="/", env=environment, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"The run ended with {process.returncode}.")
    return service.questions, service.questions[0].arrived - began, used.ru_maxrss


def milliseconds(questions: list[Question]) -> float:
    """The median time between two of them."""
    return 1000 * statistics.median(
        after.arrived - before.arrived for before, after in itertools.pairwise(questions)
    )


def measure(turns: int) -> Iterable[Row]:
    """All rows."""
    reads = [
        {"calls": [["read", {"path": "main.py", "offset": 1 + number, "limit": 3}]]}
        for number in range(turns)
    ]
    with tempfile.TemporaryDirectory(prefix="seedsmith-long-") as name:
        folder = Path(name)
        work = new_workspace(folder)
        (work / "main.py").write_text("".join(f"print('hello {number}')\n" for number in range(turns + 3)))
        asked, _, peak = run(folder, work, [*reads, {"text": "done"}], "Go")
        early, late = milliseconds(asked[WINDOW : 2 * WINDOW]), milliseconds(asked[-WINDOW:])
        yield Row(f"a turn, turns {WINDOW:,} to {2 * WINDOW:,}", early, "ms")
        yield Row(f"the last {WINDOW:,} turns / those", late / early, "", 1.2)
        yield Row("largest request", max(each.size for each in asked) / 1e6, "MB")
        yield Row("peak memory of the run", peak / 1024, "MB")
        (records,) = (folder / "state/sessions").glob("*/*.jsonl")
        yield Row("the session's records", records.stat().st_size / 1e6, "MB")
        _, seconds, peak = run(folder, work, [{"text": "done"}], "Go on", "--resume", "last")
        yield Row("resuming → first request", seconds, "s", 2)
        yield Row("peak memory of that run", peak / 1024, "MB", 200)


def main() -> None:
    """Measure and print; exits 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Measure a session of very many turns.")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--turns", type=int, default=10_000)
    options = parser.parse_args()
    rows = list(measure(options.turns))
    print(show(rows, options.markdown, "long_session.py"))
    sys.exit(not all(row.met for row in rows))


if __name__ == "__main__":
    main()
