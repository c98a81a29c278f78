"""A run with every kind of call is killed anywhere and gone on with: nothing runs twice or is half done.

CI kills a sample; ``SEEDSMITH_KILLS=400`` in the environment kills so often.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import time
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

KILLS = int(os.environ.get("SEEDSMITH_KILLS", "30"))
"""Half of them behind an event, half at a random moment."""
MANY = 300
"""Files of one patch."""
MAY_HAVE_RUN = "interrupted: the session ended while this call ran."
LATE = "late.txt"
"""Of a command in the background, which ends with the run it was started in."""
PATHS = ("a.txt", "new/w.txt", "one.log", "two.log", "docs/d.txt", LATE, "many")
"""What the calls below change; each call has paths of its own."""

COMMIT = "two"

pytestmark = pytest.mark.slow


def _patch(files: int) -> str:
    return "".join(
        f"--- a/many/{number}.txt\n+++ b/many/{number}.txt\n@@ -1 +1 @@\n-old {number}\n+new {number}\n"
        for number in range(files)
    )


def shell(command, **more):
    return ("shell", {"command": command, **more})


EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "1"})
TURNS = (
    (("read", {"path": "a.txt"}), ("glob", {"pattern": "**/*.txt"}), ("grep", {"pattern": "one"})),
    (
        ("edit", {"path": "a.txt", "old": "one", "new": "1"}),
        ("write", {"path": "new/w.txt", "content": "w\n"}),
    ),
    (shell("echo 1 >> one.log; sleep 0.05; echo 2 >> one.log"), shell("echo 1 >> two.log")),
    (("patch", {"patch": _patch(MANY)}),),
    (shell("sleep 0.1; echo late > late.txt; cat", background=True),),
    (("shell_input", {"id": "b1", "text": "hello\n"}), ("shell_output", {"id": "b1"})),
    (("git", {"action": "commit", "message": COMMIT, "paths": ["two.log"]}), ("shell_kill", {"id": "b1"})),
    (shell("rm -r docs"),),
)


def script(request):
    """The answer that follows those the question holds: the same, however often it is asked."""
    answers = sum(message["role"] == "assistant" for message in request.body["messages"])
    return calls(*TURNS[answers]) if answers < len(TURNS) else text("Done.")


def fill(folder: Path) -> None:
    (folder / "a.txt").write_text("one\n")
    for inner in ("many", "docs"):
        (folder / inner).mkdir()
    (folder / "docs/d.txt").write_text("d\n")
    for number in range(MANY):
        (folder / f"many/{number}.txt").write_text(f"old {number}\n")
    for command in (["init", "-q"], ["config", "user.name", "n"], ["config", "user.email", "e@example.org"]):
        git(folder, *command)
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "tag", "first")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def tree(folder: Path) -> dict[str, str]:
    """Every file but git's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def kill(process, seedsmith, at: int | float) -> None:
    """Kill it behind its event ``at``, or after so many seconds; then wait for its end."""
    if isinstance(at, float):
        timer = threading.Timer(at, process.kill)
        timer.start()
        process.communicate()
        timer.cancel()
    else:
        for _ in range(at + 1):
            process.stdout.readline()
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 20
    while (left := _processes_of(seedsmith.state)) and time.monotonic() < deadline:
        os.sched_yield()
    assert not left


def _processes_of(state: Path) -> list[str]:
    """The processes that were started with this state folder, by their command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(state) in (folder / "environ").read_bytes() and folder.name != str(os.getpid()):
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return [each for each in found if each]


def interrupted(records: Path) -> set[str]:
    """The names of the tools whose calls were reported as interrupted."""
    outputs = [json.loads(line).get("output") for line in records.read_text().splitlines()]
    return {each["name"] for each in outputs if each and each["text"].startswith(MAY_HAVE_RUN)}


def whole(tree: dict[str, str]) -> dict[str, object]:
    """What is there of each call's paths; the many files of the patch as the states they are in."""
    many = {
        content.split()[0] if content.split() else "" for path, content in tree.items() if "many/" in path
    }
    return {path: tree.get(path) for path in PATHS if path != "many"} | {"many": many}


@pytest.fixture(scope="module")
def kills():
    chosen = random.Random(13)
    return [chosen.random() for _ in range(KILLS)]


@pytest.fixture
def unkilled(seedsmith, endpoint, kills):
    """How many events a whole run shows, and how long it takes."""
    fill(seedsmith.workspace)
    before = tree(seedsmith.workspace)
    endpoint.script(script)
    began = time.monotonic()
    finished = seedsmith.run("Go on")
    took = time.monotonic() - began
    assert finished.code == 0, finished.errors
    git(seedsmith.workspace, "reset", "-q", "first")
    after = tree(seedsmith.workspace)
    assert seedsmith.finish(seedsmith.plain("undo")).code == 0 and tree(seedsmith.workspace) == before
    return len(finished.events), took, before, after


@pytest.mark.timeout(0)
def test_a_run_killed_anywhere_goes_on(seedsmith, unkilled, kills):
    events, took, before, after = unkilled
    for number, share in enumerate(kills):
        at = share * took if number % 2 else round(share * (events - 1))
        _kill_and_go_on(seedsmith, at, before, after)


def _kill_and_go_on(seedsmith, at, before, after) -> None:
    sessions = set((seedsmith.state / "sessions").iterdir())
    kill(seedsmith.start("Go on"), seedsmith, at)
    new = [path for path in (seedsmith.state / "sessions").iterdir() if path not in sessions]
    if not new or not (new[0] / "records.jsonl").exists() or not (new[0] / "records.jsonl").read_bytes():
        assert tree(seedsmith.workspace) == before  # it had not begun
        return
    finished = seedsmith.finish(seedsmith.start("--resume", new[0].name))
    assert finished.code == 0, (at, finished.errors, finished.events)
    told = interrupted(new[0] / "records.jsonl")
    left = tree(seedsmith.workspace)
    was, now, would = whole(before), whole(left), whole(after)
    changed = {path for path in PATHS if now[path] != would[path]} - {LATE}
    assert not changed or told, (at, changed)
    assert all(now[path] == was[path] for path in changed - {"one.log"}), (at, told, changed, now)
    assert now["one.log"] in (None, "1\n", "1\n2\n") and now[LATE] in (None, "late\n"), (at, now)
    assert left.keys() <= before.keys() | after.keys(), (at, left.keys())
    assert git(seedsmith.workspace, "log", "--format=%s").split().count(COMMIT) <= 1, at
    git(seedsmith.workspace, "reset", "-q", "first")
    undone = seedsmith.finish(seedsmith.plain("undo", new[0].name))
    assert undone.code == 0 and tree(seedsmith.workspace) == before, (at, undone, told)
