"""The user's own proxy where it speaks SOCKS 5: what it is asked for, and what it may not lead to."""

from __future__ import annotations

import asyncio
import http.server
import sys
import threading
from collections.abc import Iterator

import pytest
from asked_proxy import asked
from relays import SocksProxy

from seedsmith.sandbox.network.allowed_hosts import Allowed
from seedsmith.sandbox.network.egress import Egress
from seedsmith.sandbox.network.upstream_proxy import UserProxies

GET = b"GET http://far.example/p HTTP/1.1\r\n\r\n"
KNOWN = "93.184.215.14"


class _Far(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.path} of {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def far() -> Iterator[int]:
    """The port of a server that is far away for all but the proxy."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Far)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


async def asked_by(environ: dict[str, str], request: bytes, *addresses: str) -> bytes:
    """What our proxy answers to ``request``, with far.example known here at ``addresses``, if any."""

    async def resolve(_host: str, _port: int) -> list[str]:
        if not addresses:
            raise OSError
        return list(addresses)

    return await asked(
        Egress(Allowed(["far.example"]), lambda _: None, resolve, UserProxies(environ)), request
    )


@pytest.mark.parametrize("login", ["", "me:p%40ss"])
async def test_requests_and_tunnels_go_through_it(far: int, login: str) -> None:
    with SocksProxy({"far.example": far}, login.replace("%40", "@")) as proxy:
        at = f"{login}@" if login else ""
        environ = {"ALL_PROXY": f"socks5h://{at}127.0.0.1:{proxy.port}"}
        assert (await asked_by(environ, GET, KNOWN)).endswith(b"/p of far.example")
        tunnel = b"CONNECT far.example:443 HTTP/1.1\r\n\r\nGET /q HTTP/1.0\r\nHost: inner\r\n\r\n"
        answer = await asked_by(environ, tunnel)
        assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.0 200 OK")
        assert answer.endswith(b"/q of inner")
    assert proxy.asked == ["far.example:80", "far.example:443"]


async def test_a_name_known_here_is_asked_for_by_the_address_that_was_looked_at(far: int) -> None:
    with SocksProxy({KNOWN: far, "far.example": far}) as proxy:
        environ = {"http_proxy": proxy.url()}
        assert (await asked_by(environ, GET, KNOWN)).endswith(b"/p of far.example")
        assert (await asked_by(environ, GET)).endswith(b"/p of far.example")
    assert proxy.asked == [f"{KNOWN}:80", "far.example:80"]


async def test_what_is_not_allowed_does_not_come_to_it(far: int) -> None:
    with SocksProxy({"far.example": far, "10.0.0.1": far}) as proxy:
        environ = {"all_proxy": proxy.url("socks5h")}
        assert b"403" in await asked_by(environ, GET.replace(b"far.", b"other."), KNOWN)
        assert b"403" in await asked_by(environ, GET, "10.0.0.1")
        assert b"403" in await asked_by(environ, b"CONNECT far.example:22 HTTP/1.1\r\n\r\n", KNOWN)
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("login", "reply", "given", "why"),
    [
        ("", 2, "", b"connection not allowed by ruleset"),
        ("", 99, "", b"doesn't speak SOCKS 5"),
        ("me:right", 0, "", b"wants another login"),
        ("me:right", 0, "me:wrong@", b"refused the login"),
    ],
)
async def test_what_it_refuses_is_told(far: int, login: str, reply: int, given: str, why: bytes) -> None:
    with SocksProxy({"far.example": far}, login, reply) as proxy:
        answer = await asked_by({"http_proxy": f"socks5h://{given}127.0.0.1:{proxy.port}"}, GET)
    assert answer.startswith(b"HTTP/1.1 502") and why in answer and b"wrong" not in answer.replace(why, b"")


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05\x00\x05\x00\x00\x09", b"", b"\x05"]
)
async def test_what_speaks_otherwise_is_none(said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told = await asked_by({"http_proxy": f"socks5://127.0.0.1:{port}"}, GET)
    server.close()
    assert told.startswith(b"HTTP/1.1 502") and b"can't be reached through the user's proxy (" in told


async def test_commands_use_it_by_the_sessions_own(make_runner, world, far: int) -> None:
    with SocksProxy({"far.example": far}, "me:secret-word") as proxy:
        environ = {**world.policy.environ, "http_proxy": proxy.url("socks5h")}
        runner = make_runner(allow=("far.example",), environ=environ)
        fetch = "import urllib.request as u; print(u.urlopen('http://far.example/').read().decode())"
        result = await runner.run((sys.executable, "-c", fetch), timeout=60)
        shown = await runner.run("env", timeout=60)
        runner.close()
    assert result.head == b"/ of far.example\n", result
    assert b"secret-word" not in shown.head


@pytest.fixture
def tier() -> str:
    return "bwrap"
