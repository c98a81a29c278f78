"""That a command wanted to leave its network is told, though a pipe hides its failure and its words."""

from __future__ import annotations

import shutil
import sys

import pytest

from seedsmith.sandbox.commands.network_tries import NetworkTries
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.network.session_network import SessionNetwork

NONE = "The sandbox has no network."
CONNECT = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 5)\nexcept OSError: pass"
LOOK_UP = "import socket\ntry: socket.getaddrinfo('example.org', 80)\nexcept OSError: pass"
DATAGRAM = (
    "import socket\ntry: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))\n"
    "except OSError: pass"
)
SIX = "import socket\ntry: socket.create_connection(('2001:db8::1', 80), 5)\nexcept OSError: pass"
OWN = (
    "import socket; server = socket.create_server(('127.0.0.1', 0)); "
    "socket.create_connection(server.getsockname()).close(); print(socket.gethostbyname('localhost'))"
)


class TestCounted:
    """In the strong tier the kernel counts."""

    @pytest.fixture
    def tier(self) -> str:
        return "bwrap"

    @pytest.mark.parametrize("program", [CONNECT, LOOK_UP, DATAGRAM, SIX])
    async def test_what_leads_nowhere_is_told_though_nothing_is_said(self, runner: ProcessRunner, program):
        result = await runner.run((sys.executable, "-S", "-c", program), timeout=60)
        assert (result.exit_code, result.head, result.note) == (0, b"", NONE)
        runner.close()

    async def test_what_stays_on_loopback_is_not(self, runner: ProcessRunner):
        result = await runner.run((sys.executable, "-S", "-c", OWN), timeout=60)
        assert (result.exit_code, result.note) == (0, "")
        runner.close()

    async def test_what_an_earlier_command_tried_is_not_told_of_the_next(self, runner: ProcessRunner):
        assert (await runner.run((sys.executable, "-S", "-c", CONNECT), timeout=60)).note == NONE
        assert (await runner.run("echo hi", timeout=60)).note == ""
        runner.close()

    async def test_what_the_way_out_refuses_is_told(self, make_runner):
        runner = make_runner(allow=("far.example",))
        ask = (
            "import os, socket; host, _, port = os.environ['https_proxy'].rpartition('/')[2].partition(':')\n"
            "s = socket.create_connection((host, int(port))); s.sendall(b'CONNECT other.example:443 HTTP/1.1"
            "\\r\\n\\r\\n'); s.recv(100)"
        )
        result = await runner.run((sys.executable, "-S", "-c", ask), timeout=60)
        runner.close()
        assert result.exit_code == 0
        assert result.note == "The sandbox has no network but by the proxy in http_proxy, to far.example."

    @pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
    async def test_curl_in_a_pipe(self, runner: ProcessRunner):
        result = await runner.run("curl -s http://example.org/ | head -5", timeout=60)
        assert (result.exit_code, result.head, result.note) == (0, b"", NONE)
        runner.close()


class TestNotCounted:
    """In the weaker tier what is known to load something, and says nothing, is told of."""

    @pytest.fixture
    def tier(self) -> str:
        return "landlock"

    @pytest.mark.parametrize(
        ("command", "note"),
        [
            ("curl() { return 6; }; curl -s http://example.org | cat", NONE),
            ("curl() { echo found; }; curl -s http://example.org | cat", ""),
            ("true", ""),
        ],
    )
    async def test_silence(self, runner: ProcessRunner, command: str, note: str):
        assert (await runner.run(command, timeout=60)).note == note

    async def test_where_nothing_is_cut_off_silence_is_none_of_the_networks(self, make_runner):
        runner = make_runner(network=True)
        tries = NetworkTries(SessionNetwork(runner.isolation, runner.policy))
        tries.stop()
        assert not tries.came_to_nothing("curl -so f http://example.org", b"")
