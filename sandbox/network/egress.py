"""The one way out of a session's network: an HTTP proxy that connects to what the user named, and no other.

Its listening sockets were made inside that network; they are served here, outside of it. Names are resolved
here. A connection goes to an address that was looked at, never to a name again, so that what a name leads
to can't change in between.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from seedsmith.sandbox.network.allowed_hosts import Allowed

MOST_CONNECTIONS = 128
_HEAD_BYTES = 64 << 10
_HEAD_SECONDS = 30.0
_CONNECT_SECONDS = 30.0
_PIECE = 64 << 10
_FOR_ONE_HOP = (b"connection", b"proxy-connection", b"keep-alive", b"proxy-authorization", b"host")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
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
        self, allowed: Allowed, report: Callable[[Attempt], None], resolve: Resolve | None = None
    ) -> None:
        """``report`` hears of each host and port once for each verdict."""
        self._allowed = allowed
        self._report = report
        self._resolve = resolve or _addresses
        self._told: set[Attempt] = set()
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
        outside = await self._reach(asked.host, asked.port)
        if asked.forwarded:
            outside[1].write(asked.forwarded)
        else:
            inside[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _relay(inside, outside)

    async def _reach(self, host: str, port: int) -> Streams:
        """A connection to what was asked for; raises :class:`_RefusedError`."""
        if not self._allowed.names(host, port):
            raise self._refusal(host, port, "--network allow does not name it")
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                found = await self._resolve(host, port)
        except (OSError, TimeoutError, UnicodeError):
            raise _RefusedError("502 Bad Gateway", f"The name {host} is not known.") from None
        addresses = [address for address in found if self._allowed.may_lead_to(address, port)]
        if not addresses:
            where = ", ".join(found[:3])
            raise self._refusal(host, port, f"it leads to {where}, which is private and not named itself")
        return await self._connect(addresses, host, port)

    async def _connect(self, addresses: list[str], host: str, port: int) -> Streams:
        self._tell(Attempt(host, port))
        for address in addresses:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection(address, port)
        raise _RefusedError("502 Bad Gateway", f"{host}:{port} can't be reached.")

    def _refusal(self, host: str, port: int, why: str) -> _RefusedError:
        self._tell(Attempt(host, port, why))
        return _RefusedError(
            "403 Forbidden by the sandbox", f"The sandbox lets no command reach {host}:{port}: {why}."
        )

    def _tell(self, attempt: Attempt) -> None:
        if attempt not in self._told and len(self._told) < 1000:
            self._told.add(attempt)
            self._report(attempt)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a client wants of the proxy."""

    host: str
    port: int
    forwarded: bytes = b""
    """The head to send on; empty for a tunnel."""


def _read(head: bytes) -> _Asked:
    """What a request's head asks for; raises :class:`_RefusedError`."""
    try:
        line, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        method, target, version = line.decode("ascii").split(" ")
        if method == "CONNECT":
            parts = urlsplit(f"//{target}")
            if parts.hostname and parts.port:
                return _Asked(parts.hostname, parts.port)
        else:
            parts = urlsplit(target)
            if parts.scheme == "http" and parts.hostname:
                path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
                named = parts.netloc.rpartition("@")[2]
                kept = [each for each in headers if each.partition(b":")[0].lower() not in _FOR_ONE_HOP]
                first = f"{method} {path} {version}\r\nHost: {named}\r\nConnection: close".encode()
                return _Asked(parts.hostname, parts.port or 80, b"\r\n".join([first, *kept, b"", b""]))
    except ValueError:
        pass
    raise _RefusedError("400 Bad Request", "This is a proxy: it takes CONNECT, and http:// addresses.")


def _answer(status: str, sentence: str) -> bytes:
    body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}"
    return f"{head}\r\nConnection: close\r\n\r\n".encode() + body


async def _addresses(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found: Iterable[tuple[object, ...]] = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))  # type: ignore[index]


async def _relay(one: Streams, other: Streams) -> None:
    """Carry bytes both ways until both sides have said all."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_carry(one[0], other[1]))
            both.create_task(_carry(other[0], one[1]))
    except* OSError:
        pass
    finally:
        other[1].close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
