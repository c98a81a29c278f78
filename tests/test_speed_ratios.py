"""What the program itself costs stays in proportion: processor time against yardsticks of the same minute.

The bounds are about twice what was measured, so that they hold on any machine under any load, and fail where
somebody imports a library too early or puts work on the way of every turn. Exact figures are those of
``benchmarks/clock.py``.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest
from scripted_endpoint import Endpoint, calls, text

from seedsmith.sandbox.isolation.bubblewrap import candidates

pytestmark = pytest.mark.slow
TRIES = 2
TURNS = 10
LIBRARIES = "import asyncio, click, pydantic, openai"


def processor_seconds(command, environment):
    """What a command takes of the processor, with all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, cwd="/", stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def a_run(turns, work, python):
    """What a run takes that makes so many turns of one command."""
    commands = [calls(("shell", {"command": f"echo {number}"})) for number in range(turns)]
    with Endpoint() as endpoint:
        endpoint.script(*commands, text("done"))
        model = ["-m", "openai/scripted", "--base-url", endpoint.base_url]
        return python("-m", "seedsmith", "run", "Go", "-C", str(work), "--json", *model)


def bare_commands(environment, home):
    """What as many commands take in ``bwrap`` alone; nothing where there is none."""
    bwrap = next(iter(candidates(environment, home)), None)
    if bwrap is None:
        return 0.0
    bare = [str(bwrap), "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    spawns = f"for n in $(seq {TURNS}); do {' '.join(bare)} bash -c 'echo 1'; done"
    return processor_seconds(["bash", "-c", spawns], environment)


@pytest.fixture(scope="module")
def least(tmp_path_factory):
    """The least that each thing took in several tries that take turns."""
    home = tmp_path_factory.mktemp("home")
    (work := home / "work").mkdir()
    state = {"HOME": str(home), "SEEDSMITH_HOME": str(home / "state"), "SEEDSMITH_API_KEY": "none"}
    environment = {"PATH": os.environ["PATH"], **state}

    def python(*arguments):
        return processor_seconds([sys.executable, "-P", *arguments], environment)

    takes = {
        "one answer": lambda: a_run(0, work, python),
        "its libraries": lambda: python("-c", LIBRARIES),
        "turns": lambda: a_run(TURNS, work, python),
        "bare commands": lambda: bare_commands(environment, home),
        "version": lambda: python("-m", "seedsmith", "--version"),
        "python": lambda: python("-c", "pass"),
    }
    rounds = [{name: take() for name, take in takes.items()} for _ in range(TRIES)]
    return {
        name: min((each[name] for each in rounds if each[name] is not None), default=None) for name in takes
    }


def test_a_run_imports_nothing_that_it_does_not_need(tmp_path, endpoint):
    (work := tmp_path / "work").mkdir()
    endpoint.script(text("done"))
    model = ["-m", "openai/scripted", "--base-url", endpoint.base_url, "-C", str(work), "--json"]
    command = [sys.executable, "-P", "-X", "importtime", "-m", "seedsmith", "run", "Go", *model]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "SEEDSMITH_API_KEY": "none"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    unneeded = {"yaml", "seedsmith.skills.manifest", "seedsmith.tools.pydantic_tool"}
    assert "seedsmith.agent.loop.loop" in imported
    assert not unneeded & imported


def test_a_run_of_one_answer_stays_near_what_importing_its_libraries_takes(least):
    assert least["one answer"] < 2 * least["its libraries"]


def test_the_version_stays_near_what_python_takes(least):
    assert least["version"] < 12 * least["python"]


def test_a_turn_stays_near_what_starting_bwrap_takes(least):
    if not least["bare commands"]:
        pytest.skip("needs bwrap")
    assert least["turns"] - least["one answer"] < 12 * least["bare commands"]
