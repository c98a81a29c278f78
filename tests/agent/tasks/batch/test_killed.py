"""Whatever is killed at whatever moment: no item is done twice, and none is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

EDIT = {"run": "sed -i s/old/new/ a.txt"}
SAID = {"steps": [EDIT], "verify": "grep -q new a.txt", "deliver": {"branch": "changed", "message": "Change"}}
TO_BE_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from conftest_of_batch import Here
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.batch import Batch, Options
from seedsmith.agent.tasks.batch.store import Store

Store._drop_poison = lambda *_: None  # a hundred kills may well begin one item more often than twenty times
left = int(sys.argv[2])

def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

batch = Batch.open(Path(sys.argv[1]), Settings(home=Path(sys.argv[3])), dict(os.environ))
sys.addaudithook(count)
summary = asyncio.run(batch.run(Options(), engine=Here()))
print(-left, summary.exit_code)
"""
"""Kills itself at the n-th event that Python tells of: each file opened, process started, statement begun."""


def to_the_event(ground, number):
    """Run the batch until that event, or its end; the exit code and what was printed."""
    here = ground.folder / "here"
    here.mkdir(exist_ok=True)
    (here / "conftest_of_batch.py").write_text(Path(__file__).with_name("conftest.py").read_text())
    support = Path(__file__).parents[3] / "support"
    done = subprocess.run(
        (
            sys.executable,
            "-c",
            TO_BE_KILLED,
            ground.folder / "tasks.yaml",
            str(number),
            ground.folder / "state",
        ),
        env={**ground.environment, "PYTHONPATH": f"{here}:{support}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode, done.stdout


def check(ground, names):
    for name in names:
        log = ground.folder / name / ".git/logs/refs/heads/changed"
        assert len(log.read_text().splitlines()) == 1, "the branch was written once"
        assert ground.git(name, "rev-list", "--count", "changed") == "2\n"
        assert ground.git(name, "show", "changed:a.txt") == "new\n"
        ground.git(name, "fsck", "--strict")


def killed_at(ground, names, moments):
    ground.tasks(repositories=names, tries=20, **SAID)
    for moment in moments:
        to_the_event(ground, moment)
    code, said = to_the_event(ground, 0)
    assert (code, said.split()[-1:]) == (0, ["0"]), said
    check(ground, names)


@pytest.mark.slow
def test_killed_at_any_event(ground):
    ground.repository("one")
    generator = random.Random(os.environ.get("PYTEST_RANDOM_SEED", "7"))
    killed_at(ground, ["one"], [generator.randrange(20, 900)])


@pytest.mark.slow
@pytest.mark.xdist_group("machine")
@pytest.mark.timeout(600)
def test_killed_at_a_hundred_random_events(ground):
    names = ["one", "two", "three"]
    for name in ("measured", *names):
        ground.repository(name)
    ground.tasks(repositories=["measured"], **SAID)
    events = int(to_the_event(ground, 0)[1].split()[0])
    shutil.rmtree(ground.folder / "state")
    killed_at(ground, names, [random.randrange(1, events) for _ in range(100)])


def start(ground):
    ground.environment |= {
        "SEEDSMITH_HOME": str(ground.folder / "state"),
        "SEEDSMITH_API_KEY": "a-key",
        "SEEDSMITH_MODEL": "openai/scripted",
        "SEEDSMITH_BASE_URL": ground.endpoint.base_url,
    }
    return subprocess.Popen(
        (sys.executable, "-P", "-m", "seedsmith", "batch", ground.folder / "tasks.yaml", "--json"),
        env=ground.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def workers_of(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def edits(request):
    said = json.dumps(request.body)
    if '"role": "tool"' in said or '"function_call_output"' in said:
        return text("Done.")
    return calls(("shell", {"command": "sed -i s/old/new/ a.txt"}))


def asked(ground, names):
    for name in names:
        ground.repository(name)
    steps = [{"prompt": "Say new in {{item}}"}]
    ground.tasks(**{**SAID, "steps": steps}, repositories=names, tries=2)
    ground.endpoint.script(edits)


@pytest.mark.slow  # processes of its own, as the next two
def test_a_runner_that_is_killed_takes_its_workers_along_and_the_next_goes_on(ground):
    asked(ground, ["one", "two"])
    running = []

    def kill(request):
        if request.number == 2:
            running[0].send_signal(signal.SIGKILL)

    ground.endpoint.on_request = kill
    running.append(start(ground))
    running[0].communicate()
    assert running[0].returncode == -signal.SIGKILL
    ground.endpoint.on_request = None
    again = start(ground)
    output, errors = again.communicate()
    assert again.returncode == 0, errors
    told = [json.loads(line) for line in output.splitlines()]
    assert [each.get("item") for each in told] == ["two", None], "the first was done before"
    check(ground, ["one", "two"])


@pytest.mark.slow
def test_an_item_that_kills_its_worker_again_and_again_fails_and_the_rest_goes_on(ground):
    asked(ground, ["poison", "good"])
    running = []

    def kill(request):
        if "Say new in poison" in json.dumps(request.body):
            for worker in workers_of(running[0]):
                os.kill(int(worker), signal.SIGKILL)

    ground.endpoint.on_request = kill
    running.append(start(ground))
    output, _ = running[0].communicate()
    assert running[0].returncode == 1
    told = {each.get("item"): each for each in map(json.loads, output.splitlines())}
    assert told["good"]["state"] == "verified"
    assert told["poison"]["cause"] == "tries" and "begun 2 times" in told["poison"]["message"]
    check(ground, ["good"])


@pytest.mark.slow
def test_stopped_by_hand_it_goes_on_later(ground):
    asked(ground, ["one"])
    running = []

    def interrupt(request):
        if request.number == 0:
            running[0].send_signal(signal.SIGTERM)

    ground.endpoint.on_request = interrupt
    running.append(start(ground))
    _, errors = running[0].communicate()
    assert running[0].returncode == 130 and "the same command goes on" in errors
    again = start(ground)
    assert again.communicate() and again.returncode == 0
    check(ground, ["one"])
