"""Commands in control groups, where this machine lets this process make them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.control_group import GroupPlace, group_place
from seedsmith.sandbox.commands.lifeline import GROUP_PREFIX
from seedsmith.sandbox.isolation.base import Limits

here = pytest.mark.skipif(group_place() is None, reason="needs a writable control group with memory")
TAKE = "x = bytearray({} << 20); import time; time.sleep({})"


def groups() -> list[str]:
    place = group_place()
    assert place is not None
    return [each.name for each in place.folder.iterdir() if each.name.startswith(GROUP_PREFIX)]


@here
async def test_the_kernel_ends_what_takes_too_much_at_once(make_runner) -> None:
    runner = make_runner(Limits(memory_bytes=100 << 20))
    result = await runner.run((sys.executable, "-c", TAKE.format(400, 0)), timeout=60)
    assert "more than 100 MB" in result.note, result
    fits = await runner.run((sys.executable, "-c", TAKE.format(20, 0)), timeout=60)
    assert (fits.exit_code, fits.note) == (0, "")
    shared = "import os; os.write(os.memfd_create('x'), bytes(150 << 20))"
    assert "more than 100 MB" in (await runner.run((sys.executable, "-c", shared), timeout=60)).note


@here
async def test_nothing_is_left_of_a_group_once_its_command_has_ended(make_runner) -> None:
    runner = make_runner()
    assert (await runner.run("true", timeout=60)).exit_code == 0
    assert (await runner.run("sleep 1000 & echo begun", timeout=60)).head.startswith(b"begun\n")
    await runner.run("true", timeout=60)
    assert len(groups()) <= 1  # What was killed is removed with the next command at the latest.


AGENT = """
import asyncio, sys
from pathlib import Path
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore

async def main(work):
    policy = Policy(work / "work", work / "private", work / "state")
    runner = ProcessRunner(Off(), policy, SpillStore(policy.state / "spills"))
    code = '''
import os, time
began = time.time()
if os.fork():
    time.sleep(1000)
os.setsid()
open("beat", "w").close()
print("on", flush=True)
while time.time() < began + 60:
    time.sleep(0.0001)
    open("beat", "w").close()
    if os.fork():
        os._exit(0)
'''
    running = runner.start((sys.executable, "-c", code))
    await running.wait_for_news(30)
    print("on", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.slow
def test_a_forking_loop_does_not_outlive_an_agent_that_is_killed(tmp_path: Path) -> None:
    """In a group or without one: it beats into a file as long as it lives."""
    for name in ("work", "private", "state"):
        (tmp_path / name).mkdir()
    agent = subprocess.Popen((sys.executable, "-c", AGENT, tmp_path), stdout=subprocess.PIPE)
    assert agent.stdout is not None and agent.stdout.readline() == b"on\n"
    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()
    beat = tmp_path / "work/beat"
    for _ in range(60):
        before = beat.stat().st_mtime_ns
        signal.sigtimedwait([], 0.25)
        if beat.stat().st_mtime_ns == before:
            return
    pytest.fail("it lives on")


def test_a_bound_that_is_left_holds_all_the_same(tmp_path: Path) -> None:
    for name, bound in (("a", "max"), ("a/b", "3000\n"), ("a/b/c", "5000\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "memory.max").write_text(bound)
    left = (tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/c")
    assert GroupPlace(tmp_path, left).most_bytes == 3000
    assert GroupPlace(tmp_path, left[:1]).most_bytes is None
