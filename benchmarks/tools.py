"""What the file tools cost on a large tree and on a large file, against ``rg`` and plain input and output.

    python benchmarks/tools.py [--markdown] [--files 20000] [--megabytes 50] [--runs 9]

Everything is made in a temporary folder. A tool and what it is compared with take turns, so that both meet
the same machine; each number is a median. Plain input and output is: read the file, write as many bytes
beside it, ``fsync``, rename. Ratios and differences count; machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

if sys.path and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
    del sys.path[0]  # or this file would be taken for the package ``tools``

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext
from seedsmith.tools.registry import default_tools
from seedsmith.tools.search.ripgrep import find_ripgrep

FILES_IN_FOLDER = 100
LINES_IN_FILE = 40
FILES_TO_A_MATCH = 140
"""One file in so many holds the word that grep looks for: fewer matches than grep shows at most."""
RIPGREP = ("--no-config", "--hidden", "--sort=path", "--null", "--no-heading", "--with-filename")
RIPGREP += ("--line-number", "--column", "--max-columns=300", "--max-columns-preview")
LARGE = "large.txt"

Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Row:
    """One line of the table; without a goal the number is told for its own sake."""

    what: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def met(self) -> bool:
        return self.goal is None or self.value <= self.goal

    @property
    def measured(self) -> str:
        return f"{self.value:.3g} {self.unit}".rstrip()

    @property
    def bound(self) -> str:
        return "" if self.goal is None else f"≤ {self.goal:g} {self.unit}".rstrip()


class Bench:
    """A workspace and the tools in it, called as dispatch calls them."""

    def __init__(self, context: ToolContext) -> None:
        self.context = context
        self.root = context.workspace.root
        self._tools = {tool.spec.name: tool for tool in default_tools()}

    async def call(self, name: str, **arguments: object) -> None:
        tool = self._tools[name]
        result = await tool.run(tool.parse(arguments), self.context)
        assert result.ok, result.text

    def ripgrep(self, *arguments: str) -> None:
        """What grep is measured against: the same program with the same output, thrown away."""
        command = [find_ripgrep(self.root), *RIPGREP, *arguments]
        subprocess.run(command, cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True, check=True)

    def plain_replacement(self, path: str) -> None:
        """Read a file and put as many bytes in its place, durably."""
        target, beside = self.root / path, self.root / ".beside"
        data = target.read_bytes()
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)


@contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    """A bench whose workspace is a new folder below ``folder``."""
    root, state, private = folder / "work", folder / "state", folder / "tmp"
    for each in (root, state, private):
        each.mkdir(parents=True)
    spills = SpillStore(state / "spills")
    policy = Policy(workspace=root, private_tmp=private, state=state)
    processes = ProcessRunner(Off(), policy, spills, environment={"PATH": os.environ["PATH"]})
    with Workspace(root) as workspace:
        yield Bench(ToolContext(workspace, processes, spills))


def make_tree(root: Path, files: int) -> str:
    """Fill ``root`` with small modules; return the path of one in the middle."""
    body = "".join(
        f"def function_{line}(value):\n    return value + {line}\n" for line in range(LINES_IN_FILE)
    )
    for number in range(files):
        folder = root / f"package_{number // FILES_IN_FOLDER:03}"
        if number % FILES_IN_FOLDER == 0:
            folder.mkdir()
        needle = "needle = 1\n" if number % FILES_TO_A_MATCH == 0 else ""
        (folder / f"module_{number}.py").write_text(f"{body}number = {number}\n{needle}")
    middle = files // 2
    return f"package_{middle // FILES_IN_FOLDER:03}/module_{middle}.py"


def line_of(number: int, state: str) -> str:
    """One line of the large file."""
    return f"line {number:08} of a file of plain words, {state}"


def make_large(root: Path, size: int) -> int:
    """Write the large file; return how many lines it has."""
    lines = size // (len(line_of(0, "as made")) + 1)
    (root / LARGE).write_text("".join(line_of(number, "as made") + "\n" for number in range(1, lines + 1)))
    return lines


async def alternate(runs: int, *calls: Call) -> list[float]:
    """Median milliseconds of each call, the calls taking turns; the first round does not count."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(runs + 1):
        for call, seen in zip(calls, times, strict=True):
            start = time.perf_counter()
            await call()
            seen.append((time.perf_counter() - start) * 1000)
    return [statistics.median(seen[1:]) for seen in times]


def blocking(work: Callable[[], None]) -> Call:
    """Make plain work look like a call."""

    async def call() -> None:
        work()

    return call


def one_line_patch(path: str, number: int, before: str, old: str, new: str, after: str) -> str:
    """A unified diff that changes line ``number``, with one line of context on either side."""
    head = f"--- a/{path}\n+++ b/{path}\n@@ -{number - 1},3 +{number - 1},3 @@\n"
    return f"{head} {before}\n-{old}\n+{new}\n {after}\n"


async def measure_tree(bench: Bench, files: int, runs: int) -> list[Row]:
    """Searches over the tree, and changes of one line in one of its files."""
    path = make_tree(bench.root, files)
    tree = f"{files:,} files"
    found, plain = await alternate(
        runs,
        lambda: bench.call("grep", pattern="needle"),
        blocking(lambda: bench.ripgrep("--regexp=needle", ".")),
    )
    (listed,) = await alternate(runs, lambda: bench.call("glob", pattern="*_1*.py"))
    (read,) = await alternate(runs, lambda: bench.call("read", path=path))

    def patch(old: str, new: str) -> Awaitable[None]:
        around = "    return value + 19", "    return value + 20"
        return bench.call("patch", patch=one_line_patch(path, 41, around[0], old, new, around[1]))

    one, other = "def function_20(value):", "def function_20(number):"
    rows = await measure_changes(bench, path, f"a small file among {tree}", (one, other), patch, runs)
    return [
        Row(f"grep over {tree} / `rg` with the same output ({plain:.0f} ms)", found / plain, "", 1.3),
        Row(f"glob over {tree}", listed, "ms"),
        Row(f"read a small file among {tree}", read, "ms"),
        *rows,
    ]


async def measure_large(bench: Bench, megabytes: int, runs: int) -> list[Row]:
    """The same on one large file, with a line in its middle."""
    lines = make_large(bench.root, megabytes * 10**6)
    middle = lines // 2
    name = f"{megabytes} MB"
    wanted = f"line {middle:08}"
    found, plain = await alternate(
        runs,
        lambda: bench.call("grep", pattern=wanted, path=LARGE),
        blocking(lambda: bench.ripgrep(f"--regexp={wanted}", LARGE)),
    )
    first, deep = await alternate(
        runs,
        lambda: bench.call("read", path=LARGE),
        lambda: bench.call("read", path=LARGE, offset=lines - 500),
    )

    def patch(old: str, new: str) -> Awaitable[None]:
        around = line_of(middle - 1, "as made"), line_of(middle + 1, "as made")
        return bench.call("patch", patch=one_line_patch(LARGE, middle, around[0], old, new, around[1]))

    texts = line_of(middle, "as made"), line_of(middle, "as edited")
    rows = await measure_changes(bench, LARGE, name, texts, patch, runs)
    return [
        Row(f"grep in {name} / `rg` with the same output ({plain:.0f} ms)", found / plain, "", 1.3),
        Row(f"read the first page of {name}", first, "ms"),
        Row(f"read the last page of {name} by its offset", deep, "ms"),
        *rows,
    ]


async def measure_changes(
    bench: Bench,
    path: str,
    name: str,
    texts: tuple[str, str],
    patch: Callable[[str, str], Awaitable[None]],
    runs: int,
) -> list[Row]:
    """What edit and patch of one line take beyond plain input and output; the file was read before.

    edit turns the first of ``texts`` into the second, and patch turns it back. Plain input and output has
    a copy of the file to itself: as nobody else writes the file, nothing needs to be compared again.
    """
    copy = f"{path}.copy"
    shutil.copyfile(bench.root / path, bench.root / copy)
    edited, patched, plain = await alternate(
        runs,
        lambda: bench.call("edit", path=path, old=texts[0], new=texts[1]),
        lambda: patch(texts[1], texts[0]),
        blocking(lambda: bench.plain_replacement(copy)),
    )
    beyond = f"beyond plain input and output ({plain:.3g} ms)"
    return [
        Row(f"edit one line of {name}, {beyond}", edited - plain, "ms", 10),
        Row(f"patch one line of {name}, {beyond}", patched - plain, "ms", 10),
    ]


async def measure(files: int, megabytes: int, runs: int) -> list[Row]:
    """All rows; takes about a minute."""
    with tempfile.TemporaryDirectory(prefix="seedsmith-tools-") as name:
        with open_bench(Path(name) / "tree") as bench:
            rows = await measure_tree(bench, files, runs)
        with open_bench(Path(name) / "large") as bench:
            return rows + await measure_large(bench, megabytes, runs)


def show(rows: list[Row], markdown: bool) -> str:
    """The table, for people or as Markdown with machine, command and date."""
    if not markdown:
        return "\n".join(
            f"{row.value:8.3g} {row.unit:3} {'met' if row.met else 'MISSED':7} {row.what}" for row in rows
        )
    table = [f"| {row.what} | {row.measured} | {row.bound} |" for row in rows]
    system = f"{platform.system()} {platform.release()}, {os.cpu_count()} processors"
    machine = f"{system}, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    head = f"`python -P benchmarks/tools.py --markdown`, {datetime.date.today()}, {machine}:"
    return "\n".join([head, "", "| what | measured | goal |", "|---|---|---|", *table])


def main() -> None:
    """Measure and print; exits 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Measure the file tools on a large tree and a large file.")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    rows = asyncio.run(measure(options.files, options.megabytes, options.runs))
    print(show(rows, options.markdown))
    sys.exit(not all(row.met for row in rows))


if __name__ == "__main__":
    main()
