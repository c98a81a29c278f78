"""The network that a session's commands share: servers are reached, the machine is not, nothing stays."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from present import is_present

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Isolation
from seedsmith.sandbox.isolation.landlock import Landlock
from seedsmith.sandbox.network import session_network
from seedsmith.sandbox.network.session_network import SessionNetwork
from seedsmith.sandbox.workspace.spill import SpillStore

SERVE = """
import socket
server = socket.create_server(("localhost", {port}))
print("ready", flush=True)
while True:
    server.accept()[0].sendall(b"heard")
"""
ASK = "import socket; print(socket.create_connection(('localhost', {port}), 5).recv(5))"
PORT = 18234


@pytest.fixture
def tier() -> str:
    return "bwrap"


@pytest.mark.slow
async def test_a_server_in_the_background_is_reached_by_the_next_command(runner: ProcessRunner) -> None:
    serving = runner.start((sys.executable, "-c", SERVE.format(port=PORT)), timeout=60)
    await serving.wait_for_news(60)
    for _ in range(2):
        asked = await runner.run((sys.executable, "-c", ASK.format(port=PORT)), timeout=60)
        assert asked.head == b"b'heard'\n"
    await serving.stop("done")
    assert runner.reach_each_other
    runner.close()


@pytest.mark.slow
async def test_another_sessions_server_is_not(make_runner) -> None:
    serving = make_runner().start((sys.executable, "-c", SERVE.format(port=PORT)), timeout=60)
    await serving.wait_for_news(60)
    asked = await make_runner().run((sys.executable, "-c", ASK.format(port=PORT)), timeout=60)
    assert asked.exit_code == 1 and b"ConnectionRefusedError" in asked.head
    await serving.stop("done")


async def test_there_is_nothing_in_it_but_loopback_and_no_way_to_another(runner: ProcessRunner) -> None:
    looked = await runner.run(
        "tail -n +3 /proc/net/dev | cut -d: -f1; ls -l /proc/self/fd | grep -c 'net:\\|user:'; "
        "grep CapEff /proc/self/status",
        timeout=60,
    )
    assert looked.head.split() == [b"lo", b"0", b"CapEff:", b"0" * 16]


async def test_it_is_made_anew_where_its_holder_was_killed(runner: ProcessRunner) -> None:
    assert (await runner.run("true", timeout=60)).ok
    first = runner.policy.joined
    assert first is not None
    waiting = os.pidfd_open(first.process)
    os.kill(first.process, signal.SIGKILL)
    assert select.select([waiting], [], [], 60)[0]
    os.close(waiting)
    holder = runner.network._holder
    assert holder is not None
    holder.wait(60)
    assert (await runner.run("true", timeout=60)).ok
    assert runner.policy.joined not in (None, first)
    runner.close()


@pytest.mark.skipif(not is_present("bwrap"), reason="needs bwrap")
def test_it_ends_with_an_agent_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore
places = [Path({str(tmp_path)!r}, name) for name in ("work", "private", "state")]
[place.mkdir() for place in places]
async def main():
    policy = Policy(*places)
    runner = ProcessRunner(choose("bwrap", policy), policy, SpillStore(places[2] / "spills"))
    await runner.run("true", timeout=60)
    print(runner.policy.joined.process, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    agent = subprocess.Popen((sys.executable, "-c", code), stdout=subprocess.PIPE)
    assert agent.stdout is not None
    holder = os.pidfd_open(int(agent.stdout.readline()))
    agent.kill()
    agent.communicate()
    assert select.select([holder], [], [], 60)[0]
    os.close(holder)


@pytest.mark.skipif(not is_present("Landlock"), reason="needs Landlock")
def test_the_weaker_tier_has_none(world) -> None:
    landlock = ProcessRunner(Landlock(), world.policy, SpillStore(world.policy.state / "spills"))
    assert not landlock.reach_each_other and SessionNetwork(Landlock(), world.policy).join() is None


def test_without_nsenter_each_command_has_its_own(
    isolation: Isolation, world, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_network, "own_program", lambda *_: None)
    network = SessionNetwork(isolation, world.policy)
    assert network.join() is None and network.join() is None
