"""The user's own proxy: connections that leave go through it, and to nowhere else by it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from asked_proxy import asked

from seedsmith.sandbox.network.allowed_hosts import Allowed
from seedsmith.sandbox.network.egress import Egress
from seedsmith.sandbox.network.upstream_proxy import UserProxies


class Proxy:
    """A proxy of a company's, which answers everything itself and keeps what it was told."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.after: list[bytes] = []
        self.status = b"200 OK"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if head.startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
            self.after.append(await reader.read(100))
            writer.write(b"from afar")
        else:
            self.after.append(await reader.read(100) if b"Content-Length" in head else b"")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nfrom afar")
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[tuple[Proxy, str]]:
    """The proxy, and its ``HOST:PORT``."""
    served = Proxy()
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    yield served, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def _unknown(_host: str, _port: int) -> list[str]:
    raise OSError


async def asked_by(environ: dict[str, str], request: bytes, resolve=_unknown) -> bytes:
    """What our proxy answers to ``request``, its names looked up by ``resolve``."""
    allowed = Allowed(["far.example", "far.example:8080"])
    return await asked(Egress(allowed, lambda _: None, resolve, UserProxies(environ)), request)


async def test_a_tunnel_goes_through_it(proxy) -> None:
    served, place = proxy
    environ = {"HTTPS_PROXY": f"http://me:p%40ss@{place}"}
    answer = await asked_by(environ, b"CONNECT far.example:443 HTTP/1.1\r\n\r\nhello")
    assert answer == b"HTTP/1.1 200 Connection established\r\n\r\nfrom afar"
    assert served.heads == [
        b"CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n"
        b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
    ]
    assert served.after == [b"hello"]


async def test_a_plain_request_goes_through_it_alone(proxy) -> None:
    served, place = proxy
    second = b"GET http://inner.example/ HTTP/1.1\r\n\r\n"
    headers = b"Proxy-Authorization: Basic x\r\nContent-Length: 4\r\n\r\n"
    request = b"POST http://far.example/p?q HTTP/1.1\r\n" + headers + b"body"
    answer = await asked_by({"http_proxy": place}, request + second)
    assert answer.endswith(b"from afar")
    assert served.heads[0].startswith(b"POST http://far.example/p?q HTTP/1.1\r\nHost: far.example\r\n")
    assert b"Proxy-Authorization" not in served.heads[0]
    assert (len(served.heads), served.after) == (1, [b"body"])


@pytest.mark.parametrize("more", [b"Transfer-Encoding: chunked", b"Content-Length: 1\r\nContent-Length: 9"])
async def test_a_body_without_one_length_is_refused(proxy, more: bytes) -> None:
    served, place = proxy
    answer = await asked_by(
        {"http_proxy": place}, b"POST http://far.example/ HTTP/1.1\r\n" + more + b"\r\n\r\n"
    )
    assert b"411 Length Required" in answer
    assert not served.heads


async def test_what_is_not_allowed_does_not_come_to_it(proxy) -> None:
    served, place = proxy
    environ = {"http_proxy": place, "https_proxy": place}
    assert b"403" in await asked_by(environ, b"CONNECT other.example:443 HTTP/1.1\r\n\r\n")
    assert b"403" in await asked_by(environ, b"CONNECT far.example:22 HTTP/1.1\r\n\r\n")

    async def private(_host: str, _port: int) -> list[str]:
        return ["169.254.169.254"]

    assert b"403" in await asked_by(environ, b"GET http://far.example/ HTTP/1.1\r\n\r\n", private)
    assert not served.heads


async def test_what_it_refuses_is_told(proxy) -> None:
    served, place = proxy
    served.status = b"407 Proxy Authentication Required"
    answer = await asked_by({"https_proxy": place}, b"CONNECT far.example:443 HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 502") and b"407 Proxy Authentication Required" in answer


@pytest.mark.parametrize(
    "environ",
    [
        {"http_proxy": "{place}", "no_proxy": "far.example"},
        {"HTTP_PROXY": "{place}", "NO_PROXY": ".example"},
        {"http_proxy": "{place}", "no_proxy": "*"},
        {"http_proxy": "socks4://{place}"},
        {"https_proxy": "{place}"},
        {"http_proxy": "http://{place}x"},
    ],
)
async def test_what_it_is_not_for_goes_directly(proxy, environ: dict[str, str]) -> None:
    served, place = proxy
    given = {name: value.replace("{place}", place) for name, value in environ.items()}
    assert b"is not known" in await asked_by(given, b"GET http://far.example/ HTTP/1.1\r\n\r\n")
    assert not served.heads


async def test_commands_use_it_by_the_sessions_own(make_runner, world, proxy) -> None:
    served, place = proxy
    environ = {**world.policy.environ, "http_proxy": f"http://me:secret-word@{place}"}
    runner = make_runner(allow=("far.example",), environ=environ)
    fetch = "import urllib.request as u; print(u.urlopen('http://far.example/').read().decode())"
    result = await runner.run((sys.executable, "-c", fetch), timeout=60)
    shown = await runner.run("env", timeout=60)
    runner.close()
    assert result.head == b"from afar\n", result
    assert served.heads[0].startswith(b"GET http://far.example/ HTTP/1.1\r\n")
    assert b"secret-word" not in shown.head


@pytest.fixture
def tier() -> str:
    return "bwrap"
