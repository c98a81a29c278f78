"""How near the search of the local model comes to the fault before it asks: no model is needed for it.

    python benchmarks/localise.py                            all bugs of the fix benchmark, in a minute or two
    python benchmarks/localise.py --quixbugs FOLDER          the Python programs of a clone of QuixBugs

For each bug the rank of the suspect that holds the line to be changed, and how many lines are asked about
before it. Where lines are missing, the line before or after the gap counts.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import fnmatch
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from corpus import load_bugs, materialise

from seedsmith.agent.repair.locating import locate
from seedsmith.agent.repair.questions import Question, plan
from seedsmith.agent.repair.suspects import Suspect, find_suspects
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.sandbox.workspace.workspace import Workspace

SECONDS = 90.0
"""What a search has in the fix benchmark; a test that hangs is stopped then."""
UNFOUND = 999
"""The rank of what is no suspect at all."""
QUIXBUGS_TEST = "python -m pytest -q python_testcases/test_{}.py"


@dataclass(frozen=True)
class Case:
    """A broken program, laid out in a folder."""

    name: str
    folder: Path
    test: str
    path: str
    right: str


@dataclass(frozen=True)
class Found:
    """How near a search comes to one fault."""

    name: str
    rank: int
    """Of the first suspect that holds a wrong line, from 1."""
    asked: int
    """Lines asked about before it, from 0."""
    seconds: float

    def line(self) -> str:
        """One line for people."""
        return f"{self.name:<30} rank {self.rank:>3}  lines before {self.asked:>3}  {self.seconds:>5.1f} s"


def benchmark_cases(place: Path, pattern: str) -> Iterator[Case]:
    """The fix benchmark's own bugs."""
    for bug in load_bugs():
        if fnmatch.fnmatch(bug.name, pattern):
            folder = materialise(bug, place / bug.name)
            yield Case(bug.name, folder, bug.test, bug.file, bug.right_text)


def quixbugs_cases(place: Path, pattern: str, source: Path) -> Iterator[Case]:
    """Each program of QuixBugs alone with its tests."""
    for right in sorted((source / "correct_python_programs").glob("*.py")):
        test = source / "python_testcases" / f"test_{right.stem}.py"
        if not test.exists() or not fnmatch.fnmatch(right.stem, pattern):
            continue
        folder = place / right.stem
        for path in ("python_programs", "python_testcases", "json_testcases"):
            (folder / path).mkdir(parents=True)
        wanted = [source / "python_programs" / right.name, test, source / "conftest.py"]
        wanted += [source / "python_testcases" / name for name in ("load_testdata.py", "node.py")]
        wanted += [source / "python_programs" / "node.py", source / "json_testcases" / f"{right.stem}.json"]
        for file in wanted:
            if file.exists():
                shutil.copy(file, folder / file.relative_to(source))
        path = f"python_programs/{right.name}"
        yield Case(right.stem, folder, QUIXBUGS_TEST.format(right.stem), path, right.read_text())


async def localise(case: Case, state: Path) -> Found:
    """Rank the suspects of one broken program, as the search does."""

    def read(path: str) -> str:
        return (case.folder / path).read_text()

    for folder in (state / "tmp", state / "spills"):
        folder.mkdir(parents=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    policy = Policy(case.folder, state / "tmp", state, environ=os.environ | {"PATH": path})
    runner = ProcessRunner(choose("auto", policy), policy, SpillStore(state / "spills"))
    try:
        with Workspace(case.folder) as workspace:
            known = frozenset(list_files(workspace, None))
        started = time.monotonic()
        diagnosis, found = await locate(case.test, runner, known, SECONDS)
        suspects = find_suspects(diagnosis, known, read, found)
        seconds = time.monotonic() - started
    finally:
        runner.close()
    wrong = wrong_lines(read(case.path), case.right)
    questions = (each for each in plan(suspects, diagnosis.seconds, read) if isinstance(each, Question))
    return Found(case.name, *ranked(suspects, questions, case.path, wrong), seconds)


def wrong_lines(wrong: str, right: str) -> set[int]:
    """Numbers of the lines that differ; for a line that is missing, its neighbours."""
    lines = [[line.rstrip() for line in text.split("\n")] for text in (wrong, right)]
    found: set[int] = set()
    for kind, first, last, _, _ in difflib.SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
        if kind == "insert":
            found.update(number for number in (first, first + 1) if lines[0][number - 1].strip())
        elif kind != "equal":
            found.update(number + 1 for number in range(first, last) if lines[0][number].strip())
    return found


def ranked(
    suspects: list[Suspect], questions: Iterable[Question], path: str, wrong: set[int]
) -> tuple[int, int]:
    """The rank of the suspect that holds a wrong line, and how many lines are asked about before."""
    rank = asked = UNFOUND
    for number, suspect in enumerate(suspects, 1):
        if suspect.region.path == path and wrong.intersection(suspect.region.numbers):
            rank = number
            break
    seen: set[tuple[str, int]] = set()
    for question in questions:
        if question.kind == "correct":
            if question.suspect.region.path == path and question.line in wrong:
                asked = len(seen)
                break
            seen.add((question.suspect.region.path, question.line))
    return rank, asked


def table(found: list[Found]) -> str:
    """How many faults lie how near."""
    ranks = {f"rank {n}": sum(each.rank <= n for each in found) for n in (1, 2, 3, 5)}
    lines = {f"{n} lines": sum(each.asked < n for each in found) for n in (1, 3, 5, 10, 20, 40)}
    told = ", ".join(f"{what}: {count}" for what, count in (ranks | lines).items())
    middle = median(each.asked for each in found)
    return f"{len(found)} bugs; {told}; median {middle:g} lines, {sum(each.seconds for each in found):.0f} s"


def main() -> None:
    """Measure, and print a line for each bug and one for all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="bugs by name")
    parser.add_argument("--quixbugs", type=Path, metavar="FOLDER", help="a clone of QuixBugs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    options = parser.parse_args()
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="localise-") as folder:
        place = Path(folder).resolve()
        cases = (
            quixbugs_cases(place / "work", options.only, options.quixbugs)
            if options.quixbugs
            else benchmark_cases(place / "work", options.only)
        )
        for case in cases:
            found.append(asyncio.run(localise(case, place / "state" / case.name)))
            print(found[-1].line(), flush=True)
    if not found:
        sys.exit(f"No bug is called {options.only}.")
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in found], indent=1))


if __name__ == "__main__":
    main()
