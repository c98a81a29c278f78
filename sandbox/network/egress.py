"""The one way out of a session's network: an HTTP proxy that connects to what the user named, and no other.

Its listening sockets were made inside that network; they are served here, outside of it. Names are resolved
here. A connection goes to an address that was looked at, never to a name again, so that what a name leads
to can't change in between. Where the user has a proxy of their own, connections go through that.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from seedsmith.sandbox.errors import ProxyRefusedError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.network.allowed_hosts import Allowed
from seedsmith.sandbox.network.socks_proxy import Streams
from seedsmith.sandbox.network.upstream_proxy import HttpProxy, UpstreamProxy, UserProxies, place_of

MOST_CONNECTIONS = 128
_HEAD_BYTES = 64 << 10
_HEAD_SECONDS = 30.0
_CONNECT_SECONDS = 30.0
_NAME_SECONDS = 5.0
"""So long a name is looked up here before it is left to the user's own proxy, which may know others."""
_PIECE = 64 << 10
_FOR_ONE_HOP = (b"connection", b"proxy-connection", b"keep-alive", b"proxy-authorization", b"host")
_HEADER = re.compile(rb"[!#-'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*")
_METHOD = re.compile(r"[A-Z][A-Z-]{0,30}")
_VERSION = re.compile(r"HTTP/1\.[01]")

Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A connection that a command asked for."""

    host: str
    port: int
    refused: str = ""
    """Why it was refused, as the rest of a sentence; '' where it was let through."""


class _RefusedError(Exception):
    """Carries the status line and the sentence for whoever asked."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Egress:
    """Serves the listening sockets of one session."""

    def __init__(
        self,
        allowed: Allowed,
        report: Callable[[Attempt], None],
        resolve: Resolve | None = None,
        proxies: UserProxies | None = None,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """``report`` hears of each host and port once for each verdict, ``refused`` of each refusal."""
        self._allowed = allowed
        self._report = report
        self._proxies = proxies or UserProxies({})
        self._refused = refused
        self._resolve = resolve or _addresses
        self._reported_attempts: set[Attempt] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []

    def serve_proxy(self, listening: socket.socket) -> None:
        """Answer as a proxy on ``listening``, until closed; needs the running loop."""
        self._begin(listening, self._proxy)

    def serve_forward(self, listening: socket.socket, host: str, port: int) -> None:
        """Pass what comes to ``listening`` on to one place of this machine's loopback."""

        async def forward(inside: Streams) -> None:
            outside = await self._connect([host], host, port)
            await _relay(inside, outside)

        self._begin(listening, forward)

    def close(self) -> None:
        """End it with all its connections."""
        for task in self._tasks:
            task.cancel()
        for listening in self._sockets:
            listening.close()

    def _begin(self, listening: socket.socket, handle: Callable[[Streams], Awaitable[None]]) -> None:
        listening.setblocking(False)
        self._sockets.append(listening)
        self._add(self._accept(listening, handle))

    def _add(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket, handle: Callable[[Streams], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError:  # No descriptor is free: that passes.
                await asyncio.sleep(0.1)
                continue
            if len(self._tasks) > MOST_CONNECTIONS + len(self._sockets):
                connection.close()
                continue
            self._add(self._handle(connection, handle))

    async def _handle(self, connection: socket.socket, handle: Callable[[Streams], Awaitable[None]]) -> None:
        inside = await asyncio.open_connection(sock=connection, limit=_HEAD_BYTES)
        try:
            await handle(inside)
        except _RefusedError as refusal:
            with suppress(OSError):
                inside[1].write(_answer(refusal.status, str(refusal)))
                await inside[1].drain()
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # Whoever asked has gone, or said what no proxy understands.
        finally:
            inside[1].close()

    async def _proxy(self, inside: Streams) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await inside[0].readuntil(b"\r\n\r\n")
        asked = _read(head)
        proxy = self._proxies.of(asked.host, asked.port, tunnel=asked.is_tunnel)
        addresses = await self._addresses(asked.host, asked.port, proxy)
        reader = proxy if isinstance(proxy, HttpProxy) and not asked.is_tunnel else None
        most = asked.body_bytes if reader is not None else None
        if proxy is None:
            outside = await self._connect(addresses, asked.host, asked.port)
        else:
            outside = await self._through(proxy, asked, addresses)
        if asked.is_tunnel:
            inside[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            outside[1].write(asked.head(reader))
        await _relay(inside, outside, most)

    async def _addresses(self, host: str, port: int, proxy: UpstreamProxy | None) -> list[str]:
        """Where what was asked for may be reached; nothing where ``proxy`` alone knows the name.

        Raises :class:`_RefusedError`.
        """
        if not self._allowed.names(host, port):
            raise self._refusal(host, port, "--network allow does not name it")
        try:
            async with asyncio.timeout(_CONNECT_SECONDS if proxy is None else _NAME_SECONDS):
                found = await self._resolve(host, port)
        except (OSError, TimeoutError, UnicodeError):
            if proxy is not None:
                return []
            raise _RefusedError("502 Bad Gateway", f"The name {host} is not known.") from None
        addresses = [address for address in found if self._allowed.may_lead_to(address, port)]
        if not addresses:
            where = ", ".join(found[:3])
            raise self._refusal(host, port, f"it leads to {where}, which is private and not named itself")
        return addresses

    async def _through(self, proxy: UpstreamProxy, asked: _Asked, addresses: list[str]) -> Streams:
        """A connection through the user's own proxy: to the place, or to the proxy if that takes requests."""
        self._tell(Attempt(asked.host, asked.port))
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                if isinstance(proxy, HttpProxy) and not asked.is_tunnel:
                    return await proxy.connect()
                return await proxy.tunnel(asked.host, asked.port, addresses)
        except (OSError, TimeoutError) as error:
            why = f" ({error})" if isinstance(error, ProxyRefusedError) else ""
            sentence = f"{asked.host}:{asked.port} can't be reached through the user's proxy{why}."
            raise _RefusedError("502 Bad Gateway", sentence) from error

    async def _connect(self, addresses: list[str], host: str, port: int) -> Streams:
        self._tell(Attempt(host, port))
        for address in addresses:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection(address, port)
        raise _RefusedError("502 Bad Gateway", f"{host}:{port} can't be reached.")

    def _refusal(self, host: str, port: int, why: str) -> _RefusedError:
        self._tell(Attempt(host, port, why))
        self._refused()
        return _RefusedError(
            "403 Forbidden by the sandbox", f"The sandbox lets no command reach {host}:{port}: {why}."
        )

    def _tell(self, attempt: Attempt) -> None:
        if attempt not in self._reported_attempts and len(self._reported_attempts) < 1000:
            self._reported_attempts.add(attempt)
            self._report(attempt)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a client wants of the proxy."""

    host: str
    port: int
    request: tuple[str, str, str] | None = None
    """Method, path and version to send on; None for a tunnel."""
    headers: tuple[bytes, ...] = ()
    """Those to send on."""

    @property
    def is_tunnel(self) -> bool:
        """Whether the connection itself is asked for."""
        return self.request is None

    @property
    def place(self) -> str:
        """Host and port as they stand in a request."""
        return place_of(self.host, self.port)

    @property
    def body_bytes(self) -> int:
        """How much follows the head; raises :class:`_RefusedError` where that isn't said by a length.

        The user's own proxy would take more for the next request, to wherever that says.
        """
        fields = [each.partition(b":") for each in self.headers]
        lengths = [value.strip() for name, _, value in fields if name.lower() == b"content-length"]
        if any(name.lower() == b"transfer-encoding" for name, _, _ in fields) or len(lengths) > 1:
            raise _RefusedError("411 Length Required", "Through the user's proxy a body needs a length.")
        if lengths and not lengths[0].isdigit():
            raise _not_understood()
        return int(lengths[0]) if lengths else 0

    def head(self, proxy: HttpProxy | None) -> bytes:
        """The head to send on, to the place itself or to a ``proxy`` of the user's that reads it."""
        method, path, version = self.request or ("", "", "")
        named = self.place.removesuffix(":80")
        where, authorization = ("", b"") if proxy is None else (f"http://{named}", proxy.authorization)
        first = f"{method} {where}{path} {version}\r\nHost: {named}\r\nConnection: close\r\n".encode()
        return first + authorization + b"\r\n".join([*self.headers, b"", b""])


def _not_understood() -> _RefusedError:
    return _RefusedError("400 Bad Request", "This is a proxy: it takes CONNECT, and http:// addresses.")


def _read(head: bytes) -> _Asked:
    """What a request's head asks for; raises :class:`_RefusedError`."""
    try:
        line, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        method, target, version = line.decode("ascii").split(" ")
        well_formed = target.isprintable() and all(map(_HEADER.fullmatch, headers))
        if not (well_formed and _METHOD.fullmatch(method) and _VERSION.fullmatch(version)):
            raise ValueError
        if method == "CONNECT":
            parts = urlsplit(f"//{target}")
            if parts.hostname and parts.port:
                return _Asked(parts.hostname, parts.port)
        else:
            parts = urlsplit(target)
            if parts.scheme == "http" and parts.hostname:
                path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
                kept = [each for each in headers if each.partition(b":")[0].lower() not in _FOR_ONE_HOP]
                port = 80 if parts.port is None else parts.port
                return _Asked(parts.hostname, port, (method, path, version), tuple(kept))
    except ValueError:
        pass
    raise _not_understood()


def _answer(status: str, sentence: str) -> bytes:
    body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}"
    return f"{head}\r\nConnection: close\r\n\r\n".encode() + body


async def _addresses(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found: Iterable[tuple[object, ...]] = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))  # type: ignore[index]


async def _relay(one: Streams, other: Streams, most: int | None = None) -> None:
    """Carry bytes both ways until both sides have said all; from ``one`` at most so many."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_carry(one[0], other[1], most))
            both.create_task(_carry(other[0], one[1]))
    except* OSError:
        pass
    finally:
        other[1].close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece[:most])
        most = None if most is None else max(most - len(piece), 0)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
