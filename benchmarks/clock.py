"""What the program itself costs, measured against a scripted service on loopback, others beside it if found.

    python benchmarks/clock.py [--markdown] [--turns 200] [--sandbox auto] [--peers [FOLDER]] [--files 50000]

The service runs in a process of its own, so the time between an answer and the next request is the program's:
reading the answer, recording it, running one shell command in the sandbox, building and sending the request.
Where programs and repositories are compared it answers after a second, as a model would: what is done in that
time nobody waits for. Ratios count; machines differ. With ``--peers`` the runs of all programs take turns,
ours with its sandbox, the others without theirs; ``peers.py`` says where they are looked for.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import Program, find_peers, ours
from scripted_service import Service

ROUNDS = 5
"""Runs of each program of which the figures are medians."""
SHORT_TURNS = 5
"""Turns of such a run."""
THINKS_SECONDS = 1.0
"""So long a question waits for its answer."""
WINDOW = 10
"""Turns around turn 10, and the last ones, that are compared."""
FILES_IN_FOLDER = 100


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def measured(self) -> str:
        return f"{self.value:.3g} {self.unit}".rstrip()

    @property
    def bound(self) -> str:
        return (
            "" if self.goal is None else f"{'≥' if self.at_least else '≤'} {self.goal:g} {self.unit}".rstrip()
        )


@dataclass(frozen=True)
class Run:
    """What one run of a program took."""

    start: float
    """Seconds from the start of the process to its first request."""
    turns: tuple[float, ...]
    """Milliseconds from each answer to the next request."""
    exit: float
    """Seconds from the end of the last answer to the end of the process."""
    start_processor: float
    """Seconds of processor time before the first request."""
    processor: float
    """Seconds of processor time of the whole run, commands included."""


@dataclass(frozen=True)
class Typical:
    """The medians of several runs."""

    start: float
    turn: float
    exit: float
    start_processor: float
    processor: float

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Typical:
        turns = [each for run in runs for each in run.turns]
        rest = {
            name: statistics.median(getattr(run, name) for run in runs)
            for name in ("start", "exit", "start_processor", "processor")
        }
        return cls(turn=statistics.median(turns) if turns else 0.0, **rest)


def run_once(program: Program, home: Path, work: Path, turns: int) -> Run:
    """One run of ``turns`` turns with a command each."""
    steps: list[dict[str, Any]] = [{"commands": [f"echo {number}"]} for number in range(turns)]
    with Service(home, [each | {"after": THINKS_SECONDS} for each in (*steps, {"text": "done"})]) as service:
        before, began = _processor_of_children(), time.monotonic()
        process = program.start(home, work, service.base_url)
        service.watch(process.pid)
        if process.wait() != 0:
            raise SystemExit(f"{program.name} ended with {process.returncode}: {process.args}")
        ended, processor = time.monotonic(), _processor_of_children() - before
    arrived = [question.arrived for question in service.questions]
    if len(arrived) != turns + 1:
        raise SystemExit(f"{program.name} asked {len(arrived)} times, not {turns + 1}: {process.args}")
    between = tuple((after - before - THINKS_SECONDS) * 1000 for before, after in itertools.pairwise(arrived))
    return Run(arrived[0] - began, between, ended - service.answered, service.processor, processor)


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def side_by_side(
    programs: Sequence[Program], places: Mapping[str, Path], folder: Path
) -> dict[tuple[str, str], Typical]:
    """The first program in each of the ``places``, the others in the first, one run after the other.

    The first round is not counted.
    """
    runs: defaultdict[tuple[str, str], list[Run]] = defaultdict(list)
    first, *_ = places
    for number, program, place in itertools.product(range(ROUNDS + 1), programs, places):
        if program is not programs[0] and place != first:
            continue
        home = folder / program.name
        home.mkdir(exist_ok=True)
        run = run_once(program, home, places[place], SHORT_TURNS)
        if number:
            runs[program.name, place].append(run)
    return {name: Typical.of(each) for name, each in runs.items()}


def long_run(folder: Path, sandbox: str, turns: int) -> tuple[list[float], float, list[bytes]]:
    """Of one run of ours: milliseconds of each turn, memory in MB at the last, and all requests' bodies."""
    steps: list[dict[str, Any]] = [{"commands": [f"echo {number}"]} for number in range(turns)]
    with Service(folder, [*steps, {"text": "done", "stall_after": 1}]) as service:
        agent = ours(sandbox, turns).start(folder, new_workspace(folder), service.base_url)
        memory = _memory_when_waiting(agent)
        agent.kill()
        agent.wait()
    arrived = [question.arrived for question in service.questions]
    times = [(after - before) * 1000 for before, after in itertools.pairwise(arrived)]
    return times, memory, [question.body for question in service.questions]


def _memory_when_waiting(agent: subprocess.Popen[bytes]) -> float:
    """PSS in MB once the program rests, waiting for the stalled last answer."""
    clock = -1.0
    while (now := _processor_seconds(agent.pid)) != clock or now < 0.5:
        clock = now
        time.sleep(0.5)
    rollup = Path(f"/proc/{agent.pid}/smaps_rollup").read_text()
    kilobytes = next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(kilobytes) / 1024


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sleeps_seconds(folder: Path, sandbox: str) -> float:
    """Four times ``sleep 0.5`` in one answer, from its request to the next."""
    steps: list[dict[str, Any]] = [
        {"commands": [f"sleep 0.5 # {number} {beside}" for beside in range(4)]} for number in range(3)
    ]
    with Service(folder, [*steps, {"text": "done"}]) as service:
        ours(sandbox).start(folder, new_workspace(folder), service.base_url).wait()
    arrived = [question.arrived for question in service.questions]
    seconds: float = statistics.median(after - before for before, after in itertools.pairwise(arrived))
    return seconds


def command_seconds(folder: Path) -> dict[str, float]:
    """Seconds of commands that ask no model, and of Python doing nothing, each the median of several."""
    work = new_workspace(folder)
    program = [sys.executable, "-P", "-m", "seedsmith"]
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "--version": [*program, "--version"],
        "tool read": [*program, "tool", "-C", str(work), "read", '{"path": "main.py"}'],
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SEEDSMITH_HOME": str(folder / "state")}
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for _, name in itertools.product(range(ROUNDS), commands):
        began = time.monotonic()
        subprocess.run(commands[name], env=environment, cwd="/", stdout=subprocess.DEVNULL, check=True)
        seconds[name].append(time.monotonic() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}


def new_workspace(folder: Path, files: int = 2) -> Path:
    """A new repository with its ``files`` committed, in folders of a hundred."""
    work = Path(tempfile.mkdtemp(dir=folder, prefix="work"))
    (work / "README").write_text("A small project.\n")
    (work / "main.py").write_text("print('hello')\n")
    for number in range(files - 2):
        place = work / f"part{number // FILES_IN_FOLDER}" / f"file{number}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"print({number})\n")
    git = ["git", "-c", "user.name=Clock", "-c", "user.email=clock@example.org", "-C", str(work)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *arguments], check=True)
    return work


def rows_beside(found: Mapping[tuple[str, str], Typical], files: int) -> Iterable[Row]:
    """What came of :func:`side_by_side` in the places ``small`` and ``large``, ours first."""
    (own, _), *_ = found
    small, large = found[own, "small"], found.get((own, "large"))
    peers = {name: each for (name, place), each in found.items() if place == "small" and name != own}
    for what, figure, unit, goals in (
        ("process start → first request", "start", "s", {"codex": 1.0, "large": 1.15}),
        ("own time per turn with one command", "turn", "ms", {"pi": 0.7, "large": 1.15}),
        ("last answer → exit", "exit", "s", {"codex": 0.5, "large": 1.15}),
        ("processor time before the first request", "start_processor", "s", {}),
        ("processor time of the run", "processor", "s", {}),
    ):
        value = getattr(small, figure)
        yield Row(what, value, unit)
        for name, peer in peers.items():
            theirs = getattr(peer, figure)
            yield Row(f"{what} / {name}'s ({theirs:.3g} {unit})", value / theirs, "", goals.get(name))
        if large is not None:
            there = getattr(large, figure)
            among = f"{what} among {files:,} files ({there:.3g} {unit}) / here"
            yield Row(among, there / value, "", goals.get("large"))


def measure(sandbox: str, turns: int, peers: Sequence[Program], files: int) -> Iterable[Row]:
    """All rows; takes about two minutes, with peers about five."""
    with tempfile.TemporaryDirectory(prefix="seedsmith-clock-") as name:
        folder = Path(name)
        places = {"small": new_workspace(folder)} | ({"large": new_workspace(folder, files)} if files else {})
        found = side_by_side((ours(sandbox), *peers), places, folder)
        yield from rows_beside(found, files)
        seconds = command_seconds(folder)
        start = found["seedsmith", "small"].start
        more = seconds["--version"] - 2 * seconds["python"]
        yield Row(f"`--version`, beyond twice `python -c pass` ({seconds['python']:.3g} s)", more, "s", 0.1)
        yield Row("`tool read` / process start → first request", seconds["tool read"] / start, "", 0.6)
        times, memory, bodies = long_run(folder, sandbox, turns)
        early = statistics.median(times[10 - WINDOW // 2 : 10 + WINDOW // 2])
        yield Row(f"turn {turns} / turn 10", statistics.median(times[-WINDOW:]) / early, "", 1.2)
        yield Row(f"memory at turn {turns} (PSS)", memory, "MB", 45)
        yield Row("first request, all default tools", len(bodies[0]) / 1000, "KB", 8.2)
        yield Row("4 × `sleep 0.5` in one answer", sleeps_seconds(folder, sandbox), "s", 0.56)
        pairs = list(itertools.pairwise(bodies))
        stable = sum(after.startswith(before.removesuffix(b"]}")) for before, after in pairs)
        yield Row("request n starts with request n−1", 100 * stable / len(pairs), "%", 100, at_least=True)


def show(rows: Sequence[Row], markdown: bool, program: str = "clock.py") -> str:
    """The table, for people or as Markdown with machine, command and date."""
    if not markdown:
        return "\n".join(
            f"{row.value:8.3g} {row.unit:3} {'met' if row.met else 'MISSED':7} {row.what}" for row in rows
        )
    table = [f"| {row.what} | {row.measured} | {row.bound} |" for row in rows]
    system = f"{platform.system()} {platform.release()}, {os.cpu_count()} processors"
    machine = f"{system}, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    head = f"`python benchmarks/{program} --markdown`, {datetime.date.today()}, {machine}:"
    return "\n".join([head, "", "| what | measured | goal |", "|---|---|---|", *table])


def main() -> None:
    """Measure and print; exits 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Measure what the program itself costs.")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--files", type=int, default=50_000, help="of the large repository; 0: none")
    parser.add_argument("--peers", nargs="?", const="", metavar="FOLDER", help="codex and pi beside")
    options = parser.parse_args()
    peers = [] if options.peers is None else find_peers(Path(options.peers) if options.peers else None)
    rows = list(measure(options.sandbox, options.turns, peers, options.files))
    print(show(rows, options.markdown))
    sys.exit(not all(row.met for row in rows))


if __name__ == "__main__":
    main()
