"""What snapshots of a large workspace cost: processor time, disk, and whether a run's first request waits.

    python -P benchmarks/past.py [--markdown] [--files 20000] [--many 50000] [--runs 50]

Everything is made in a temporary folder; nothing is sent anywhere. Processor time is that of this process and
its children; of a snapshot with ten files changed the median of nine is told.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

if sys.path and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
    del sys.path[0]  # or this file would be taken for the package ``past``

from seedsmith.sandbox.snapshots.store import SnapshotStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.search.ripgrep import find_ripgrep

FILES_IN_FOLDER = 40
CHANGED = 10
SETTLED_SECONDS = 2.5
"""Files younger than the clock's grain are read again; a workspace at rest has none."""


@dataclass(frozen=True)
class Row:
    """One line of the table; without a goal the number is told for its own sake."""

    what: str
    value: float
    unit: str
    goal: float | None = None


def make(folder: Path, files: int) -> None:
    """A tree of ``files`` source files of about 2 kB."""
    for number in range(files):
        path = folder / f"p{number // 2000}" / f"q{number // FILES_IN_FOLDER}" / f"f{number}.py"
        if number % FILES_IN_FOLDER == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(f"def f{line}_{number}():\n    return {line * number}\n" for line in range(50))
        )


def change(folder: Path, files: int, stamp: int) -> None:
    """Change ten files, spread over the tree."""
    for number in range(0, files, files // CHANGED):
        path = folder / f"p{number // 2000}" / f"q{number // FILES_IN_FOLDER}" / f"f{number}.py"
        path.write_text(path.read_text() + f"# {stamp}\n")


def processor_seconds() -> float:
    """Of this process and the children it has waited for."""
    return sum(os.times()[:4])


def measured(action: Callable[[], object]) -> float:
    """Processor milliseconds."""
    before = processor_seconds()
    action()
    return (processor_seconds() - before) * 1000


def kilobytes(folder: Path) -> float:
    """What a folder takes on the disk."""
    listed = subprocess.run(["du", "-sk", folder], check=True, capture_output=True, text=True).stdout
    return float(listed.split()[0])


async def longest_stall(action: Callable[[], object]) -> float:
    """How long, in milliseconds, the event loop waits at most while a thread does something."""
    longest, last = 0.0, time.perf_counter()
    taking = asyncio.ensure_future(asyncio.to_thread(action))
    while not taking.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await taking
    return longest * 1000


def next_run(state: Path, workspace: Workspace, ripgrep: str | None) -> None:
    """What the next run does where nothing has changed."""
    store = SnapshotStore(state, workspace, ripgrep)
    store.take("began", whole=True)
    store.close()


def rows(temporary: Path, files: int, many: int, runs: int) -> Iterator[Row]:
    """Make the trees, and measure."""
    root = temporary / "small"
    make(root, files)
    ripgrep = find_ripgrep(root)
    with Workspace(root) as workspace:
        store = SnapshotStore(temporary / "state", workspace, ripgrep)
        yield Row(f"first snapshot of {files:,} files", measured(lambda: store.take(whole=True)), "ms CPU")
        time.sleep(SETTLED_SECONDS)
        store.take()
        times = []
        for stamp in range(9):
            change(root, files, stamp)
            times.append(measured(store.take))
        yield Row(f"snapshot of {files:,} files, ten changed", statistics.median(times), "ms CPU", 250)
        store.close()
    root = temporary / "large"
    make(root, many)
    with Workspace(root) as workspace:
        store = SnapshotStore(temporary / "state of many", workspace, ripgrep)
        stall = asyncio.run(longest_stall(lambda: store.take("first", whole=True)))
        yield Row(f"longest wait of the conversation, first of {many:,} files", stall, "ms")
        store.close()
        stall = asyncio.run(longest_stall(partial(next_run, temporary / "state of many", workspace, ripgrep)))
        yield Row("longest wait of the conversation, next run", stall, "ms")
        one = kilobytes(temporary / "state of many")
        for stamp in range(1, runs):
            store = SnapshotStore(temporary / "state of many", workspace, ripgrep)
            store.take("began", whole=True)
            change(root, many, stamp)
            store.take("ended", whole=True)
            store.close()
        share = kilobytes(temporary / "state of many") / one
        yield Row(f"state of one run on {many:,} files", one / 1024, "MB")
        yield Row(f"state of {runs} runs, in those of one", share, "times", 2)


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=50)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = list(rows(Path(temporary), asked.files, asked.many, asked.runs))
    if asked.markdown:
        load = f"load average {os.getloadavg()[0]:.1f}"
        print(
            f"`python -P benchmarks/past.py --markdown`, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, "
            f"{platform.system()} {platform.release()}, {os.cpu_count()} processors, "
            f"Python {platform.python_version()}, {load}:\n\n| | measured | goal |\n|---|---:|---:|"
        )
    for row in found:
        goal = "" if row.goal is None else f"≤ {row.goal:g} {row.unit}"
        print(f"| {row.what} | {row.value:,.1f} {row.unit} | {goal} |")
    return int(any(row.goal is not None and row.value > row.goal for row in found))


if __name__ == "__main__":
    sys.exit(main())
