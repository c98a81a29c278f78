"""What the program costs stays in proportion: processor time against a yardstick taken in the same minute.

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
from scripted_endpoint import calls, text

from seedsmith.sandbox.isolation.bubblewrap import candidates

pytestmark = pytest.mark.slow
TRIES = 3
TURNS = 15
LIBRARIES = "import asyncio, click, pydantic, openai"


def processor_seconds(command, environment):
    """What a command takes of the processor, with all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, cwd="/", stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(*takes):
    """The least each of the functions returns in several tries that take turns."""
    rounds = [[take() for take in takes] for _ in range(TRIES)]
    return [min(each) for each in zip(*rounds, strict=True)]


@pytest.fixture
def environment(tmp_path):
    state = {"HOME": str(tmp_path), "SEEDSMITH_HOME": str(tmp_path / "state"), "SEEDSMITH_API_KEY": "none"}
    return {"PATH": os.environ["PATH"], **state}


@pytest.fixture
def python(environment):
    return lambda *arguments: processor_seconds([sys.executable, "-P", *arguments], environment)


@pytest.fixture
def take_turns(tmp_path, endpoint, python):
    """Runs the program for so many turns of one command."""
    work = tmp_path / "work"
    work.mkdir()

    def take(turns):
        commands = [calls(("shell", {"command": f"echo {number}"})) for number in range(turns)]
        endpoint.script(*commands, text("done"))
        model = ["-m", "openai/scripted", "--base-url", endpoint.base_url]
        return python("-m", "seedsmith", "run", "Go", "-C", str(work), "--json", *model)

    return take


def test_a_run_of_one_answer_takes_less_than_twice_what_importing_its_libraries_does(take_turns, python):
    run, libraries = least(lambda: take_turns(0), lambda: python("-c", LIBRARIES))
    assert run < 2 * libraries


def test_the_version_takes_less_than_twelve_times_what_python_does(python):
    version, nothing = least(lambda: python("-m", "seedsmith", "--version"), lambda: python("-c", "pass"))
    assert version < 12 * nothing


def test_a_turn_takes_less_than_twelve_times_what_starting_bwrap_does(take_turns, environment, tmp_path):
    bwrap = next(iter(candidates(environment, tmp_path)), None)
    if bwrap is None:
        pytest.skip("needs bwrap")
    bare = [str(bwrap), "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    spawns = f"for n in $(seq {TURNS}); do {' '.join(bare)} bash -c 'echo 1'; done"
    run, start, bares = least(
        lambda: take_turns(TURNS),
        lambda: take_turns(0),
        lambda: processor_seconds(["bash", "-c", spawns], environment),
    )
    assert run - start < 12 * bares
