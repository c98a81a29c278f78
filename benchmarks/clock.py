"""What the program itself costs, measured against a scripted service on loopback.

    python benchmarks/clock.py [--markdown] [--turns 200] [--sandbox auto]

The service runs in a process of its own and answers at once, so the time between an answer and the next
request is the program's: reading the answer, recording it, running one shell command in the sandbox,
building and sending the request. Ratios count; machines differ.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import importlib
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEST_SUPPORT = Path(__file__).parents[1] / "tests" / "support"
STARTS = 7
"""Runs of which the start is the median."""
WINDOW = 10
"""Turns around turn 10, and the last ones, that are compared."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    value: float
    unit: str
    goal: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def measured(self) -> str:
        return f"{self.value:.3g} {self.unit}".rstrip()

    @property
    def bound(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.goal:g} {self.unit}".rstrip()


class Service:
    """The scripted service in its own process; ``requests`` is filled when it is left."""

    def __init__(self, folder: Path, steps: list[dict[str, Any]]) -> None:
        self._script, self._log = folder / "script.json", folder / "log.json"
        self._script.write_text(json.dumps(steps))
        self.requests: list[dict[str, Any]] = []

    def __enter__(self) -> Service:
        command = [sys.executable, __file__, "--serve", str(self._script), "--log", str(self._log)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base_url = json.loads(self._process.stdout.readline())["base_url"]
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self.requests = json.loads(self._log.read_text())


def serve(script: Path, log: Path) -> None:
    """The service's process: answer, and only at the end write down what came when."""
    sys.path.insert(0, str(TEST_SUPPORT))
    serving = importlib.import_module("serve_endpoint")
    with serving.Endpoint(*serving.load_script(script)) as endpoint:
        print(json.dumps({"base_url": endpoint.base_url}), flush=True)
        sys.stdin.read()
        seen = [
            {"arrived": request.arrived, "raw": base64.b64encode(request.raw).decode()}
            for request in endpoint.requests
        ]
    log.write_text(json.dumps(seen))


def start_agent(folder: Path, base_url: str, sandbox: str, turns: int) -> subprocess.Popen[bytes]:
    """The program at work in a new folder with two files."""
    work = Path(tempfile.mkdtemp(dir=folder, prefix="work"))
    (work / "README").write_text("A small project.\n")
    (work / "main.py").write_text("print('hello')\n")
    command = [sys.executable, "-P", "-m", "seedsmith", "run", "Go", "-C", str(work), "-m", "openai/scripted"]
    command += ["--base-url", base_url, "--sandbox", sandbox, "--max-turns", str(turns + 9), "--json"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SEEDSMITH_HOME": str(folder / "state"),
        "SEEDSMITH_API_KEY": "none",
    }
    return subprocess.Popen(command, cwd="/", env=environment, stdout=subprocess.DEVNULL)


def start_seconds(folder: Path, sandbox: str) -> tuple[float, int]:
    """Process start to first request, and that request's bytes."""
    with Service(folder, [{"text": "done", "repeat": STARTS + 1}]) as service:
        starts = []
        for _ in range(STARTS + 1):
            starts.append(time.monotonic())
            start_agent(folder, service.base_url, sandbox, 1).wait()
    seconds = [request["arrived"] - start for request, start in zip(service.requests, starts, strict=True)]
    return statistics.median(seconds[1:]), len(base64.b64decode(service.requests[0]["raw"]))


def turn_times(folder: Path, sandbox: str, turns: int) -> tuple[list[float], float, float]:
    """Milliseconds of each turn with one shell call, memory in MB at the last, share of stable prefixes."""
    steps: list[dict[str, Any]] = [
        {"calls": [["shell", {"command": f"echo {number}"}]]} for number in range(turns)
    ]
    with Service(folder, [*steps, {"text": "done", "stall_after": 1}]) as service:
        agent = start_agent(folder, service.base_url, sandbox, turns)
        memory = _memory_when_waiting(agent)
        agent.kill()
        agent.wait()
    arrived = [request["arrived"] for request in service.requests]
    bodies = [base64.b64decode(request["raw"]) for request in service.requests]
    pairs = list(itertools.pairwise(bodies))
    stable = sum(after.startswith(before.removesuffix(b"]}")) for before, after in pairs)
    times = [(after - before) * 1000 for before, after in itertools.pairwise(arrived)]
    return times, memory, 100 * stable / len(pairs)


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
        {"calls": [["shell", {"command": f"sleep 0.5 # {number}"}]] * 4} for number in range(3)
    ]
    with Service(folder, [*steps, {"text": "done"}]) as service:
        start_agent(folder, service.base_url, sandbox, 4).wait()
    arrived = [request["arrived"] for request in service.requests]
    seconds: float = statistics.median(after - before for before, after in itertools.pairwise(arrived))
    return seconds


def measure(sandbox: str, turns: int) -> list[Row]:
    """All rows; takes about half a minute."""
    with tempfile.TemporaryDirectory(prefix="seedsmith-clock-") as name:
        folder = Path(name)
        start, size = start_seconds(folder, sandbox)
        times, memory, stable = turn_times(folder, sandbox, turns)
        sleeps = sleeps_seconds(folder, sandbox)
    early = statistics.median(times[10 - WINDOW // 2 : 10 + WINDOW // 2])
    late = statistics.median(times[-WINDOW:])
    return [
        Row("process start → first request on the wire", start, "s", 0.55),
        Row("own time per turn with one shell call, sandbox on", statistics.median(times), "ms", 12),
        Row(f"the same at turn {turns} / at turn 10", late / early, "", 1.2),
        Row(f"memory at turn {turns} (PSS)", memory, "MB", 90),
        Row("first request, all default tools", size / 1000, "KB", 10),
        Row("4 × `sleep 0.5` in one answer", sleeps, "s", 0.56),
        Row("request n starts with request n−1", stable, "%", 100, at_least=True),
    ]


def show(rows: list[Row], markdown: bool) -> str:
    """The table, for people or as Markdown with machine, command and date."""
    if not markdown:
        return "\n".join(
            f"{row.value:8.3g} {row.unit:3} {'met' if row.met else 'MISSED':7} {row.what}" for row in rows
        )
    table = [f"| {row.what} | {row.measured} | {row.bound} |" for row in rows]
    system = f"{platform.system()} {platform.release()}, {os.cpu_count()} processors"
    machine = f"{system}, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    head = f"`python benchmarks/clock.py --markdown`, {datetime.date.today()}, {machine}:"
    return "\n".join([head, "", "| what | measured | goal |", "|---|---|---|", *table])


def main() -> None:
    """Measure and print; exits 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Measure what the program itself costs.")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.log)
        return
    rows = measure(options.sandbox, options.turns)
    print(show(rows, options.markdown))
    sys.exit(not all(row.met for row in rows))


if __name__ == "__main__":
    main()
