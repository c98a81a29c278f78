"""Unix sockets: a session's own commands reach each other, and nothing of the host, whatever they try."""

from __future__ import annotations

import gc
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.command import CommandResult
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.workspace.spill import SpillStore

TIERS = ["bwrap"]


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket of the host where no mask covers it: in the workspace."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "work" / "host"))
        listening.listen()
        listening.setblocking(False)
        yield listening


async def python(runner: ProcessRunner, code: str) -> CommandResult:
    (runner.policy.workspace / "code.py").write_text(code)
    return await runner.run((sys.executable, "code.py"), timeout=60)


async def test_what_multiprocessing_needs(runner) -> None:
    code = """
import multiprocessing
if __name__ == "__main__":
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        print(pool.map(abs, [-1]))
    print(list(multiprocessing.Manager().list([2])))
"""
    assert (await python(runner, code)).head == b"[1]\n[2]\n"


async def test_by_path_and_by_abstract_name(runner) -> None:
    code = """
import os, socket
for name, called in [("/tmp/s", "/tmp/s"), ("/tmp/r", "r"), ("\\0name", "\\0name")]:
    server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen()
    os.chdir("/tmp")
    client.settimeout(None if called == "r" else 60)
    client.connect(called)
    client.send(b"heard")
    print(server.accept()[0].recv(5))
"""
    assert (await python(runner, code)).head == b"b'heard'\n" * 3


async def test_the_internets_sockets_are_connected_as_before(runner) -> None:
    code = """
import socket
server = socket.create_server(("127.0.0.1", 0))
for seconds in (None, 60):
    client = socket.create_connection(server.getsockname(), seconds)
    client.send(b"heard")
    print(server.accept()[0].recv(5))
try:
    socket.create_connection(("127.0.0.1", 1), 5)
except ConnectionRefusedError:
    print("refused")
"""
    assert (await python(runner, code)).head == b"b'heard'\n" * 2 + b"refused\n"


@pytest.mark.slow
async def test_a_socket_of_another_command(runner) -> None:
    serving = runner.start((sys.executable, "-c", SERVER), timeout=60)
    await serving.wait_for_news(60)
    asked = await python(
        runner, "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/tmp/s'); print(s.recv(9))"
    )
    await serving.stop("Done.")
    assert asked.head == b"b'hello'\n"


SERVER = """
import socket
server = socket.socket(socket.AF_UNIX)
server.bind("/tmp/s")
server.listen()
print("ready", flush=True)
server.accept()[0].send(b"hello")
input()
"""


async def test_no_way_leads_to_a_socket_of_the_host(runner, host) -> None:
    code = """
import os, socket
os.symlink(os.getcwd(), "/tmp/folder")
os.symlink(os.getcwd() + "/host", "/tmp/file")
for path in ["host", os.getcwd() + "/host", "/tmp/file", "/tmp/folder/host", "/proc/self/cwd/host"]:
    for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET]:
        try:
            socket.socket(socket.AF_UNIX, kind).connect(path)
            print(path, "reached")
        except OSError as error:
            assert error.errno in (1, 18), error
for kind in [socket.SOCK_DGRAM, socket.SOCK_RAW]:
    try:
        socket.socketpair(socket.AF_UNIX, kind)[0].sendto(b"x", "host")
        print("sent")
    except PermissionError as error:
        print(error)
"""
    result = await python(runner, code)
    assert result.head == b"[Errno 1] Operation not permitted\n" * 2
    assert (result.exit_code, result.note) == (0, "")
    with pytest.raises(BlockingIOError):
        host.accept()


@pytest.mark.slow
async def test_an_address_that_changes_while_it_is_looked_at(runner, host) -> None:
    code = """
import ctypes, os, socket, struct, threading
server = socket.socket(socket.AF_UNIX)
server.bind("/tmp/mine")
server.listen(1000)
own, foreign = (struct.pack("=H100s", 1, path) for path in (b"/tmp/mine", os.getcwd().encode() + b"/host"))
address = ctypes.create_string_buffer(own, 102)
def change():
    while True:
        ctypes.memmove(address, foreign, 102)
        ctypes.memmove(address, own, 102)
threading.Thread(target=change, daemon=True).start()
reached = 0
for _ in range(300):
    client = socket.socket(socket.AF_UNIX)
    reached += ctypes.CDLL(None).connect(client.fileno(), address, 102) == 0
print("own" if reached else "never", flush=True)
os._exit(0)
"""
    assert (await python(runner, code)).head == b"own\n"
    with pytest.raises(BlockingIOError):
        host.accept()


async def test_a_refusal_says_where_sockets_may_be(runner) -> None:
    code = "import socket; s = socket.socket(socket.AF_UNIX); s.bind('s'); s.listen(); s.connect('s')"
    result = await python(runner, code)
    assert "in /tmp" in result.note


async def test_commands_start_again_after_a_close(runner) -> None:
    assert (await python(runner, "print(1)")).head == b"1\n"
    runner.close()
    assert (await python(runner, "print(2)")).head == b"2\n"


async def test_a_runner_that_is_dropped_leaves_no_thread(isolation, world) -> None:
    runner = ProcessRunner(isolation, world.policy, SpillStore(world.policy.state / "spills"))
    before = set(threading.enumerate())
    await runner.run("true", timeout=60)
    begun = set(threading.enumerate()) - before
    del runner
    gc.collect()
    for thread in begun:
        thread.join(60)
    assert begun and not any(thread.is_alive() for thread in begun)


async def test_nothing_starts_with_sockets_that_nobody_watches(runner, world) -> None:
    import os
    from dataclasses import replace

    from seedsmith.sandbox.commands.spawn import start
    from seedsmith.sandbox.errors import SandboxError

    policy = replace(world.policy, unix_sockets=True)
    launch = runner.isolation.launch(("true",), policy, {}, world.workspace)
    with pytest.raises(SandboxError, match="Unix sockets"):
        start(runner.isolation, policy, launch, limits=None, output=os.dup(1))


async def test_only_so_many_wait_to_be_taken(runner) -> None:
    code = """
import queue, socket, threading
server = socket.socket(socket.AF_UNIX)
server.bind("/tmp/s")
server.listen(0)
refused = queue.Queue()
def connect():
    try:
        socket.socket(socket.AF_UNIX).connect("/tmp/s")
    except BlockingIOError:
        refused.put(1)
for _ in range(100):
    threading.Thread(target=connect, daemon=True).start()
for _ in range(30):
    refused.get(timeout=30)
print("refused", flush=True)
import os
os._exit(0)
"""
    assert (await python(runner, code)).head == b"refused\n"
