"""What a batch costs beside the work itself: items a minute, time an item beyond one run, memory, going on.

    python benchmarks/batch.py [--markdown] [--repositories 500] [--items 5000]

Everything is made in a temporary folder; the service is the scripted one, in a process of its own. Each item
asks it twice: for one shell command, and for its last words. ``seedsmith run`` with the same prompt and the
same check is what an item is compared with, by the clock and by processor time, which other programs on the
machine do not lengthen. Ratios and differences count; machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

if sys.path and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
    del sys.path[0]  # or this file would be taken for a package of ours
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))

from scripted_endpoint import Endpoint, calls, text

from seedsmith.agent.batch import Batch, Options, Settings
from seedsmith.agent.tasks.batch.engines import Crew
from seedsmith.agent.tasks.batch.store import Store
from seedsmith.agent.tasks.batch.worker import DATABASE

EDIT = "sed -i s/old/new/ a.txt"
CHECK = "grep -q new a.txt"
GOAL_OVERHEAD, GOAL_RESUME = 0.6, 2.0


def answer(request):
    if b'"tool"' in request.raw:
        return text("Done.")
    return calls(("shell", {"command": EDIT}))


def make_repositories(folder: Path, count: int) -> None:
    first = folder / "repositories/r0"
    first.mkdir(parents=True)
    (first / "a.txt").write_text("old\n" * 50)
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "Start")):
        subprocess.run((*git, *arguments), cwd=first, check=True)
    for number in range(1, count):
        shutil.copytree(first, first.with_name(f"r{number}"))


def tasks(folder: Path, name: str, **more: object) -> Path:
    path = folder / f"{name}.yaml"
    said = {
        "repositories": ["repositories/*"],
        "steps": [{"prompt": "Say new"}],
        "verify": CHECK,
        "deliver": {"branch": name},
    }
    path.write_text(json.dumps(said | more))
    return path


class Taken(NamedTuple):
    """Seconds that something took."""

    clock: float
    processor: float
    """Of this process and all that it started and saw the end of."""

    @classmethod
    def now(cls) -> Taken:
        used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return cls(time.monotonic(), sum(each.ru_utime + each.ru_stime for each in used))

    def since(self, start: Taken) -> Taken:
        return Taken(self.clock - start.clock, self.processor - start.processor)


def timed_batch(folder: Path, settings: Settings, workers: int) -> Taken:
    """What all repositories take by so many workers."""
    batch = Batch.open(tasks(folder, f"by-{workers}", workers=workers), settings)
    start = Taken.now()
    summary = asyncio.run(batch.run(Options()))
    assert summary.exit_code == 0, summary.progress
    return Taken.now().since(start)


def timed_run(folder: Path, base_url: str) -> Taken:
    """What one ``seedsmith run`` takes that does the same."""
    work = folder / "single"
    shutil.copytree(folder / "repositories/r0", work)
    environment = {**os.environ, "SEEDSMITH_HOME": str(folder / "state"), "SEEDSMITH_API_KEY": "a-key"}
    options = ("-m", "openai/scripted", "--base-url", base_url, "--verify", CHECK, "-C", str(work), "--json")
    start = Taken.now()
    subprocess.run(
        (sys.executable, "-P", "-m", "seedsmith", "run", "Say new", *options),
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    taken = Taken.now().since(start)
    shutil.rmtree(work)
    return taken


class NoWork:
    """An engine that says of every item that it was left out."""

    async def run(self, crew: Crew) -> None:
        store = Store(crew.job.folder / DATABASE)
        while (taken := store.take("nobody", 3, (None, None, 1))) is not None:
            store.finish("nobody", taken.item, {"state": "skipped", "message": "", "seconds": 0.0})
            await asyncio.sleep(0)
        store.close()


def memory_and_resume(folder: Path, settings: Settings, items: int) -> tuple[float, float]:
    """MB that the runner's memory grew by over all items, and seconds to go on with them."""
    (folder / "list.txt").write_text("\n".join(f"/nowhere/{number}" for number in range(items)))
    file = tasks(folder, "many", repositories=[{"list": str(folder / "list.txt")}])
    batch = Batch.open(file, settings)
    asyncio.run(batch.run(Options(limit=100), lambda *_: None, NoWork()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    asyncio.run(batch.run(Options(limit=items - 200), lambda *_: None, NoWork()))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    start = time.monotonic()
    asyncio.run(Batch.open(file, settings).run(Options(), lambda *_: None, NoWork()))
    return grown, time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markdown", action="store_true", help="print a table for the documentation")
    parser.add_argument("--repositories", type=int, default=500)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name, Endpoint(answer) as endpoint:
        folder = Path(name)
        make_repositories(folder, chosen.repositories)
        settings = Settings(
            model="openai/scripted", base_url=endpoint.base_url, api_key="a-key", home=folder / "state"
        )
        runs = [timed_run(folder, endpoint.base_url) for _ in range(7)]
        one_run = Taken(*(statistics.median(each) for each in zip(*runs, strict=True)))
        items = [(n, timed_batch(folder, settings, n)) for n in chosen.workers]
        count = chosen.repositories
        rows += [
            (f"items a minute, {n} worker{'s' * (n > 1)}", f"{60 * count / taken.clock:.0f}", "")
            for n, taken in items
        ]
        for what, run, item in zip(("the clock", "processor time"), one_run, items[0][1], strict=True):
            said = f"an item beyond one `seedsmith run` ({run:.2f} s), by {what}"
            rows.append((said, f"{item / count - run:.2f} s".replace("-", "−"), f"≤ {GOAL_OVERHEAD} s"))
        grown, resumed = memory_and_resume(folder, replace_home(settings), chosen.items)
        rows.append((f"the runner's memory grows over {chosen.items:,} items by", f"{grown:.1f} MB", "flat"))
        rows.append((f"going on with {chosen.items:,} items", f"{resumed:.2f} s", f"≤ {GOAL_RESUME:g} s"))
    load = os.getloadavg()[0]
    print(
        f"{datetime.date.today()}, {platform.system()} {platform.release()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, load average {load:.1f}; {chosen.repositories} repositories:\n"
    )
    lines = [f"| {what} | {value} | {goal} |" for what, value, goal in rows]
    print("\n".join(["| what | measured | goal |", "|---|---|---|", *lines] if chosen.markdown else lines))
    return 0


def replace_home(settings: Settings) -> Settings:
    assert settings.home is not None
    return settings.model_copy(update={"home": settings.home.with_name("other-state")})


if __name__ == "__main__":
    sys.exit(main())
